"""The working calendar of a government: which minutes are working time, and how many working days lie between.

Working time is Perpres 21/2023 unless the profile says otherwise: Monday to Friday from 07:30 local time,
37 h 30 a week without breaks (60 minutes, Friday 90); in Ramadan 32 h 30 from 08:00. National holidays and
*cuti bersama* come from the ``holidays`` package (categories ``public`` and ``government``) and are moved by the
profile's own table.

Every working day counts 1, whatever its hours; part of a day counts by its share of that day's working time. All
sums are whole numbers (see ``SpanTable``), so a deadline is the same millisecond wherever it is computed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from math import ceil, inf, lcm, nextafter
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
DAY_MS = 86_400_000

#: Years that are tabled at first use, and the widest table that dates outside them may ask for. Beyond it time
#: runs evenly at five working days a week: nothing real is dated there, but a damaged date must not stop anyone.
USUAL_YEARS = (2005, 2035)
WIDEST_YEARS = (1970, 2100)
_EVEN_DAY_MS = 7 * DAY_MS // 5

#: Most parts that a working day may have (see ``SpanTable``): those of the widest table's days and of 200 years
#: more then need 61 bits, and columns of them can be added up.
MOST_UNIT = 2**61 // ((131 + 200) * 366)

Interval = tuple[int, int]
"""Start and end of working time in minutes of the local day, ``0 <= start < end <= 1440``."""


@dataclass(frozen=True, slots=True)
class WeekHours:
    """Working time of the seven days from Monday; each day's intervals in order, empty where it is closed."""

    days: tuple[tuple[Interval, ...], ...]

    def __post_init__(self) -> None:
        if len(self.days) != 7:
            raise ValueError(f"a week has 7 days, got {len(self.days)}")
        for intervals in self.days:
            before = -1
            for start, end in intervals:
                if not (before < start < end <= 1440):
                    raise ValueError(
                        f"impossible working hours {intervals}: minutes of a day, in order, not touching"
                    )
                before = end

    @classmethod
    def of(
        cls, weekday: Iterable[Interval], friday: Iterable[Interval], saturday: Iterable[Interval] = ()
    ) -> WeekHours:
        """The usual week: Monday to Thursday alike, Friday and Saturday by themselves, Sunday closed."""
        ordinary = tuple(weekday)
        return cls((ordinary,) * 4 + (tuple(friday), tuple(saturday), ()))


#: Perpres 21/2023. It sets the start, the break and the week's total; the closing hours follow from them.
PERPRES_NORMAL = WeekHours.of([(450, 720), (780, 960)], [(450, 690), (780, 990)])
PERPRES_RAMADAN = WeekHours.of([(480, 720), (750, 900)], [(480, 690), (750, 930)])


@dataclass(frozen=True, slots=True)
class DatedHours:
    """Working hours in force from ``valid_from`` until the next entry; ``ramadan`` is None where they do not change."""

    valid_from: date
    normal: WeekHours
    ramadan: WeekHours | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


PERPRES_HOURS = (DatedHours(date(1970, 1, 1), PERPRES_NORMAL, PERPRES_RAMADAN),)


