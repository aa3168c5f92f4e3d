"""telaah.xlsx: the same figures for those who go on calculating, with real dates and numbers.

Text is always written as text: a value that begins with ``=`` stays what it is, and nothing in it can run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from infra.audit.base_rates import BaseRate
from infra.audit.process import Process, by_holder
from infra.audit.report import Summary, evidence, heaviest
from infra.audit.sections import Names, path
from producers.values import RowValueError

#: Limits of the format: rows of a sheet, characters of a cell, and the first day its calendar has.
MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
FIRST_DAY = datetime(1900, 3, 1)  # noqa: DTZ001  (the format has no zones)
NARROWEST, WIDEST = 9, 60

LEVELS = {"warning": "mendekati", "breach": "lewat", "severe": "jauh lewat"}


@dataclass(frozen=True, slots=True)
class Instant:
    """A cell that is a time, UTC ms; None is an empty cell."""

    ms: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """A cell that is a share, 0 to 1; None is an empty cell."""

    value: float | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into the workbook; ``process`` and ``rates`` as on the page. ``dead`` are dead letters by error class."""

    summary: Summary
    standing: Sequence[Mapping[str, Any]]
    rates: Mapping[str, BaseRate]
    process: Process | None
    rejected: Sequence[RowValueError]
    dead: Mapping[str, int]
    names: Names
    zone: ZoneInfo
    made: datetime
    span: str
    notes: Sequence[str]


