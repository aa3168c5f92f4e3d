"""The working calendar against a plain count, minute by minute, and against dates worked out by hand."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.calendar import (
    PERPRES_NORMAL,
    PERPRES_RAMADAN,
    DatedHours,
    Period,
    WeekHours,
    WorkingCalendar,
)

ZONES = [ZoneInfo(name) for name in ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")]
RAMADAN = [Period(date(2025, 3, 1), date(2025, 3, 30)), Period(date(2026, 2, 19), date(2026, 3, 20))]
WIB = WorkingCalendar(ZONES[0], ramadan=RAMADAN)
MINUTE = 60_000


def at(text: str, zone: ZoneInfo = ZONES[0]) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1000


def plain_hours(day: date) -> list[tuple[str, str]]:
    """Perpres 21/2023 written down once more, sharing nothing with the module."""
    if day.weekday() >= 5 or day in holidays.country_holidays(
        "ID", years=day.year, categories=("public", "government")
    ):
        return []
    fasting = any(period.first <= day <= period.last for period in RAMADAN)
    if day.weekday() == 4:
        return (
            [("08:00", "11:30"), ("12:30", "15:30")] if fasting else [("07:30", "11:30"), ("13:00", "16:30")]
        )
    return [("08:00", "12:00"), ("12:30", "15:00")] if fasting else [("07:30", "12:00"), ("13:00", "16:00")]


def count(zone: ZoneInfo, start: int, end: int) -> tuple[int, Fraction]:
    """Working minutes and working days between two whole minutes, one minute at a time."""
    minutes, days = 0, Fraction(0)
    known: dict[date, tuple[list[tuple[str, str]], int]] = {}
    for ms in range(start, end, MINUTE):
        local = datetime.fromtimestamp(ms // 1000, zone)
        day = local.date()
        if day not in known:
            hours = plain_hours(day)
            length = sum((int(b[:2]) * 60 + int(b[3:])) - (int(a[:2]) * 60 + int(a[3:])) for a, b in hours)
            known[day] = (hours, length)
        hours, length = known[day]
        clock = f"{local.hour:02}:{local.minute:02}"
        if any(a <= clock < b for a, b in hours):
            minutes += 1
            days += Fraction(1, length)
    return minutes, days


FIRST, LAST = at("2024-11-01T00:00") // MINUTE, at("2026-12-31T00:00") // MINUTE


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), st.integers(FIRST, LAST), st.integers(0, 16 * 1440))
def test_elapsed_equals_a_count_of_minutes(zone: ZoneInfo, start: int, length: int) -> None:
    a, b = start * MINUTE, (start + length) * MINUTE
    calendar = WIB if zone is ZONES[0] else _calendar(zone.key)
    minutes, days = count(zone, a, b)
    assert calendar.minutes(a, b) == minutes
    assert calendar.minutes(b, a) == -minutes
    assert calendar.elapsed(a, b) == float(days)
    assert calendar.elapsed(b, a) == -float(days)
    assert calendar.is_working(a) == (count(zone, a, a + MINUTE)[0] == 1)


_made: dict[str, WorkingCalendar] = {}


def _calendar(zone: str) -> WorkingCalendar:
    return _made.setdefault(zone, WorkingCalendar(ZoneInfo(zone), ramadan=RAMADAN))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(FIRST * MINUTE, LAST * MINUTE),
    st.one_of(
        st.floats(0, 60, allow_nan=False), st.integers(1, 300).map(lambda n: n / 10), st.integers(0, 2000)
    ),
)
def test_add_is_the_first_instant_that_elapsed_reaches(start: int, days: float) -> None:
    end = WIB.add(start, days)
    assert WIB.elapsed(start, end) >= days
    if end > start:
        assert WIB.elapsed(start, end - 1) < days
    assert days == 0 or WIB.is_working(end - 1)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-23T10:00", 1, "2026-11-24T10:00"),
        (
            "2026-11-20T14:00",
            1,
            "2026-11-23T13:30",
        ),  # Friday: 300 of 450 minutes are over, Monday has other breaks
        ("2026-11-21T09:00", 1, "2026-11-23T16:00"),  # Saturday: the whole of Monday
        ("2026-11-23T07:30", 5, "2026-11-27T16:30"),
        ("2025-03-26T08:00", 2, "2025-03-27T15:00"),  # Ramadan hours
        ("2025-03-27T15:00", 1, "2025-04-08T16:00"),  # Nyepi, Idulfitri and cuti bersama until Monday 7 April
        ("2025-12-24T07:30", 2, "2025-12-29T16:00"),  # 25 and 26 December: Natal and cuti bersama
        ("2025-12-31T13:30", 1, "2026-01-02T14:00"),  # over the year's end; 300 minutes of a Friday
        ("2026-02-18T16:00", 1, "2026-02-19T15:00"),  # the first day of Ramadan
    ],
)
def test_deadlines_worked_out_by_hand(start: str, days: float, end: str) -> None:
    found = datetime.fromtimestamp(WIB.add(at(start), days) / 1000, WIB.zone).strftime("%Y-%m-%dT%H:%M")
    assert found == end


def test_a_week_has_the_hours_of_the_decree() -> None:
    assert WIB.minutes(at("2026-11-23T00:00"), at("2026-11-30T00:00")) == 37 * 60 + 30
    assert WIB.minutes(at("2026-02-23T00:00"), at("2026-03-02T00:00")) == 32 * 60 + 30
    assert WIB.elapsed(at("2026-02-23T00:00"), at("2026-03-02T00:00")) == 5.0


def test_the_year_2026_has_its_cuti_bersama() -> None:
    closed = {
        day
        for n in range(365)
        if (day := date(2026, 1, 1) + timedelta(n)).weekday() < 5 and not WIB.is_working_day(day)
    }
    assert date(2026, 3, 20) in closed  # cuti bersama Idulfitri
    assert date(2026, 12, 24) in closed  # cuti bersama Natal


def test_holidays_are_added_and_removed() -> None:
    moved = WorkingCalendar(
        ZONES[0], added=frozenset({date(2026, 11, 24)}), removed=frozenset({date(2026, 12, 24)})
    )
    assert moved.elapsed(at("2026-11-23T16:00"), at("2026-11-25T07:30")) == 0
    assert moved.elapsed(at("2026-12-24T00:00"), at("2026-12-25T00:00")) == 1
    assert WIB.elapsed(at("2026-12-24T00:00"), at("2026-12-25T00:00")) == 0


def test_a_unit_open_on_holidays_is_open_on_added_ones() -> None:
    ward = WorkingCalendar(
        ZONES[0], added=frozenset({date(2026, 11, 24)}), national_holidays=False, ramadan=RAMADAN
    )
    assert ward.elapsed(at("2026-11-24T00:00"), at("2026-11-25T00:00")) == 1
    assert ward.elapsed(at("2026-12-24T00:00"), at("2026-12-26T00:00")) == 2


def test_a_saturday_unit_and_one_that_never_closes() -> None:
    hours = [DatedHours(date(2020, 1, 1), WeekHours.of([(480, 900)], [(480, 690)], [(480, 720)]))]
    counter = WorkingCalendar(ZONES[0], hours)
    assert counter.minutes(at("2026-11-21T00:00"), at("2026-11-22T00:00")) == 240
    assert counter.elapsed(at("2026-11-20T11:30"), at("2026-11-21T10:00")) == 0.5
    night = WorkingCalendar(
        ZONES[0], [DatedHours(date(2020, 1, 1), WeekHours(((((0, 1440)),),) * 7))], national_holidays=False
    )
    assert night.elapsed(at("2025-12-24T12:00"), at("2025-12-26T12:00")) == 2.0


def test_dated_hours_change_on_their_day() -> None:
    short = WeekHours.of([(480, 720)], [(480, 720)])
    calendar = WorkingCalendar(
        ZONES[0],
        [
            DatedHours(date(2020, 1, 1), PERPRES_NORMAL, PERPRES_RAMADAN),
            DatedHours(date(2026, 11, 24), short),
        ],
    )
    assert calendar.minutes(at("2026-11-23T00:00"), at("2026-11-24T00:00")) == 450
    assert calendar.minutes(at("2026-11-24T00:00"), at("2026-11-25T00:00")) == 240


def test_a_calendar_made_from_another_does_not_keep_its_table() -> None:
    monday, tuesday = at("2026-11-23T00:00"), at("2026-11-24T00:00")
    assert WIB.minutes(monday, tuesday) == 450
    assert replace(WIB, added=frozenset({date(2026, 11, 23)})).minutes(monday, tuesday) == 0


def test_a_zone_with_summer_time_keeps_local_hours() -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    calendar = WorkingCalendar(zone, national_holidays=False)
    assert calendar.minutes(at("2011-03-28T00:00", zone), at("2011-03-29T00:00", zone)) == 450
    assert calendar.is_working(at("2011-03-28T07:30", zone))
    assert not calendar.is_working(at("2011-03-28T07:29", zone))


def test_local_days() -> None:
    moment = int(datetime(2026, 11, 24, 16, 0, tzinfo=UTC).timestamp()) * 1000
    days = [WorkingCalendar(zone).local_day(moment) for zone in ZONES]
    assert days == ["2026-11-24", "2026-11-25", "2026-11-25"]
    assert WIB.local_day(at("2026-11-24T00:00") - 1) == "2026-11-23"
    assert WIB.local_day(WIB.day_start("2026-11-24")) == "2026-11-24"
    assert WIB.local_day(-(2**63)) == "0001-01-01"
    assert WIB.local_day(2**63 - 1) == "9999-12-31"


@pytest.mark.parametrize("moment", [0, -(10**15), 10**15, 4_000_000_000_000, -(2**63), 2**63 - 1])
def test_dates_outside_every_table_stop_nothing(moment: int) -> None:
    calendar = WorkingCalendar(ZONES[0])
    now = at("2026-11-24T10:00")
    before = calendar.elapsed(at("2026-11-23T10:00"), now)
    calendar.is_working(moment)
    calendar.minutes(moment, now)
    assert (calendar.elapsed(moment, now) > 0) == (moment < now)
    assert calendar.elapsed(moment, calendar.add(moment, 3)) >= 3
    assert calendar.elapsed(at("2026-11-23T10:00"), now) == before == 1.0
    assert calendar.minutes(at("2036-06-02T00:00"), at("2036-06-03T00:00")) in (0, 450)


def test_bad_arguments_are_refused() -> None:
    for days in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="working days"):
            WIB.add(0, days)
    with pytest.raises(ValueError, match="impossible working hours"):
        WeekHours.of([(600, 500)], [])
    uneven = [WeekHours.of([(0, n)], [(0, m)]) for n, m in [(433, 439), (443, 449), (457, 461)]]
    with pytest.raises(ValueError, match=r"\[433, 439, 443, 449, 457, 461\] minutes have no common measure"):
        WorkingCalendar(ZONES[0], [DatedHours(date(2020 + n, 1, 1), week) for n, week in enumerate(uneven)])
    with pytest.raises(ValueError, match="at least one working day"):
        WorkingCalendar(ZONES[0], [DatedHours(date(2020, 1, 1), WeekHours.of([], []))])


def test_elapsed_is_cheap() -> None:
    a, b = at("2026-01-05T10:00"), at("2026-11-24T10:00")
    WIB.elapsed(a, b)
    started = time.perf_counter()
    for _ in range(10_000):
        WIB.elapsed(a, b)
    assert (time.perf_counter() - started) / 10_000 < 50e-6  # about 2 µs; the room is for a busy machine


@pytest.mark.parametrize("days", [1e9, 1e12, 1e15, 1e300])
def test_a_standard_of_many_days_is_answered_at_once(days: float) -> None:
    start = at("2026-11-24T10:00")
    started = time.perf_counter()
    end = WIB.add(start, days)
    assert time.perf_counter() - started < 5  # it counted down part by part: 5 million of them at 1e12 days
    assert WIB.elapsed(start, end) >= days > WIB.elapsed(start, end - int(days * 1e-9 * 86_400_000))
