"""Reports of physical progress; from its procurement on they name the largest contract of the sub-activity."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from producers.simulator.progress import DOMAIN, Works
from producers.simulator.world import DAY_MS, Group, Record, World

if TYPE_CHECKING:
    from producers.simulator.budget import Budget
    from schemas.profile import SubActivity


class Activities:
    """The stream of progress; one Group per sub-activity and year would come out of order, so one per report."""

    domain = DOMAIN

    def __init__(self, world: World, budget: Budget) -> None:
        self.world, self.budget, self.works = world, budget, Works(world)

    def groups(self, year: int) -> Iterator[Group]:
        rng = self.works.rng(year)
        contracts = self.budget.contracts(year)
        for what in self.works.reports(rng, year):
            record = self.report(rng, what.sub, what.at, what.physical, what.planned, year, what.kind)
            contract = contracts.get(what.sub.code)
            if contract is not None and what.at >= contract.procured + DAY_MS:
                record |= {"package_id": contract.package_id, "contract_number": contract.number}
            yield Group(self.domain, what.at, [record])

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
