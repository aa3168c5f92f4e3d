"""A permit case as its standing events tell it: when it began and closed, when its clock ran, who held it.

Order is (occurred_at, event_id). The closing is the earliest issued, rejected, withdrawn or closed; the past is what
happened up to and with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.calendar import WorkingCalendar
from schemas.profile import Profile, Step
from streams.reference.corrections import standing
from streams.reference.received import Received
from streams.reference.silences import NONE, Silences

CLOSING = ("issued", "rejected", "withdrawn", "closed")

Span = tuple[int, int | None]


@dataclass(frozen=True)
class Case:
    """A case: its standing events in order, and all its records; ``silences`` are those of all sources."""

    case_id: str
    standing: list[Received]
    everything: list[Received]
    silences: Silences = NONE


def cases(received: Iterable[Received], silences: Silences = NONE) -> list[Case]:
    """All records by case, and those of them that stand, in order."""
    everything: defaultdict[str, list[Received]] = defaultdict(list)
    for event in received:
        everything[event.record["case_id"]].append(event)
    return [
        Case(
            case_id,
            sorted(
                standing(mine, ("case_id",)), key=lambda e: (e.record["occurred_at"], e.record["event_id"])
            ),
            mine,
            silences,
        )
        for case_id, mine in everything.items()
    ]


class Story:
    """What happened to a case up to its closing."""

    def __init__(self, case: Case, profile: Profile, event_clock: bool) -> None:
        events = [e.record for e in case.standing]
        types = [e["permit_type"] for e in events if e["permit_type"]]
        dues = [e["due_at"] for e in events if e["due_at"] is not None]
        closings = [i for i, e in enumerate(events) if e["kind"] in CLOSING]
        self.case_id = case.case_id
        self.profile = profile
        self.standing = case.standing
        self.seen = min(e.timestamp for e in case.everything)
        self.source: str = events[0]["source"]
        self.lateness_ms = 0 if event_clock else profile.lateness_ms(self.source)
        self.permit_type: str = types[-1] if types else ""
        self.due_at: int | None = dues[-1] if dues else None
        self.closing: Received | None = case.standing[closings[0]] if closings else None
        self.closed_at: int | None = self.closing.record["occurred_at"] if self.closing else None
        self.closed_on = profile.local_day(self.closed_at) if self.closed_at is not None else None
        first = {e["kind"]: e["occurred_at"] for e in reversed(events)}
        self.accepted_at: int | None = first.get("accepted")
        self.entered_at: int = first.get("submitted", events[0]["occurred_at"])
        self.started_at: int = first.get("accepted", self.entered_at)
        self.started_on = date.fromisoformat(profile.local_day(self.started_at))
        self.past = events[: closings[0] + 1] if closings else events
        self.kind = profile.permit_types.get(self.permit_type)
        self.step_units = {step.code: step.unit for step in self.kind.steps} if self.kind else {}
        self.template: tuple[Step, ...] = self.kind.steps_on(self.started_on) if self.kind else ()
        self.with_applicant = self._applicant()
        self.silent_since = case.silences.since.get((case.standing[0].partition, self.source))
        self.catching_up = case.silences.catching_up
        self.known_until = 0  # the clock at the last record that was known

    @property
    def issued(self) -> bool:
        """Whether it ended with a permit."""
        return self.closing is not None and self.closing.record["kind"] == "issued"

    @property
    def end(self) -> int:
        """When it closed; asked of closed cases only."""
        if self.closed_at is None:
            raise ValueError(f"case {self.case_id} is open: it has no end")
        return self.closed_at

    def held_back(self, at: int) -> bool:
        """Whether something missing since ``at`` is not told: its source is silent, and was heard last before that."""
        open_then = self.closed_at is None or self.closed_at >= at
        return open_then and self.silent_since is not None and at > self.silent_since

    def officers(self) -> set[str]:
        """Who acted in the past, in person."""
        return {e["officer_token"] for e in self.past if e["officer_token"] and not e["automatic"]}

    def parameter(self, name: str, default: float) -> float:
        """A rule's parameter for this type and source, as of the day the case started."""
        return self.profile.threshold(name, self.started_on, default, self.permit_type, self.source)

    def last(self, name: str) -> Any:
        """The last value of a field in the past that is there, else None."""
        values = [e[name] for e in self.past if e[name] not in (None, "")]
        return values[-1] if values else None

    def minutes(self, begin: int, end: int) -> int:
        """Working minutes of a span, without the time with the applicant."""
        pieces = self.running(begin, end)
        return sum(self.profile.calendar.minutes(a, b) for a, b in pieces if b is not None)

    def _applicant(self) -> list[Span]:
        spans: list[Span] = []
        for before, event in zip([None, *self.past], self.past, strict=False):
            if event["kind"] == "returned" and (before is None or before["kind"] != "returned"):
                later = [e for e in self.past[self.past.index(event) :] if e["kind"] != "returned"]
                spans.append((event["occurred_at"], later[0]["occurred_at"] if later else None))
        return spans

    def _unit_named(self, event: dict[str, Any]) -> str:
        return event["unit"] or (
            self.step_units.get(event["step"] or "", "") if event["kind"] == "started" else ""
        )

    def holdings(self, units_only: bool) -> list[tuple[int, str]]:
        """(since, who) after each event, in order."""
        unit = self._unit_named(self.past[0]) or self.past[0]["opd"]
        found = [(self.past[0]["occurred_at"], unit)]
        for event in self.past:
            unit = self._unit_named(event) or unit
            away = event["kind"] == "returned" and not units_only
            found.append((event["occurred_at"], "applicant" if away else unit))
        return found

    def holder(self, at: int, units_only: bool) -> str:
        """Who held it at an instant."""
        holdings = self.holdings(units_only)
        return ([who for since, who in holdings if since <= at] or [holdings[0][1]])[-1]

    def held(self, begin: int, end: int | None, units_only: bool) -> list[tuple[str, int, int | None]]:
        """(who, from, to) pieces of a period."""
        cuts = sorted({t for t, _ in self.holdings(units_only) if t > begin and (end is None or t < end)})
        starts, stops = [begin, *cuts], [*cuts, end]
        return [(self.holder(a, units_only), a, b) for a, b in zip(starts, stops, strict=True)]

    def running(self, begin: int, end: int | None) -> list[Span]:
        """A period less the applicant's time."""
        pieces: list[Span] = [(begin, end)]
        for stop, resume in self.with_applicant:
            cut: list[Span] = []
            for a, b in pieces:
                left: Span = (a, stop if b is None else min(b, stop))
                right: Span | None = None if resume is None else (max(a, resume), b)
                both = [piece for piece in (left, right) if piece is not None]
                cut += [piece for piece in both if piece[1] is None or piece[1] > piece[0]]
            pieces = cut
        return [(a, b) for a, b in pieces if b is None or b > a]

    def step_spans(self) -> dict[str, list[Span]]:
        """Periods in which each step ran, until the case closed."""
        found: dict[str, list[Span]] = {}
        for step in dict.fromkeys(e["step"] for e in self.past if e["step"]):
            began: int | None = None
            for e in self.past:
                if e["step"] == step and e["kind"] == "started" and began is None:
                    began = e["occurred_at"]
                elif e["step"] == step and e["kind"] == "finished" and began is not None:
                    found.setdefault(step, []).append((began, e["occurred_at"]))
                    began = None
            if began is not None:
                found.setdefault(step, []).append((began, self.closed_at))
        return found


def worked(running: list[Span], until: int, calendar: WorkingCalendar) -> float:
    """Working days that ran in the pieces until an instant."""
    ends = [(a, until if b is None else min(b, until)) for a, b in running]
    return calendar.elapsed_over([(a, b) for a, b in ends if b > a])


def reached_at(running: list[Span], days: float, calendar: WorkingCalendar) -> int | None:
    """When ``days`` working days have run in the pieces."""
    return calendar.add_over(running, days)
