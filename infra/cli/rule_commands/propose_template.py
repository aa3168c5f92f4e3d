"""`nadi rules propose-template`: the steps of permit types, mined from old data for a person to approve."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.rules import rules
from infra.cli.texts import _

if TYPE_CHECKING:
    from producers.history import History

PROPOSAL = Path("permit_types.proposal.toml")


@rules.command(
    "propose-template",
    help=_(
        "Menyusun usulan permit_types.toml dari log lama: langkah, urutan, yang wajib, yang berulang, unit pemegang. "
        "Usulan diperiksa dan disetujui orang sebelum masuk profil."
    ),
    short_help=_("Menyusun usulan langkah dari log lama."),
)
def propose_template(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help=_("berkas CSV, Parquet, atau XES (.xes, .xes.gz)"),
            exists=True,
            dir_okay=False,
        ),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(
            help=_("berkas TOML yang memetakan kolom ke kontrak; tanpa ini nama kolom harus nama kontrak"),
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help=_("berkas usulan, harus baru"))] = PROPOSAL,
    as_json: Annotated[bool, typer.Option("--json", help=_("ringkasan JSON ke keluaran standar"))] = False,
) -> None:
    """Read the log as `nadi audit` does, mine it, and write the proposal."""
    from datetime import UTC, datetime

    from infra.cli.main import settings_of
    from infra.cli.progress import Stages
    from infra.settings import resolve_profile
    from infra.templates.mining import frame_of, mine
    from infra.templates.proposal import written
    from producers.history import read_history
    from producers.log_files import read_log
    from producers.mapping import load_mapping, same_names
    from schemas.profile import Profile

    profile = Profile.load(resolve_profile(settings_of(context).profile))
    with Stages({"baca": _("membaca berkas")}) as stages:
        try:
            logs = [read_log(path) for path in files]
            own = f"/telaah/{files[0].stem}"
            chosen = load_mapping(mapping) if mapping else same_names("permits", logs[0].frame.columns, own)
            history = read_history(
                "permits", logs, chosen, profile.timezone, lambda n, total: stages.update("baca", n, total)
            )
            types = mine(frame_of(history.events))
            first = history.events[0]["occurred_at"] / 1000 if history.events else 0
            day = datetime.fromtimestamp(first, UTC).astimezone(profile.timezone).date()
            text = written(types, profile.units, ", ".join(path.name for path in files), day)
            with out.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError as error:
            stages.stop()
            typer.echo(_("{path} sudah ada; pilih --out lain").format(path=out), err=True)
            raise typer.Exit(1) from error
        except (ValueError, OSError) as error:
            stages.stop()
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    found = {
        "file": str(out),
        "types": len(types),
        "steps": sum(len(kind.steps) for kind in types),
        "cases": history.cases,
        "events": len(history.events),
        "rejected": len(history.rejected),
    }
    if as_json:
        json.dump(found, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    typer.echo(
        _("{types} jenis izin dengan {steps} langkah dari {cases} perkara, {rejected} baris ditolak").format(
            **found
        )
    )
    _say_rejected(history)
    typer.echo(
        _("Periksa dan ubah {file}, lalu pindahkan isinya ke permit_types.toml profil.").format(**found)
    )


def _say_rejected(history: History) -> None:
    reasons = Counter(str(problem) for problem in history.rejected[:3])
    for reason in reasons:
        typer.echo(f"  {reason}", err=True)
