"""S01: a source falls silent for days and then sends everything at once.

What happened: a system is down; nothing is heard, no heartbeat either, and after it comes a flood. Weak: two working
days; medium: four, as SIPD and Siak in November 2025; strong: eight.
Source: the outages of SIPD and Siak, November 2025. An outage is not fraud: the events themselves stay as they were.
"""

from __future__ import annotations

from dataclasses import replace

from producers.plants.ground import Ground
from producers.plants.ledger import STRENGTHS, Planted, Strength
from producers.simulator.world import DAY_MS, Group
from schemas.catalogue import HEARTBEATS

LASTS: dict[Strength, int] = {"weak": 2, "medium": 4, "strong": 8}  # working days


class Silent:
    """Takes away the heartbeats of a source, and holds back what it has to say until it speaks again."""

    RULE = "S01"

    def __init__(self, ground: Ground, count: int) -> None:
        self.ground = ground
        heard_often = [s for s in ground.profile.sources.values() if s.cadence_minutes <= 60]
        names = sorted(s.id for s in heard_often if s.domain != "permits")
        rng = ground.rng("Silent")
        rng.shuffle(names)
        self.silences: dict[str, tuple[int, int, Strength]] = {}
        for number, (due, name) in enumerate(zip(ground.dues("Silent", count), names, strict=False)):
            day = ground.world.local_date(due.at)
            begin = ground.later(ground.world.day_start(day), 0.3)
            strength = STRENGTHS[number % 3]
            self.silences[name] = (begin, ground.later(begin, LASTS[strength]), strength)
        for name, (begin, end, strength) in self.silences.items():
            ground.ledger.add(Planted(self.RULE, name, strength, begin, 0, until=end + DAY_MS))

    def apply(self, group: Group) -> Group:
        """The group without heartbeats, or heard of later, where its source is down; a group has one source."""
        silence = self.silences.get(group.events[0]["source"]) if group.events else None
        if silence is None:
            return group
        late: dict[str, int] = {}
        for record in group.events:
            if not silence[0] <= group.arrival(record) < silence[1]:
                continue
            if group.domain == HEARTBEATS.name:
                return replace(group, events=[])
            late[record["event_id"]] = silence[1] + len(late)
        if not late:
            return group
        self.ground.ledger.held += len(late)
        return replace(group, arrivals={**group.arrivals, **late})
