"""What an event must satisfy beyond its schema before it can be added up. Rows that do not are dead-lettered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from streams.engine.processor import RowError

#: 1900-01-01 and 2200-01-01 in UTC milliseconds: outside of it no calendar of ours has days.
EARLIEST_MS = -2_208_988_800_000
LATEST_MS = 7_258_118_400_000

#: Rp100 trillion, more than any regency's budget; keeps the sum of a chunk inside 64 bits.
LARGEST_RUPIAH = 100_000_000_000_000


def time_problems(frame: pl.DataFrame, columns: Sequence[str]) -> list[RowError]:
    """Rows whose times (UTC ms) no calendar has."""
    return [
        RowError(row, "ImpossibleTime", f"{name} = {value}: must be UTC milliseconds between 1900 and 2200")
        for name in columns
        if not _within(frame, name, EARLIEST_MS, LATEST_MS)
        for row, value in _where(frame, name, ~pl.col(name).is_between(EARLIEST_MS, LATEST_MS))
    ]


def amount_problems(frame: pl.DataFrame, columns: Sequence[str]) -> list[RowError]:
    """Rows whose rupiah exceed what a regency can have."""
    return [
        RowError(
            row, "AmountTooLarge", f"{name} = {value}: more than Rp100 trillion; check the unit of the amount"
        )
        for name in columns
        if not _within(frame, name, None, LARGEST_RUPIAH - 1)
        for row, value in _where(frame, name, pl.col(name) >= LARGEST_RUPIAH)
    ]


def year_problems(frame: pl.DataFrame) -> list[RowError]:
    """Rows whose fiscal year no calendar has."""
    if _within(frame, "fiscal_year", 1900, 2199):
        return []
    outside = ~pl.col("fiscal_year").is_between(1900, 2199)
    return [
        RowError(row, "ImpossibleYear", f"fiscal_year = {value}: must be between 1900 and 2199")
        for row, value in _where(frame, "fiscal_year", outside)
    ]


def membership_problems(
    frame: pl.DataFrame, column: str, kinds: Sequence[str], allowed: Sequence[str], reason: str
) -> list[RowError]:
    """Rows of the given kinds whose ``column`` is not one of ``allowed`` (null is not)."""
    if not any_of(frame, kinds):
        return []
    wrong = pl.col("kind").is_in(kinds) & ~pl.col(column).is_in(allowed).fill_null(False)
    return [
        RowError(row, reason, f"{column} = {value!r}: must be one of {', '.join(allowed)}")
        for row, value in _where(frame, column, wrong)
    ]


def sound_rows(rows: int, errors: Sequence[RowError]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which of the rows of a chunk have none of these errors."""
    sound = np.ones(rows, np.bool_)
    sound[[error.row for error in errors]] = False
    return sound


def any_of(frame: pl.DataFrame, kinds: Sequence[str]) -> bool:
    """Whether a row is of one of these kinds; a comparison of columns, which costs less than a query."""
    kind = frame.get_column("kind")
    return any(bool((kind == name).any()) for name in kinds)


def _where(frame: pl.DataFrame, column: str, wrong: pl.Expr) -> list[tuple[int, object]]:
    found = frame.with_row_index("row").filter(wrong.fill_null(False)).select("row", column)
    return [(int(row), value) for row, value in found.iter_rows()]


def _within(frame: pl.DataFrame, column: str, least: int | None, most: int) -> bool:
    """Whether every value of a column is in bounds: a look at its extremes, which is all that a sound chunk needs."""
    low, high = frame.get_column(column).min(), frame.get_column(column).max()
    return high is None or (
        isinstance(high, int) and high <= most and (least is None or (isinstance(low, int) and low >= least))
    )
