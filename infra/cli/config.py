"""``nadi config show``: every setting, its value and where it came from; secrets masked."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from infra.cli.main import settings_of
from infra.cli.texts import _


def register(app: typer.Typer) -> None:
    """Declare the command group ``config``."""
    config = typer.Typer(help=_("Menampilkan pengaturan, nilai dan asalnya."), no_args_is_help=True)
    app.add_typer(config, name="config")

    @config.callback()
    def group() -> None: ...

    @config.command(help=_("Menampilkan setiap pengaturan dengan asalnya; kata sandi disamarkan."))
    def show(
        context: typer.Context,
        as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False,
    ) -> None:
        settings = settings_of(context)
        masked = settings.masked()
        if as_json:
            shown = {key: {"value": value, "origin": settings.origin(key)} for key, value in masked.items()}
            typer.echo(json.dumps(shown, ensure_ascii=False, indent=1, default=str))
            return
        from rich.console import Console
        from rich.table import Table

        words = {"default": _("bawaan"), "flag": _("opsi")}
        table = Table(_("kunci"), _("nilai"), _("asal"), box=None, pad_edge=False)
        for key, value in masked.items():
            origin = settings.origin(key)
            table.add_row(key, "" if value is None else str(value), words.get(origin, origin))
        Console().print(table)
