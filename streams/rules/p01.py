"""P01: a permit, or a step of it, takes longer than its service standard.

The standard is in working days, by permit type and date of start (Perpres 97/2014, Permendagri 138/2017, PP 28/2025;
the regency's table). The clock starts at a complete and correct application and stops while the applicant repairs
documents. Warning at 80 %, breach beyond 100 %, severe at 150 %. A due date that the case brings itself replaces the
deadline and makes its working days the standard. A case that closes within its deadline is no longer warned of.
Innocent explanations: a survey waits for the weather, a missing opinion of another body, a stop that was not entered.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from schemas.calendar import WorkingCalendar
from streams.domains.case import Course, Interval

ID = "P01"
TITLE = "Pelayanan melewati standar waktu"
DOMAIN = "permits"
NEEDS = ("case_id", "occurred_at")
VERSION = "1"
DEFAULTS = {"P01.warning": 0.8, "P01.breach": 1.0, "P01.severe": 1.5}
LEVELS = ("warning", "breach", "severe")
_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip


class Deadline(NamedTuple):
    """When a level is reached (UTC ms), and the working days that it stands for."""

    level: str
    at: int
    days: float


def deadlines(
    course: Course,
    started_at: int,
    standard: float | None,
    due_at: int | None,
    closed_at: int | None,
    fractions: Sequence[float],
    calendar: WorkingCalendar,
) -> tuple[Deadline, ...]:
    """The levels this course has reached or will reach if nothing more happens, by instant; empty if not applicable."""
    if due_at is not None:
        standard = calendar.elapsed(started_at, due_at)
    if standard is None or (standard <= 0 and due_at is None):
        return ()
    found: dict[str, Deadline] = {}
    for level in ("breach", "warning", "severe"):
        days = max(0.0, fractions[LEVELS.index(level)] * standard)
        if level == "breach":
            passed = due_at if due_at is not None else reach(course.running, days, calendar)
            at = None if passed is None else passed + 1  # strictly after
        else:
            at = reach(course.running, days, calendar) if standard > 0 else None
        if at is not None and (closed_at is None or at <= closed_at):
            found[level] = Deadline(level, at, days)
        elif level == "breach" and closed_at is not None:
            return ()  # closed in time: nothing to warn of
    if "breach" not in found:
        found.pop("severe", None)
    return tuple(found.values())


def judged_at(deadline: Deadline, seen: int, lateness_ms: int) -> int:
    """When the clock may judge: not before the case was seen, and after its source's declared lateness."""
    return max(deadline.at, seen) + lateness_ms


def reach(running: Sequence[Interval], days: float, calendar: WorkingCalendar) -> int | None:
    """The instant at which ``days`` working days have run, or None when the clock stopped or ended before."""
    for start, end in running:
        at = _add(calendar, start, days)
        if end is None or at <= end:
            return at
        days = max(0.0, days - calendar.elapsed(start, end))
    return None


@lru_cache(maxsize=200_000)
def _add(calendar: WorkingCalendar, start: int, days: float) -> int:
    """The calendar's answer, remembered: a case asks the same again with each of its events."""
    return calendar.add(start, days)


def elapsed(course: Course, until: int, calendar: WorkingCalendar) -> float:
    """Working days the clock ran until an instant."""
    spans = ((a, until if b is None else min(b, until)) for a, b in course.running)
    return sum((calendar.elapsed(a, b) for a, b in spans if b > a), 0.0)


def sentence(
    level: str, subject: str, unit: str, observed: float, standard: float, due_day: str | None, closed: bool
) -> str:
    """What was seen, in one sentence. ``subject`` names the permit in words; ``due_day`` (YYYY-MM-DD) stands where
    the case brought its own due date."""
    limit = f"standar {_days(standard)} hari kerja" if due_day is None else f"tenggat {_day(due_day)}"
    took = f"{_days(observed)} hari kerja"
    if level != "warning" and due_day is None and _days(observed) == _days(standard):
        took = f"sedikit lebih dari {took}"
    if level == "warning":
        return f"Indikasi akan terlambat: {subject} sudah {took} di {unit}, {limit}; perlu perhatian."
    if closed:
        return f"Indikasi keterlambatan: {subject} selesai dalam {took}, terakhir di {unit}, {limit}; perlu klarifikasi."
    return f"Indikasi keterlambatan: {subject} sudah {took} di {unit}, {limit}; perlu klarifikasi."


def _days(days: float) -> str:
    return f"{days:.1f}".removesuffix(".0").replace(".", ",")


def _day(day: str) -> str:
    year, month, number = day.split("-")
    return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"