def write_workbook(target: Path, contents: Contents) -> None:
    """Write it, over what was there."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        str(target), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    try:
        for name, header, rows in _sheets(contents):
            _Sheet(book, name, contents.zone).write(header, rows)
    finally:
        book.close()


def _sheets(contents: Contents) -> Iterable[tuple[str, Sequence[str], Iterable[Sequence[Any]]]]:
    yield "Ringkasan", ("Hal", "Nilai"), _overview(contents)
    yield "Indikasi", INDICATIONS, map(_indication(contents.names), heaviest(contents.standing))
    yield (
        "Aturan",
        ("Aturan", "Tentang", "Ditemukan", "Dapat dinilai", "Bagian", "Tidak dapat dinilai", "Sebab"),
        (
            (
                rule,
                rate.title,
                rate.found,
                rate.applicable,
                Share(rate.share),
                sum(rate.not_applicable.values()),
                "; ".join(f"{count}: {why}" for why, count in rate.not_applicable.items()),
            )
            for rule, rate in contents.rates.items()
        ),
    )
    process = contents.process
    yield (
        "Varian",
        ("Nomor", "Perkara", "Bagian", "Median hari kerja", "Banyak langkah", "Langkah"),
        (
            (number, count, Share(share), days, len(steps), path(steps, contents.names, most=len(steps)))
            for number, (steps, count, share, days) in enumerate(
                process.variants.iter_rows() if process else (), 1
            )
        ),
    )
    yield (
        "Pemegang berkas",
        HOLDERS,
        (
            (
                contents.names.holder(row["holder"]),
                row["holder"],
                row["cases"],
                row["median"],
                row["p90"],
                row["longest"],
                row["total"],
                Share(row["share"]),
                row["open"],
            )
            for row in (by_holder(process.holdings).iter_rows(named=True) if process else ())
        ),
    )
    yield "Ditolak", ("Berkas", "Baris", "Kolom", "Nilai", "Sebab", "Keterangan"), _refused(contents)


INDICATIONS = (
    "Aturan", "Perkara", "Bagian perkara", "Tingkat", "Tercapai", "Tenggat", "Teramati", "Batas", "Satuan", "Unit",
    "Kode unit", "Uraian", "Bukti",
)  # fmt: skip
HOLDERS = (
    "Pemegang", "Kode", "Kali", "Median hari kerja", "P90 hari kerja", "Terlama hari kerja", "Jumlah hari kerja",
    "Bagian", "Masih di sana",
)  # fmt: skip
UNITS = {"working_days": "hari kerja", "rupiah": "rupiah", "persons": "orang"}


def _overview(contents: Contents) -> Iterable[Sequence[Any]]:
    summary = contents.summary
    yield "Ranah", summary.domain
    yield "Data", contents.span
    yield "Dibuat", Instant(int(contents.made.timestamp() * 1000))
    yield "Zona waktu", str(contents.zone)
    yield "Perkara", summary.cases
    yield "Kejadian", summary.events
    yield "Kiriman berulang", summary.repeats
    yield "Ditolak", summary.rejected
    for rule, count in summary.alerts.items():
        yield f"Perkara melewati batas {rule}", count
    for rule, why in summary.not_applicable.items():
        yield f"Aturan {rule} tidak dapat diterapkan", why
    for note in contents.notes:
        yield "Catatan", note
    yield "Arti", "Setiap baris adalah indikasi yang perlu klarifikasi, bukan kesimpulan."


def _indication(names: Names) -> Any:
    def row(alert: Mapping[str, Any]) -> Sequence[Any]:
        return (
            alert["rule"],
            alert["subject"],
            alert["scope"],
            LEVELS.get(alert["level"], alert["level"]),
            Instant(alert["level_at"]),
            Instant(alert["due_at"]),
            alert["observed"],
            alert["threshold"],
            UNITS.get(alert["unit_of_measure"], alert["unit_of_measure"]),
            names.holder(alert["unit"] or ""),
            alert["unit"],
            alert["sentence"],
            evidence(alert),
        )

    return row


def _refused(contents: Contents) -> Iterable[Sequence[Any]]:
    for problem in contents.rejected:
        value = "" if problem.value is None else str(problem.value)
        yield problem.file, problem.row, problem.column, value, problem.reason, problem.advice
    for reason, count in contents.dead.items():
        yield "", None, "", "", reason, f"{count} kejadian ditolak pengolah (surat mati)"


class _Sheet:
    """One sheet: a frozen header, filters, widths by content."""

    def __init__(self, book: Any, name: str, zone: ZoneInfo) -> None:
        self._sheet = book.add_worksheet(name)
        self._zone = zone
        self._head = book.add_format(
            {"bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self._time = book.add_format({"num_format": "dd/mm/yyyy hh:mm", "align": "left"})
        self._share = book.add_format({"num_format": "0.0%"})
        self._whole = book.add_format({"num_format": "#,##0"})
        self._decimal = book.add_format({"num_format": "#,##0.00"})

    def write(self, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        sheet = self._sheet
        widths = [len(name) + 4 for name in header]
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, self._head)
        last = 0
        for row, cells in enumerate(rows, 1):
            if row == MOST_ROWS - 1:
                sheet.write_string(row, 0, "Lembar ini penuh; selebihnya tidak termuat.")
                break
            for column, cell in enumerate(cells):
                widths[column] = max(widths[column], self._cell(row, column, cell))
            last = row
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(max(width + 1, NARROWEST), WIDEST))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(last, 1), len(header) - 1)

    def _cell(self, row: int, column: int, cell: Any) -> int:
        """Write one cell by its type; returns its width in characters."""
        sheet = self._sheet
        if isinstance(cell, Instant):
            moment = None if cell.ms is None else _local(cell.ms, self._zone)
            if isinstance(moment, datetime):
                sheet.write_datetime(row, column, moment, self._time)
                return 16
            cell = moment
        if isinstance(cell, Share):
            if cell.value is not None:
                sheet.write_number(row, column, cell.value, self._share)
            return 8
        if cell is None:
            return 0
        if isinstance(cell, int | float) and not isinstance(cell, bool) and isfinite(cell):
            sheet.write_number(row, column, cell, self._whole if isinstance(cell, int) else self._decimal)
            return 10
        text = str(cell)[:MOST_CHARACTERS]
        sheet.write_string(row, column, text)
        return len(text)


def _local(ms: int, zone: ZoneInfo) -> datetime | str:
    """The time in a zone as the format has it; as text where its calendar does not reach."""
    moment = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).replace(tzinfo=None)
    return moment if moment >= FIRST_DAY else moment.isoformat(" ")
