"""What every stream of the simulated regency shares: seeds, people, places, sources and working time.

Nothing here uses ``hash()`` or the wall clock: the same seed, profile and population give the same bytes.
"""

from __future__ import annotations

import bisect
import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from schemas.calendar import WorkingCalendar
    from schemas.profile import Profile, Village

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000

Record = dict[str, Any]
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]  # ten bits at once
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Group:
    """Events that belong together (one permit case, one cash office's day), in order of time.

    All of them are of ``domain`` and none occurs before ``start`` (UTC ms). ``arrivals`` (UTC ms by event id) says
    when those are heard of that come later than they happen. ``ordinary`` names rules that an honest office breaks
    here by itself, as with a permit that is simply late.
    """

    domain: str
    start: int
    events: list[Record]
    arrivals: Mapping[str, int] = field(default_factory=dict)
    ordinary: frozenset[str] = frozenset()

    def arrival(self, record: Record) -> int:
        """When an event of the group is heard of, UTC ms."""
        at: int = record["occurred_at"]
        return max(at, self.arrivals.get(record["event_id"], at))


def event_id(rng: random.Random) -> str:
    """A UUID (version 4 form) from a seeded generator."""
    h = f"{rng.getrandbits(128):032x}"
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A weighted choice made once and drawn often."""

    items: Sequence[Any]
    cumulated: Sequence[float]

    @classmethod
    def of(cls, weights: Mapping[Any, float]) -> Choice:
        return cls(list(weights), list(accumulate(weights.values())))

    def draw(self, rng: random.Random) -> Any:
        return self.items[
            bisect.bisect(self.cumulated, rng.random() * self.cumulated[-1], 0, len(self.items) - 1)
        ]


@dataclass
class World:
    """The regency that is simulated. ``population`` scales every stream."""

    profile: Profile
    seed: int
    population: int
    _tokens: dict[str, str] = field(default_factory=dict)

    def rng(self, *names: object) -> random.Random:
        """A generator of its own for each stream, year and so on."""
        return random.Random(
            "/".join(map(str, ("nadi", self.seed, self.population, self.profile.code, *names)))
        )

    def token(self, kind: str, serial: object) -> str:
        """An invented token in the form of producers.tokens: 26 characters, base32 in lower case."""
        name = f"{kind}/{serial}"
        known = self._tokens.get(name)
        if known is None:
            digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=16).digest()
            number = int.from_bytes(digest, "big") << 2
            known = "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])
            self._tokens[name] = known
            if len(self._tokens) > 400_000:
                self._tokens.clear()
        return known

    @cached_property
    def villages(self) -> list[Village]:
        return [self.profile.villages[code] for code in sorted(self.profile.villages)]

    @cached_property
    def village_choice(self) -> Choice:
        """Villages by size: kelurahan are larger, and sizes are uneven."""
        rng = self.rng("villages")
        return Choice.of(
            {
                v.code: rng.lognormvariate(0, 0.6) * (2.2 if v.kind == "kelurahan" else 1.0)
                for v in self.villages
            }
        )

    def source(self, domain: str, opd: str) -> str:
        """The source of a department's events of a domain, as the profile names it."""
        found = self._sources.get((domain, opd)) or self._sources.get((domain, ""))
        return found or f"/opd/{opd}/{domain}"

    @cached_property
    def _sources(self) -> dict[tuple[str, str], str]:
        sources: dict[tuple[str, str], str] = {}
        for source in sorted(self.profile.sources.values(), key=lambda s: s.id):
            sources.setdefault((source.domain, source.opd), source.id)
        return sources

    def source_opd(self, domain: str) -> str:
        """The department whose source carries a domain, where only one does."""
        for source in sorted(self.profile.sources.values(), key=lambda s: s.id):
            if source.domain == domain:
                return source.opd
        return min(self.profile.departments)

    @cached_property
    def clock(self) -> WorkingTime:
        return WorkingTime(self.profile.calendar, self.profile.timezone)

    @cached_property
    def _unit_clocks(self) -> dict[str, WorkingTime]:
        zone = self.profile.timezone
        return {unit: WorkingTime(own, zone) for unit, own in self.profile.unit_calendars.items()}

    def clock_of(self, unit: str) -> WorkingTime:
        """The working time of a unit: its own where it has one, else the government's."""
        return self._unit_clocks.get(unit, self.clock)

    def year_start(self, year: int) -> int:
        """UTC ms of the first midnight of a local year."""
        return int(datetime(year, 1, 1, tzinfo=self.profile.timezone).timestamp() * 1000)

    def day_start(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self.profile.timezone).timestamp() * 1000)

    def next_working_day(self, start: int) -> int:
        """When the first working day after a day begins; both are local midnights (UTC ms)."""
        start += DAY_MS
        while not self.clock.is_working_day(self.local_date(start + 12 * HOUR_MS)):
            start += DAY_MS
        return start

    def days(self, year: int) -> list[date]:
        first = date(year, 1, 1)
        return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]

    def local_date(self, ms: int) -> date:
        return datetime.fromtimestamp(ms / 1000, self.profile.timezone).date()

    def envelope(self, rng: random.Random, source: str, opd: str, at: int, kind: str) -> Record:
        """The fields every event has."""
        return {
            "event_id": event_id(rng),
            "source": source,
            "opd": opd,
            "occurred_at": at,
            "kind": kind,
            "simulated": True,
        }


