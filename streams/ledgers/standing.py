"""The rows of all topics that stood on some days, as rules read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from streams.engine.chunk import Int64s
from streams.runs import Bools, ranges

#: What says when a row stood: from when it was seen until it was gone.
STOOD = ("seen", "gone")


class Named(NamedTuple):
    """Rows in groups: the number of each row's is ``of``; ``names`` has the key of each number, also of groups without rows."""

    rows: pl.DataFrame
    names: pl.DataFrame


class Standing:
    """``rows`` are those by topic, in the order of (at, event id), with the days on which each stood (``seen``, ``gone``);
    without columns where nothing ever came."""

    def __init__(self, rows: Mapping[str, pl.DataFrame]) -> None:
        self.rows = rows
        self._named: dict[tuple[str, tuple[str, ...]], Named] = {}
        self._variants: dict[tuple[str, tuple[str, ...]], pl.DataFrame] = {}

    def named(self, domain: str, by: Sequence[str]) -> Named:
        """Those of a topic, in the same order, in groups by some fields: many rules have the same groups."""
        name = domain, tuple(by)
        if name not in self._named:
            self._named[name] = named(self.rows[domain], by)
        return self._named[name]

    def variants(self, domain: str, fields: Sequence[str]) -> pl.DataFrame:
        """What some fields of them were, each combination and span of days once: many rules ask for the same."""
        name = domain, tuple(dict.fromkeys(fields))
        if name not in self._variants:
            self._variants[name] = variants(self.rows[domain], fields)
        return self._variants[name]


def named(rows: pl.DataFrame, by: Sequence[str]) -> Named:
    """Rows in groups by some fields."""
    if not rows.width:  # nothing ever came
        return Named(rows, rows)
    names = rows.select(by).unique(maintain_order=True).with_row_index("of")
    numbers = rows.select(by).join(names, on=list(by), nulls_equal=True, maintain_order="left")
    return Named(rows.with_columns(numbers.get_column("of")), names)


def variants(rows: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """What some fields of rows were, each combination and span of days once."""
    return rows.select(list(dict.fromkeys((*fields, *STOOD)))).unique() if rows.width else rows


def spans(rows: pl.DataFrame, by: str, first: int) -> pl.DataFrame:
    """When any row of those with the same ``by`` stood, from the day ``first`` on: of rows that stood equally long, the
    newest ``day``."""
    return rows.group_by(by, pl.col("seen").clip(first), "gone").agg(pl.col("day").max())


class Stays:
    """On which of some ``days`` that follow each other in equal steps each row stood, within the window before it. ``by`` is
    the number of its group; of what is made of more than one row, ``oldest`` is the day of the oldest."""

    def __init__(
        self, rows: pl.DataFrame, days: Sequence[int], window: int, by: str = "", oldest: str = "day"
    ) -> None:
        first, step = days[0], days[1] - days[0] if len(days) > 1 else 1
        seen = rows.get_column("seen").to_numpy()
        leaves = rows.select(pl.min_horizontal(pl.col(oldest) + window + 1, "gone")).to_series().to_numpy()
        begins, ends = (np.clip(-(-(at - first) // step), 0, len(days)) for at in (seen, leaves))
        # from which place among the days on, and up to which
        self._spans = begins, np.maximum(begins, ends)
        self._days, self._width = days, len(days) + 1
        if by:
            # a group on a day is a number
            self._group = rows.get_column(by).to_numpy().astype(np.int64) * self._width

    def each(self) -> tuple[Int64s, Int64s]:
        """Every row on every day on which it stood, day by day: the numbers of the rows, and the days."""
        row, place = ranges(*self._spans)
        order = np.argsort(place.astype(np.uint16), kind="stable")
        return row[order], np.asarray(self._days)[place[order]]

    def asked(self, asked: pl.DataFrame) -> tuple[Int64s, Int64s]:
        """Every row on those days on which it is asked about its group (``of``, ``today``) and it stood, row by row: the numbers
        of the rows, and of what was asked."""
        marks = self._marks(asked)
        order = np.argsort(marks)
        row, number = ranges(*(np.searchsorted(marks[order], self._group + at) for at in self._spans))
        return row, order[number]

    def whole(self) -> Bools:
        """Whether any row of every group (rows) stood on every day (columns)."""
        size = int(self._group.max()) + self._width
        begun, ended = (np.bincount(self._group + at, minlength=size) for at in self._spans)
        stands: Bools = (begun - ended).reshape(-1, self._width).cumsum(axis=1)[:, :-1] > 0
        return stands

    def any(self, asked: pl.DataFrame) -> Bools:
        """The same of what is asked (``of``, ``today``): where that is little beside all groups on all days."""
        until = self._marks(asked)
        since = until // self._width * self._width
        begun, ended = (
            np.searchsorted(marks, until, side="right") - np.searchsorted(marks, since)
            for marks in (np.sort(self._group + at) for at in self._spans)
        )
        stands: Bools = begun > ended
        return stands

    def _marks(self, asked: pl.DataFrame) -> Int64s:
        of, today = (asked.get_column(name).to_numpy() for name in ("of", "today"))
        marks: Int64s = of.astype(np.int64) * self._width + np.searchsorted(self._days, today)
        return marks


def both_stood(suffix: str) -> dict[str, pl.Expr]:
    """Of rows that were joined with others: when both stood, and the day of the older one (``oldest``)."""
    return {
        "seen": pl.max_horizontal("seen", f"seen{suffix}"), "gone": pl.min_horizontal("gone", f"gone{suffix}"),
        "oldest": pl.min_horizontal("day", f"day{suffix}"),
    }  # fmt: skip
