"""Makes random events about money and people, and corrects some."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

from domain_rows import SOURCE, record

START = 1_745_280_000_000  # Tuesday, 22 April 2025, 07:00 in Jakarta: a week before Perpres 46/2025
HOUR, DAY = 3_600_000, 86_400_000
Event = dict[str, Any]
Rows = list[tuple[str, Event]]


class Maker:
    """Makes events of a domain with ids of their own, and now and then corrects one."""

    def __init__(self, rng: random.Random, domain: str, days: int) -> None:
        self.rng, self.domain, self.days = rng, domain, days
        self.made: Rows = []

    def at(self) -> int:
        """Some time of the period."""
        return self.on(self.rng.randrange(self.days))

    def on(self, day: int) -> int:
        """Some time of a day of the period."""
        return START + day * DAY + self.rng.randrange(20 * HOUR)

    def add(self, kind: str, at: int, domain: str = "", **fields: Any) -> Event:
        """One more event; one in twelve is corrected a little later, with other fields of the same kind."""
        name = domain or self.domain
        number = UUID(int=self.rng.getrandbits(128))
        event = record(
            name,
            event_id=str(number),
            occurred_at=at,
            kind=kind,
            **{"source": SOURCE, "opd": "1.01", **fields},
        )
        self.made.append((name, event))
        return event

    def correct(self, event: Event, **fields: Any) -> Event:
        """The same event again with other fields, an hour later."""
        again = {
            **event,
            "occurred_at": event["occurred_at"] + HOUR,
            **fields,
            "event_id": str(UUID(int=self.rng.getrandbits(128))),
            "corrects": event["event_id"],
        }
        self.made.append((self.domain, again))
        return again
