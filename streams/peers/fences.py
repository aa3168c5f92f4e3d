"""The fences of a day: how many peers each histogram had and some quantiles, frozen once and never computed again."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from streams.engine.chunk import Int64s
from streams.engine.store import Pairs
from streams.peers.counts import BITS, MASK, Counted, Quantiles, quantiles

PERCENTS = (10, 25, 50, 75, 95)
#: How long a late closing may still ask for the fence of its day.
KEPT_DAYS = 400


class Fence(NamedTuple):
    """For each row asked: how many peers there were, and the buckets by percent."""

    n: Int64s
    by_percent: dict[int, Int64s]


class Fences(Pairs[int, bytes]):
    """Frozen quantiles by local day (since 1970): a store."""

    schema = pa.schema([("day", pa.int64()), ("fences", pa.binary())])

    def freeze_day(self, day: int, counts: Counted, measures: Sequence[int]) -> None:
        """Keep the quantiles of the histograms of these measures for a day."""
        self.put(day, _pack(quantiles(_of(counts, measures), PERCENTS)))

    def let_go(self, day: int) -> None:
        """Let the fences go that are too old to be asked for from a day on."""
        for old in [kept for kept in self if kept < day - KEPT_DAYS]:
            self.put(old, None)

    def last(self) -> int | None:
        """The day that was frozen last; None before the first."""
        return max(self, default=None)

    def groups(self, day: int, measure: int) -> Int64s:
        """``a`` of every histogram of a measure that has a fence on a day."""
        group = _unpack(self.get(day)).group
        return group[group >> BITS == measure] & MASK

    def find(self, group: Int64s, day: Int64s) -> Fence:
        """The fence of each (measure and a, day); without one there were no peers."""
        n = np.zeros(len(group), np.int64)
        buckets = np.zeros((len(group), len(PERCENTS)), np.int64)
        for number in np.unique(day).tolist():
            known = _unpack(self.get(number))
            rows = np.flatnonzero(day == number)
            if len(known.group):
                place = np.minimum(np.searchsorted(known.group, group[rows]), len(known.group) - 1)
                there = known.group[place] == group[rows]
                n[rows[there]] = known.n[place[there]]
                buckets[rows[there]] = known.buckets[place[there]]
        return Fence(n, {percent: buckets[:, i] for i, percent in enumerate(PERCENTS)})

    def digest(self, day: int, group: int) -> str:
        """Eight digits that tell a fence from every other of the same name."""
        known = _unpack(self.get(day))
        place = int(np.searchsorted(known.group, group))
        row = (
            [int(known.n[place]), *known.buckets[place].tolist()]
            if place < len(known.group) and known.group[place] == group
            else [0]
        )
        return sha256(repr(row).encode()).hexdigest()[:8]


def _of(counts: Counted, measures: Sequence[int]) -> Counted:
    parts = [counts.measure(measure) for measure in measures]
    return Counted(np.concatenate([p.key for p in parts]), np.concatenate([p.amount for p in parts]))


def _pack(found: Quantiles) -> bytes:
    columns = (found.group, found.n, *found.buckets.T)
    return b"".join(column.astype("<i8").tobytes() for column in columns)


def _unpack(data: bytes | None) -> Quantiles:
    both = np.frombuffer(data or b"", "<i8").reshape(2 + len(PERCENTS), -1)
    return Quantiles(both[0], both[1], both[2:].T)
