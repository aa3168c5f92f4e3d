"""What the profile says, in the numbers that cases are made of: kinds, units of steps, calendars, patience of sources."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np

from schemas.calendar import WorkingCalendar
from schemas.profile import PermitType, Profile
from streams.cases.words import Numbers, Words
from streams.engine.chunk import Int64s

#: Kinds of events that mean something to a case. Others are steps on its way that say nothing by themselves.
KINDS = (
    "submitted", "accepted", "started", "finished", "returned", "resubmitted", "rejected", "issued", "withdrawn",
    "closed",
)  # fmt: skip
CLOSING = ("issued", "rejected", "withdrawn", "closed")
APPLICANT = "applicant"
EPOCH = date(1970, 1, 1)
#: Makes a local day of any year from 1900 on a positive number.
DAYS_BEFORE = 1 << 18

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Book:
    """The profile by number. ``event_clock``: the event's own time is the clock, so no lateness is waited for."""

    def __init__(self, profile: Profile, words: Words, event_clock: bool) -> None:
        self.profile, self.words, self.event_clock = profile, words, event_clock
        self.zone = profile.timezone.key
        self.kinds = {kind: words.number(kind) for kind in KINDS}
        self.closing = np.array([self.kinds[kind] for kind in CLOSING], np.uint32)
        self.applicant = words.number(APPLICANT)
        self.calendars: list[WorkingCalendar] = [profile.calendar, *profile.unit_calendars.values()]
        self._calendar_of = {unit: 1 + i for i, unit in enumerate(profile.unit_calendars)}
        self._known: dict[tuple[str, int], Any] = {}

    def kind(self, name: str) -> int:
        """The number of a kind."""
        return self.kinds[name]

    def lateness(self, sources: Numbers) -> Int64s:
        """How long a message of each source may be on its way (ms)."""
        if self.event_clock:
            return np.zeros(len(sources), np.int64)
        return self.each("lateness", sources, lambda n: self.profile.lateness_ms(self.words.text(n)), np.int64)

    def step_unit(self, types: Numbers, steps: Numbers) -> Numbers:
        """The unit that holds a file during a step of a permit type; 0 where the profile does not say."""

        def unit(both: int) -> int:
            kind = self.type_of(both >> 32)
            step = kind.step(self.words.text(both & 0xFFFFFFFF)) if kind else None
            return self.words.number(step.unit) if step else 0

        return self.each("unit", combined(types, steps), unit, np.uint32)

    def calendar_index(self, units: Numbers) -> Int64s:
        """Index into ``calendars`` of the calendar of each unit."""
        return self.each("calendar", units, lambda n: self._calendar_of.get(self.words.text(n), 0), np.int64)

    def standard(self, types: Numbers, days: Int64s, steps: Numbers) -> Floats:
        """Working days promised on a local day for a permit (step 0) or a step of it; NaN where nothing is."""

        def promised(both: int) -> float:
            kind, step, day = self._apart(both)
            found = self.profile.service_standard(kind, day, step)
            return float("nan") if found is None else found

        return self.each("standard", _packed(types, steps, days), promised, np.float64)

    def parameter(self, name: str, default: float, types: Numbers, sources: Numbers, days: Int64s) -> Floats:
        """The value of a rule's parameter for each (permit type, source, local day)."""
        if all(item.name != name for item in self.profile.thresholds):
            return np.full(len(types), default)

        def value(both: int) -> float:
            kind, source, day = self._apart(both)
            return self.profile.threshold(name, day, default, kind, source)

        return self.each(f"parameter {name}", _packed(types, sources, days), value, np.float64)

    def type_of(self, number: int) -> PermitType | None:
        """The permit type of a number; "*" of the profile stands for every type that it does not name."""
        return self.profile.permit_types.get(self.words.text(number))

    def _apart(self, packed: int) -> tuple[str, str, date]:
        first, second, day = packed >> 40, (packed >> 20) & 0xFFFFF, packed & 0xFFFFF
        return self.words.text(first), self.words.text(second), day_of(day - DAYS_BEFORE)

    def each(self, name: str, keys: Any, ask: Callable[[int], Any], kind: Any) -> Any:
        """The answer for every key, asked once for each that was never seen."""
        unique, inverse = np.unique(keys, return_inverse=True)
        found = np.empty(len(unique), kind)
        known = self._known
        for i, key in enumerate(unique.tolist()):
            answer = known.get((name, key))
            if answer is None:
                answer = known[name, key] = ask(key)
            found[i] = answer
        return found[inverse]


def _packed(first: Numbers, second: Numbers, days: Int64s) -> Int64s:
    """Two labels and a local day as one key: labels are few, and days are of two centuries."""
    return (first.astype(np.int64) << 40) | (second.astype(np.int64) << 20) | (days + DAYS_BEFORE)


def combined(first: Any, second: Any) -> Int64s:
    """Two numbers of words as one key."""
    return (first.astype(np.int64) << 32) | second.astype(np.int64)


def day_of(number: int) -> date:
    """The date of a local day since 1970."""
    return EPOCH + timedelta(days=number)