@dataclass(frozen=True, slots=True)
class SpanTable:
    """Working time as half-open spans ``[starts[i], ends[i])`` in UTC ms.

    ``unit`` parts make one working day and are divisible by every day's length, so that ``rates[i]`` (parts per
    ms) and ``before[i]`` (parts before the span) are whole numbers; ``worked[i]`` are ms before the span.
    ``first`` and ``last`` bound the tabled time.
    """

    unit: int
    first: int
    last: int
    starts: list[int]
    ends: list[int]
    rates: list[int]
    before: list[int]
    worked: list[int]
    total: int
    total_worked: int
    even_rate: int

    def parts(self, ms: int) -> int:
        """Parts from the start of the table to ``ms``; negative before it."""
        if ms < self.first:
            return (ms - self.first) * self.even_rate
        if ms > self.last:
            return self.total + (ms - self.last) * self.even_rate
        i = bisect_right(self.starts, ms) - 1
        if i < 0:
            return 0
        end = self.ends[i]
        return self.before[i] + ((min(end, ms)) - self.starts[i]) * self.rates[i]

    def worked_ms(self, ms: int) -> int:
        """Working milliseconds from the start of the table to ``ms``."""
        if not self.first <= ms <= self.last:
            outside = ms - (self.first if ms < self.first else self.last)
            return (0 if ms < self.first else self.total_worked) + outside * 450 * 5 // (1440 * 7)
        i = bisect_right(self.starts, ms) - 1
        if i < 0:
            return 0
        end = self.ends[i]
        return self.worked[i] + (min(end, ms)) - self.starts[i]

    def instant(self, parts: int) -> int:
        """The first millisecond by which ``parts`` have passed."""
        if parts < 0:
            return self.first - (-parts) // self.even_rate
        if parts > self.total:
            return self.last + -(-(parts - self.total) // self.even_rate)
        i = bisect_left(self.before, parts) - 1
        if i < 0:
            return self.first
        return self.starts[i] + -(-(parts - self.before[i]) // self.rates[i])


@dataclass(eq=False)
class WorkingCalendar:
    """Working time in one zone. Cheap to make: the table is built at first use and widened when dates ask for it.

    ``hours`` are in order of ``valid_from``, the first also holds before; ``ramadan`` are the periods with Ramadan
    hours; ``added`` are days closed beyond the national holidays, ``removed`` are national holidays that are worked;
    ``national_holidays`` is False for a unit that stays open on all of these (hospital). Raises ValueError where there
    is no working day, or where days are of so many lengths that sums are no longer exact in 64 bits (``MOST_UNIT``).
    """

    zone: ZoneInfo
    hours: Sequence[DatedHours] = PERPRES_HOURS
    ramadan: Sequence[Period] = ()
    added: frozenset[date] = frozenset()
    removed: frozenset[date] = frozenset()
    national_holidays: bool = True
    _years: tuple[int, int] = field(default=USUAL_YEARS, repr=False, init=False)
    _table: SpanTable | None = field(default=None, repr=False, init=False)
    _days: dict[int, str] = field(default_factory=dict, repr=False, init=False)

    def __post_init__(self) -> None:
        if not self.hours:
            raise ValueError("a working calendar needs at least one entry of hours")
        if not any(intervals for dated in self.hours for intervals in dated.normal.days):
            raise ValueError("a working calendar needs at least one working day in the week")
        weeks = [week for dated in self.hours for week in (dated.normal, dated.ramadan) if week is not None]
        lengths = {sum(end - start for start, end in day) for week in weeks for day in week.days if day}
        if lcm(_EVEN_DAY_MS, *(length * MINUTE_MS for length in lengths)) > MOST_UNIT:
            raise ValueError(
                f"working days of {sorted(lengths)} minutes have no common measure that 64 bits hold: give fewer "
                "different lengths, or round them to half hours"
            )

    def elapsed(self, a_ms: int, b_ms: int) -> float:
        """Working days from ``a_ms`` to ``b_ms`` (UTC ms), exact and rounded once; negative when b is before a."""
        table = self._covering(a_ms, b_ms)
        return (table.parts(b_ms) - table.parts(a_ms)) / table.unit

    def minutes(self, a_ms: int, b_ms: int) -> int:
        """Whole working minutes from ``a_ms`` to ``b_ms`` (UTC ms); negative when b is before a."""
        if b_ms < a_ms:
            return -self.minutes(b_ms, a_ms)
        table = self._covering(a_ms, b_ms)
        return (table.worked_ms(b_ms) - table.worked_ms(a_ms)) // MINUTE_MS

    def add(self, a_ms: int, days: float) -> int:
        """The first instant (UTC ms) at which ``elapsed(a_ms, ·)`` reaches ``days`` working days.

        ``days`` must be finite and not negative; a whole day from outside working time ends at closing time.
        """
        _check_days(days)
        if days == 0:
            return a_ms
        reach = a_ms + int(days * _EVEN_DAY_MS * 1.3) + 60 * DAY_MS
        while True:
            table = self._covering(a_ms, reach)
            found = table.instant(table.parts(a_ms) + parts_needed(days, table.unit))
            if found <= reach or reach > table.last:
                return max(found, a_ms)
            reach = found + 60 * DAY_MS

    def elapsed_over(self, spans: Sequence[tuple[int, int]]) -> float:
        """Working days of several spans (UTC ms) together, exact and rounded once."""
        if not spans:
            return 0.0
        table = self._covering(min(a for a, _ in spans), max(b for _, b in spans))
        return sum(table.parts(b) - table.parts(a) for a, b in spans) / table.unit

    def add_over(self, spans: Sequence[tuple[int, int | None]], days: float) -> int | None:
        """The first instant (UTC ms) by which a clock that runs in these spans only has run ``days`` working days; None
        where they end before. Only the last span may be open (None). Exact: the sum is rounded nowhere."""
        if not spans:
            return None
        high = max(a if b is None else b for a, b in spans)
        reach = high + int(days * _EVEN_DAY_MS * 1.3) + 60 * DAY_MS
        while True:
            table = self._covering(spans[0][0], reach)
            left = parts_needed(days, table.unit)
            for a, b in spans:
                begin = table.parts(a)
                length = None if b is None else table.parts(b) - begin
                if length is None or left <= length:
                    found = max(table.instant(begin + left), a)
                    break
                left -= length
            else:
                return None
            if found <= reach or reach > table.last:
                return found
            reach = found + 60 * DAY_MS

    def is_working(self, ms: int) -> bool:
        """Whether ``ms`` (UTC) lies in working time; opening counts, closing does not."""
        table = self._covering(ms, ms)
        i = bisect_right(table.starts, ms) - 1
        return i >= 0 and ms < table.ends[i]

    def is_working_day(self, day: date) -> bool:
        """Whether there is any working time on a local day."""
        return bool(self._intervals(day))

    def local_day(self, ms: int) -> str:
        """The local day of an instant (UTC ms) as ``YYYY-MM-DD``; clamped to the years 1 to 9999."""
        quarter = ms // 900_000  # offsets are whole quarters of an hour
        day = self._days.get(quarter)
        if day is None:
            day = _local_day(self.zone, quarter * 900_000)
            if len(self._days) > 200_000:
                self._days.clear()
            self._days[quarter] = day
        return day

    def day_start(self, day: str) -> int:
        """UTC ms at which the local day ``YYYY-MM-DD`` begins."""
        return int(datetime.fromisoformat(day).replace(tzinfo=self.zone).timestamp()) * 1000

    def widest(self) -> SpanTable:
        """The table of all years that any date may ask for, made anew: ``schemas.calendar_arrays`` keeps it as arrays."""
        return self._build(*WIDEST_YEARS)

    def _covering(self, a_ms: int, b_ms: int) -> SpanTable:
        table = self._table
        if table is not None:
            low, high = (a_ms, b_ms) if a_ms <= b_ms else (b_ms, a_ms)
            if (low >= table.first or self._years[0] == WIDEST_YEARS[0]) and (
                high <= table.last or self._years[1] == WIDEST_YEARS[1]
            ):
                return table
        first, last = self._years
        if table is not None or not _within(a_ms, b_ms, USUAL_YEARS):
            # in two steps only, so that a run of odd dates does not build a table each
            first = WIDEST_YEARS[0] if min(a_ms, b_ms) < _year_start(first) + DAY_MS else first
            last = WIDEST_YEARS[1] if max(a_ms, b_ms) > _year_start(last + 1) - DAY_MS else last
        self._years = (first, last)
        self._table = table = self._build(first, last)
        return table

    def _build(self, first_year: int, last_year: int) -> SpanTable:
        spans: list[tuple[int, int, int]] = []
        lengths: set[int] = set()
        day, end = date(first_year, 1, 1), date(last_year, 12, 31)
        first = midnight = self._utc(day, 0)
        while day <= end:
            tomorrow = day + timedelta(days=1)
            following = self._utc(tomorrow, 0)
            intervals = self._intervals(day)
            if intervals:
                if following - midnight == DAY_MS:
                    utc = [(midnight + a * MINUTE_MS, midnight + b * MINUTE_MS) for a, b in intervals]
                else:  # the clocks are changed on this day
                    utc = [(self._utc(day, a), self._utc(day, b)) for a, b in intervals]
                length = sum(stop - start for start, stop in utc)
                lengths.add(length)
                spans.extend((start, stop, length) for start, stop in utc)
            day, midnight = tomorrow, following
        unit = lcm(_EVEN_DAY_MS, *lengths)
        starts, ends, rates, before, worked = [], [], [], [], []
        parts = ms = 0
        for start, stop, length in spans:
            rate = unit // length
            starts.append(start)
            ends.append(stop)
            rates.append(rate)
            before.append(parts)
            worked.append(ms)
            parts += (stop - start) * rate
            ms += stop - start
        return SpanTable(
            unit, first, midnight, starts, ends, rates, before, worked, parts, ms, unit // _EVEN_DAY_MS
        )

    def _intervals(self, day: date) -> tuple[Interval, ...]:
        if self.national_holidays and (
            day in self.added or (day not in self.removed and day in national_holidays(day.year))
        ):
            return ()
        dated = self.hours[0]
        for entry in self.hours[1:]:
            if entry.valid_from > day:
                break
            dated = entry
        week = dated.normal
        if dated.ramadan is not None and any(day in period for period in self.ramadan):
            week = dated.ramadan
        return week.days[day.weekday()]

    def _utc(self, day: date, minute: int) -> int:
        if minute == 1440:
            day, minute = day + timedelta(days=1), 0
        local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=self.zone)
        return int(local.timestamp()) * 1000


@lru_cache(maxsize=4096)
def parts_needed(days: float, unit: int) -> int:
    """The fewest parts, ``unit`` to the working day, that make ``elapsed`` come to ``days`` (finite, not negative).

    ``elapsed`` rounds to the nearest float, so this is where the numbers that round to ``days`` begin: half-way from
    the float before it, which is up to 2**-53 of ``days`` earlier than ``days`` itself.
    """
    _check_days(days)
    if days == 0:
        return 0
    wanted = ceil((Fraction(nextafter(days, 0)) + Fraction(days)) / 2 * unit)
    return wanted if wanted / unit >= days else wanted + 1


def _check_days(days: float) -> None:
    if not 0 <= days < inf:
        raise ValueError(f"days = {days!r}: must be a finite number of working days, not negative")


@lru_cache(maxsize=256)
def national_holidays(year: int) -> frozenset[date]:
    """National holidays and *cuti bersama* of a year. Years not yet decreed are estimates of the ``holidays`` package."""
    return frozenset(holiday_names(year))


@lru_cache(maxsize=256)
def holiday_names(year: int) -> dict[date, str]:
    """The same with their Indonesian names, for screens and the simulator."""
    import holidays

    found = holidays.country_holidays("ID", years=year, categories=("public", "government"), language="id")
    return {day: str(name) for day, name in found.items() if day.year == year}


@lru_cache(maxsize=256)
def _year_start(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000


def _within(a_ms: int, b_ms: int, years: tuple[int, int]) -> bool:
    low, high = _year_start(years[0]) + DAY_MS, _year_start(years[1] + 1) - DAY_MS
    return low <= a_ms <= high and low <= b_ms <= high


def _local_day(zone: ZoneInfo, ms: int) -> str:
    try:
        return datetime.fromtimestamp(ms // 1000, zone).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return "0001-01-01" if ms < 0 else "9999-12-31"


__all__ = [
    "PERPRES_HOURS",
    "PERPRES_NORMAL",
    "PERPRES_RAMADAN",
    "DatedHours",
    "Interval",
    "Period",
    "SpanTable",
    "WeekHours",
    "WorkingCalendar",
    "holiday_names",
    "national_holidays",
    "parts_needed",
]
