"""What permit cases add to the figures: signed flows by day, from what their events say and what the clock has judged.

- entered on the day it was submitted (else of its first event); finished on the day it closed, with working minutes
  without the applicant's time, and their log bucket (schemas.buckets).
- open, near_late and late are stocks: +1 when a case comes in, -1 when it leaves. Near late is from 80 % of the
  standard to its deadline or closing, late from the deadline to the closing; breached counts each late case once.
- ``unit`` is the unit that holds the file; the applicant's time stays with the unit that returned it. ``waiting``
  says by holder, units and ``applicant``, where the open cases are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.cases.book import DAYS_BEFORE, Book, day_of
from streams.cases.events import NEVER
from streams.cases.view import Cases, Holdings
from streams.cases.words import Numbers
from streams.days import local_days
from streams.domains.limits import EARLIEST_MS
from streams.engine.chunk import Int64s
from streams.engine.totals import TOTAL, Key, Totals
from streams.peers.statistics import buckets_of
from streams.runs import begins

METRICS = (
    "permits.entered", "permits.open", "permits.waiting", "permits.finished", "permits.duration_minutes",
    "permits.duration_bucket", "permits.breached", "permits.late", "permits.near_late",
)  # fmt: skip
ENTERED, OPEN, WAITING, FINISHED, MINUTES, BUCKET, BREACHED, LATE, NEAR_LATE = range(len(METRICS))
DIMENSIONS = (TOTAL, "type", "unit", "holder")
TOTALS, TYPE, UNIT, HOLDER = range(len(DIMENSIONS))
#: Room for a log bucket beside a type: GROWTH to this power is more minutes than there are.
BUCKETS = 1 << 12
#: Bits of an instant since EARLIEST_MS; the rest of 63 are for the case.
TIME_BITS = 44


class Flows:
    """Flows as they are found: (metric, dimension, value, instant, amount), added up by local day at the end."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._keys: list[Int64s] = []
        self._times: list[Int64s] = []
        self._amounts: list[Int64s] = []
        self._known: dict[int, Key] = {}
        self._taken_back = 0

    def add(self, metric: int, dimension: int, value: Any, at: Int64s, amount: Any) -> None:
        """One flow a row; rows of a dimension other than the total need a value."""
        key = np.int64((metric * len(DIMENSIONS) + dimension) << 57)
        self._keys.append(np.broadcast_to(key | np.asarray(value, np.int64), at.shape))
        self._times.append(at)
        self._amounts.append(np.broadcast_to(np.asarray(amount, np.int64), at.shape))

    def settle(self, totals: Totals) -> None:
        """Add everything to the totals and begin anew."""
        if not self._times:
            return
        days = local_days(np.concatenate(self._times), self._book.zone) + DAYS_BEFORE
        keys = np.concatenate(self._keys) | (days << 38)
        amounts = np.concatenate(self._amounts)
        self.forget()
        order = np.argsort(keys)
        keys, amounts = keys[order], amounts[order]
        first = np.flatnonzero(begins(keys))
        sums = np.add.reduceat(amounts, first) if len(first) else amounts
        known = self._known
        if self._taken_back != self._book.words.taken_back:
            known.clear()
            self._taken_back = self._book.words.taken_back
        for key, amount in zip(keys[first][sums != 0].tolist(), sums[sums != 0].tolist(), strict=True):
            name = known.get(key)
            if name is None:
                name = known[key] = self._name(key)
            totals.add(name, amount)

    def forget(self) -> None:
        """Begin anew."""
        self._keys, self._times, self._amounts = [], [], []

    def _name(self, key: int) -> Key:
        metric, dimension = divmod(key >> 57, len(DIMENSIONS))
        day, value = day_of(((key >> 38) & 0x7FFFF) - DAYS_BEFORE).isoformat(), key & 0x3FFFFFFFFF
        words = self._book.words
        text = f"{words.text(value // BUCKETS)}#{value % BUCKETS}" if metric == BUCKET else words.text(value)
        return Key(METRICS[metric], DIMENSIONS[dimension], text, day)


