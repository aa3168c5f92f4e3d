"""The aggregates of one source partition: absolute values by key. What changes in them is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from streams.engine.store import Table

#: The dimension that everything of a metric is in.
TOTAL = "total"
LARGEST = 2**63 - 1

SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("dimension", pa.string()),
        ("value", pa.string()),
        ("local_day", pa.string()),
        ("amount", pa.int64()),
    ]
)


class Key(NamedTuple):
    """Identity of an aggregate within one source partition; ``local_day`` is YYYY-MM-DD."""

    metric: str
    dimension: str
    value: str
    local_day: str


class Totals(Table[Key, int]):
    """The standing value of every key. A key that fell to zero stays, so that readers hear of it."""

    def add(self, key: Key, delta: int) -> None:
        """Add to one key; a zero changes nothing. Raises OverflowError beyond 63 bits."""
        if not delta:
            return
        before = self._rows.get(key)
        amount = (before or 0) + delta
        if not -LARGEST <= amount <= LARGEST:
            raise OverflowError(
                f"{key}: {before} + {delta} does not fit in 64 bits; check the unit of the amounts"
            )
        if key not in self._before:
            self._before[key] = before
        self._rows[key] = amount

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
            grouped = frame.group_by("day", expression.alias("value")).agg(sums)
            rows = grouped.select("value", pl.col("day").cast(pl.String), *metrics)
            for value, day, *deltas in rows.iter_rows():
                if value:
                    for metric, delta in zip(metrics, deltas, strict=True):
                        self.add(Key(metric, dimension, value, day), sign * delta)

    def take_over(self, keys: Iterable[Key]) -> None:
        """Keys of an earlier computation: those that this one does not have are zero, and all are published."""
        for key in keys:
            self._rows.setdefault(key, 0)
        self._changed.update(self._rows)

    def snapshot(self) -> dict[Key, int]:
        """All values."""
        return dict(self._rows)

    def columns(self, keys: Sequence[Key], values: Sequence[int | None]) -> pa.RecordBatch:
        texts = list(zip(*keys, strict=True)) if keys else [()] * 4
        arrays = [pa.array(text, pa.string()) for text in texts]
        return pa.RecordBatch.from_arrays([*arrays, pa.array(values, pa.int64())], schema=SCHEMA)

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[Key, int | None]]:
        *texts, amounts = (column.to_pylist() for column in batch.columns)
        return zip(map(Key._make, zip(*texts, strict=True)), amounts, strict=True)
