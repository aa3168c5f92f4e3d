"""The result beside a file: its rows, what is wrong with each in words, and the cells that are wrong in colour.

Numbers of persons are not copied into it. Text is written as text, with an apostrophe where it looks like a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from producers.files import Row, RowProblem
from producers.numbers import found_in
from schemas.spreadsheets import safe_cell

MOST_ROWS = 1_048_000
MOST_CHARACTERS = 32_000
ROW, ERROR, EVENT = "Baris", "Keterangan kesalahan", "ID kejadian"
NOT_COPIED = "(nomor, tidak disalin)"
WIDTH = 20


class Result:
    """Writes ``path`` row by row; leave it as a context manager. ``is_person`` says which columns hold person numbers."""

    def __init__(self, path: Path, is_person: Callable[[str], bool]) -> None:
        import xlsxwriter

        self._book: Any = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": str(path.parent),
            },
        )
        self._sheet = self._book.add_worksheet("Hasil")
        self._about = self._book.add_worksheet("Ringkasan")
        self._bold = self._book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1})
        self._wrong = self._book.add_format({"bg_color": "#F8CBAD", "font_color": "#7F1D1D"})
        self._time = self._book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        self._wrong_time = self._book.add_format({"num_format": "dd/mm/yyyy hh:mm", "bg_color": "#F8CBAD"})
        self._is_person = is_person
        self._names: list[str] = []
        self._next = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from xlsxwriter.exceptions import FileCreateError

        try:
            self._book.close()
        except FileCreateError as failed:  # a full disk, in the words of xlsxwriter
            raise OSError(str(failed)) from failed

    def row(self, row: Row, problems: Sequence[RowProblem], event_id: str = "") -> None:
        """One row of the file, with what is wrong in it or the id of its event."""
        if not self._names:
            self._head([name for name in row.values if name])
        if self._next > MOST_ROWS:
            return
        at, self._next = self._next, self._next + 1
        wrong = {problem.column for problem in problems}
        self._sheet.write_number(at, 0, row.number)
        reason = "; ".join(f"{p.column}: {p.advice}" for p in problems)
        self._write(at, 1, reason, bool(problems))
        for column, name in enumerate(self._names, 2):
            self._write(at, column, self._shown(name, row.values.get(name)), name in wrong)
        if event_id:
            self._sheet.write_string(at, 2 + len(self._names), event_id)

    def reason(self, text: str) -> None:
        """Why the file could not be read as a whole."""
        if not self._names:
            self._head([])
        self._sheet.write_string(self._next, 0, "-")
        self._write(self._next, 1, text, True)
        self._next += 1

    def summary(self, lines: Sequence[tuple[str, str]]) -> None:
        """The second sheet; call it last."""
        self._about.set_column(0, 0, 24)
        self._about.set_column(1, 1, 100)
        for at, (name, value) in enumerate(lines):
            self._about.write_string(at, 0, name, self._bold)
            self._about.write_string(at, 1, str(safe_cell(value))[:MOST_CHARACTERS])

    def _head(self, names: list[str]) -> None:
        self._names = names
        self._sheet.set_column(0, 0, 8)
        self._sheet.set_column(1, 1, 60)
        self._sheet.set_column(2, 2 + len(names), WIDTH)
        for column, name in enumerate((ROW, ERROR, *names, EVENT)):
            self._sheet.write_string(0, column, str(safe_cell(name)), self._bold)
        self._sheet.freeze_panes(1, 2)
        self._next = 1

    def _shown(self, name: str, value: Any) -> Any:
        if value is None or value == "":
            return None
        whole = f"{value:.0f}" if isinstance(value, float) else str(value)
        if self._is_person(name) or (not isinstance(value, datetime) and found_in(whole)):
            return NOT_COPIED
        return value

    def _write(self, row: int, column: int, value: Any, wrong: bool) -> None:
        look = self._wrong if wrong else None
        if value is None:
            self._sheet.write_blank(row, column, None, look)
        elif isinstance(value, datetime) and value.tzinfo is None and value.year >= 1901:
            self._sheet.write_datetime(row, column, value, self._wrong_time if wrong else self._time)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._sheet.write_number(row, column, value, look)
        else:
            self._sheet.write_string(row, column, str(safe_cell(str(value)))[:MOST_CHARACTERS], look)
