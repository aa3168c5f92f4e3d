"""Working time by a second method and by hand.

The second method decides every minute of two years on its own: from the file that declares the hours, from the decrees
that name the holidays and from the fixed distance to UTC, sharing nothing else with the calendar. More than a thousand
spans and deadlines around the days where calendars go wrong must agree with it to the minute; some thirty more are
worked out by hand, the reasoning beside each.
"""

from __future__ import annotations

import random
import tomllib
from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import accumulate
from math import ceil, lcm
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from schemas import calendar_arrays as arrays
from schemas.calendar import WorkingCalendar, national_holidays
from schemas.profile.folder import Folder
from schemas.profile.hours import read_calendars

HOURS_FROM_UTC = {"Asia/Jakarta": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9}
OFFICE, COUNTER, FIELD, WARD = "kantor", "KONTER", "LAPANGAN", "RSUD"

DECLARED = """
[[hours]]
valid_from = 2005-01-01
legal_basis = "Perpres 21/2023"
normal = { monday = ["07:30-12:00", "13:00-16:00"], tuesday = ["07:30-12:00", "13:00-16:00"], wednesday = ["07:30-12:00", "13:00-16:00"], thursday = ["07:30-12:00", "13:00-16:00"], friday = ["07:30-11:30", "13:00-16:30"] }
ramadan = { monday = ["08:00-12:00", "12:30-15:00"], tuesday = ["08:00-12:00", "12:30-15:00"], wednesday = ["08:00-12:00", "12:30-15:00"], thursday = ["08:00-12:00", "12:30-15:00"], friday = ["08:00-11:30", "12:30-15:30"] }

[[ramadan]]
first = 2025-03-01
last = 2025-03-30

[[ramadan]]
first = 2026-02-19
last = 2026-03-20

[[holiday_added]]
date = 2026-11-24
name = "Hari jadi kabupaten"
legal_basis = "Keputusan bupati (rekaan)"

[[holiday_removed]]
date = 2026-12-24
name = "Cuti bersama yang ditiadakan"
legal_basis = "Keputusan bupati (rekaan)"

[[unit]]  # open on Saturdays; from the middle of 2026 earlier, and without hours for Ramadan
unit = "KONTER"

[[unit.hours]]
valid_from = 2005-01-01
legal_basis = "Peraturan bupati (rekaan)"
normal = { monday = ["08:00-15:00"], tuesday = ["08:00-15:00"], wednesday = ["08:00-15:00"], thursday = ["08:00-15:00"], friday = ["08:00-11:30", "13:00-15:00"], saturday = ["08:00-12:00"] }
ramadan = { monday = ["08:00-14:00"], tuesday = ["08:00-14:00"], wednesday = ["08:00-14:00"], thursday = ["08:00-14:00"], friday = ["08:00-11:30"], saturday = ["08:00-11:00"] }

[[unit.hours]]
valid_from = 2026-07-01
legal_basis = "Peraturan bupati (rekaan)"
normal = { monday = ["07:30-14:30"], tuesday = ["07:30-14:30"], wednesday = ["07:30-14:30"], thursday = ["07:30-14:30"], friday = ["07:30-11:00"], saturday = ["08:00-13:00"] }

[[unit]]  # its hours change in the middle of a Ramadan
unit = "LAPANGAN"

[[unit.hours]]
valid_from = 2005-01-01
legal_basis = "Perpres 21/2023"
normal = { monday = ["07:30-12:00", "13:00-16:00"], tuesday = ["07:30-12:00", "13:00-16:00"], wednesday = ["07:30-12:00", "13:00-16:00"], thursday = ["07:30-12:00", "13:00-16:00"], friday = ["07:30-11:30", "13:00-16:30"] }
ramadan = { monday = ["08:00-12:00", "12:30-15:00"], tuesday = ["08:00-12:00", "12:30-15:00"], wednesday = ["08:00-12:00", "12:30-15:00"], thursday = ["08:00-12:00", "12:30-15:00"], friday = ["08:00-11:30", "12:30-15:30"] }

[[unit.hours]]
valid_from = 2025-03-17
legal_basis = "Peraturan bupati (rekaan)"
normal = { monday = ["07:00-11:30", "12:30-15:30"], tuesday = ["07:00-11:30", "12:30-15:30"], wednesday = ["07:00-11:30", "12:30-15:30"], thursday = ["07:00-11:30", "12:30-15:30"], friday = ["07:00-11:00", "13:00-16:00"] }
ramadan = { monday = ["07:30-13:30"], tuesday = ["07:30-13:30"], wednesday = ["07:30-13:30"], thursday = ["07:30-13:30"], friday = ["07:30-11:30"] }

[[unit]]  # never closes but at night in Ramadan, whose last day is a holiday for everyone else
unit = "RSUD"
national_holidays = false

[[unit.hours]]
valid_from = 2005-01-01
legal_basis = "Peraturan bupati (rekaan)"
normal = { monday = ["00:00-24:00"], tuesday = ["00:00-24:00"], wednesday = ["00:00-24:00"], thursday = ["00:00-24:00"], friday = ["00:00-24:00"], saturday = ["00:00-24:00"], sunday = ["00:00-24:00"] }
ramadan = { monday = ["06:00-22:00"], tuesday = ["06:00-22:00"], wednesday = ["06:00-22:00"], thursday = ["06:00-22:00"], friday = ["06:00-22:00"], saturday = ["06:00-22:00"], sunday = ["06:00-22:00"] }
"""

