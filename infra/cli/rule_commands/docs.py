"""`nadi rules docs`: the rules' pages in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.rules import Json, given, profile_of, rules, say
from infra.cli.texts import _


@rules.command(
    help=_("Menulis halaman setiap aturan: cara, contoh, pengaturan, pagar, angka dasar; siap dicetak.")
)
def docs(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help=_("folder tujuan"))] = Path("aturan"),
    as_json: Json = False,
) -> None:
    from infra.rules.counts import counts
    from infra.rules.fences import frozen
    from infra.rules.site import Figures, Site, static_link
    from infra.rules.states import RuleStateError, States

    settings = given(context)
    profile = profile_of(settings)
    site = Site(profile, States(settings.data_dir), static_link)
    try:
        written = site.write(out, Figures(counts(settings), frozen(settings, profile)))
    except (OSError, RuleStateError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        say({"out": str(out), "pages": [path.name for path in written]})
    else:
        typer.echo(_("{count} halaman di {path}").format(count=len(written), path=written[0]))
