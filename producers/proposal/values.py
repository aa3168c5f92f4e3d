"""What the values of a log say about its columns: which are times, which repeat, what varies within a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from producers.values import INDONESIAN_NUMBER, PLAIN_INTEGER, RowValueError, convert

SAMPLE_ROWS = 200_000
SAMPLE_VALUES = 400
ORDER_ROWS = 20_000

#: From these shares on, something holds for a column although a few rows say otherwise.
NEARLY_ALL, MOSTLY, HALF, SELDOM = 0.95, 0.9, 0.5, 0.02
TIME = {"name": "", "type": "long", "doc": "UTC milliseconds"}
UTC = ZoneInfo("UTC")

#: Rows of a case and values of a step that nobody's log exceeds by far.
ROWS_PER_CASE = (1.5, 500.0)
MOST_STEPS = 300


class Values:
    """The first rows of a log, each distinct row once, so that a log sent twice looks like one sent once."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._all = frame
        self._rows = frame.head(SAMPLE_ROWS).unique(maintain_order=True)
        self._distinct: dict[str, int] = {}
        self._times: dict[str, bool] = {}

    @property
    def rows(self) -> int:
        return self._rows.height

    def distinct(self, column: str) -> int:
        """How many values a column has, empty ones not counted."""
        if column not in self._distinct:
            self._distinct[column] = self._filled(column).n_unique()
        return self._distinct[column]

    def filled(self, column: str) -> float:
        """The share of rows in which a column is not empty."""
        return self._filled(column).len() / self.rows if self.rows else 0.0

    def is_time(self, column: str) -> bool:
        """Whether nearly all values of a column are instants; a bare number is none."""
        if column not in self._times:
            self._times[column] = self._share(column, _is_time) >= NEARLY_ALL
        return self._times[column]

    def fits(self, column: str, field: dict[str, Any], number_format: str) -> bool:
        """Whether nearly all values of a column can be those of a field of the contract."""

        def good(value: Any) -> bool:
            try:
                return convert(field, value, column=column, zone=UTC, number_format=number_format) is not None
            except RowValueError:
                return False

        return self._share(column, good) >= NEARLY_ALL

    def has_indonesian_numbers(self, column: str) -> bool:
        """Whether a column holds numbers such as 1.500.000 or 1.500,00, which plain reading refuses."""
        texts = [value for value in self._sample(column) if isinstance(value, str)]
        return bool(texts) and (
            all(INDONESIAN_NUMBER.fullmatch(text.strip()) for text in texts)
            and not all(PLAIN_INTEGER.fullmatch(text.strip()) for text in texts)
        )

    def is_unique(self, column: str) -> bool:
        """Whether a column is filled everywhere and different in every different row of the whole log."""
        values = self._all.get_column(column)
        if values.null_count() or self.distinct(column) < self.rows:
            return False
        return values.n_unique() in (values.len(), self._all.n_unique())

    def varies(self, column: str, case: str) -> float:
        """The share of cases with several rows in which a column has several values; 0 where there is no such case."""
        if column == case:
            return 0.0
        cases = (
            self._rows.group_by(case)
            .agg(pl.len().alias("rows"), pl.col(column).n_unique().alias("values"))
            .filter(pl.col("rows") > 1)
        )
        return cases.filter(pl.col("values") > 1).height / cases.height if cases.height else 0.0

    def repeats(self, column: str) -> bool:
        """Whether a column has as many values as cases may be: several rows each, on the average."""
        distinct = self.distinct(column)
        least, most = ROWS_PER_CASE
        return distinct > 1 and self.filled(column) > 0.999 and least <= self.rows / distinct <= most

    def together(self, case: str, step: str) -> float:
        """Pairs of case and step per row: near 1 where a case goes through each step once, as cases do."""
        return self._rows.select(case, step).n_unique() / self.rows if self.rows else 0.0

    def in_order(self, case: str, time: str) -> float:
        """The share of rows whose time is not before that of the case's previous row in the order of the file."""
        rows = self._rows.head(ORDER_ROWS)
        at = pl.Series([_instant(value) for value in rows.get_column(time).to_list()], dtype=pl.Int64)
        onward = rows.select(case, at=at).select((pl.col("at") >= pl.col("at").shift(1)).over(case))
        share = onward.get_column("at").mean()
        return share if isinstance(share, float) else 0.0

    def determines(self, case: str, column: str) -> bool:
        """Whether a column has one value in each case."""
        return self.varies(column, case) <= SELDOM

    def values(self, column: str) -> list[str]:
        """The distinct texts of a column, in order."""
        return sorted(str(value) for value in self._filled(column).unique().to_list())

    def _filled(self, column: str) -> pl.Series:
        values = self._rows.get_column(column).drop_nulls()
        return values.filter(values.str.strip_chars() != "") if values.dtype == pl.String else values

    def _sample(self, column: str) -> list[Any]:
        return self._filled(column).unique(maintain_order=True).head(SAMPLE_VALUES).to_list()

    def _share(self, column: str, test: Callable[[Any], bool]) -> float:
        sample = self._sample(column)
        return sum(1 for value in sample if test(value)) / len(sample) if sample else 0.0


def _is_time(value: Any) -> bool:
    if isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdigit()):
        return False
    return _instant(value) is not None


def _instant(value: Any) -> int | None:
    try:
        found = convert(TIME, value, column="", zone=UTC)
    except (RowValueError, ValueError, OverflowError):
        return None
    return found if isinstance(found, int) else None
