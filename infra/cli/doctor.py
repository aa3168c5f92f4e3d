"""`nadi doctor`: every check, what it found, and what to do; exit code 1 when something is a problem."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from infra.cli.texts import _


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False,
) -> None:
    """Check every part and say the fix."""
    from infra.cli.main import settings_of
    from infra.doctor import examine

    settings = settings_of(context)
    findings = list(examine(settings))
    problems = sum(finding.result == "problem" for finding in findings)
    if as_json:
        shown = {"ok": problems == 0, "checks": [dataclasses.asdict(finding) for finding in findings]}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))
    else:
        words = {"ok": _("baik"), "warning": _("perhatian"), "problem": _("MASALAH")}
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            typer.echo(f"{words[finding.result]:<10} {finding.name:<{width}}  {finding.found}")
            if finding.fix:
                typer.echo(f"{'':<10} {'':<{width}}  → {finding.fix}")
        typer.echo(_("Semua baik.") if not problems else _("{count} masalah.").format(count=problems))
    raise typer.Exit(1 if problems else 0)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Memeriksa setiap bagian dan menunjukkan cara memperbaikinya."))(doctor)