#: National holidays of the decrees of three ministers (SKB) for December 2024, 2025 and 2026, written by hand.
NATIONAL = """
2024-12-25
2025-01-01 2025-01-27 2025-01-29 2025-03-29 2025-03-31 2025-04-01 2025-04-18 2025-04-20 2025-05-01 2025-05-12 2025-05-29
2025-06-01 2025-06-06 2025-06-27 2025-08-17 2025-09-05 2025-12-25
2026-01-01 2026-01-16 2026-02-17 2026-03-19 2026-03-21 2026-03-22 2026-04-03 2026-04-05 2026-05-01 2026-05-14 2026-05-27
2026-05-31 2026-06-01 2026-06-16 2026-08-17 2026-08-25 2026-12-25
"""
CUTI_BERSAMA = """
2024-12-26
2025-01-28 2025-03-28 2025-04-02 2025-04-03 2025-04-04 2025-04-07 2025-05-13 2025-05-30 2025-06-09 2025-08-18 2025-12-26
2026-02-16 2026-03-18 2026-03-20 2026-03-23 2026-03-24 2026-05-15 2026-05-28 2026-12-24
"""
JOINT_LEAVE = {date.fromisoformat(day) for day in CUTI_BERSAMA.split()}
DECREED = {date.fromisoformat(day) for day in NATIONAL.split()} | JOINT_LEAVE
ADDED, REMOVED = date(2026, 11, 24), date(2026, 12, 24)
RAMADAN = [(date(2025, 3, 1), date(2025, 3, 30)), (date(2026, 2, 19), date(2026, 3, 20))]

