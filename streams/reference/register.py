"""All cases of the regency as they were known at any instant, and the days at whose start peers are frozen."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property

from schemas.profile import Profile
from streams.reference.corrections import sound
from streams.reference.received import Received
from streams.reference.story import Story, cases

WINDOW_DAYS = 365
MINUTE = 60_000


class Register:
    """``received`` have the clock of their partition as timestamp. Known at an instant is what has a clock of that
    instant or before."""

    def __init__(self, received: Iterable[Received], profile: Profile, event_clock: bool) -> None:
        self.profile = profile
        self._event_clock = event_clock
        self._received: defaultdict[str, list[Received]] = defaultdict(list)
        self._clocks: defaultdict[str, list[int]] = defaultdict(list)
        self._stories: dict[tuple[str, int], Story] = {}
        self._closed_before: dict[str, list[Story]] = {}
        for event in sorted(
            sound(list(received), ("case_id",)), key=lambda e: (e.timestamp, e.record["event_id"])
        ):
            self._received[event.record["case_id"]].append(event)
            self._clocks[event.record["case_id"]].append(event.timestamp)

    def at(self, instant: int) -> list[Story]:
        """Every case that was known, as it was known."""
        found = []
        for case_id, events in self._received.items():
            known = bisect_right(self._clocks[case_id], instant)
            if known:
                key = (case_id, known)
                if key not in self._stories:
                    self._stories[key] = Story(cases(events[:known])[0], self.profile, self._event_clock)
                    self._stories[key].known_until = self._clocks[case_id][known - 1]
                found.append(self._stories[key])
        return found

    def closed_before(self, day: str, permit_type: str | None = None) -> list[Story]:
        """The cases (of a type) that closed on the 365 days before a day, as known when that day was frozen."""
        if day not in self._closed_before:
            first = days_later(day, -WINDOW_DAYS)
            self._closed_before[day] = [
                story
                for story in self.at(self.frozen_at(day))
                if story.closed_on is not None and first <= story.closed_on < day
            ]
        return [story for story in self._closed_before[day] if permit_type in (None, story.permit_type)]

    @cached_property
    def first_day(self) -> str:
        """The local day of the first record: the first of which nothing is frozen."""
        return self.profile.local_day(min(clocks[0] for clocks in self._clocks.values()))

    def last_frozen(self, clock: int) -> str | None:
        """The last day that was frozen by an instant, None before the first."""
        if not self._clocks:
            return None
        day = self.profile.local_day(clock)
        while day > self.first_day and self.frozen_at(day) > clock:
            day = days_later(day, -1)
        return day if day > self.first_day else None

    def frozen_after(self, case: Story) -> str:
        """The first day that was frozen once all of a case was known."""
        heard = self._clocks[case.case_id][bisect_right(self._clocks[case.case_id], case.known_until) - 1]
        day = max(self.profile.local_day(heard), days_later(self.first_day, 1))
        return day if self.frozen_at(day) >= heard else days_later(day, 1)

    def frozen_at(self, day: str) -> int:
        """When a day is frozen: at the midnight that begins it, and the largest lateness of the permit sources later."""
        declared = [source.id for source in self.profile.sources.values() if source.domain == "permits"]
        lateness = max((self.profile.lateness_ms(source) for source in declared), default=15 * MINUTE)
        return self.profile.calendar.day_start(day) + (0 if self._event_clock else lateness)

    def days(self) -> list[str]:
        """Every local day after one on which something happened, in order."""
        happened = {
            self.profile.local_day(event.record["occurred_at"])
            for events in self._received.values()
            for event in events
        }
        return sorted(days_later(day, 1) for day in happened)


def days_later(day: str, days: int) -> str:
    """A day so many days later, within the years 1 to 9999."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        return date.max.isoformat() if days > 0 else date.min.isoformat()
