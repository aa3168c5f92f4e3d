"""Absolute totals by key: deltas are grouped in columns, and only what changed leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

    def replace(self, before: Mapping[Key, int], after: Mapping[Key, int]) -> None:
        """Take back what one thing added before, and add what it adds now."""
        for key, amount in after.items():
            self.add(key, amount - before.get(key, 0))
        for key, amount in before.items():
            if key not in after:
                self.add(key, -amount)

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
            for day, *deltas in frame.group_by(pl.col("day").cast(pl.String)).agg(sums).iter_rows():
                for metric, delta in zip(metrics, deltas, strict=True):
                    self.add(Key(metric, TOTAL, "", day), sign * delta)
        for dimension, expression in dimensions.items():
            self._take(frame.group_by("day", expression.alias("value")).agg(sums), dimension, metrics, sign)

    def _take(self, grouped: pl.DataFrame, dimension: str, metrics: Sequence[str], sign: int) -> None:
        values, changed = self._values, self._changed
        rows = grouped.select("value", pl.col("day").cast(pl.String), *metrics)
        for value, day, *deltas in rows.iter_rows():
            if value:
                for metric, delta in zip(metrics, deltas, strict=True):
                    if delta:
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