FIRST_DAY, LAST_DAY = date(2024, 12, 1), date(2026, 12, 31)
DAYS = [FIRST_DAY + timedelta(n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
DAY, MINUTE_MS = 1440, 60_000


# -- the second method ------------------------------------------------------------------------------------------------
# A minute is its number since the beginning of FIRST_DAY on the local clock, which in Indonesia never jumps.


@dataclass(frozen=True)
class Minutes:
    """Every minute's share of its working day, in units of ``1 / whole``; 0 where nobody works."""

    share: array[int]
    passed: array[int]
    whole: int

    def worked(self, a: int, b: int) -> int:
        return sum(share > 0 for share in self.share[a:b])

    def days(self, a: int, b: int) -> Fraction:
        return Fraction(sum(self.share[a:b]), self.whole)

    def reached(self, a: int, days: Fraction) -> int | None:
        """The first minute by whose beginning ``days`` have passed since ``a``; None after the last day."""
        before = self.passed[a - 1] if a else 0
        minute = bisect_left(self.passed, before + ceil(days * self.whole)) + 1
        return minute if minute <= len(self.share) else None


@cache
def minutes_of(unit: str) -> Minutes:
    document = tomllib.loads(DECLARED)
    own = {u["unit"]: u for u in document["unit"]}.get(unit, document)
    days = [_hours(own, day) for day in DAYS]
    lengths = {sum(stop - start for start, stop in hours) for hours in days if hours}
    whole = lcm(*lengths)
    share = array("q", bytes(8 * len(DAYS) * DAY))
    for number, hours in enumerate(days):
        length = sum(stop - start for start, stop in hours)
        for start, stop in hours:
            for minute in range(start, stop):
                share[number * DAY + minute] = whole // length
    return Minutes(share, array("q", accumulate(share)), whole)


def _hours(own: dict, day: date) -> list[tuple[int, int]]:  # type: ignore[type-arg]
    if own.get("national_holidays", True) and (day == ADDED or (day in DECREED and day != REMOVED)):
        return []
    in_force = max((h for h in own["hours"] if h["valid_from"] <= day), key=lambda h: h["valid_from"])
    fasting = any(first <= day <= last for first, last in RAMADAN)
    week = in_force["ramadan"] if fasting and "ramadan" in in_force else in_force["normal"]
    texts = week.get(f"{day:%A}".lower(), [])
    return [(int(t[0:2]) * 60 + int(t[3:5]), int(t[6:8]) * 60 + int(t[9:11])) for t in texts]


def day_of(minute: int) -> date:
    return DAYS[minute // DAY]


def minute_of(day: date, minute: int = 0) -> int:
    return (day - FIRST_DAY).days * DAY + minute


def to_ms(zone: str, minute: int) -> int:
    """UTC ms of a local minute; 1 December 2024 is day 20,058 of Unix time."""
    return ((20_058 * DAY) + minute - HOURS_FROM_UTC[zone] * 60) * MINUTE_MS


# -- the calendars under test -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def calendars(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], WorkingCalendar]:
    """By zone and unit, read from the declared file as a profile is."""
    path: Path = tmp_path_factory.mktemp("profile")
    (path / "calendar.toml").write_text(DECLARED, encoding="utf-8")
    found = {}
    for zone in HOURS_FROM_UTC:
        folder = Folder(path)
        read = read_calendars(folder, ZoneInfo(zone), {COUNTER, FIELD, WARD})
        assert folder.problems == []
        for unit, calendar in {OFFICE: read.general, **read.units}.items():
            found[zone, unit] = calendar
    return found


Span = tuple[str, int, int]
"""Unit, first local minute, and the minute after the last."""


def _on(unit: str, a: int, b: int, wanted: Callable[[date], bool]) -> bool:
    """Whether the span has a worked minute on a day that is wanted."""
    share = minutes_of(unit).share
    return any(
        any(share[max(a, begin) : min(b, begin + DAY)])
        for begin in range(a // DAY * DAY, b, DAY)
        if wanted(day_of(begin))
    )


def _within(a: int, b: int, day: date, hour: int) -> bool:
    return a <= minute_of(day, hour * 60) < b


def _fasting(day: date) -> bool:
    return any(first <= day <= last for first, last in RAMADAN)


def _across(a: int, b: int, days: list[date]) -> bool:
    return any(a < minute_of(day) < b for day in days)


CHANGES = {COUNTER: date(2026, 7, 1), FIELD: date(2025, 3, 17)}
FRIDAYS = [day for day in DAYS if day.weekday() == 4]
SATURDAYS = [day for day in DAYS if day.weekday() == 5 and day not in DECREED]
NEW_YEARS = [date(2025, 1, 1), date(2026, 1, 1)]
FASTS = [day for day in DAYS if _fasting(day)]
EDGES = [date(2025, 3, 1), date(2025, 3, 31), date(2026, 2, 19), date(2026, 3, 21)]
WEEKDAY_LEAVE = sorted(day for day in JOINT_LEAVE if day.weekday() < 5 and day != REMOVED)

#: Situation: its units, days to begin from, and whether a span has it.
SITUATIONS: dict[str, tuple[tuple[str, ...], list[date], Callable[[str, int, int], bool]]] = {
    "Ramadan": ((OFFICE, COUNTER, FIELD, WARD), FASTS, lambda u, a, b: _on(u, a, b, _fasting)),
    "beginning or end of Ramadan": (
        (OFFICE, COUNTER, FIELD, WARD),
        EDGES,
        lambda u, a, b: _on(u, a, b, _fasting) and _on(u, a, b, lambda day: not _fasting(day)),
    ),
    "cuti bersama": (
        (OFFICE, COUNTER, FIELD),
        WEEKDAY_LEAVE,
        lambda u, a, b: any(_within(a, b, day, 10) for day in WEEKDAY_LEAVE) and _on(u, a, b, lambda _: True),
    ),
    "Friday": (
        (OFFICE, COUNTER, FIELD),
        FRIDAYS,
        lambda u, a, b: (
            any(_within(a, b, day, 12) for day in FRIDAYS) and _on(u, a, b, lambda day: day.weekday() == 4)
        ),
    ),
    "year's end": (
        (OFFICE, COUNTER, WARD),
        NEW_YEARS,
        lambda u, a, b: _across(a, b, NEW_YEARS) and _on(u, a, b, lambda _: True),
    ),
    "Saturday": (
        (COUNTER,),
        SATURDAYS,
        lambda u, a, b: _on(u, a, b, lambda day: day.weekday() == 5),
    ),
    "hours that change": (
        (COUNTER, FIELD),
        sorted(CHANGES.values()),
        lambda u, a, b: (
            _on(u, a, b, lambda day: day >= CHANGES[u]) and _on(u, a, b, lambda day: day < CHANGES[u])
        ),
    ),
    "days the regency moved": (
        (OFFICE, COUNTER, WARD),
        [ADDED, REMOVED],
        lambda u, a, b: (
            any(_within(a, b, day, 9) for day in (ADDED, REMOVED)) and _on(u, a, b, lambda _: True)
        ),
    ),
}
SPANS_EACH = 48


@cache
def spans(zone: str, situation: str) -> list[Span]:
    """Spans that have the situation, other ones in every zone."""
    units, days, has = SITUATIONS[situation]
    chosen = random.Random(f"{zone} {situation}")  # noqa: S311 - the same spans in every run
    found: list[Span] = []
    while len(found) < SPANS_EACH:
        unit = units[len(found) % len(units)]
        around = minute_of(chosen.choice(days), chosen.randrange(6 * 60, 17 * 60))
        reach = chosen.choice((300, 2 * DAY, 9 * DAY))
        a, b = around - chosen.randrange(reach), around + 1 + chosen.randrange(reach)
        if a >= 0 and b <= len(DAYS) * DAY and has(unit, a, b):
            found.append((unit, a, b))
    return found


WHERE = [(zone, situation) for zone in HOURS_FROM_UTC for situation in SITUATIONS]


@pytest.mark.parametrize(("zone", "situation"), WHERE)
def test_spans_agree_with_a_count_of_minutes(
    calendars: dict[tuple[str, str], WorkingCalendar], zone: str, situation: str
) -> None:
    for unit, a, b in spans(zone, situation):
        counted, calendar = minutes_of(unit), calendars[zone, unit]
        start, end = to_ms(zone, a), to_ms(zone, b)
        place = f"{unit} in {zone}, {day_of(a)} minute {a % DAY} to {day_of(b - 1)} minute {b % DAY}"
        assert calendar.minutes(start, end) == counted.worked(a, b), place
        assert calendar.elapsed(start, end) == float(counted.days(a, b)), place
        assert calendar.is_working(start) == (counted.share[a] > 0), place


@pytest.mark.parametrize(("zone", "situation"), WHERE)
def test_deadlines_agree_with_a_count_of_minutes(
    calendars: dict[tuple[str, str], WorkingCalendar], zone: str, situation: str
) -> None:
    chosen = random.Random(f"days {zone} {situation}")  # noqa: S311
    checked = 0
    for unit, a, b in spans(zone, situation):
        counted, calendar = minutes_of(unit), calendars[zone, unit]
        tenths = ceil(
            counted.days(a, b) * 10
        )  # the end of the span, rounded up to a tenth of a day, or further
        days = Fraction(chosen.choice((tenths, tenths, tenths + chosen.randrange(50))), 10)
        reached = counted.reached(a, days)
        if reached is None:
            continue
        checked += 1
        found = calendar.add(to_ms(zone, a), float(days))
        assert -(-found // MINUTE_MS) * MINUTE_MS == to_ms(zone, reached), (
            f"{float(days)} days of {unit} in {zone} from {day_of(a)} minute {a % DAY}"
        )
    assert checked >= SPANS_EACH * 0.6


@pytest.mark.parametrize(
    ("zone", "units"),
    [
        ("Asia/Jakarta", (OFFICE, COUNTER, WARD)),
        ("Asia/Makassar", (OFFICE, COUNTER)),
        ("Asia/Jayapura", (OFFICE, COUNTER, FIELD)),
    ],
)
def test_the_columns_agree_with_a_count_of_minutes(
    calendars: dict[tuple[str, str], WorkingCalendar], zone: str, units: tuple[str, ...]
) -> None:
    for unit in units:
        counted, calendar = minutes_of(unit), calendars[zone, unit]
        mine = [(a, b) for situation in SITUATIONS for u, a, b in spans(zone, situation) if u == unit]
        start = np.array([to_ms(zone, a) for a, _ in mine], np.int64)
        end = np.array([to_ms(zone, b) for _, b in mine], np.int64)
        assert arrays.minutes(calendar, start, end).tolist() == [counted.worked(a, b) for a, b in mine]
        passed = arrays.parts(calendar, end) - arrays.parts(calendar, start)
        size = arrays.unit(calendar)
        assert [Fraction(p, size) for p in passed.tolist()] == [counted.days(a, b) for a, b in mine]


def test_every_situation_is_covered_in_every_zone() -> None:
    total = 0
    for zone, situation in WHERE:
        units, _, has = SITUATIONS[situation]
        found = spans(zone, situation)
        assert len(set(found)) >= 40
        assert {unit for unit, _, _ in found} == set(units)
        assert all(has(unit, a, b) for unit, a, b in found)
        total += len(set(found))
    assert total >= 1_000
    everywhere = {situation: spans("Asia/Jakarta", situation) for situation in SITUATIONS}
    assert {day_of(a).year for _, a, _ in everywhere["Ramadan"]} == {2025, 2026}
    leave = {d for _, a, b in everywhere["cuti bersama"] for d in WEEKDAY_LEAVE if _within(a, b, d, 10)}
    assert len(leave) >= 12


def test_the_holidays_are_those_of_the_decrees() -> None:
    for year in (2025, 2026):
        assert national_holidays(year) == {day for day in DECREED if day.year == year}
    assert {day for day in national_holidays(2024) if day.month == 12} == {
        day for day in DECREED if day.year == 2024
    }


# -- by hand ----------------------------------------------------------------------------------------------------------
# Office: 450 minutes a day, in Ramadan 390. Counter: 420, Friday 330, Saturday 240; in Ramadan 360, 210, 180; from July
# 2026 420, 210, 300. Field: as the office; from 17 March 2025 450, Friday 420, in Ramadan 360 and 240. Ward: 1440, in
# Ramadan 960.

HAND_SPANS = [
    # over the Friday break (11:30 to 13:00): 30 before, 30 after
    (OFFICE, "2026-11-20T11:00", "2026-11-20T13:30", 60, "2/15"),
    # over a break of other days (12:00 to 13:00): one minute on either side
    (OFFICE, "2026-11-23T11:59", "2026-11-23T13:01", 2, "1/225"),
    # a weekend
    (OFFICE, "2026-11-20T16:30", "2026-11-23T07:30", 0, "0"),
    # Monday 15:00 to 16:00, Tuesday is the regency's day, Wednesday 07:30 to 09:00: 60 + 90
    (OFFICE, "2026-11-23T15:00", "2026-11-25T09:00", 150, "1/3"),
    # the whole of a Thursday that is cuti bersama elsewhere; Friday is Christmas
    (OFFICE, "2026-12-23T16:00", "2026-12-28T07:30", 450, "1"),
    # the last hour before Ramadan is 60 of 450, the first one in it (08:00 to 09:00) 60 of 390
    (OFFICE, "2026-02-18T15:00", "2026-02-19T09:00", 120, "56/195"),
    # the Friday break in Ramadan is 11:30 to 12:30: 30 + 30 of 390
    (OFFICE, "2026-02-27T11:00", "2026-02-27T13:00", 60, "2/13"),
    # Thursday 27 March from the break on: 150 of 390. Cuti bersama on 28 March, Nyepi, Idulfitri, cuti bersama until
    # Monday 7 April; Tuesday 8 April 07:30 to 08:30: 60 of 450
    (OFFICE, "2025-03-27T12:00", "2025-04-08T08:30", 210, "101/195"),
    # 24 December one hour; Christmas and cuti bersama; 27, 30 and 31 December whole; 2 January one hour: 60 + 1350 + 60
    (OFFICE, "2024-12-24T15:00", "2025-01-02T08:30", 1470, "49/15"),
    # 18 August 2025 became cuti bersama eleven days before: Friday 16:00 to 16:30 and Tuesday 07:30 to 08:00
    (OFFICE, "2025-08-15T16:00", "2025-08-19T08:00", 60, "2/15"),
    # Saturday's last hour of 4, Monday's first of 7: 1/4 + 1/7
    (COUNTER, "2026-06-20T11:00", "2026-06-22T09:00", 120, "11/28"),
    # Friday's last hour of 330 minutes, Saturday's first of 240: 2/11 + 1/4
    (COUNTER, "2026-06-26T14:00", "2026-06-27T09:00", 120, "19/44"),
    # in Ramadan Saturday's last hour of 3, Monday's first of 6
    (COUNTER, "2026-02-28T10:00", "2026-03-02T09:00", 120, "1/2"),
    # a week with the change on Wednesday: 420 + 420 | 420 + 420 + 210 + 300 are six days
    (COUNTER, "2026-06-29T08:00", "2026-07-04T13:00", 2190, "6"),
    # Tuesday still until 15:00, Wednesday already from 07:30
    (COUNTER, "2026-06-30T14:00", "2026-07-01T08:30", 120, "2/7"),
    # Friday's last half hour by the old Ramadan hours (of 390), Monday from 07:30 by the new ones (of 360): 1/13 + 1/6
    (FIELD, "2025-03-14T15:00", "2025-03-17T08:30", 90, "19/78"),
    # Thursday until 13:30 (60 of 360), the long holiday, Tuesday from 07:00 (60 of 450): 1/6 + 2/15
    (FIELD, "2025-03-27T12:30", "2025-04-08T08:00", 120, "3/10"),
    # the ward's last night of Ramadan: Sunday 21:00 to 22:00 of 960 minutes, Monday from midnight of 1440: 1/16 + 1/24
    (WARD, "2025-03-30T21:00", "2025-03-31T01:00", 120, "5/48"),
    # a ward knows no Christmas
    (WARD, "2025-12-24T12:00", "2025-12-26T12:00", 2880, "2"),
    # nor the regency's day: 6 + 24 + 6 hours
    (WARD, "2026-11-23T18:00", "2026-11-25T06:00", 2160, "3/2"),
]


def at(text: str, zone: str = "Asia/Jakarta") -> int:
    """UTC ms of a local time."""
    since = datetime.fromisoformat(text) - datetime(2024, 12, 1)  # noqa: DTZ001
    return to_ms(zone, 0) + since // timedelta(milliseconds=1)


@pytest.mark.parametrize("zone", HOURS_FROM_UTC)
@pytest.mark.parametrize(("unit", "start", "end", "minutes", "days"), HAND_SPANS)
def test_spans_worked_out_by_hand(
    calendars: dict[tuple[str, str], WorkingCalendar],
    zone: str, unit: str, start: str, end: str, minutes: int, days: str,
) -> None:  # fmt: skip
    calendar = calendars[zone, unit]
    assert calendar.minutes(at(start, zone), at(end, zone)) == minutes
    assert calendar.elapsed(at(start, zone), at(end, zone)) == float(Fraction(days))


def test_the_same_two_hours_in_three_zones(calendars: dict[tuple[str, str], WorkingCalendar]) -> None:
    # Friday 20 November 2026, 02:00 to 04:00 UTC: 09:00 to 11:00, 10:00 to 12:00 (until the break), 11:00 to 13:00
    start, end = at("2026-11-20T09:00"), at("2026-11-20T11:00")
    found = [calendars[zone, OFFICE].minutes(start, end) for zone in HOURS_FROM_UTC]
    assert found == [120, 90, 30]


HAND_DEADLINES = [
    # Deemed approval, five working days. Friday in Ramadan from 14:00: 90 of 390; Monday to Thursday are four; nothing
    # until 7 April; on the 8th 300/390 of 450 minutes are missing = 346 2/13: 270 until 12:00, 76 min 9.2 s from 13:00
    (OFFICE, "2025-03-21T14:00", 5.0, "2025-04-08T14:16:09.231"),
    # The same a year later: Friday 90 of 390, Monday and Tuesday; 18 to 24 March closed (Nyepi, Idulfitri, cuti bersama);
    # Wednesday and Thursday after it; Friday 346 2/13 minutes: 240 until 11:30, 106 min 9.2 s from 13:00
    (OFFICE, "2026-03-13T14:00", 5.0, "2026-03-27T14:46:09.231"),
    # half an hour into Monday, so half an hour into the Monday after
    (OFFICE, "2026-11-30T08:00", 5.0, "2026-12-07T08:00"),
    # on a Saturday: Monday to Friday whole, Friday closes at 16:30
    (OFFICE, "2026-12-05T09:00", 5.0, "2026-12-11T16:30"),
    # over the year's end: Tuesday 120 of 450, Wednesday, Friday 2 January; Monday 330 minutes: 270 until 12:00, then 60
    (OFFICE, "2025-12-30T14:00", 3.0, "2026-01-05T14:00"),
    # 80 % of three days: two, and 0.4 of 450 minutes
    (OFFICE, "2026-11-30T07:30", 2.4, "2026-12-02T10:30"),
    # 150 % of 14 days: 2 to 20 November are 15, the week of the regency's day 4, Monday and Tuesday
    (OFFICE, "2026-11-02T07:30", 21.0, "2026-12-01T16:00"),
    # half of a Friday, before its break
    (OFFICE, "2026-11-20T07:30", 0.5, "2026-11-20T11:15"),
    # at the closing of the last day before Ramadan: the whole first day of it
    (OFFICE, "2026-02-18T16:00", 1.0, "2026-02-19T15:00"),
    # Friday 60 of 330, Saturday whole, 9/11 of Monday's 420 minutes = 343 7/11 from 08:00
    (COUNTER, "2026-06-26T14:00", 2.0, "2026-06-29T13:43:38.182"),
    # half of the last day of the old hours, half of the first of the new ones: 210 minutes from 07:30
    (COUNTER, "2026-06-30T11:30", 1.0, "2026-07-01T11:00"),
    # Friday 60 of 390 by the old hours, 11/13 of Monday's 360 = 304 8/13 minutes from 07:30 by the new ones
    (FIELD, "2025-03-14T14:30", 1.0, "2025-03-17T12:34:36.924"),
    # a ward: three days, Christmas or not
    (WARD, "2026-12-24T10:00", 3.0, "2026-12-27T10:00"),
]


@pytest.mark.parametrize("zone", HOURS_FROM_UTC)
@pytest.mark.parametrize(("unit", "start", "days", "end"), HAND_DEADLINES)
def test_deadlines_worked_out_by_hand(
    calendars: dict[tuple[str, str], WorkingCalendar], zone: str, unit: str, start: str, days: float, end: str
) -> None:
    assert calendars[zone, unit].add(at(start, zone), days) == at(end, zone)


HAND_STOPS = [
    # Monday 10:00 to 16:00: 300, Tuesday until 11:00: 210, together 17/15 of a day; with the applicant until Thursday
    # 13:30; then 150 (1/3), Friday whole, and 8/15 of Monday = 240 minutes
    (OFFICE, [("2026-11-02T10:00", "2026-11-03T11:00")], "2026-11-05T13:30", 3.0, 510, "2026-11-09T11:30"),
    # Ramadan: Wednesday 10:00 to 15:00: 270, Thursday until 11:00: 180, together 15/13; with the applicant over Idulfitri
    # until 8 April 09:00; 360 minutes until 16:00 are 4/5, and 3/65 of Wednesday = 20 10/13 minutes
    (
        OFFICE,
        [("2025-03-26T10:00", "2025-03-27T11:00")],
        "2025-04-08T09:00",
        2.0,
        450,
        "2025-04-09T07:50:46.154",
    ),
    # stopped twice, both times in a break: Monday 07:30 to 12:30 is 270; Wednesday 13:30 to Friday 12:00 is 150 + 450 +
    # 240; together 1110 = 37/15; again from a Saturday: 8/15 of Monday's 450 = 240 minutes
    (
        OFFICE,
        [("2026-11-02T07:30", "2026-11-02T12:30"), ("2026-11-04T13:30", "2026-11-06T12:00")],
        "2026-11-07T09:00",
        3.0,
        1110,
        "2026-11-09T11:30",
    ),
    # the counter: Saturday one hour of 4; stopped until Wednesday, when the hours have changed: 3/4 of 420 from 07:30
    (COUNTER, [("2026-06-27T08:00", "2026-06-27T09:00")], "2026-07-01T07:00", 1.0, 60, "2026-07-01T12:45"),
]


@pytest.mark.parametrize("zone", HOURS_FROM_UTC)
@pytest.mark.parametrize(("unit", "pieces", "again", "days", "minutes", "end"), HAND_STOPS)
def test_a_stopped_clock_worked_out_by_hand(
    calendars: dict[tuple[str, str], WorkingCalendar],
    zone: str, unit: str, pieces: list[tuple[str, str]], again: str, days: float, minutes: int, end: str,
) -> None:  # fmt: skip
    """The pieces in which the clock ran are added up; the deadline lies after ``again``, when it runs on."""
    calendar = calendars[zone, unit]
    ran = [(at(a, zone), at(b, zone)) for a, b in pieces]
    assert sum(calendar.minutes(a, b) for a, b in ran) == minutes
    starts, ends = (np.array(side, np.int64) for side in zip(*ran, strict=True))
    passed = int((arrays.parts(calendar, ends) - arrays.parts(calendar, starts)).sum())
    left = arrays.needed(calendar, np.array([days])) - passed
    resumed = arrays.parts(calendar, np.array([at(again, zone)], np.int64))
    assert arrays.instants(calendar, resumed + left).tolist() == [at(end, zone)]
    rounded = days - sum(calendar.elapsed(a, b) for a, b in ran)  # the scalars round each piece
    assert abs(calendar.add(at(again, zone), rounded) - at(end, zone)) <= 1
