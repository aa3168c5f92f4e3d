"""How the works of a year go on: weekly reports of each sub-activity along an S-curve that never falls, hand-over at the end."""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from producers.simulator.seasons import in_day
from producers.simulator.world import World

if TYPE_CHECKING:
    from schemas.profile import SubActivity

DOMAIN = "activities"
WHOLE = 10_000
HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported of a sub-activity at an instant (UTC ms); basis points."""

    at: int
    number: int
    sub: SubActivity
    physical: int
    planned: int
    kind: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The reports of one sub-activity in a year, in order of time."""

    reports: Sequence[Report]

    def built(self, at: int) -> tuple[int, bool]:
        """Basis points that were reported by an instant (UTC ms), and whether the work was handed over."""
        known = bisect.bisect_right(self.reports, at, key=lambda report: report.at)
        if not known:
            return 0, False
        last = self.reports[known - 1]
        return last.physical, last.kind == HANDOVER


class Works:
    """The works of all sub-activities."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sub_activities = [world.profile.sub_activities[c] for c in sorted(world.profile.sub_activities)]

    def rng(self, year: int) -> random.Random:
        """The generator that the reports of a year begin with."""
        return self.world.rng(DOMAIN, year)

    def reports(self, rng: random.Random, year: int) -> list[Report]:
        """All reports of a year in order of time."""
        found = [
            report
            for number, sub in enumerate(self.sub_activities)
            for report in self._reports(rng, year, number, sub)
        ]
        return sorted(found, key=lambda report: (report.at, report.number))

    def progress(self, year: int) -> dict[str, Progress]:
        """By sub-activity."""
        found: dict[str, list[Report]] = {}
        for report in self.reports(self.rng(year), year):
            found.setdefault(report.sub.code, []).append(report)
        return {code: Progress(reports) for code, reports in found.items()}

    def _reports(self, rng: random.Random, year: int, number: int, sub: SubActivity) -> Iterator[Report]:
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
            done = min(WHOLE, max(done, int(_curve(week / weeks * pace) + rng.gauss(0, 60))))
            if week >= weeks and pace > 0.9 and rng.random() < 0.6:
                done = WHOLE
            at = last = max(
                in_day(rng, self.world.day_start(day)), last + 60_000
            )  # holidays push reports together
            yield Report(at, number, sub, done, planned, "progress")
            if done == WHOLE:
                at = self.world.clock.add(at, 1 + rng.random() * 4)
                if at < self.world.year_start(year + 1):
                    yield Report(at, number, sub, done, planned, HANDOVER)
                return


def _curve(share: float) -> int:
    """The S-curve of works: basis points done when ``share`` of the time has passed."""
    if share <= 0:
        return 0
    if share >= 1:
        return WHOLE
    return int(WHOLE * (1 - math.cos(math.pi * share)) / 2)
