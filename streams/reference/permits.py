"""Permits and P01 from the whole set of a case's events and the clock, case by case, minute by definition.

Elapsed working time is asked of the calendar alone; deadlines are found by cutting the case's time into pieces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from schemas.buckets import bucket_of
from schemas.calendar import WorkingCalendar
from schemas.profile import Profile
from streams.reference import reasons
from streams.reference.finding import FOUND, NOT_FOUND
from streams.reference.received import Figure
from streams.reference.story import Case, Span, Story, reached_at, worked

LEVELS = ("warning", "breach", "severe")
_DEFAULTS = (("P01.warning", 0.8), ("P01.breach", 1.0), ("P01.severe", 1.5))


class Verdict(NamedTuple):
    """What a rule says of a case, or of a step or pair of it."""

    level: str
    level_at: int
    unit: str
    observed: float
    threshold: float
    evidence_digest: str


class _Judged(NamedTuple):
    reached: dict[str, tuple[int, float]]
    unit: str
    running: list[Span]
    closed_at: int | None
    calendar: WorkingCalendar
    held_back: bool


def verdicts(
    cases: Iterable[Case], profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> dict[tuple[str, str], Verdict]:
    """The highest level of every case and step that has one."""
    found = {}
    for case in cases:
        seen = min(e.timestamp for e in case.everything)
        digest = digest_of(case)
        for scope, judged in _judge(case, profile, until_ms, event_clock).items():
            levels = [level for level in LEVELS if level in judged.reached]
            if levels:
                at, days = judged.reached[levels[-1]]
                end = max(at, seen) if judged.closed_at is None else judged.closed_at
                if levels[-1] == "warning":  # what stood when it was warned of, even if it closes later
                    end = min(max(at, seen), end)
                days_ran = worked(judged.running, end, judged.calendar)
                found[(case.case_id, scope)] = Verdict(levels[-1], at, judged.unit, days_ran, days, digest)
    return found


def digest_of(case: Case) -> str:
    """The digest over the events that a verdict rests on."""
    return sha256("".join(e.record["event_id"] for e in case.standing).encode()).hexdigest()


def outcomes(
    cases: Iterable[Case], profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> dict[str, str]:
    """What P01 says of every case: found, not_found, or the reason why nothing."""
    said = {}
    for case in cases:
        story = Story(case, profile, event_clock)
        promised = [profile.service_standard(story.permit_type, story.started_on)]
        for step, spans in story.step_spans().items():
            on = date.fromisoformat(profile.local_day(spans[0][0]))
            promised.append(profile.service_standard(story.permit_type, on, step))
        judged = _judge(case, profile, until_ms, event_clock).values()
        levels = {level for one in judged for level in one.reached}
        if story.due_at is None and all(days is None for days in promised):
            said[case.case_id] = reasons.NO_STANDARD
        else:
            kept = reasons.SUSPENDED if any(one.held_back for one in judged) else NOT_FOUND
            said[case.case_id] = FOUND if levels & {"breach", "severe"} else kept
    return said


def figures(
    cases: Iterable[Case], profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> Counter[Figure]:
    """All permit figures."""
    found: Counter[Figure] = Counter()
    for case in cases:
        judged = _judge(case, profile, until_ms, event_clock)[""]
        story = Story(case, profile, event_clock)
        entered, closed = story.entered_at, story.closed_at

        def put(
            metric: str,
            begin: int,
            end: int | None,
            amount: int = 1,
            flow: bool = False,
            story: Story = story,
        ) -> None:
            """A flow on one day, or a stock that is cut wherever the unit changes."""
            if not flow and end is not None and end <= begin:
                return
            for at, sign in [(begin, 1)] if flow else [(begin, 1), (end, -1)]:
                if at is not None:
                    found[(metric, "total", "", profile.local_day(at))] += sign * amount
                    if story.permit_type:
                        found[(metric, "type", story.permit_type, profile.local_day(at))] += sign * amount
            for who, start, stop in (
                [(story.holder(begin, True), begin, None)] if flow else story.held(begin, end, True)
            ):
                found[(metric, "unit", who, profile.local_day(start))] += amount
                if stop is not None:
                    found[(metric, "unit", who, profile.local_day(stop))] -= amount

        put("permits.entered", entered, None, flow=True)
        put("permits.open", entered, closed)
        if closed is None or closed > entered:
            for who, start, stop in story.held(entered, closed, False):
                found[("permits.waiting", "holder", who, profile.local_day(start))] += 1
                if stop is not None:
                    found[("permits.waiting", "holder", who, profile.local_day(stop))] -= 1
        if closed is not None:
            minutes = sum(profile.calendar.minutes(a, b) for a, b in judged.running if b is not None)
            put("permits.finished", closed, None, flow=True)
            put("permits.duration_minutes", closed, None, minutes, flow=True)
            bucket = f"{story.permit_type}#{bucket_of(minutes)}"
            found[("permits.duration_bucket", "type", bucket, profile.local_day(closed))] += 1
        warned = judged.reached["warning"][0] if "warning" in judged.reached else None
        late = max(judged.reached["breach"][0], entered) if "breach" in judged.reached else None
        if late is not None:
            put("permits.breached", late, None, flow=True)
            put("permits.late", late, closed)
        if warned is not None:
            ends = [
                t
                for t in (judged.reached["breach"][0] if late is not None else None, closed)
                if t is not None
            ]
            put("permits.near_late", max(warned, entered), min(ends, default=None))
    return found


def _judge(
    case: Case, profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> dict[str, _Judged]:
    """The levels reached and judged by the clock, of the case ("") and of each step with a standard."""
    story = Story(case, profile, event_clock)
    clock = until_ms if isinstance(until_ms, int) else until_ms[case.everything[0].partition]

    def judge(
        scope: str,
        begin: int,
        closed: int | None,
        due: int | None,
        running: list[Span],
        unit: str,
        hours: WorkingCalendar,
    ) -> _Judged:
        on = date.fromisoformat(profile.local_day(begin))
        standard = profile.service_standard(story.permit_type, on, scope)
        if due is not None:
            standard = hours.elapsed(begin, due)
        reached: dict[str, tuple[int, float]] = {}
        for level, (name, default) in zip(LEVELS, _DEFAULTS, strict=True):
            if standard is None or (standard <= 0 and not (due is not None and level == "breach")):
                continue
            days = max(0.0, standard * profile.threshold(name, on, default, story.permit_type, story.source))
            at = due if due is not None and level == "breach" else reached_at(running, days, hours)
            if at is None:
                continue
            at += 1 if level == "breach" else 0  # strictly after
            if closed is None or at <= closed:
                reached[level] = (at, days)
        if "breach" not in reached:
            reached.pop("severe", None)
            if closed is not None:
                reached.clear()
        known = {
            level: found
            for level, found in reached.items()
            if max(found[0], story.seen) + story.lateness_ms <= clock
        }
        told = {level: found for level, found in known.items() if not story.held_back(found[0])}
        return _Judged(told, unit, running, closed, hours, len(told) < len(known))

    last = story.holdings(True)[-1][1]
    whole = story.running(story.started_at, story.closed_at)
    found = {"": judge("", story.started_at, story.closed_at, story.due_at, whole, last, profile.calendar)}
    for step, spans in story.step_spans().items():
        begin = spans[0][0]
        if (
            profile.service_standard(story.permit_type, date.fromisoformat(profile.local_day(begin)), step)
            is not None
        ):
            unit = story.step_units.get(step) or last
            running = [piece for a, b in spans for piece in story.running(a, b)]
            found[step] = judge(step, begin, spans[-1][1], None, running, unit, profile.calendar_for(unit))
    return found
