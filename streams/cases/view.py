"""Many cases at once: their standing events in order, and what follows from them without any clock.

- Order: (occurred_at, event_id). The case closes at the earliest ``issued``, ``rejected``, ``withdrawn`` or
  ``closed``; its *past* are the events up to and with that one, later steps move it nowhere.
- Its clock starts at ``accepted`` (complete and correct), else ``submitted``, else its first event. It stops from
  ``returned`` to the next event of another kind: that time is the applicant's.
- The file is held by the unit that the latest event names; ``started`` of a step that names none means the step's
  unit in the profile, and a case without any is held by the department that sent it.

Every array over cases has n entries, every array over events m; ``events[starts[i]:starts[i + 1]]`` are those of case
i. An instant that is not there is ``NEVER``, an event that is not there is -1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from streams.cases.book import CLOSING, Book, Template, combined
from streams.cases.courses import Courses, Stops, courses_of
from streams.cases.events import BACKFILL, NEVER, SIMULATED, Events
from streams.cases.words import Numbers
from streams.days import Days, local_days
from streams.engine.chunk import Int64s
from streams.runs import Bools, begins, ranges


class Holdings(NamedTuple):
    """Who held each case since when, in order by case: the first entry of a case is its first event."""

    case: Int64s
    since: Int64s
    who: Numbers


class Steps(NamedTuple):
    """Spans of the steps of all cases, ordered by case, step and time; ``until`` is NEVER while one runs. A step that
    was done again has several spans; ``scope`` numbers the steps, and ``first`` and ``last`` are its outer spans.
    ``finish`` is the event that ended a span, -1 where only the case's end did or nothing yet."""

    case: Int64s
    step: Numbers
    since: Int64s
    until: Int64s
    scope: Int64s
    first: Int64s
    last: Int64s
    finish: Int64s


