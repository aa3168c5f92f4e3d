"""The calendar on columns against its scalar methods, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import calendar_arrays as arrays
from schemas.calendar import (
    PERPRES_NORMAL,
    PERPRES_RAMADAN,
    DatedHours,
    Period,
    WeekHours,
    WorkingCalendar,
)

RAMADAN = [Period(date(2025, 3, 1), date(2025, 3, 30)), Period(date(2026, 2, 19), date(2026, 3, 20))]
SATURDAY = WeekHours.of([(480, 900)], [(480, 690), (780, 900)], [(480, 720)])
ALWAYS = WeekHours(((((0, 1440)),),) * 7)
ODD = WeekHours.of([(480, 905)], [(480, 720), (780, 965)], [(480, 720)])
CALENDARS: dict[str, Callable[[], WorkingCalendar]] = {
    "decree": lambda: WorkingCalendar(ZoneInfo("Asia/Jakarta"), ramadan=RAMADAN),
    "east": lambda: WorkingCalendar(
        ZoneInfo("Asia/Jayapura"), ramadan=RAMADAN, added=frozenset({date(2026, 11, 24)})
    ),
    "saturday": lambda: WorkingCalendar(
        ZoneInfo("Asia/Makassar"), [DatedHours(date(2020, 1, 1), SATURDAY)], RAMADAN
    ),
    "never closed": lambda: WorkingCalendar(
        ZoneInfo("Asia/Pontianak"), [DatedHours(date(2020, 1, 1), ALWAYS)], national_holidays=False
    ),
    "dated": lambda: WorkingCalendar(
        ZoneInfo("Asia/Jakarta"),
        [
            DatedHours(date(2005, 1, 1), PERPRES_NORMAL, PERPRES_RAMADAN),
            DatedHours(date(2026, 7, 1), ODD),
            DatedHours(date(2026, 9, 1), SATURDAY, PERPRES_RAMADAN),
        ],
        RAMADAN,
    ),
    "summer time": lambda: WorkingCalendar(
        ZoneInfo("Europe/Amsterdam"), [DatedHours(date(2020, 1, 1), ALWAYS)], national_holidays=False
    ),
}
USUAL_MS = (1_104_537_600_000, 2_082_758_400_000)  # 2005 to 2035
FAR_MS = 8 * 10**12  # 250 years either way
DAYS = [0.0, 5e-324, 1e-9, 0.1, 0.8, 1.0, 1.5, 2.4, 3.0, 5.0, 7.0, 14.0, 1 / 3, 100.0, 400.3, 1e4]


@pytest.fixture(scope="module", params=list(CALENDARS))
def pair(request: pytest.FixtureRequest) -> tuple[WorkingCalendar, WorkingCalendar]:
    """The calendar for the columns, and one of its own for the scalars, whose table is of the usual years at first."""
    make = CALENDARS[request.param]
    return make(), make()


def _instants(calendar: WorkingCalendar) -> np.ndarray:
    random = np.random.default_rng(20261124)
    table = calendar.widest()
    edges = np.array([*table.starts[::37], *table.ends[::37], *table.starts[-3:], *table.ends[-3:]])
    edges = np.concatenate([edges, [table.first, table.last, 0]])
    near = (edges[:, None] + np.array([-1, 0, 1])).ravel()
    usual = random.integers(*USUAL_MS, 3000)
    far = random.integers(-FAR_MS, FAR_MS, 500)
    return np.concatenate([usual, far, near, [-FAR_MS, FAR_MS]]).astype(np.int64)


def test_every_answer_is_that_of_the_scalars(pair: tuple[WorkingCalendar, WorkingCalendar]) -> None:
    calendar, scalar = pair
    ms = _instants(calendar)
    table = scalar.widest()
    assert arrays.unit(calendar) == table.unit
    parts = arrays.parts(calendar, ms)
    assert parts.dtype == np.int64
    assert parts.tolist() == [table.parts(a) for a in ms.tolist()]
    assert arrays.working_ms(calendar, ms).tolist() == [table.worked_ms(a) for a in ms.tolist()]
    assert arrays.is_working(calendar, ms).tolist() == [scalar.is_working(a) for a in ms.tolist()]
    other = np.random.default_rng(3).permutation(ms)
    both = list(zip(ms.tolist(), other.tolist(), strict=True))
    assert arrays.minutes(calendar, ms, other).tolist() == [scalar.minutes(a, b) for a, b in both]
    assert arrays.elapsed(calendar, ms, other).tolist() == [scalar.elapsed(a, b) for a, b in both]
    around = (parts[:, None] + np.array([-1, 0, 1])).ravel()
    assert arrays.instants(calendar, around).tolist() == [table.instant(p) for p in around.tolist()]


def test_deadlines_are_those_of_the_scalars(pair: tuple[WorkingCalendar, WorkingCalendar]) -> None:
    calendar, scalar = pair
    usual = np.random.default_rng(4).integers(*USUAL_MS, 600)
    ms = np.concatenate([usual, _instants(calendar)[::11]])
    days = np.random.default_rng(5).choice(np.array([*DAYS, *(np.arange(40) / 10)]), len(ms))
    assert arrays.needed(calendar, days).max() > 0
    expected = [scalar.add(a, d) for a, d in zip(ms.tolist(), days.tolist(), strict=True)]
    assert arrays.add(calendar, ms, days).tolist() == expected
    found = np.maximum(
        arrays.instants(calendar, arrays.parts(calendar, ms) + arrays.needed(calendar, days)), ms
    )
    assert found[days > 0].tolist() == [e for e, d in zip(expected, days.tolist(), strict=True) if d > 0]


ONE = CALENDARS["dated"]()


@settings(max_examples=300, deadline=None)
@given(
    st.integers(*USUAL_MS),
    st.one_of(st.floats(0, 400), st.floats(0, 1), st.integers(0, 4000).map(lambda n: n / 10)),
)
def test_needed_is_the_fewest_parts_that_round_to_the_days(start: int, days: float) -> None:
    wanted = int(arrays.needed(ONE, np.array([days]))[0])
    size = arrays.unit(ONE)
    assert wanted / size >= days
    assert days == 0 or (wanted - 1) / size < days
    assert arrays.add(ONE, np.array([start]), np.array([days])).tolist() == [ONE.add(start, days)]


def test_a_table_made_before_gives_the_same() -> None:
    early = CALENDARS["dated"]()
    a, b = 1_764_000_000_000, 1_790_000_000_000
    before = early.elapsed(a, b), early.minutes(a, b), early.add(a, 17.3)  # from the table of the usual years
    assert arrays.elapsed(early, np.array([a]), np.array([b])).tolist() == [before[0]]
    assert arrays.minutes(early, np.array([a]), np.array([b])).tolist() == [before[1]]
    assert arrays.add(early, np.array([a]), np.array([17.3])).tolist() == [before[2]]
    assert (early.elapsed(a, b), early.minutes(a, b), early.add(a, 17.3)) == before


def test_nothing_gives_nothing() -> None:
    none = np.empty(0, np.int64)
    days = np.empty(0, np.float64)
    for found in (
        arrays.parts(ONE, none),
        arrays.instants(ONE, none),
        arrays.needed(ONE, days),
        arrays.elapsed(ONE, none, none),
        arrays.add(ONE, none, days),
        arrays.minutes(ONE, none, none),
        arrays.is_working(ONE, none),
    ):
        assert found.shape == (0,)


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(OverflowError, match=r"9223372036854775807 ms lies outside"):
        arrays.parts(ONE, np.array([0, 2**63 - 1]))
    with pytest.raises(OverflowError, match=r"days = 1e\+300"):
        arrays.needed(ONE, np.array([1.0, 1e300]))
    for days in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="working days"):
            arrays.needed(ONE, np.array([1.0, days]))
    assert arrays.is_working(ONE, np.array([-(2**63), 2**63 - 1])).tolist() == [False, False]
    extremes = np.array([-(2**63), 2**63 - 1])
    table = ONE.widest()
    assert arrays.working_ms(ONE, extremes).tolist() == [table.worked_ms(a) for a in extremes.tolist()]
