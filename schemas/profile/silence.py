"""Until when a source may be silent: the one answer for the rule S01 and for the table of who reports in time."""

from __future__ import annotations

from schemas.calendar import WorkingCalendar
from schemas.profile.rows import MINUTE_MS, Source

#: Minutes of the working day of Perpres 21/2023 by which an allowance in minutes becomes working days.
WORKING_DAY_MINUTES = 450
#: A cadence of this many minutes or more is declared in days.
DAY_MINUTES = 1440
#: A source may be silent for this many of its cadences before it is late (the wallboard calls it DATA LAMA then).
PATIENCE = 2.0


def after(calendar: WorkingCalendar, source: Source, last: int, minutes: float) -> int:
    """The instant (UTC ms) by which so many minutes of the source's time have passed since ``last`` (UTC ms): working
    time where its hours are those of the office."""
    if source.hours == "always":
        return last + round(minutes * MINUTE_MS)
    return calendar.add(last, minutes / WORKING_DAY_MINUTES)


def silent_from(calendar: WorkingCalendar, source: Source, last: int) -> int:
    """When a source last heard at ``last`` (UTC ms) counts as silent (rule S01)."""
    return after(calendar, source, last, source.allowance_minutes)


def expected_by(calendar: WorkingCalendar, source: Source, last: int) -> int:
    """By when a source last heard at ``last`` (UTC ms) should be heard again, or by ``silent_from`` where that is
    sooner. A cadence of a day or more counts days."""
    cadence = source.cadence_minutes * PATIENCE
    if source.cadence_minutes >= DAY_MINUTES and source.hours != "always":
        cadence = cadence / DAY_MINUTES * WORKING_DAY_MINUTES
    return min(after(calendar, source, last, cadence), silent_from(calendar, source, last))