class Cases:
    """``keys`` are the case ids, ``seen`` the clock at each case's first record (UTC ms)."""

    def __init__(self, events: Events, starts: Int64s, keys: list[str], seen: Int64s, book: Book) -> None:
        self.events, self.starts, self.keys, self.seen, self.book = events, starts, keys, seen, book
        self.n, self.m = len(keys), len(events)
        self._columns: dict[str, Any] = {}

    def column(self, name: str) -> Any:
        """One field of all events, as an array of its own."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = np.ascontiguousarray(self.events[name])
        return found

    def once(self, name: str, make: Callable[[Cases], Any]) -> Any:
        """What several rules make of the cases, made once."""
        if name not in self._columns:
            self._columns[name] = make(self)
        return self._columns[name]

    def select(self, cases: Int64s) -> Cases:
        """Some of the cases, in the order given."""
        rows, starts = runs(self.starts, cases)
        keys = [self.keys[i] for i in cases.tolist()]
        return Cases(self.events[rows], starts, keys, self.seen[cases], self.book)

    def part(self, first: int, after: int) -> Cases:
        """Cases ``[first, after)``; their events are not copied."""
        begin, end = int(self.starts[first]), int(self.starts[after])
        starts = self.starts[first : after + 1] - begin
        return Cases(
            self.events[begin:end], starts, self.keys[first:after], self.seen[first:after], self.book
        )

    @cached_property
    def case_of(self) -> Int64s:
        """The case of each event."""
        return np.repeat(np.arange(self.n), np.diff(self.starts))

    def is_kind(self, *kinds: str) -> Bools:
        """Events of these kinds."""
        column = self.column("kind")
        found = column == self.book.kind(kinds[0])
        for kind in kinds[1:]:
            found |= column == self.book.kind(kind)
        return found

    def flag(self, bit: int) -> Bools:
        """Events with a flag (streams.cases.events)."""
        return (self.column("flags") & bit) != 0

    def first(self, mask: Bools) -> Int64s:
        """The first event of each case for which the mask holds."""
        found = np.full(self.n, -1)
        rows = np.flatnonzero(mask)[::-1]
        found[self.case_of[rows]] = rows  # of several, the one assigned last stays
        return found

    def last(self, mask: Bools) -> Int64s:
        """The last event of each case for which the mask holds."""
        found = np.full(self.n, -1)
        rows = np.flatnonzero(mask)
        found[self.case_of[rows]] = rows
        return found

    def count(self, mask: Bools) -> Int64s:
        """How many events of each case the mask holds for."""
        return np.bincount(self.case_of[mask], minlength=self.n)

    def any(self, mask: Bools) -> Bools:
        """Whether the mask holds for an event of each case."""
        return self.count(mask) > 0

    def pick(self, name: str, rows: Int64s, otherwise: Any) -> Any:
        """A field at one event of each case; ``otherwise`` where there is none."""
        column = self.column(name)
        return np.where(rows >= 0, column[rows], column.dtype.type(otherwise))

    @cached_property
    def closing(self) -> Int64s:
        """The closing event of each case."""
        return self.first(self.is_kind(*CLOSING))

    @cached_property
    def closed_at(self) -> Int64s:
        return self.pick("at", self.closing, NEVER)

    @cached_property
    def issued(self) -> Bools:
        """Cases that ended with a permit."""
        return self.pick("kind", self.closing, 0) == self.book.kind("issued")

    @cached_property
    def past(self) -> Bools:
        """Events up to and with the closing."""
        ends = np.where(self.closing >= 0, self.closing + 1, self.starts[1:])
        return np.arange(self.m) < ends[self.case_of]

    @cached_property
    def first_event(self) -> Int64s:
        return self.starts[:-1]

    @cached_property
    def last_event(self) -> Int64s:
        return self.starts[1:] - 1

    @cached_property
    def permit_type(self) -> Numbers:
        """The last type that an event names; 0 for none."""
        return self.pick("permit_type", self.last(self.column("permit_type") != 0), 0)

    @cached_property
    def source(self) -> Numbers:
        """The source of the first event."""
        return self.column("source")[self.first_event]

    @cached_property
    def due_at(self) -> Int64s:
        """The due date that the case itself brings."""
        return self.pick("due_at", self.last(self.column("due_at") != NEVER), NEVER)

    @cached_property
    def accepted(self) -> Int64s:
        """The first ``accepted`` event."""
        return self.first(self.is_kind("accepted"))

    @cached_property
    def entered_at(self) -> Int64s:
        submitted = self.first(self.is_kind("submitted"))
        return self.column("at")[np.where(submitted >= 0, submitted, self.first_event)]

    @cached_property
    def started_at(self) -> Int64s:
        return np.where(self.accepted >= 0, self.column("at")[self.accepted], self.entered_at)

    @cached_property
    def started_day(self) -> Days:
        """The local day of ``started_at``: the day whose standards and process a case is judged by."""
        return local_days(self.started_at, self.book.zone)

    @cached_property
    def lateness(self) -> Int64s:
        """How long a message of each case's source may be on its way (ms)."""
        return self.book.lateness(self.source)

    @cached_property
    def backfill(self) -> Bools:
        """Cases of which an event was loaded as history."""
        return self.any(self.flag(BACKFILL))

    @cached_property
    def simulated(self) -> Bools:
        return self.any(self.flag(SIMULATED))

    @cached_property
    def _units(self) -> Numbers:
        """The unit that holds the file after each event."""
        kind, unit = self.column("kind"), self.column("unit")
        named = unit.copy()
        silent = np.flatnonzero(
            (unit == 0) & (kind == self.book.kind("started")) & (self.column("step") != 0)
        )
        if len(silent):
            types = self.permit_type[self.case_of[silent]]
            named[silent] = self.book.step_unit(types, self.column("step")[silent])
        first = self.first_event
        named[first] = np.where(named[first] != 0, named[first], self.column("opd")[first])
        rows = np.where(named != 0, np.arange(self.m), 0)
        rows[first] = first
        return named[np.maximum.accumulate(rows)]

    @cached_property
    def units(self) -> Holdings:
        """By unit, the applicant's time with the unit that returned the file."""
        return self._holdings(self._units)

    @cached_property
    def holders(self) -> Holdings:
        """By holder: units, and the applicant."""
        away = self.is_kind("returned")
        return self._holdings(np.where(away, np.uint32(self.book.applicant), self._units))

    @cached_property
    def last_unit(self) -> Numbers:
        """The unit that held the file last."""
        ends = np.where(self.closing >= 0, self.closing, self.last_event)
        return self._units[ends]

    def _holdings(self, who: Numbers) -> Holdings:
        changed = begins(self.case_of, who)
        rows = np.flatnonzero(changed & self.past)
        return Holdings(self.case_of[rows], self.column("at")[rows], who[rows])

    @cached_property
    def stops(self) -> Stops:
        """The applicant's time."""
        returned = self.is_kind("returned") & self.past
        before = np.zeros(self.m, np.bool_)
        before[1:] = returned[:-1]
        before[self.first_event] = False
        first = np.flatnonzero(returned & ~before)
        others = np.flatnonzero(~returned)
        following = np.append(others, self.m)[np.searchsorted(others, first)]
        at, case = self.column("at"), self.case_of[first]
        inside = following < self.starts[case + 1]
        until = np.where(inside, at[np.minimum(following, self.m - 1)], NEVER)
        return Stops(np.searchsorted(case, np.arange(self.n + 1)), at[first], until)

    @cached_property
    def course(self) -> Courses:
        """The time of each whole case, from its start to its closing, less the applicant's."""
        everyone = np.arange(self.n)
        return courses_of(everyone, self.started_at, self.closed_at, everyone, self.n, self.stops)

    @cached_property
    def steps(self) -> Steps:
        """Spans from ``started`` to ``finished`` of each step in the past; a span still open ends with the case."""
        kind, step = self.column("kind"), self.column("step")
        starting = kind == self.book.kind("started")
        rows = np.flatnonzero((starting | (kind == self.book.kind("finished"))) & (step != 0) & self.past)
        both = combined(self.case_of[rows], step[rows])
        order = np.argsort(both, kind="stable")
        rows, both = rows[order], both[order]
        group, start = begins(both), starting[rows]
        turns = begins(both, start)
        turns &= start | ~group  # a finish that nothing began
        rows, both, start = rows[turns], both[turns], start[turns]
        first = np.flatnonzero(start)
        case = self.case_of[rows[first]]
        at = self.column("at")
        until = self.closed_at[case].copy()
        after = np.minimum(first + 1, max(len(rows) - 1, 0))
        ended = (
            (first + 1 < len(rows)) & (both[after] == both[first]) & ~start[after] if len(rows) else first > 0
        )
        until[ended] = at[rows[after[ended]]]
        finish = np.full(len(first), -1)
        finish[ended] = rows[after[ended]]
        names = both[first]
        new = begins(names)
        outer = np.flatnonzero(new)
        return Steps(
            case, step[rows[first]], at[rows[first]], until, np.cumsum(new) - 1, outer,
            np.append(outer[1:], len(first)) - 1 if len(first) else outer, finish,
        )  # fmt: skip

    @cached_property
    def _described(self) -> tuple[Int64s, list[Template]]:
        return self.book.templates(self.permit_type, self.started_day)

    @property
    def template(self) -> Int64s:
        """Which of ``templates`` describes each case: that of its type on the day it started."""
        return self._described[0]

    @property
    def templates(self) -> list[Template]:
        """The processes that ``template`` counts; the first is empty."""
        return self._described[1]

    @cached_property
    def step_courses(self) -> Courses:
        """The time of each step (``steps.scope``), less the applicant's."""
        steps = self.steps
        return courses_of(steps.case, steps.since, steps.until, steps.scope, len(steps.first), self.stops)


def runs(starts: Int64s, chosen: Int64s) -> tuple[Int64s, Int64s]:
    """The rows of some of the runs that ``starts`` cuts, and where each of them begins among those rows."""
    first, after = starts[chosen], starts[chosen + 1]
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(after - first)])
    return ranges(first, after)[1], bounds
