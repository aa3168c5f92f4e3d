"""Keyed state with a deadline each: a case, a contract, a source. A million open deadlines cost nothing until due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import pyarrow as pa

from streams.engine.store import Table

SCHEMA = pa.schema([("key", pa.string()), ("due", pa.int64()), ("body", pa.binary())])


class Entry(NamedTuple):
    """What is kept of a key: when to look at it again (UTC ms, None for never), and its state, packed."""

    due: int | None
    body: bytes


class Entries(Table[str, Entry]):
    """Entries by key, and the order of their deadlines.

    The heap may hold deadlines that no longer stand; they are skipped when they surface. ``pop`` takes a deadline
    away: whoever gets the key puts the entry back with the next one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._heap: list[tuple[int, str]] = []
        self._stale = False

    def put(self, key: str, value: Entry | None) -> None:
        before = self._rows.get(key)
        super().put(key, value)
        if value is not None and value.due is not None and (before is None or before.due != value.due):
            heappush(self._heap, (value.due, key))
            if len(self._heap) > 64 + 4 * len(self._rows):
                self._order()

    def schedule(self, key: str, due: int | None) -> None:
        """Set the deadline alone; the state of a new key is empty until it is put."""
        entry = self._rows.get(key)
        if entry is None or entry.due != due:
            self.put(key, Entry(due, entry.body if entry is not None else b""))

    def undo(self) -> None:
        back = {key: entry.due for key, entry in self._before.items() if entry is not None}
        super().undo()
        for key, due in back.items():
            if due is not None:
                heappush(self._heap, (due, key))

    def restore(self, batch: pa.RecordBatch) -> None:
        """Deadlines are put in order at the first question after it."""
        super().restore(batch)
        self._heap.clear()
        self._stale = True

    def next_due(self) -> int | None:
        """The earliest deadline."""
        if self._stale:
            self._order()
        heap, rows = self._heap, self._rows
        while heap:
            due, key = heap[0]
            entry = rows.get(key)
            if entry is not None and entry.due == due:
                return due
            heappop(heap)
        return None

    def pop(self, clock: int) -> tuple[int, str] | None:
        """Take the earliest (deadline, key) that is due by ``clock``; the entry is left without a deadline."""
        due = self.next_due()
        if due is None or due > clock:
            return None
        key = heappop(self._heap)[1]
        super().put(key, self._rows[key]._replace(due=None))
        return due, key

    def _order(self) -> None:
        self._stale = False
        self._heap = [(entry.due, key) for key, entry in self._rows.items() if entry.due is not None]
        heapify(self._heap)

    def columns(self, keys: Sequence[str], values: Sequence[Entry | None]) -> pa.RecordBatch:
        dues = [None if value is None else value.due for value in values]
        bodies = [None if value is None else value.body for value in values]
        arrays = [pa.array(keys, pa.string()), pa.array(dues, pa.int64()), pa.array(bodies, pa.binary())]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[str, Entry | None]]:
        keys, dues, bodies = (column.to_pylist() for column in batch.columns)
        for key, due, body in zip(keys, dues, bodies, strict=True):
            yield key, None if body is None else Entry(due, body)
