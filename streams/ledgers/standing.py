"""The rows of all topics that stood on some days, as rules read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from streams.engine.chunk import Int64s
from streams.runs import Bools

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


def stood(today: pl.Expr, window: int, day: str = "day") -> pl.Expr:
    """Rows that stood on a day, within the window before it."""
    stands = (pl.col("seen") <= today) & (pl.col("gone").is_null() | (pl.col("gone") > today))
    return stands & (pl.col(day) >= today - window)


class Presence:
    """On which of some ``days`` that follow each other in equal steps any row of a group ``of`` stood, within the window before
    it. A group on a day is a number: that of the group times ``width``, and the place of the day."""

    def __init__(self, rows: pl.DataFrame, days: Sequence[int], window: int) -> None:
        first, step = days[0], days[1] - days[0] if len(days) > 1 else 1
        self._of, seen = (rows.get_column(name).to_numpy().astype(np.int64) for name in ("of", "seen"))
        leaves = rows.select(pl.min_horizontal(pl.col("day") + window + 1, "gone")).to_series().to_numpy()
        begins, ends = (np.clip(-(-(at - first) // step), 0, len(days)) for at in (seen, leaves))
        self.width, self._spans = len(days) + 1, (begins, np.maximum(begins, ends))

    def whole(self) -> Bools:
        """Of every group (rows) on every day (columns)."""
        size = (int(self._of.max()) + 1) * self.width
        begun, ended = (np.bincount(self._of * self.width + at, minlength=size) for at in self._spans)
        stands: Bools = (begun - ended).reshape(-1, self.width).cumsum(axis=1)[:, :-1] > 0
        return stands

    def at(self, of: Int64s, place: Int64s) -> Bools:
        """Of some groups, each on one day: where they are few beside all groups on all days."""
        since, until = of * self.width, of * self.width + place
        begun, ended = (
            np.searchsorted(marks, until, side="right") - np.searchsorted(marks, since)
            for marks in (np.sort(self._of * self.width + at) for at in self._spans)
        )
        stands: Bools = begun > ended
        return stands


def both_stood(suffix: str) -> dict[str, pl.Expr]:
    """Of rows that were joined with others: when both stood, and the day of the older one (``oldest``)."""
    return {
        "seen": pl.max_horizontal("seen", f"seen{suffix}"), "gone": pl.min_horizontal("gone", f"gone{suffix}"),
        "oldest": pl.min_horizontal("day", f"day{suffix}"),
    }  # fmt: skip
