"""What the profile says, in the numbers that cases are made of: kinds, units of steps, calendars, patience of sources."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

from schemas.calendar import WorkingCalendar
from schemas.profile import PermitType, Profile
from schemas.profile.rows import Incompatible, Step
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


#: What a tariff is that is no amount.
FREE, BY_FORMULA = -2, -1


class Template(NamedTuple):
    """A process as the profile describes it: its steps, and the members that one officer must not both be."""

    steps: tuple[Step, ...]
    pairs: tuple[Incompatible, ...]


class Book:
    """The profile by number. ``event_clock``: the event's own time is the clock, so no lateness is waited for."""

    def __init__(self, profile: Profile, words: Words, names: Words, event_clock: bool) -> None:
        self.profile, self.words, self.names, self.event_clock = profile, words, names, event_clock
        self.zone = profile.timezone.key
        self.kinds = {kind: words.number(kind) for kind in KINDS}
        self.applicant = words.number(APPLICANT)
        self.calendars: list[WorkingCalendar] = [profile.calendar, *profile.unit_calendars.values()]
        self._calendar_of = {unit: 1 + i for i, unit in enumerate(profile.unit_calendars)}
        self._known: dict[tuple[str, int], Any] = {}
        self._templates = [Template((), ())]
        self._taken_back = words.taken_back
        for kind in profile.permit_types.values():
            for text in (kind.code, *(step.code for step in kind.steps)):
                words.number(text)
        for unit in profile.units:
            words.number(unit)
        words.mark()

    def kind(self, name: str) -> int:
        """The number of a kind."""
        return self.kinds[name]

    def lateness(self, sources: Numbers) -> Int64s:
        """How long a message of each source may be on its way (ms)."""
        if self.event_clock:
            return np.zeros(len(sources), np.int64)
        return self.each(
            "lateness", sources, lambda n: self.profile.lateness_ms(self.words.text(n)), np.int64
        )

    def step_unit(self, types: Numbers, steps: Numbers) -> Numbers:
        """The unit that holds a file during a step of a permit type; 0 where the profile does not say."""

        def unit(both: int) -> int:
            kind = self.type_of(both >> 32)
            step = kind.step(self.words.text(both & 0xFFFFFFFF)) if kind else None
            return self.words.number(step.unit) if step else 0

        return self.each("unit", combined(types, steps), unit, np.uint32)

    def both(self, types: Numbers, steps: Numbers) -> Numbers:
        """One word for a permit type and a step of it, ``type/step``."""

        def word(both: int) -> int:
            return self.words.number(f"{self.words.text(both >> 32)}/{self.words.text(both & 0xFFFFFFFF)}")

        return self.each("both", combined(types, steps), word, np.uint32)

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

    def templates(self, types: Numbers, days: Int64s) -> tuple[Int64s, list[Template]]:
        """For each permit type and local day the index of the process described for it; the first one is empty."""

        def find(both: int) -> int:
            kind = self.type_of(both >> 40)
            if kind is None:
                return 0
            day = day_of((both & 0xFFFFF) - DAYS_BEFORE)
            content = (kind.steps_on(day), kind.pairs_on(day))
            for number, known in enumerate(self._templates):
                if (known.steps, known.pairs) == content:
                    return number
            self._templates.append(Template(*content))
            return len(self._templates) - 1

        packed = _packed(types, np.zeros(len(types), np.uint32), days)
        return self.each("template", packed, find, np.int64), self._templates

    def deemed(self, types: Numbers, days: Int64s) -> Floats:
        """Working days after which a permit counts as given (fiktif positif); NaN where the profile names none."""

        def find(both: int) -> float:
            kind = self.type_of(both >> 40)
            found = kind.deemed_on(day_of((both & 0xFFFFF) - DAYS_BEFORE)) if kind is not None else None
            return float("nan") if found is None else found

        return self.each("deemed", _packed(types, np.zeros(len(types), np.uint32), days), find, np.float64)

    def tariff(self, types: Numbers, days: Int64s) -> Int64s:
        """The fixed fee of each permit type on a local day (rupiah); BY_FORMULA where it is computed, FREE where the
        type carries none."""

        def find(both: int) -> int:
            found = self.profile.tariff(self._apart(both)[0], self._apart(both)[2])
            return FREE if found is None else BY_FORMULA if found.amount is None else found.amount

        return self.each("tariff", _packed(types, np.zeros(len(types), np.uint32), days), find, np.int64)

    def type_of(self, number: int) -> PermitType | None:
        """The permit type of a number; None where the profile does not name it."""
        return self.profile.permit_types.get(self.words.text(number))

    def _apart(self, packed: int) -> tuple[str, str, date]:
        first, second, day = packed >> 40, (packed >> 20) & 0xFFFFF, packed & 0xFFFFF
        return self.words.text(first), self.words.text(second), day_of(day - DAYS_BEFORE)

    def each(self, name: str, keys: Any, ask: Callable[[int], Any], kind: Any) -> Any:
        """The answer for every key, asked once for each that was never seen."""
        if self._taken_back != self.words.taken_back:
            self._known.clear()
            self._taken_back = self.words.taken_back
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
