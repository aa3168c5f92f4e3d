"""What plants share: the regency they are in, when they are due, and the account of what they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from producers.plants.ledger import STRENGTHS, Ledger, Strength
from producers.simulator.permits import Permits
from producers.simulator.slips import chains
from producers.simulator.world import DAY_MS, Group, Record, World
from schemas.catalogue import HEARTBEATS

if TYPE_CHECKING:
    import random

    from schemas.profile import Profile

#: Days at the start in which nothing is planted, because nothing is usual yet, and at the end, so that it shows.
QUIET_START, QUIET_END = 150, 150


@dataclass(frozen=True, slots=True)
class Due:
    """A plant is due from ``at`` (UTC ms) on."""

    at: int
    strength: Strength


class Ground:
    """A simulated regency over some years, as plants see it."""

    def __init__(self, profile: Profile, seed: int, population: int, first_year: int, years: int) -> None:
        self.profile = profile
        self.world = World(profile, seed, population)
        self.permits = Permits(self.world)
        self.ledger = Ledger()
        self.years = years
        self.begin = self.world.year_start(first_year)
        self.end = self.world.year_start(first_year + years)
        self.before = date(first_year, 1, 1) - timedelta(days=1)
        self.opens = self.begin + QUIET_START * DAY_MS
        self.closes = self.end - QUIET_END * DAY_MS

    def rng(self, *names: object) -> random.Random:
        """A generator of a plant's own."""
        return self.world.rng("plants", *names)

    def working_days(self, a_ms: int, b_ms: int) -> float:
        """Working days between two instants."""
        return self.profile.calendar.elapsed(a_ms, b_ms)

    def later(self, at: int, days: float) -> int:
        """The working instant some working days after another."""
        return self.world.clock.add(at, days)

    def dues(self, name: str, count: int) -> list[Due]:
        """When a plant acts: spread over the time that is open, the strengths in turn, the first one first."""
        rng = self.rng(name, "dues")
        room = (self.closes - self.opens) / max(1, count)
        return [
            Due(int(self.opens + room * (number + rng.random())), STRENGTHS[number % 3])
            for number in range(count)
        ]


def _unit(domain: str, record: Record) -> str:
    """The domain of an event where it is one of what the rules of the domain are about; permits are counted by case."""
    if record.get("corrects"):
        return ""
    counts = {
        "budget": record["kind"] == "sp2d",
        "revenue": record["kind"] == "receipt",
        "population": record.get("status") == "registered",
    }
    return domain if counts.get(domain) else ""


class Recorder:
    """The last in line: counts the events of the regency, and notes what is out of order without any plant."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def apply(self, group: Group) -> Group:
        """The group as it came."""
        ledger = self.ground.ledger
        if group.domain != HEARTBEATS.name:
            last = group.events[-1]["occurred_at"] if group.events and not group.arrivals else self.ground.end
            whole = last < self.ground.end
            ledger.events += len(group.events) if whole else sum(self._heard(group, r) for r in group.events)
            ledger.units.update(filter(None, (_unit(group.domain, record) for record in group.events)))
            ledger.pending |= self._pending(group)
        if group.domain == Permits.domain and group.events:
            ledger.cases += 1
            ledger.units[group.domain] += 1
            if group.ordinary:
                ledger.ordinary[group.events[0]["case_id"]] = group.ordinary
        return group

    def _pending(self, group: Group) -> set[str]:
        """What is wrong at the end and corrected after it; all of a group of which something comes only then. What comes on the
        last day would be judged at the midnight after it, so it comes after the end too."""
        end, heard = self.ground.end, self.ground.end - DAY_MS
        late = [r for r in group.events if r["occurred_at"] < end and group.arrival(r) >= heard]
        if any(record.get("corrects") is None for record in late):
            return {record["event_id"] for record in group.events}
        first = chains(group.events)
        unsettled = {first[record["event_id"]] for record in late}
        return unsettled | {name for name, chain in first.items() if chain in unsettled}

    def _heard(self, group: Group, record: Record) -> bool:
        return group.arrival(record) < self.ground.end
