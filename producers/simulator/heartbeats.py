"""Heartbeats of the profile's sources: every two hours or at their cadence in a simulated year, every few seconds live."""

from __future__ import annotations

from collections.abc import Iterator

from producers.simulator.world import DAY_MS, HOUR_MS, MINUTE_MS, Group, Record, World
from schemas.catalogue import HEARTBEATS

EVERY_MS = 2 * HOUR_MS
OFFICE = (6 * HOUR_MS, 18 * HOUR_MS)  # from the start of a local day


class Heartbeats:
    """The stream of heartbeats; its "domain" is the topic's name."""

    domain = HEARTBEATS.name

    def __init__(self, world: World) -> None:
        self.world = world
        self.sources = [world.profile.sources[name] for name in sorted(world.profile.sources)]

    def groups(self, year: int) -> Iterator[Group]:
        rng = self.world.rng("heartbeats", year)
        every = {source.id: max(EVERY_MS, int(source.cadence_minutes * MINUTE_MS)) for source in self.sources}
        last: dict[str, int] = {}
        for day in self.world.days(year):
            start = self.world.day_start(day)
            for at in range(start, start + DAY_MS, EVERY_MS):
                in_office = OFFICE[0] <= at - start <= OFFICE[1]
                for source in self.sources:
                    due = at - last.get(source.id, 0) >= every[source.id]
                    if due and (in_office or source.hours == "always"):
                        last[source.id] = at
                        record = self.world.envelope(rng, source.id, source.opd, at, "heartbeat")
                        yield Group(self.domain, at, [record])

    def beats(self, now: int, sent: dict[str, tuple[int, str, int]]) -> list[Record]:
        """One heartbeat of every source now; ``sent`` is (count, last event id, its time) by source."""
        rng = self.world.rng("beat", now)
        found = []
        for source in self.sources:
            record = self.world.envelope(rng, source.id, source.opd, now, "heartbeat")
            if source.id in sent:
                count, last, at = sent[source.id]
                record |= {"events_sent": count, "last_event_id": last, "last_event_at": at}
            found.append(record)
        return found
