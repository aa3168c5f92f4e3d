"""The aggregates of one source partition: absolute values by key. What changes in them is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from streams.engine.store import FREEZE_ROWS

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

KEYS = pa.schema(list(SCHEMA)[:4])
MOST_PIECES = 16
FEW_ROWS = 300
DAY = pl.col("day").cast(pl.String)


class Key(NamedTuple):
    """Identity of an aggregate within one source partition; ``local_day`` is YYYY-MM-DD."""

    metric: str
    dimension: str
    value: str
    local_day: str


class Totals:
    """The standing value of every key: a store (see store.py) whose keys never leave, so that readers hear of a zero.

    A key has a slot; keys stand as columns, made once, so that what changed is gathered without touching a text.
    """

    def __init__(self) -> None:
        self._slots: dict[Key, int] = {}
        self._amounts: list[int] = []
        self._before: dict[int, int] = {}
        self._changed: set[int] = set()
        self._marked = 0  # slots below it are there to stay
        self._keys = _KeyColumns()
        self._groups: dict[tuple[tuple[str, ...], str], dict[tuple[str, str], list[int | None]]] = {}

    def get(self, key: Key) -> int | None:
        slot = self._slots.get(key)
        return None if slot is None else self._amounts[slot]

    def add(self, key: Key, delta: int) -> None:
        """Add to one key; a zero changes nothing. Raises OverflowError beyond 63 bits."""
        if delta:
            slot = self._slots.get(key)
            self._add(self._new(key) if slot is None else slot, delta)

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
        metrics: Mapping[str, pl.Expr],
        dimensions: Mapping[str, pl.Expr],
        sign: int = 1,
        total: bool = True,
    ) -> None:
        """Add up the rows of a frame with a ``day`` column (YYYY-MM-DD or Date).

        Every metric is an expression for what a row adds to it (int64), every dimension one for its value (text); rows
        where that is null or empty are in the total only. With ``total`` False nothing is added to the total.
        """
        if frame.is_empty():
            return
        dimensions = {TOTAL: pl.lit(""), **dimensions} if total else dimensions
        values = [expression.alias(f"value {name}") for name, expression in dimensions.items()]
        flows = [expression.alias(name) for name, expression in metrics.items()]
        names = tuple(metrics)
        groups = [self._groups.setdefault((names, dimension), {}) for dimension in dimensions]
        if len(frame) <= FEW_ROWS:  # row by row: quicker than a query for every dimension
            for day, *row in frame.select(DAY, *values, *flows).rows():
                deltas = row[len(values) :]
                if any(deltas):
                    for dimension, known, value in zip(dimensions, groups, row, strict=False):
                        self._add_group(known, names, dimension, value, day, deltas, sign)
            return
        columns = frame.select("day", *values, *flows)
        sums = [pl.col(name).sum() for name in names]
        for dimension, known in zip(dimensions, groups, strict=True):
            grouped = columns.group_by("day", f"value {dimension}").agg(sums).with_columns(DAY)
            for day, value, *deltas in grouped.rows():
                self._add_group(known, names, dimension, value, day, deltas, sign)

    def _add_group(
        self,
        known: dict[tuple[str, str], list[int | None]],
        metrics: tuple[str, ...],
        dimension: str,
        value: str | None,
        day: str,
        deltas: Sequence[int],
        sign: int,
    ) -> None:
        """Add to all metrics of one value and day; ``known`` has their slots, None for what never was other than 0."""
        if not value and dimension != TOTAL:
            return
        value = value or ""
        slots = known.get((value, day))
        if slots is None:
            slots = [self._slots.get(Key(metric, dimension, value, day)) for metric in metrics]
            known[value, day] = slots
        for place, delta in enumerate(deltas):
            if not delta:
                continue
            slot = slots[place]
            if slot is None:
                key = Key(metrics[place], dimension, value, day)
                slot = self._slots.get(key)
                slots[place] = slot = self._new(key) if slot is None else slot
            self._add(slot, sign * delta)

    def _add(self, slot: int, delta: int) -> None:
        amounts = self._amounts
        before = amounts[slot]
        amount = before + delta
        if not -LARGEST <= amount <= LARGEST:
            raise OverflowError(
                f"{self._keys.names[slot]}: {before} + {delta} does not fit in 64 bits; check the unit of the amounts"
            )
        if slot not in self._before:
            self._before[slot] = before
        amounts[slot] = amount

    def _new(self, key: Key) -> int:
        slot = self._slots[key] = len(self._amounts)
        self._amounts.append(0)
        self._keys.names.append(key)
        return slot

    def take_over(self, keys: Iterable[Key]) -> None:
        """Keys of an earlier computation: those that this one does not have are zero, and all are published."""
        for key in keys:
            if key not in self._slots:
                self._new(key)
        self._changed.update(range(len(self._amounts)))

    def snapshot(self) -> dict[Key, int]:
        """All values."""
        return dict(zip(self._keys.names, self._amounts, strict=True))

    def mark(self) -> None:
        self._changed.update(self._before)
        self._before.clear()
        self._marked = len(self._amounts)

    def undo(self) -> None:
        for slot, amount in self._before.items():
            self._amounts[slot] = amount
        self._before.clear()
        if len(self._amounts) > self._marked:
            for key in self._keys.names[self._marked :]:
                del self._slots[key]
            del self._keys.names[self._marked :]
            del self._amounts[self._marked :]
            self._groups.clear()

    def changes(self) -> pa.RecordBatch | None:
        self.mark()
        if not self._changed:
            return None
        slots, self._changed = list(self._changed), set()
        amounts = self._amounts
        return self._batch(self._keys.take(slots), [amounts[slot] for slot in slots])

    def freeze(self) -> Iterator[pa.RecordBatch]:
        self.mark()
        keys, amounts = self._keys.all(), self._amounts.copy()
        return (
            self._batch(keys.slice(first, FREEZE_ROWS), amounts[first : first + FREEZE_ROWS])
            for first in range(0, len(amounts), FREEZE_ROWS)
        )

    def restore(self, batch: pa.RecordBatch) -> None:
        for key, amount in self.rows(batch):
            slot = self._slots.get(key)
            self._amounts[self._new(key) if slot is None else slot] = amount
        self._marked = len(self._amounts)

    @staticmethod
    def rows(batch: pa.RecordBatch) -> Iterable[tuple[Key, int]]:
        """The keys and amounts in a batch of ``changes`` or ``freeze``."""
        *texts, amounts = (column.to_pylist() for column in batch.columns)
        return zip(map(Key._make, zip(*texts, strict=True)), amounts, strict=True)

    @staticmethod
    def _batch(keys: pa.Table, amounts: list[int]) -> pa.RecordBatch:
        arrays = [column.combine_chunks() for column in keys.columns]
        return pa.RecordBatch.from_arrays([*arrays, pa.array(amounts, pa.int64())], schema=SCHEMA)

    def __len__(self) -> int:
        return len(self._amounts)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._slots)


class _KeyColumns:
    """The keys by slot, as columns that grow when they are asked for."""

    def __init__(self) -> None:
        self.names: list[Key] = []
        self._table: pa.Table = KEYS.empty_table()

    def all(self) -> pa.Table:
        """The columns of all keys, by slot."""
        known = self._table.num_rows
        if known > len(self.names):  # some were taken back
            known = 0
            self._table = KEYS.empty_table()
        if known < len(self.names):
            texts = zip(*self.names[known:], strict=True)
            new = pa.Table.from_arrays([pa.array(text, pa.string()) for text in texts], schema=KEYS)
            self._table = pa.concat_tables([self._table, new])
            if self._table.column(0).num_chunks > MOST_PIECES:
                self._table = self._table.combine_chunks()
        return self._table

    def take(self, slots: list[int]) -> pa.Table:
        """The columns of some keys."""
        return self.all().take(pa.array(slots, pa.int64()))