class WorkingTime:
    """A calendar's working time as a table of half hours, for millions of look-ups.

    Positions are in working days since the table's start; each working day counts one.
    """

    _STEP = 30 * MINUTE_MS

    def __init__(self, calendar: WorkingCalendar, zone: ZoneInfo) -> None:
        self._calendar, self._zone = calendar, zone
        self._tables: dict[int, tuple[list[int], list[float]]] = {}
        self._day_has_work: dict[date, bool] = {}

    def is_working_day(self, day: date) -> bool:
        known = self._day_has_work.get(day)
        if known is None:
            start = int(datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp() * 1000)
            known = self._calendar.minutes(start, start + DAY_MS) > 0
            self._day_has_work[day] = known
        return known

    def add(self, at: int, days: float) -> int:
        """The working instant that lies ``days`` working days after ``at``."""
        year = datetime.fromtimestamp(at / 1000, self._zone).year
        marks, worked = self._table(year)
        slot = bisect.bisect_right(marks, at) - 1
        here = worked[slot]
        if slot + 1 < len(marks):
            here += (worked[slot + 1] - worked[slot]) * (at - marks[slot]) / (marks[slot + 1] - marks[slot])
        want = here + max(days, 1e-6)
        index = bisect.bisect_left(worked, want)
        if index >= len(marks):
            return marks[-1]
        low, high = worked[index - 1], worked[index]
        return int(marks[index - 1] + (marks[index] - marks[index - 1]) * (want - low) / (high - low))

    def _table(self, year: int) -> tuple[list[int], list[float]]:
        """Marks (UTC ms) and working days at each mark, from 1 January for two years and a half."""
        if year not in self._tables:
            zone, calendar = self._zone, self._calendar
            marks: list[int] = []
            worked: list[float] = []
            total = 0.0
            day = date(year, 1, 1)
            for _ in range(900):
                start = int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
                minutes = calendar.minutes(start, start + DAY_MS)
                marks.append(start)
                worked.append(total)
                if minutes:
                    for at in range(start + 6 * HOUR_MS, start + 19 * HOUR_MS, self._STEP):
                        part = calendar.minutes(at, at + self._STEP)
                        if part:
                            if marks[-1] < at:
                                marks.append(at)
                                worked.append(total)
                            total += part / minutes
                            marks.append(at + self._STEP)
                            worked.append(total)
                day += timedelta(days=1)
            self._tables[year] = (marks, worked)
        return self._tables[year]
