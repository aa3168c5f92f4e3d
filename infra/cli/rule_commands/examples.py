"""`nadi rules test`: every example through the real processor, and what a rule still lacks."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from infra.cli.rules import Json, named, rules, say
from infra.cli.texts import _


@rules.command(
    "test",
    help=_("Menjalankan tabel contoh aturan pada pengolah sesungguhnya, dan menyebut yang belum lengkap."),
)
def run_examples(
    rule: Annotated[str, typer.Argument(metavar="[ID]", help=_("nomor aturan; bawaan: semua"))] = "",
    as_json: Json = False,
) -> None:
    from infra.rules.checked import check
    from streams.rules import rules as all_rules

    found = [check(one) for one in ([named(rule)] if rule else all_rules().values())]
    if as_json:
        say([report.as_json() for report in found])
    else:
        for report in found:
            _print(report)
    if not all(report.ok for report in found):
        raise typer.Exit(1)


def _print(report: Any) -> None:
    good = sum(not row.wrong for row in report.rows)
    line = f"{report.rule}  " + _("{good} dari {all} contoh benar").format(good=good, all=len(report.rows))
    if not report.triable:
        line = f"{report.rule}  " + _("contohnya belum dapat dijalankan: aturan sekabupaten")
    typer.echo(line)
    for number, row in enumerate(report.rows, 1):
        for wrong in row.wrong:
            typer.echo(f"   {number}. {row.situation}: {wrong}")
    for text in report.todo:
        typer.echo("   " + _("belum: {text}").format(text=text))
