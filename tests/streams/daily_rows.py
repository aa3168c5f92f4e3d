"""Random rows about money and people, in which each rule finds something now and then."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from domain_rows import SOURCE, profile, record

from schemas.profile import Profile
from schemas.profile.model import SharedAddress

START = 1_745_280_000_000  # Tuesday, 22 April 2025, 07:00 in Jakarta: a week before Perpres 46/2025
HOUR, DAY = 3_600_000, 86_400_000
Event = dict[str, Any]
Rows = list[tuple[str, Event]]


@cache
def daily_profile() -> Profile:
    """What the rules read of a profile."""
    shared = SharedAddress("A0", "pesantren", date(2025, 5, 1), date(2025, 5, 31))
    return replace(profile(), shared_addresses=(shared,), _standards={}, _thresholds={})


class Maker:
    """Makes events of a domain with ids of their own, and now and then corrects one."""

    def __init__(self, rng: random.Random, domain: str, days: int) -> None:
        self.rng, self.domain, self.days = rng, domain, days
        self.made: Rows = []

    def at(self) -> int:
        """Some time of the period."""
        return START + self.rng.randrange(self.days) * DAY + self.rng.randrange(20 * HOUR)

    def add(self, kind: str, at: int, domain: str = "", **fields: Any) -> Event:
        """One more event; one in twelve is corrected a little later, with other fields of the same kind."""
        name = domain or self.domain
        number = UUID(int=self.rng.getrandbits(128))
        event = record(
            name,
            event_id=str(number),
            source=SOURCE,
            opd=fields.pop("opd", "1.01"),
            occurred_at=at,
            kind=kind,
            **fields,
        )
        self.made.append((name, event))
        return event

    def correct(self, event: Event, **fields: Any) -> Event:
        """The same event again with other fields, an hour later."""
        again = {
            **event,
            **fields,
            "event_id": str(UUID(int=self.rng.getrandbits(128))),
            "corrects": event["event_id"],
        }
        again["occurred_at"] = event["occurred_at"] + HOUR
        self.made.append((self.domain, again))
        return again


def budget(rng: random.Random) -> Rows:
    """Departments with a few sub-activities, suppliers and packages."""
    make = Maker(rng, "budget", 60)
    line = {"fiscal_year": 2025, "program": "1.01.01", "activity": "1.01.01.2.01"}
    for _ in range(60):
        at = make.at()
        package = make.add(
            "package", at, **line, sub_activity=f"1.01.01.2.01.000{rng.randrange(3)}", account=f"5.1.02.0{rng.randrange(2)}",
            amount=0, package_id=f"P{rng.randrange(50)}" if rng.random() < 0.95 else None, opd=rng.choice(["1.01", "1.02"]),
            package_method=rng.choice(["direct", "direct", "direct", "tender", "e-purchasing"]),
            package_kind=rng.choice(["construction", "goods", "consulting", "lain", None]),
            package_ceiling=rng.choice([40, 90, 100, 150, 200, 210, 390, 410]) * 1_000_000,
            procured_at=at - rng.randrange(20 * DAY), payee_token=rng.choice(["R1", "R2", "R3", None]),
        )  # fmt: skip
        if rng.random() < 0.15:
            make.correct(package, package_ceiling=rng.choice([50, 450]) * 1_000_000)
    return make.made
