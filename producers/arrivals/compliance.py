"""Who reports in time: every source of the profile against what it declares. Pure, except that topics are read by ``Heard``.

A day counts as on time when no silence longer than the source may be silent (rule S01, ``schemas.profile.silence``) fell
into its working time. Days count from the one after it was first heard in the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

from producers.arrivals.heard import Heard
from schemas.profile import Profile, Source
from schemas.profile.silence import expected_by, silent_from

DAYS = 30
DAY_MS = 86_400_000
State = Literal["on-time", "late", "silent", "never"]
#: In words and with a shape, so that colour says nothing alone.
WORDS: Mapping[State, str] = {
    "on-time": "● tepat waktu",
    "late": "▲ terlambat",
    "silent": "■ diam",
    "never": "○ belum terdengar",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One source. Times are UTC ms; ``last`` None: not heard in the window. ``on_time`` of ``days`` (working days of
    the last ``DAYS``, today left out). ``refused`` events in the last 30 days, None where that is not known."""

    source: str
    name: str
    opd: str
    department: str
    domain: str
    last: int | None
    expected_by: int | None
    state: State
    days: int
    on_time: int
    refused: int | None

    @property
    def share(self) -> float | None:
        """Share of days on time; None before there is a whole day."""
        return self.on_time / self.days if self.days else None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "state_text": WORDS[self.state], "share": self.share}


def table(
    profile: Profile, heard: Heard, refused: Mapping[tuple[str, str], int] | None, now: int, opd: str = ""
) -> list[Row]:
    """The rows of all sources, or of one department's; ``refused`` by (department, source)."""
    found = []
    for source in profile.sources.values():
        if opd not in ("", source.opd):
            continue
        last = heard.last(source.id)
        days, on_time = _days(profile, source, heard, now)
        department = profile.departments.get(source.opd)
        found.append(
            Row(
                source.id,
                source.name,
                source.opd,
                department.short if department else source.opd,
                source.domain,
                last,
                None if last is None else expected_by(profile.calendar, source, last),
                _state(profile, source, last, now),
                days,
                on_time,
                None if refused is None else refused.get((source.opd, source.id), 0),
            )
        )
    return found


def _state(profile: Profile, source: Source, last: int | None, now: int) -> State:
    if last is None:
        return "never"
    if now > silent_from(profile.calendar, source, last):
        return "silent"
    return "late" if now > expected_by(profile.calendar, source, last) else "on-time"


def _days(profile: Profile, source: Source, heard: Heard, now: int) -> tuple[int, int]:
    """Days that count, and how many of them were on time."""
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(profile.timezone).date()
    begin = profile.calendar.day_start((today - timedelta(days=DAYS)).isoformat())
    times = heard.times(source.id, begin)
    if not times:
        return 0, 0
    silences = [
        (opens, after)
        for before, after in pairwise([*times, now])
        if after > (opens := silent_from(profile.calendar, source, before))
    ]
    first = date.fromisoformat(profile.local_day(times[0])) + timedelta(days=times[0] > begin + DAY_MS)
    counted = on_time = 0
    for number in range(DAYS, 0, -1):
        day = today - timedelta(days=number)
        if day < first or not (source.hours == "always" or profile.calendar.is_working_day(day)):
            continue
        counted += 1
        start = profile.calendar.day_start(day.isoformat())
        end = profile.calendar.day_start((day + timedelta(days=1)).isoformat())
        on_time += not any(_falls(profile, source, *silence, start, end) for silence in silences)
    return counted, on_time


def _falls(profile: Profile, source: Source, opens: int, ends: int, start: int, end: int) -> bool:
    """Whether a silence falls into the time of a day in which the source should be heard."""
    low, high = max(opens, start), min(ends, end)
    if low >= high:
        return False
    return source.hours == "always" or profile.calendar.minutes(low, high) > 0
