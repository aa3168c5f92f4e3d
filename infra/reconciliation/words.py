"""What people read of a comparison: the same words in the terminal and in the workbook, in Indonesian."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from infra.reconciliation.compare import Compared, Comparison
from infra.reconciliation.outcomes import MEASURES, NAMES
from infra.workbook import write_sheets

KEYS = {
    "account": "Kode rekening", "opd": "OPD", "sub_activity": "Subkegiatan", "deposit_number": "Nomor STS",
}  # fmt: skip
NOTHING = {"deposit_number": "(tanpa nomor)"}


def header(comparison: Comparison) -> list[str]:
    """The columns of the table of lines."""
    keys = [KEYS[name] for name in comparison.official.keys]
    days = ["Tanggal Nadi", "Tanggal laporan"] if comparison.official.report.dated else []
    return ["Hasil", *keys, "Jumlah", "Nadi", "Laporan", "Selisih", *days, "Baris berkas"]


def cells(line: Compared, comparison: Comparison) -> list[Any]:
    """A line in these columns; amounts are int, None where a side has nothing."""
    official = comparison.official
    keys = [part or _any(name, line) for name, part in zip(official.keys, line.key, strict=True)]
    days = [", ".join(line.our_days), ", ".join(line.days)] if official.report.dated else []
    what = MEASURES[line.measure] + (" (subjumlah)" if line.subtotal else "")
    return [
        status(line, comparison), *keys, what, line.ours, line.theirs, line.difference, *days,
        ", ".join(map(str, line.rows)),
    ]  # fmt: skip


def status(line: Compared, comparison: Comparison) -> str:
    """How a line ended."""
    report = NAMES[comparison.official.name]
    return {
        "agrees": "cocok",
        "differs": "selisih",
        "only_theirs": f"hanya di {report}",
        "only_ours": "hanya di Nadi",
        "other_day": "beda tanggal",
    }[line.status]


def span(comparison: Comparison) -> str:
    """The days compared: 1 Januari 2026 sampai 30 September 2026."""
    return f"{_day(comparison.since)} sampai {_day(comparison.until)}"


def write_workbook(target: Path, comparison: Comparison, zone: ZoneInfo, *, simulated: bool) -> None:
    """A workbook with the summary, the differences and all lines, over what was there."""
    columns = header(comparison)
    write_sheets(
        target,
        zone,
        [
            ("Ringkasan", ("Hal", "Nilai"), _overview(comparison, simulated=simulated)),
            ("Perbedaan", columns, (cells(line, comparison) for line in comparison.differing)),
            ("Semua baris", columns, (cells(line, comparison) for line in comparison.lines)),
        ],
    )


def _overview(comparison: Comparison, *, simulated: bool) -> Iterable[Sequence[Any]]:
    official = comparison.official
    if simulated:
        yield "DATA SIMULASI", "angka Nadi berasal dari simulasi"
    yield "Laporan", f"{NAMES[official.name]}, berkas {official.file}"
    yield "SHA-256 berkas", official.sha256
    yield "Jangka waktu", span(comparison)
    yield "OPD", official.opd or "semua"
    yield "Baris dibandingkan", len(comparison.lines)
    yield "Baris berbeda", len(comparison.differing)
    for name, total in comparison.totals.items():
        yield f"Jumlah {MEASURES[name]} Nadi", total.ours
        yield f"Jumlah {MEASURES[name]} laporan", total.theirs
        yield f"Selisih {MEASURES[name]}", total.difference
    for why, rows in official.skipped.items():
        yield f"Tidak dibandingkan: {why}", ", ".join(map(str, rows))
    yield "Arti", "Perbedaan perlu klarifikasi; Nadi tidak menyimpulkan pihak mana yang benar."


def _any(name: str, line: Compared) -> str:
    """An empty part: any value in a line of the report, no value in ours."""
    return NOTHING.get(name, "(tanpa kode)") if line.status == "only_ours" else "semua"


def _day(on: date) -> str:
    return str(format_date(on, "d MMMM y", locale="id"))
