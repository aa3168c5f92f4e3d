"""Rows of many partitions in the one order that does not depend on how they were read.

Every input hands over its rows with their clocks (the running maximum of its record timestamps). A row may be taken
once every input was read beyond its clock: then nothing can come before it any more. Rows are ordered by (clock,
event id), so any interleaving of the partitions gives the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.event_ids import EventIds, event_ids
from streams.engine.chunk import Chunk, Int64s


@dataclass(frozen=True, slots=True)
class Rows:
    """Accepted rows of one partition, in offset order, without repeats."""

    domain: str
    partition: int
    columns: pa.RecordBatch
    offsets: Int64s
    clocks: Int64s
    ids: EventIds

    @classmethod
    def of(cls, domain: str, chunk: Chunk) -> Rows:
        """All rows of a chunk."""
        ids = event_ids(chunk.columns.column("event_id"))
        return cls(domain, chunk.partition, chunk.columns, chunk.offsets, chunk.clocks, ids)

    def __len__(self) -> int:
        return len(self.offsets)

    def part(self, low: int, high: int) -> Rows:
        """Rows ``[low, high)``."""
        cut = slice(low, high)
        return Rows(
            self.domain, self.partition, self.columns.slice(low, high - low), self.offsets[cut], self.clocks[cut],
            self.ids.pick(cut),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Merged:
    """Rows of all domains in order. ``columns``, ``clocks``, ``partitions`` and ``offsets`` are by domain, each in the
    order; ``order`` has for each row the number of its domain among them, and ``begins`` which row of each is the first in
    here. ``clock`` (UTC ms) is how far everything was read: no row at or after it is in here, and none before it will
    come."""

    columns: Mapping[str, pa.RecordBatch]
    clocks: Mapping[str, Int64s]
    partitions: Mapping[str, Int64s]
    offsets: Mapping[str, Int64s]
    order: Int64s
    begins: Mapping[str, int]
    clock: int

    def __len__(self) -> int:
        return len(self.order)

    def rows(self) -> dict[str, slice]:
        """Which rows of the columns of each domain are in here; each domain's are one run, in order."""
        counts = np.bincount(self.order, minlength=len(self.columns)).tolist()
        begins = [self.begins[domain] for domain in self.columns]
        return {
            domain: slice(begin, begin + count)
            for domain, begin, count in zip(self.columns, begins, counts, strict=True)
            if count
        }

    def halves(self) -> tuple[Merged, Merged]:
        """The rows in two, cut in the middle of the order; the first half ends with the clock of its last row."""
        first, second = np.array_split(self.order, [len(self) // 2])
        left = replace(self, order=first)
        after = {domain: rows.stop for domain, rows in left.rows().items()}
        last = max(int(self.clocks[domain][stop - 1]) for domain, stop in after.items())
        return replace(left, clock=last), replace(self, order=second, begins={**self.begins, **after})


def merge(rows: Sequence[Rows], clock: int) -> Merged:
    """Put rows in order; all of them are before ``clock``."""
    domains = sorted({piece.domain for piece in rows})
    columns: dict[str, pa.RecordBatch] = {}
    found: dict[str, dict[str, Int64s]] = {name: {} for name in ("clocks", "partitions", "offsets")}
    keys: list[tuple[np.ndarray[Any, Any], ...]] = []
    for domain in domains:
        pieces = [piece for piece in rows if piece.domain == domain]
        clocks, offsets = _joined([p.clocks for p in pieces]), _joined([p.offsets for p in pieces])
        partitions = np.repeat([p.partition for p in pieces], [len(p) for p in pieces])
        high, low = _joined([p.ids.high for p in pieces]), _joined([p.ids.low for p in pieces])
        order = _in_order(clocks, high, low, offsets)
        table = pa.Table.from_batches([p.columns for p in pieces]).take(pa.array(order)).combine_chunks()
        columns[domain] = table.to_batches()[0]
        found["clocks"][domain], found["offsets"][domain] = clocks[order], offsets[order]
        found["partitions"][domain] = partitions[order]
        keys.append((clocks[order], high[order], low[order], offsets[order]))
    of = np.repeat(np.arange(len(domains)), [len(key[0]) for key in keys])
    if domains:
        clocks, high, low, offsets = (_joined([key[n] for key in keys]) for n in range(4))
        of = of[_in_order(clocks, high, low, offsets)]
    return Merged(columns, **found, order=of, begins=dict.fromkeys(domains, 0), clock=clock)


def _in_order(clocks: Int64s, *then: np.ndarray[Any, Any]) -> Int64s:
    """The order of (clock, then), of equal ones as they are given. Few rows have one clock, and only these need more keys."""
    order = np.argsort(clocks, kind="stable")
    same = np.diff(clocks[order]) == 0
    places = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    rows = order[places]
    order[places] = rows[np.lexsort((*(key[rows] for key in reversed(then)), clocks[rows]))]
    return order


def _joined(arrays: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    return np.concatenate(arrays)
