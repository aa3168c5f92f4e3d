"""Heartbeats of the profile's sources: once a day in a simulated year, every few seconds live."""

from __future__ import annotations

from collections.abc import Iterator

from producers.simulator.world import HOUR_MS, Group, Record, World
from schemas.catalogue import HEARTBEATS


class Heartbeats:
    """The stream of heartbeats; its "domain" is the topic's name."""

    domain = HEARTBEATS.name

    def __init__(self, world: World) -> None:
        self.world = world
        self.sources = [world.profile.sources[name] for name in sorted(world.profile.sources)]

    def groups(self, year: int) -> Iterator[Group]:
        rng = self.world.rng("heartbeats", year)
        for day in self.world.days(year):
            at = self.world.day_start(day) + 8 * HOUR_MS
            for source in self.sources:
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
