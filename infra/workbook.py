"""Workbooks for those who go on calculating: sheets with real dates and numbers, frozen headers and filters.

Text is always written as text: a value that begins with ``=`` stays what it is, and nothing in it can run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

#: Limits of the format: rows of a sheet, characters of a cell, and the first day its calendar has.
MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
FIRST_DAY = datetime(1900, 3, 1)  # noqa: DTZ001  (the format has no zones)
NARROWEST, WIDEST = 9, 60

#: Name, header, rows.
Sheet = tuple[str, Sequence[str], Iterable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Instant:
    """A cell that is a time, UTC ms; None is an empty cell."""

    ms: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """A cell that is a share, 0 to 1; None is an empty cell."""

    value: float | None


def write_sheets(target: Path, zone: ZoneInfo, sheets: Iterable[Sheet]) -> None:
    """Write a workbook, over what was there; ``zone`` is for its times."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        str(target), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    try:
        for name, header, rows in sheets:
            _Sheet(book, name, zone).write(header, rows)
    finally:
        book.close()


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
