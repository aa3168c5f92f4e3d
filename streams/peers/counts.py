"""Counts by local day, and their sums over the 365 days before a day.

A count has a measure, two numbers ``a`` and ``b`` below 2**28 and a day; a histogram is the counts of one (measure, a)
over its buckets ``b``. Counts are whole numbers that are added and taken back, so their sums are the same whatever the
order, and a fence read from them is the same for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from streams.engine.chunk import Int64s
from streams.engine.store import Pairs
from streams.runs import begins

WINDOW_DAYS = 365
BITS = 28
MASK = (1 << BITS) - 1


class Counted(NamedTuple):
    """Counts by key, in order of key."""

    key: Int64s
    amount: Int64s

    def of(self, key: Any) -> Int64s:
        """The count of each key; 0 where there is none."""
        key = np.asarray(key, np.int64)
        if not len(self.key):
            return np.zeros(key.shape, np.int64)
        place = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
        return np.where(self.key[place] == key, self.amount[place], 0)

    def run(self, measure: int, a: int) -> Counted:
        """The counts of one (measure, a), with ``b`` as their key."""
        low, high = np.searchsorted(self.key, (packed(measure, a, 0), packed(measure, a + 1, 0)))
        return Counted(self.key[low:high] & MASK, self.amount[low:high])

    def runs(self, measure: int, a: Int64s) -> tuple[list[Counted], Int64s]:
        """The counts of each (measure, a), with ``b`` as their key, and their sums."""
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.amount)])
        low, high = (np.searchsorted(self.key, packed(measure, one, 0)) for one in (a, a + 1))
        keys = self.key & MASK
        bounds = zip(low.tolist(), high.tolist(), strict=True)
        return [Counted(keys[i:j], self.amount[i:j]) for i, j in bounds], total[high] - total[low]

    def measure(self, measure: int) -> Counted:
        """The counts of one measure."""
        low, high = np.searchsorted(self.key, (packed(measure, 0, 0), packed(measure + 1, 0, 0)))
        return Counted(self.key[low:high], self.amount[low:high])


EMPTY = Counted(np.zeros(0, np.int64), np.zeros(0, np.int64))


def packed(measure: int, a: Any, b: Any) -> Any:
    """The key of a count."""
    return (np.int64(measure) << 2 * BITS) | (np.asarray(a, np.int64) << BITS) | np.asarray(b, np.int64)


class Counts(Pairs[int, bytes]):
    """Counts by local day (since 1970): a store. Days never leave, so that a late event still finds its own."""

    schema = pa.schema([("day", pa.int64()), ("counts", pa.binary())])

    def __init__(self) -> None:
        super().__init__()
        self._window: tuple[int, Counted] | None = None
        self._since: list[Counted] = []

    def on(self, day: int) -> Counted:
        """The counts of one day."""
        return _unpack(self._rows.get(day))

    def add(self, key: Int64s, day: Int64s, amount: Int64s) -> None:
        """Add to the counts of keys on days."""
        order = np.lexsort((key, day))
        key, day, amount = key[order], day[order], amount[order]
        first = np.flatnonzero(begins(day, key))
        sums = np.add.reduceat(amount, first) if len(first) else amount
        first, sums = first[sums != 0], sums[sums != 0]
        key, day = key[first], day[first]
        bounds = [*np.flatnonzero(begins(day)).tolist(), len(day)]
        for begin, end in pairwise(bounds):
            number, news = int(day[begin]), Counted(key[begin:end], sums[begin:end])
            self.put(number, _pack(_changed(self.on(number), news)))
            if self._window is not None and self._window[0] - WINDOW_DAYS <= number < self._window[0]:
                self._since.append(news)

    def before(self, day: int) -> Counted:
        """The sums over the 365 days before a day."""
        if self._window is None or not self._window[0] <= day <= self._window[0] + WINDOW_DAYS:
            window = _merged([self.on(d) for d in sorted(self._rows) if day - WINDOW_DAYS <= d < day])
        else:
            last, window = self._window
            added = [self.on(d) for d in range(last, day)]
            gone = [self.on(d) for d in range(last - WINDOW_DAYS, day - WINDOW_DAYS)]
            taken = [Counted(one.key, -one.amount) for one in gone]
            window = _changed(window, _merged([*self._since, *added, *taken]))
        self._window, self._since = (day, window), []
        return window

    def undo(self) -> None:
        if self._before:
            self._window = None
        super().undo()

    def restore(self, batch: pa.RecordBatch) -> None:
        self._window = None
        super().restore(batch)


class Quantiles(NamedTuple):
    """Of each histogram (``group``: measure and a, in order): how many values, and the buckets of some quantiles."""

    group: Int64s
    n: Int64s
    buckets: Int64s


def quantiles(counts: Counted, percents: Sequence[int]) -> Quantiles:
    """The smallest bucket that at least so many percent of the values do not exceed; int64[histograms, percents]."""
    if not len(counts.key):
        return Quantiles(counts.key, counts.key, np.zeros((0, len(percents)), np.int64))
    group = counts.key >> BITS
    first = np.flatnonzero(begins(group))
    total = np.cumsum(counts.amount)
    before = total[first] - counts.amount[first]
    n = np.append(before[1:], total[-1]) - before
    places = [np.searchsorted(total, before + np.maximum(-(-percent * n // 100), 1)) for percent in percents]
    return Quantiles(group[first], n, np.stack([counts.key[place] & MASK for place in places], axis=1))


def _summed(key: Int64s, amount: Int64s) -> Counted:
    order = np.argsort(key)
    key, amount = key[order], amount[order]
    if not len(key):
        return EMPTY
    first = np.flatnonzero(begins(key))
    sums = np.add.reduceat(amount, first)
    kept = sums != 0
    return Counted(key[first][kept], sums[kept])


def _changed(counts: Counted, by: Counted) -> Counted:
    """Counts after some changes, without sorting the many that stay."""
    if not len(by.key) or not len(counts.key):
        return by if not len(counts.key) else counts
    place = np.searchsorted(counts.key, by.key)
    known = counts.key[np.minimum(place, len(counts.key) - 1)] == by.key
    amount = counts.amount.copy()
    amount[place[known]] += by.amount[known]
    key = np.insert(counts.key, place[~known], by.key[~known])
    amount = np.insert(amount, place[~known], by.amount[~known])
    stays = amount != 0
    return Counted(key, amount) if stays.all() else Counted(key[stays], amount[stays])


def _merged(counts: Iterable[Counted]) -> Counted:
    some = [one for one in counts if len(one.key)]
    if len(some) < 2:
        return some[0] if some else EMPTY
    return _summed(np.concatenate([one.key for one in some]), np.concatenate([one.amount for one in some]))


def _pack(counts: Counted) -> bytes | None:
    return (
        counts.key.astype("<i8").tobytes() + counts.amount.astype("<i8").tobytes()
        if len(counts.key)
        else None
    )


def _unpack(data: bytes | None) -> Counted:
    if not data:
        return EMPTY
    both = np.frombuffer(data, "<i8").astype(np.int64, copy=False)
    return Counted(both[: len(both) // 2], both[len(both) // 2 :])
