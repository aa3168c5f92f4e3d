"""Working time of many cases or steps at once: the pieces in which a clock ran, how much they are, when they reach it.

All sums are whole parts of working days (schemas.calendar), so that a deadline is the same millisecond as for one case
alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from schemas import calendar_arrays as arrays
from schemas.calendar import WorkingCalendar
from streams.cases.book import Floats
from streams.cases.events import NEVER
from streams.engine.chunk import Int64s
from streams.runs import begins


class Stops(NamedTuple):
    """When a case's clock stood still, in order by case: ``bounds[i]:bounds[i + 1]`` are those of case i. ``until`` is
    NEVER where it still stands."""

    bounds: Int64s
    since: Int64s
    until: Int64s


class Courses(NamedTuple):
    """Running pieces ``[since, until)`` of n clocks, ordered by clock (``of``) and time; only a clock's last piece may
    run on (``until`` NEVER)."""

    n: int
    of: Int64s
    since: Int64s
    until: Int64s

    def reach(self, calendars: list[WorkingCalendar], which: Int64s, days: Floats) -> Int64s:
        """The instant at which each clock has run ``days`` working days by its calendar (``which``: index into
        ``calendars``); NEVER where it stopped or ended before, or days is NaN."""
        found = np.full(self.n, NEVER)
        for index in np.unique(which).tolist():
            mine = (which == index) & ~np.isnan(days)
            pieces = np.flatnonzero(mine[self.of])
            if len(pieces):
                calendar = calendars[index]
                of, since = self.of[pieces], self.since[pieces]
                runs_on = self.until[pieces] == NEVER
                until = np.where(runs_on, since, self.until[pieces])
                begin = arrays.parts(calendar, since)
                length = arrays.parts(calendar, until) - begin
                need = np.zeros(self.n, np.int64)
                need[mine] = arrays.needed(calendar, days[mine])
                left = need[of] - _before(of, length)
                there = np.flatnonzero(runs_on | (left <= length))[::-1]
                first = np.full(self.n, -1)
                first[of[there]] = there
                reached = np.flatnonzero(first >= 0)
                at = first[reached]
                found[reached] = np.maximum(
                    arrays.instants(calendar, begin[at] + np.maximum(left[at], 0)), since[at]
                )
        return found

    def parts(self, calendars: list[WorkingCalendar], which: Int64s, end: Int64s) -> Int64s:
        """Parts of working days that each clock ran until ``end`` (UTC ms, one a clock)."""
        found = np.zeros(self.n, np.int64)
        for index in np.unique(which).tolist():
            pieces = np.flatnonzero((which == index)[self.of] & (self.since < end[self.of]))
            if len(pieces):
                calendar, of = calendars[index], self.of[pieces]
                until = np.minimum(self.until[pieces], end[of])
                length = arrays.parts(calendar, until) - arrays.parts(calendar, self.since[pieces])
                np.add.at(found, of, length)
        return found

    def days(self, calendars: list[WorkingCalendar], which: Int64s, end: Int64s) -> Floats:
        """Working days that each clock ran until ``end``, rounded once."""
        units = np.array([arrays.unit(calendar) for calendar in calendars], np.float64)
        return self.parts(calendars, which, end) / units[which]

    def minutes(self, calendar: WorkingCalendar) -> Int64s:
        """Working minutes of each clock's ended pieces."""
        ended = np.flatnonzero(self.until != NEVER)
        found = np.zeros(self.n, np.int64)
        np.add.at(found, self.of[ended], arrays.minutes(calendar, self.since[ended], self.until[ended]))
        return found


def courses_of(case: Int64s, since: Int64s, until: Int64s, of: Int64s, n: int, stops: Stops) -> Courses:
    """Spans of cases less their stops. Spans are in order of their clock (``of``) and time."""
    count = stops.bounds[case + 1] - stops.bounds[case] + 1
    span = np.repeat(np.arange(len(case)), count)
    begins = np.cumsum(count) - count
    place = np.arange(len(span)) - begins[span]
    stop = stops.bounds[case][span] + place
    none = np.zeros(1, np.int64)
    before, after = np.append(stops.until, none), np.append(stops.since, none)
    low = np.where(place == 0, since[span], before[stop - 1])
    high = np.where(place == count[span] - 1, until[span], after[np.minimum(stop, len(after) - 1)])
    low, high = np.maximum(low, since[span]), np.minimum(high, until[span])
    kept = np.flatnonzero(low < high)
    return Courses(n, of[span[kept]], low[kept], high[kept])


def _before(of: Int64s, length: Int64s) -> Int64s:
    """The sum of the earlier pieces of the same clock; sums may wrap around, their differences do not."""
    total = np.cumsum(length) - length
    new = begins(of)
    first = np.flatnonzero(new)
    return total - total[first][np.cumsum(new) - 1]
