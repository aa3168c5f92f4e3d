"""`nadi rules new ID`: the file of a new rule."""

from __future__ import annotations

import typer

from infra.cli.rules import Json, RuleId, rules, say
from infra.cli.texts import _


@rules.command(
    help=_("Membuat berkas aturan baru dengan semua yang harus diisi; nomor yang sudah ada ditolak.")
)
def new(rule: RuleId, as_json: Json = False) -> None:
    from infra.rules.begin import NewRuleError, begin

    try:
        path = begin(rule)
    except (NewRuleError, OSError) as error:
        typer.echo(_("aturan tidak dibuat: {error}").format(error=error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        say({"rule": path.stem.upper(), "path": str(path)})
        return
    typer.echo(
        _("{path} dibuat. Isi, lalu: nadi rules test {rule}").format(path=path, rule=path.stem.upper())
    )
