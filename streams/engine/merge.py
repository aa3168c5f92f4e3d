"""Rows of many partitions in the one order that does not depend on how they were read.

Every input hands over its rows with their clocks (the running maximum of its record timestamps). A row may be taken
once every input was read beyond its clock: then nothing can come before it any more. Rows are ordered by (clock,
event id), so any interleaving of the partitions gives the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class Segment(NamedTuple):
    """Neighbours in the order that are of one domain: rows ``[first, after)`` of its columns."""

    domain: str
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class Merged:
    """Rows of all domains in order. ``columns``, ``clocks``, ``partitions`` and ``offsets`` are by domain, each in the
    order; ``segments`` say how the domains alternate. ``clock`` (UTC ms) is how far everything was read: no row at or
    after it is in here, and none before it will come."""

    columns: Mapping[str, pa.RecordBatch]
    clocks: Mapping[str, Int64s]
    partitions: Mapping[str, Int64s]
    offsets: Mapping[str, Int64s]
    segments: Sequence[Segment]
    clock: int

    def __len__(self) -> int:
        return sum(segment.after - segment.first for segment in self.segments)

    def rows(self) -> dict[str, slice]:
        """Which rows of the columns of each domain are in here; each domain's are one run, in order."""
        first: dict[str, int] = {}
        after: dict[str, int] = {}
        for segment in self.segments:
            first.setdefault(segment.domain, segment.first)
            after[segment.domain] = segment.after
        return {domain: slice(begin, after[domain]) for domain, begin in first.items()}

    def halves(self) -> tuple[Merged, Merged]:
        """The rows in two, cut in the middle of the order; the first half ends with the clock of its last row."""
        left, first, second = len(self) // 2, [], []
        clock = self.clock
        for segment in self.segments:
            rows = segment.after - segment.first
            middle = segment.first + max(0, min(rows, left))
            if middle > segment.first:
                first.append(Segment(segment.domain, segment.first, middle))
                clock = int(self.clocks[segment.domain][middle - 1])
            if segment.after > middle:
                second.append(Segment(segment.domain, middle, segment.after))
            left -= rows
        whole = (self.columns, self.clocks, self.partitions, self.offsets)
        return Merged(*whole, first, clock), Merged(*whole, second, self.clock)


def merge(rows: Sequence[Rows], clock: int) -> Merged:
    """Put rows in order; all of them are before ``clock``."""
    domains = sorted({piece.domain for piece in rows})
    by_domain = {domain: [piece for piece in rows if piece.domain == domain] for domain in domains}
    columns: dict[str, pa.RecordBatch] = {}
    found: dict[str, dict[str, Any]] = {name: {} for name in ("clocks", "partitions", "offsets")}
    keys: list[tuple[np.ndarray[Any, Any], ...]] = []
    for domain, pieces in by_domain.items():
        clocks, offsets = _joined([p.clocks for p in pieces]), _joined([p.offsets for p in pieces])
        partitions = np.repeat([p.partition for p in pieces], [len(p) for p in pieces])
        high, low = _joined([p.ids.high for p in pieces]), _joined([p.ids.low for p in pieces])
        order = np.lexsort((offsets, low, high, clocks))
        table = pa.Table.from_batches([p.columns for p in pieces]).take(pa.array(order)).combine_chunks()
        columns[domain] = table.to_batches()[0]
        found["clocks"][domain], found["offsets"][domain] = clocks[order], offsets[order]
        found["partitions"][domain] = partitions[order]
        keys.append((clocks[order], high[order], low[order], offsets[order]))
    return Merged(
        columns, found["clocks"], found["partitions"], found["offsets"], _segments(domains, keys), clock
    )


def _segments(domains: list[str], keys: list[tuple[np.ndarray[Any, Any], ...]]) -> list[Segment]:
    """How domains that are each in order alternate."""
    if not domains:
        return []
    of = np.repeat(np.arange(len(domains)), [len(key[0]) for key in keys])
    clocks, high, low, offsets = (_joined([key[n] for key in keys]) for n in range(4))
    of = of[np.lexsort((of, offsets, low, high, clocks))]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    at = [0] * len(domains)
    segments = []
    for start, after in zip(starts.tolist(), [*starts[1:].tolist(), len(of)], strict=True):
        domain = int(of[start])
        segments.append(Segment(domains[domain], at[domain], at[domain] + after - start))
        at[domain] += after - start
    return segments


def _joined(arrays: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    return np.concatenate(arrays)
