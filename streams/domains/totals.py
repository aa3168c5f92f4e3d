"""Absolute totals by key: deltas are grouped in columns, and only what changed leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from streams.engine.processor import Key

#: The dimension that everything of a metric is in.
TOTAL = "total"


class Totals:
    """The standing value of every key of one partition."""

    def __init__(self) -> None:
        self._values: dict[Key, int] = {}
        self._changed: set[Key] = set()

    def add(self, key: Key, delta: int) -> None:
        """Add to one key; a zero changes nothing."""
        if delta:
            self._values[key] = self._values.get(key, 0) + delta
            self._changed.add(key)

    def add_all(self, deltas: Iterable[tuple[Key, int]], sign: int = 1) -> None:
        """Add many, each times ``sign``."""
        for key, delta in deltas:
            self.add(key, sign * delta)

    def add_columns(
        self,
        frame: pl.DataFrame,
        metrics: Sequence[str],
        dimensions: Mapping[str, pl.Expr],
        sign: int = 1,
        total: bool = True,
    ) -> None:
        """Add the columns named ``metrics`` (int64) of a frame with a ``day`` column (YYYY-MM-DD or Date).

        Every dimension is an expression for its value; rows where it is null or empty are in the total only.
        With ``total`` False nothing is added to the total.
        """
        if frame.is_empty():
            return
        sums = [pl.col(metric).sum() for metric in metrics]
        if total:
            self._take(frame.group_by("day").agg(sums).with_columns(value=pl.lit("")), TOTAL, metrics, sign)
        for dimension, expression in dimensions.items():
            grouped = frame.group_by("day", expression.alias("value")).agg(sums)
            self._take(grouped.filter(pl.col("value") != ""), dimension, metrics, sign)

    def _take(self, grouped: pl.DataFrame, dimension: str, metrics: Sequence[str], sign: int) -> None:
        values, changed = self._values, self._changed
        for metric in metrics:
            rows = grouped.filter(pl.col(metric) != 0).select("value", pl.col("day").cast(pl.String), metric)
            for value, day, delta in rows.iter_rows():
                key = Key(metric, dimension, value, day)
                values[key] = values.get(key, 0) + sign * delta
                changed.add(key)

    def changes(self) -> dict[Key, int]:
        """The keys touched since the last call, with their absolute values."""
        changed = {key: self._values[key] for key in self._changed}
        self._changed.clear()
        return changed

    def snapshot(self) -> dict[Key, int]:
        """All values."""
        return dict(self._values)
