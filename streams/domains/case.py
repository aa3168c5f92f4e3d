"""One permit case: its events in order, and what follows from them alone, without any clock.

- Order: (occurred_at, event_id). The case closes at the earliest ``issued``, ``rejected``, ``withdrawn`` or
  ``closed``; later steps do not reopen it and move it nowhere.
- Its clock starts at ``accepted`` (complete and correct), else ``submitted``, else its first event. It stops from
  ``returned`` to the next event of another kind: that time is the applicant's.
- The file is held by the unit that the latest event names; ``started`` of a step that names none means the
  step's unit in the profile, and a case without any is held by the department that sent it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

CLOSING = frozenset({"issued", "rejected", "withdrawn", "closed"})
APPLICANT = "applicant"

Interval = tuple[int, int | None]
"""Start and end in UTC ms; None where it still runs."""

Holding = tuple[int, str]
"""Since when (UTC ms), and who."""


class Event(NamedTuple):
    """What a case keeps of one event; sorts by (occurred_at, event_id)."""

    occurred_at: int
    event_id: str
    kind: str
    step: str
    unit: str
    permit_type: str
    due_at: int | None
    opd: str
    source: str
    offset: int
    mode: str
    simulated: bool


class Course(NamedTuple):
    """The time of a case or of one of its steps: the intervals its clock ran, and those with the applicant."""

    running: tuple[Interval, ...]
    stopped: tuple[Interval, ...]


class Part(NamedTuple):
    """One step of a case: when it first started, when it ended (None while it runs), and its course."""

    started_at: int
    closed_at: int | None
    course: Course


class Summary(NamedTuple):
    """What the events of a case say."""

    permit_type: str
    entered_at: int
    started_at: int
    closed_at: int | None
    due_at: int | None
    course: Course
    steps: tuple[tuple[str, Part], ...]
    units: tuple[Holding, ...]
    holders: tuple[Holding, ...]


@dataclass(slots=True)
class Case:
    """The standing events of one case in order, and when the clock first saw it (UTC ms).

    ``replaced`` are events that a correction took out, each with the one that stands for its chain now.
    """

    seen: int
    events: list[Event] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)

    def apply(self, event: Event, corrects: str | None) -> None:
        """Take one event; one that corrects a known event of this case replaces what stands for it."""
        if corrects is not None:
            standing = self.replaced.get(corrects, corrects)
            kept = [e for e in self.events if e.event_id != standing]
            if len(kept) < len(self.events):
                self.events = kept
                self.replaced = {
                    old: event.event_id if now == standing else now for old, now in self.replaced.items()
                }
                self.replaced[standing] = event.event_id
        insort(self.events, event)


def summarise(events: Sequence[Event], step_units: Mapping[tuple[str, str], str]) -> Summary:
    """What the events (in order, at least one) say; ``step_units`` are the profile's units by (type, step)."""
    permit_type, due_at, closed_at = "", None, None
    submitted = accepted = None
    for event in events:
        permit_type = event.permit_type or permit_type
        due_at = event.due_at if event.due_at is not None else due_at
        if event.kind == "submitted" and submitted is None:
            submitted = event.occurred_at
        elif event.kind == "accepted" and accepted is None:
            accepted = event.occurred_at
        elif event.kind in CLOSING and closed_at is None:
            closed_at = event.occurred_at
    first = events[0].occurred_at
    started = accepted if accepted is not None else submitted if submitted is not None else first
    units, holders, stopped, steps = _walk(events, permit_type, step_units)
    return Summary(
        permit_type=permit_type,
        entered_at=submitted if submitted is not None else first,
        started_at=started,
        closed_at=closed_at,
        due_at=due_at,
        course=_course((started, closed_at), stopped),
        steps=tuple((step, _part(spans, stopped)) for step, spans in steps.items()),
        units=tuple(units),
        holders=tuple(holders),
    )


def _walk(
    events: Sequence[Event], permit_type: str, step_units: Mapping[tuple[str, str], str]
) -> tuple[list[Holding], list[Holding], list[Interval], dict[str, list[Interval]]]:
    """Units, holders, time with the applicant, and spans of the steps up to the closing."""
    unit = _unit(events[0], permit_type, step_units) or events[0].opd
    units: list[Holding] = [(events[0].occurred_at, unit)]
    holders = list(units)
    stopped: list[Interval] = []
    steps: dict[str, list[Interval]] = {}
    returned: int | None = None
    for event in events:
        at = event.occurred_at
        named = _unit(event, permit_type, step_units)
        if named and named != units[-1][1]:
            units.append((at, named))
        if event.kind == "returned":
            returned = at if returned is None else returned
        elif returned is not None:
            stopped.append((returned, at))
            returned = None
        holder = APPLICANT if returned is not None else units[-1][1]
        if holder != holders[-1][1]:
            holders.append((at, holder))
        if event.step and event.kind == "started":
            spans = steps.setdefault(event.step, [])
            if not spans or spans[-1][1] is not None:
                spans.append((at, None))
        elif event.step and event.kind == "finished":
            spans = steps.get(event.step, [])
            if spans and spans[-1][1] is None:
                spans[-1] = (spans[-1][0], at)
        if event.kind in CLOSING:
            for spans in steps.values():
                if spans[-1][1] is None:
                    spans[-1] = (spans[-1][0], at)
            break
    if returned is not None:
        stopped.append((returned, None))
    return units, holders, stopped, steps


def _unit(event: Event, permit_type: str, step_units: Mapping[tuple[str, str], str]) -> str:
    return event.unit or (step_units.get((permit_type, event.step), "") if event.kind == "started" else "")


def _part(spans: Sequence[Interval], stopped: Sequence[Interval]) -> Part:
    """A step that was done again is one course; its clock rests in between."""
    courses = [_course(span, stopped) for span in spans]
    running, with_applicant = (tuple(i for c in courses for i in c[part]) for part in (0, 1))
    return Part(spans[0][0], spans[-1][1], Course(running, with_applicant))


def _course(span: Interval, stopped: Sequence[Interval]) -> Course:
    """A span less the applicant's time in it."""
    at, end = span
    running: list[Interval] = []
    inside: list[Interval] = []
    for stop, resume in stopped:
        begin = max(stop, at)
        if (end is not None and begin >= end) or (resume is not None and resume <= at):
            continue
        if begin > at:
            running.append((at, begin))
        if resume is None or (end is not None and resume >= end):
            return Course(tuple(running), (*inside, (begin, end)))
        inside.append((begin, resume))
        at = resume
    if end is None or end > at:
        running.append((at, end))
    return Course(tuple(running), tuple(inside))
