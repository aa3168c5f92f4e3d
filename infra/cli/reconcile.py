"""`nadi reconcile`: our figures beside the official report, line by line."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.audit import AUTO, mapping_file
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.reconciliation.compare import Comparison

DOMAINS = ("budget", "revenue")
SHOWN = 200


def reconcile(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(help=_("ranah: budget atau revenue"))],
    file: Annotated[
        Path,
        typer.Argument(
            help=_("LRA, daftar setoran, atau rekening koran RKUD: .csv, .xlsx, .ods, atau .xls"),
            exists=True,
            dir_okay=False,
        ),
    ],
    as_of: Annotated[
        str, typer.Option("--as-of", metavar="YYYY-MM-DD", help=_("tanggal laporan; wajib untuk LRA"))
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="YYYY-MM-DD", help=_("hari pertama; bawaan: awal tahun, atau awal daftar")
        ),
    ] = "",
    opd: Annotated[str, typer.Option(help=_("kode OPD, bila laporan hanya tentang satu OPD"))] = "",
    mapping: Annotated[
        str, typer.Option(help=_("berkas TOML yang memetakan kolom laporan, atau auto: diusulkan dari data"))
    ] = AUTO,
    output: Annotated[Path | None, typer.Option(help=_("buku kerja hasil (.xlsx)"), dir_okay=False)] = None,
    url: Annotated[
        str, typer.Option("--url", help=_("alamat ClickHouse; bawaan: yang sedang berjalan"))
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False,
) -> None:
    """Compare, say it, and write down how it ended."""
    from infra.cli.query import clickhouse_of, failures, refusal
    from infra.reconciliation.compare import compare, period
    from infra.reconciliation.official_file import read_official
    from infra.reconciliation.ours import our_amounts
    from infra.reconciliation.outcomes import Outcomes
    from infra.reconciliation.words import write_workbook
    from infra.settings import resolve_profile
    from schemas.profile import Profile
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.simulated import any_simulated

    if domain not in DOMAINS:
        raise typer.BadParameter(
            _("ranah {domain} tidak dikenal; pilih {known}").format(domain=domain, known=", ".join(DOMAINS))
        )
    if output is not None and output.suffix.lower() != ".xlsx":
        raise typer.BadParameter(_("--output {path}: nama berkas harus berakhir .xlsx").format(path=output))
    first, last = _date("--since", since), _date("--as-of", as_of)
    settings = clickhouse_of(context, url)
    profile = Profile.load(resolve_profile(settings.profile))
    if opd and opd not in profile.departments:
        raise typer.BadParameter(_("--opd {code}: tidak ada di profil kabupaten").format(code=opd))
    try:
        official = read_official(file, domain, profile, mapping_file(mapping), opd)
        first, last = period(official, first, last)
        client = connect(settings.clickhouse)
        try:
            database = settings.clickhouse.database
            ours = our_amounts(client, database, profile, official.report, official.keys, official.opd)
            simulated = any_simulated(client, database)
        finally:
            client.close()
        comparison = compare(official, ours, first, last)
        if output is not None:
            write_workbook(output, comparison, profile.timezone, simulated=simulated)
        Outcomes(settings.data_dir).add(comparison, ours)
    except (ValueError, OSError) as error:
        typer.echo(_("Gagal:") + f" {error}", err=True)
        raise typer.Exit(1) from error
    except failures() as error:
        typer.echo(refusal(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        json.dump(comparison.as_json() | {"simulated": simulated}, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        _show(comparison, output, simulated=simulated)
    if not comparison.agrees:
        raise typer.Exit(1)


def _show(comparison: Comparison, output: Path | None, *, simulated: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from infra.reconciliation.outcomes import MEASURES, NAMES
    from infra.reconciliation.words import cells, header, span
    from sinks.clickhouse.simulated import STAMP
    from sinks.wallboard.wording import rupiah_exact

    console, official = Console(), comparison.official
    if simulated:
        console.print(STAMP, style="bold red")
    table = Table()
    for name in header(comparison):
        amounts = name in ("Nadi", "Laporan", "Selisih")
        table.add_column(name, justify="right" if amounts else "left", no_wrap=amounts, overflow="fold")

    def said(cell: Any) -> Text:
        return Text("–" if cell is None else rupiah_exact(cell) if isinstance(cell, int) else str(cell))

    for line in comparison.lines[:SHOWN]:
        table.add_row(*map(said, cells(line, comparison)), style="" if line.status == "agrees" else "bold")
    console.print(table)
    if len(comparison.lines) > SHOWN:
        typer.echo(_("… dan {n} baris lagi").format(n=len(comparison.lines) - SHOWN))
    for name, total in comparison.totals.items():
        typer.echo(
            _("Jumlah {what}: Nadi {ours}, laporan {theirs}, selisih {difference}").format(
                what=MEASURES[name],
                ours=rupiah_exact(total.ours),
                theirs=rupiah_exact(total.theirs),
                difference=rupiah_exact(total.difference),
            )
        )
    typer.echo(
        _("Kolom: {columns}").format(columns=", ".join(f"{k} = {v!r}" for k, v in official.columns.items()))
    )
    for why, rows in official.skipped.items():
        typer.echo(_("Tidak dibandingkan, {why}: {n} baris").format(why=why, n=len(rows)))
    if output is not None:
        typer.echo(_("Hasil: {path}").format(path=output))
    report = NAMES[official.name]
    typer.echo(
        _("Cocok dengan {report}, {span}.").format(report=report, span=span(comparison))
        if comparison.agrees
        else _("{n} baris berbeda dengan {report}, {span}; perlu klarifikasi.").format(
            n=len(comparison.differing), report=report, span=span(comparison)
        )
    )


def _date(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(
            _("{option} {value}: bukan tanggal; tulis misalnya 2026-09-30").format(option=option, value=text)
        ) from error


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        help=_("Mencocokkan angka Nadi dengan LRA, daftar setoran, atau rekening koran, baris demi baris.")
    )(reconcile)