def add_flows(into: Flows, cases: Cases, warned_at: Int64s, breached_at: Int64s, sign: int) -> None:
    """All flows of the cases; ``warned_at`` and ``breached_at`` (UTC ms) are the judged instants of P01, or NEVER."""
    everyone = np.arange(cases.n)
    types = cases.permit_type
    closed = cases.closed_at
    units = _Places(cases.units)
    holders = _Places(cases.holders)

    def count(metric: int, case: Int64s, at: Int64s, amount: Any = 1) -> None:
        amount = np.broadcast_to(np.asarray(amount, np.int64) * sign, case.shape)
        into.add(metric, TOTALS, 0, at, amount)
        named = types[case] != 0
        into.add(metric, TYPE, types[case][named], at[named], amount[named])
        into.add(metric, UNIT, units.at(case, at), at, amount)

    def stock(metric: int, case: Int64s, begin: Int64s, end: Int64s) -> None:
        real = end > begin
        case, begin, end = case[real], begin[real], end[real]
        ended = end != NEVER
        for at, amount, of in ((begin, sign, case), (end[ended], -sign, case[ended])):
            into.add(metric, TOTALS, 0, at, amount)
            named = types[of] != 0
            into.add(metric, TYPE, types[of][named], at[named], amount)
        hold(metric, UNIT, units, case, begin, end)

    def hold(metric: int, dimension: int, places: _Places, case: Int64s, begin: Int64s, end: Int64s) -> None:
        """In at the begin, from one to the next at every change, out at the end."""
        first = places.row(case, begin)
        into.add(metric, dimension, places.who[first], begin, sign)
        spans = np.full((2, cases.n), NEVER)
        spans[0, case], spans[1, case] = begin, end
        since, of = places.since, places.case
        change = np.flatnonzero(places.follows & (since > spans[0, of]) & (since < spans[1, of]))
        into.add(metric, dimension, places.who[change - 1], since[change], -sign)
        into.add(metric, dimension, places.who[change], since[change], sign)
        ended = end != NEVER
        last = np.maximum(first[ended], places.row(case[ended], end[ended] - 1))
        into.add(metric, dimension, places.who[last], end[ended], -sign)

    count(ENTERED, everyone, cases.entered_at)
    stock(OPEN, everyone, cases.entered_at, closed)
    there = closed > cases.entered_at
    hold(WAITING, HOLDER, holders, everyone[there], cases.entered_at[there], closed[there])
    done = np.flatnonzero(closed != NEVER)
    if len(done):
        minutes = cases.course.minutes(cases.book.profile.calendar)[done]
        count(FINISHED, done, closed[done])
        count(MINUTES, done, closed[done], minutes)
        value = types[done].astype(np.int64) * BUCKETS + buckets_of(minutes)
        into.add(BUCKET, TYPE, value, closed[done], sign)
    late = np.flatnonzero(breached_at != NEVER)
    if len(late):
        begin = np.maximum(breached_at, cases.entered_at)[late]
        count(BREACHED, late, begin)
        stock(LATE, late, begin, closed[late])
    near = np.flatnonzero(warned_at != NEVER)
    if len(near):
        stock(
            NEAR_LATE,
            near,
            np.maximum(warned_at, cases.entered_at)[near],
            np.minimum(breached_at, closed)[near],
        )


class _Places:
    """Holdings, so that who held a case at an instant is found for many at once."""

    def __init__(self, holdings: Holdings) -> None:
        self.case, self.since, self.who = holdings
        self.follows = np.zeros(len(self.case), np.bool_)
        self.follows[1:] = self.case[1:] == self.case[:-1]
        self._first = np.flatnonzero(~self.follows)
        self._order = _ordered(self.case, self.since)

    def row(self, case: Int64s, at: Int64s) -> Int64s:
        """The holding of each case at an instant; before the first, the first."""
        found = np.searchsorted(self._order, _ordered(case, at), side="right") - 1
        return np.maximum(found, self._first[case])

    def at(self, case: Int64s, at: Int64s) -> Numbers:
        """Who it was."""
        return self.who[self.row(case, at)]


def _ordered(case: Int64s, at: Int64s) -> Int64s:
    """Case and instant as one number that sorts by both."""
    return (case << TIME_BITS) + np.clip(at - EARLIEST_MS, 0, (1 << TIME_BITS) - 1)
