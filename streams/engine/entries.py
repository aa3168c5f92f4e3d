"""Keyed state with a deadline each: a case, a contract, a source. A million open deadlines cost nothing until due."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import pyarrow as pa

from streams.engine.store import Table

SCHEMA = pa.schema([("key", pa.string()), ("due", pa.int64()), ("body", pa.binary())])
_DUE = struct.Struct("<q")
_NEVER = -(2**63)


class Entry(NamedTuple):
    """What is kept of a key: when to look at it again (UTC ms, None for never), and its state, packed."""

    due: int | None
    body: bytes


class Entries(Table[str, bytes]):
    """Entries by key, and the order of their deadlines. An entry stands as one run of bytes, the deadline first: a
    million of them are a million small objects less.

    The heap may hold deadlines that no longer stand; they are skipped when they surface. ``pop`` takes a deadline
    away: whoever gets the key puts the entry back with the next one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._heap: list[tuple[int, str]] = []
        self._stale = False

    def entry(self, key: str) -> Entry | None:
        """The entry of a key."""
        row = self._rows.get(key)
        return None if row is None else Entry(_due(row), row[_DUE.size :])

    def set(self, key: str, body: bytes, due: int | None) -> None:
        """Set an entry."""
        before = self._rows.get(key)
        self.put(key, _DUE.pack(_NEVER if due is None else due) + body)
        if due is not None and (before is None or _due(before) != due):
            heappush(self._heap, (due, key))
            if len(self._heap) > 64 + 2 * len(self._rows):
                self._order()

    def schedule(self, key: str, due: int | None) -> None:
        """Set the deadline alone; the state of a new key is empty until it is set."""
        row = self._rows.get(key)
        if row is None or _due(row) != due:
            self.set(key, b"" if row is None else row[_DUE.size :], due)

    def undo(self) -> None:
        back = {key: _due(row) for key, row in self._before.items() if row is not None}
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
            row = rows.get(key)
            if row is not None and _due(row) == due:
                return due
            heappop(heap)
        return None

    def pop(self, clock: int) -> tuple[int, str] | None:
        """Take the earliest (deadline, key) that is due by ``clock``; the entry is left without a deadline."""
        due = self.next_due()
        if due is None or due > clock:
            return None
        key = heappop(self._heap)[1]
        self.schedule(key, None)
        return due, key

    def _order(self) -> None:
        self._stale = False
        self._heap = [(due, key) for key, row in self._rows.items() if (due := _due(row)) is not None]
        heapify(self._heap)

    def columns(self, keys: Sequence[str], values: Sequence[bytes | None]) -> pa.RecordBatch:
        dues = [None if row is None else _due(row) for row in values]
        bodies = [None if row is None else row[_DUE.size :] for row in values]
        arrays = [pa.array(keys, pa.string()), pa.array(dues, pa.int64()), pa.array(bodies, pa.binary())]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    def rows(self, batch: pa.RecordBatch) -> Iterable[tuple[str, bytes | None]]:
        keys, dues, bodies = (column.to_pylist() for column in batch.columns)
        for key, due, body in zip(keys, dues, bodies, strict=True):
            yield key, None if body is None else _DUE.pack(_NEVER if due is None else due) + body


def _due(row: bytes) -> int | None:
    due: int = _DUE.unpack_from(row)[0]
    return None if due == _NEVER else due
