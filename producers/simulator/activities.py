"""Physical progress of sub-activities: weekly reports along an S-curve that never falls, hand-over at the end."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from producers.simulator.seasons import in_day
from producers.simulator.world import Group, Record, World

if TYPE_CHECKING:
    from schemas.profile import SubActivity


class Activities:
    """The stream of progress; one Group per sub-activity and year would come out of order, so one per report."""

    domain = "activities"

    def __init__(self, world: World) -> None:
        self.world = world
        self.sub_activities = [world.profile.sub_activities[c] for c in sorted(world.profile.sub_activities)]

    def groups(self, year: int) -> Iterator[Group]:
        rng = self.world.rng(self.domain, year)
        reports: list[tuple[int, int, SubActivity, int, int, str]] = []
        for number, sub in enumerate(self.sub_activities):
            reports.extend(self._reports(rng, year, number, sub))
        reports.sort(key=lambda r: r[:2])
        for at, _, sub, physical, planned, kind in reports:
            yield Group(self.domain, at, [self.report(rng, sub, at, physical, planned, year, kind)])

    def _reports(
        self, rng: random.Random, year: int, number: int, sub: SubActivity
    ) -> Iterator[tuple[int, int, SubActivity, int, int, str]]:
        first = date(year, 1, 15) + timedelta(days=rng.randrange(75))
        weeks = rng.randrange(26, 43)
        pace = rng.gauss(0.97, 0.1)
        done = last = 0
        for week in range(weeks + 10):
            day = first + timedelta(days=7 * week + rng.randrange(3))
            while day.year == year and not self.world.clock.is_working_day(day):
                day += timedelta(days=1)
            if day.year != year:
                return
            planned = _curve(week / weeks)
            done = min(10_000, max(done, int(_curve(week / weeks * pace) + rng.gauss(0, 60))))
            if week >= weeks and pace > 0.9 and rng.random() < 0.6:
                done = 10_000
            at = last = max(
                in_day(rng, self.world.day_start(day)), last + 60_000
            )  # holidays push reports together
            yield at, number, sub, done, planned, "progress"
            if done == 10_000:
                at = self.world.clock.add(at, 1 + rng.random() * 4)
                if at < self.world.year_start(year + 1):
                    yield at, number, sub, done, planned, "handover"
                return

    def report(
        self, rng: random.Random, sub: SubActivity, at: int, physical: int, planned: int, year: int, kind: str
    ) -> Record:
        """One report of a sub-activity; basis points."""
        record = self.world.envelope(rng, self.world.source(self.domain, sub.opd), sub.opd, at, kind)
        place = self.world.rng("place", sub.code, year)
        record |= {
            "fiscal_year": year,
            "program": sub.program,
            "activity": sub.activity,
            "sub_activity": sub.code,
            "physical_bp": physical,
            "planned_bp": planned,
            "village": self.world.village_choice.draw(place) if self.world.villages else None,
            "latitude": round(-2.7 + place.uniform(-0.4, 0.4), 6),
            "longitude": round(111.6 + place.uniform(-0.4, 0.4), 6),
            "photo_sha256": hashlib.sha256(record["event_id"].encode()).hexdigest(),
            "officer_token": self.world.token("person", f"pptk/{sub.code}"),
        }
        return record


def _curve(share: float) -> int:
    """The S-curve of works: basis points done when ``share`` of the time has passed."""
    if share <= 0:
        return 0
    if share >= 1:
        return 10_000
    return int(10_000 * (1 - math.cos(math.pi * share)) / 2)
