"""The working calendar on columns: the answers of ``WorkingCalendar`` for many instants at once, exactly the same.

Instants are UTC ms as int64. Working days are counted in *parts*: whole numbers, ``unit`` of them to the day, so that
columns can be compared, subtracted and added without rounding. Every function takes the widest table (years 1970 to
2100), so parts of one calendar may be kept and compared whatever other dates have passed; beyond the table time runs
evenly, as for the scalars. Parts of two calendars have nothing in common.

The deadline of ``days`` from ``a`` is ``maximum(instants(parts(a) + needed(days)), a)``, which is ``add``; where a
clock stops in between, parts of the pieces are added up.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from schemas.calendar import MINUTE_MS, MOST_UNIT, SpanTable, WorkingCalendar, parts_needed

Int64s = np.ndarray[Any, np.dtype[np.int64]]
Float64s = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

#: Parts of an instant or of a number of days are at most this, so that sums of two and what follows fit 64 bits.
MOST_PARTS = 2**61


class _Spans:
    """A table's lists as arrays, with an empty span before the first, so that every instant has one to its left."""

    def __init__(self, table: SpanTable) -> None:
        if table.unit > MOST_UNIT:  # hours are checked when the calendar is made; summer time may add lengths
            raise OverflowError(
                f"{table.unit} parts make a working day of this calendar, more than {MOST_UNIT}"
            )
        self.unit, self.total, self.even_rate = table.unit, table.total, table.even_rate
        self.first, self.last = table.first, table.last
        spare = (MOST_PARTS - table.total) // table.even_rate
        self.starts: Int64s = np.array([table.first, *table.starts], np.int64)
        self.ends: Int64s = np.array([table.first, *table.ends], np.int64)
        self.rates: Int64s = np.array([1, *table.rates], np.int64)
        self.before: Int64s = np.array([0, *table.before], np.int64)
        self.worked: Int64s = np.array([0, *table.worked], np.int64)
        self.earliest = table.first - spare
        self.latest = table.last + spare

    def inside(self, ms: Int64s) -> Int64s:
        """The instants, those outside the table moved to its bounds."""
        clipped: Int64s = np.clip(ms, self.first, self.last)
        return clipped

    def at(self, ms: Int64s) -> Int64s:
        """Number of the span that began last, that of the empty one where none has."""
        index: Int64s = np.maximum(np.searchsorted(self.starts, ms, side="right") - 1, 0)
        return index


_made: WeakKeyDictionary[WorkingCalendar, _Spans] = WeakKeyDictionary()


def unit(calendar: WorkingCalendar) -> int:
    """Parts that make one working day."""
    return _spans(calendar).unit


def parts(calendar: WorkingCalendar, ms: Int64s) -> Int64s:
    """Parts from the start of the table to each instant, negative before it; never falls as ``ms`` grows.

    Raises OverflowError for an instant so far out that its parts need more than 61 bits (at the hours of the decree
    about 225,000 years, never less than 200).
    """
    spans = _spans(calendar)
    if not ms.size:
        return np.empty(ms.shape, np.int64)
    for extreme in (int(ms.min()), int(ms.max())):
        if not spans.earliest <= extreme <= spans.latest:
            raise OverflowError(
                f"{extreme} ms lies outside {spans.earliest} to {spans.latest}, whose working time fits 61 bits"
            )
    inside = spans.inside(ms)
    i = spans.at(inside)
    found: Int64s = spans.before[i] + (np.minimum(spans.ends[i], inside) - spans.starts[i]) * spans.rates[i]
    found += (ms - inside) * spans.even_rate
    return found


def instants(calendar: WorkingCalendar, parts: Int64s) -> Int64s:
    """The first instant by which each number of parts has passed."""
    spans = _spans(calendar)
    inside = np.clip(parts, 0, spans.total)
    i = np.maximum(np.searchsorted(spans.before, inside, side="left") - 1, 0)
    found: Int64s = spans.starts[i] - (spans.before[i] - inside) // spans.rates[i]
    outside = inside - parts
    if outside.any():
        found = np.where(outside < 0, spans.last, found) - outside // spans.even_rate
    return found


def needed(calendar: WorkingCalendar, days: Float64s) -> Int64s:
    """The fewest parts that make ``elapsed`` come to each number of working days.

    Raises ValueError where a number is not finite or negative, OverflowError where its parts need more than 61 bits.
    """
    size = unit(calendar)
    distinct, place = np.unique(days, return_inverse=True)
    found = [parts_needed(value, size) for value in distinct.tolist()]
    if found and found[-1] > MOST_PARTS:
        raise OverflowError(
            f"days = {float(distinct[-1])!r}: more working days than 61 bits hold, {size} parts each"
        )
    wanted: Int64s = np.array(found, np.int64)[place].reshape(days.shape)
    return wanted


def elapsed(calendar: WorkingCalendar, a: Int64s, b: Int64s) -> Float64s:
    """Working days from each ``a`` to its ``b``, exact and rounded once; negative where b is before a."""
    size = unit(calendar)
    passed = parts(calendar, b) - parts(calendar, a)
    if max(size, int(np.abs(passed).max(initial=0))) <= 2**53:
        days: Float64s = passed / size
        return days
    return np.array([number / size for number in passed.ravel().tolist()], np.float64).reshape(passed.shape)


def add(calendar: WorkingCalendar, a: Int64s, days: Float64s) -> Int64s:
    """The first instant at which ``elapsed(a, ·)`` reaches ``days``, which are finite and not negative; one to one."""
    found: Int64s = np.maximum(instants(calendar, parts(calendar, a) + needed(calendar, days)), a)
    return np.where(days == 0, a, found)


def working_ms(calendar: WorkingCalendar, ms: Int64s) -> Int64s:
    """Working milliseconds from the start of the table to each instant; negative before it.

    Outside the table rounded down: only differences inside it are exact.
    """
    spans = _spans(calendar)
    inside = spans.inside(ms)
    i = spans.at(inside)
    found: Int64s = spans.worked[i] + np.minimum(spans.ends[i], inside) - spans.starts[i]
    outside = ms - inside
    if outside.any():
        weeks, rest = np.divmod(outside, 7 * 1440)  # 5 days of 450 minutes in each, without passing 64 bits
        found += weeks * (5 * 450) + rest * (5 * 450) // (7 * 1440)
    return found


def minutes(calendar: WorkingCalendar, a: Int64s, b: Int64s) -> Int64s:
    """Whole working minutes from each ``a`` to its ``b``; negative where b is before a."""
    passed = working_ms(calendar, b) - working_ms(calendar, a)
    whole: Int64s = np.sign(passed) * (np.abs(passed) // MINUTE_MS)
    return whole


def is_working(calendar: WorkingCalendar, ms: Int64s) -> Bools:
    """Whether each instant lies in working time; opening counts, closing does not. False outside the table."""
    spans = _spans(calendar)
    open_: Bools = ms < spans.ends[spans.at(ms)]
    return open_ & (ms >= spans.first)


def _spans(calendar: WorkingCalendar) -> _Spans:
    found = _made.get(calendar)
    if found is None:
        found = _made[calendar] = _Spans(calendar.widest())
    return found
