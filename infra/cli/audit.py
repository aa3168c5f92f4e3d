"""`nadi audit`: the live pipeline over a historic log."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from schemas.profile import Profile

AUTO = "auto"


def audit(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(help=_("ranah: permits, revenue, budget, population, activities"))],
    files: Annotated[
        list[Path],
        typer.Argument(help=_("berkas CSV, Parquet, atau XES (.xes, .xes.gz)"), exists=True, dir_okay=False),
    ],
    mapping: Annotated[
        str,
        typer.Option(help=_("berkas TOML yang memetakan kolom ke kontrak, atau auto: diusulkan dari data")),
    ],
    out: Annotated[Path, typer.Option(help=_("folder hasil"))] = Path("telaah"),
    partitions: Annotated[int, typer.Option(min=1, max=256, help=_("jumlah partisi"))] = 4,
    workers: Annotated[int, typer.Option(min=1, max=16, help=_("jumlah proses pengolah"))] = 1,
    until: Annotated[
        str | None, typer.Option(help=_("waktu akhir telaah, ISO 8601; bawaan: kejadian terakhir"))
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help=_("simpan tumpukan sementara"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("ringkasan JSON ke keluaran standar"))] = False,
) -> None:
    """Telaah data historis."""
    from infra.audit.files import MAPPING, PAGE, TABLE, WORKBOOK
    from infra.audit.run import Request, run
    from infra.cli.main import settings_of
    from infra.cli.progress import Stages
    from infra.settings import resolve_profile
    from schemas.catalogue import DOMAINS
    from schemas.profile import Profile

    if domain not in DOMAINS:
        raise typer.BadParameter(
            _("ranah {domain} tidak dikenal; pilih {known}").format(domain=domain, known=", ".join(DOMAINS))
        )
    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    chosen = mapping_file(mapping)
    request = Request(
        domain, tuple(files), chosen, out, partitions, workers, _milliseconds(until, profile), keep
    )
    labels = {"baca": _("membaca berkas"), "kirim": _("mengirim kejadian"), "olah": _("mengolah")}
    with Stages(labels) as stages:
        try:
            summary = run(request, settings, profile, stages.update, stages.write)
        except (ValueError, OSError, RuntimeError, TimeoutError) as error:
            stages.stop()
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    if as_json:
        json.dump(summary.as_json(), sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    typer.echo(
        _("{cases} perkara, {events} kejadian, {rejected} ditolak, {repeats} berulang").format(
            **summary.as_json()
        )
    )
    for rule, count in summary.alerts.items():
        typer.echo(_("  {rule}: {count} perkara melewati batas").format(rule=rule, count=count))
    typer.echo(
        _("Hasil: {page}, {workbook}, dan {table}").format(
            page=out / PAGE, workbook=out / WORKBOOK, table=out / TABLE
        )
    )
    if chosen is None:
        typer.echo(
            _("Peta kolom yang diusulkan: {path}; periksa sebelum dipakai lagi").format(path=out / MAPPING)
        )


def mapping_file(mapping: str) -> Path | None:
    """The file named, or None for ``auto``."""
    if mapping == AUTO:
        return None
    path = Path(mapping)
    if not path.is_file():
        raise typer.BadParameter(
            _("--mapping {value}: berkas tidak ada; beri berkas TOML, atau auto").format(value=mapping)
        )
    return path


def _milliseconds(until: str | None, profile: Profile) -> int | None:
    if until is None:
        return None
    try:
        moment = datetime.fromisoformat(until)
    except ValueError as error:
        raise typer.BadParameter(_("--until {value}: bukan waktu ISO 8601").format(value=until)) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=profile.timezone)
    return int(moment.timestamp() * 1000)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Telaah data historis: jalankan pipa langsung atas log lama."))(audit)
