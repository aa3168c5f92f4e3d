"""A permit case in the hands of a plant, and the plant that changes one case at a time."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from producers.plants.ground import Ground
from producers.plants.ledger import Planted, Strength
from producers.simulator.world import Group, Record, event_id

CLOSING = ("issued", "rejected", "withdrawn", "closed")


@dataclass
class CaseFile:
    """The events of one case, copied so that they can be changed, and when those are heard of that come late."""

    ground: Ground
    group: Group
    events: list[Record]
    arrivals: dict[str, int]

    @classmethod
    def of(cls, ground: Ground, group: Group) -> CaseFile:
        return cls(ground, group, [dict(record) for record in group.events], dict(group.arrivals))

    @property
    def case_id(self) -> str:
        return str(self.events[0]["case_id"])

    @property
    def permit_type(self) -> str:
        return str(self.events[0]["permit_type"])

    @property
    def plain(self) -> bool:
        """Issued at once: never returned, refused or corrected, and nothing came late."""
        kinds = [record["kind"] for record in self.events]
        odd = {"returned", "rejected", "withdrawn"} & set(kinds)
        corrected = any(record.get("corrects") for record in self.events)
        return kinds[-1] == "issued" and "accepted" in kinds and not (odd or corrected or self.arrivals)

    @property
    def accepted(self) -> int:
        """When it was complete and correct, UTC ms."""
        return self.time(self.first("accepted"))

    @property
    def decision(self) -> Record:
        """The event that ends it."""
        return next(record for record in self.events if record["kind"] in CLOSING)

    @property
    def steps(self) -> list[str]:
        """The steps that people did, in the order they began."""
        found = [r["step"] for r in self.events if r["kind"] == "started" and not r.get("automatic")]
        return list(dict.fromkeys(found))

    @staticmethod
    def time(record: Record) -> int:
        """When an event happened, UTC ms."""
        at: int = record["occurred_at"]
        return at

    def first(self, kind: str, step: str | None = None) -> Record:
        """The first event of a kind (and step); StopIteration where there is none."""
        return next(r for r in self.events if r["kind"] == kind and step in (None, r.get("step")))

    def once(self, step: str) -> bool:
        """Whether a step was begun and ended once."""
        kinds = [r["kind"] for r in self.events if r.get("step") == step]
        return sorted(kinds) == ["finished", "started"]

    def worked(self, step: str) -> float:
        """Working days from the start of a step to its end."""
        return self.ground.working_days(
            self.time(self.first("started", step)), self.time(self.first("finished", step))
        )

    def longest(self) -> str | None:
        """The step, begun and ended once, that took people the most time."""
        return max((step for step in self.steps if self.once(step)), key=self.worked, default=None)

    def copy(self, record: Record, rng: random.Random, **changed: object) -> Record:
        """One more event like another of the case."""
        made = {**record, **changed, "event_id": event_id(rng)}
        self.events.append(made)
        return made

    def sorted(self) -> list[Record]:
        """The events in order of time."""
        return sorted(self.events, key=self.time)


def changes(before: Iterable[Record], after: Iterable[Record], arrivals: int = 0) -> int:
    """How many events differ, are new or are gone."""
    old = {record["event_id"]: record for record in before}
    new = {record["event_id"]: record for record in after}
    return sum(old.get(key) != new.get(key) for key in old.keys() | new.keys()) + arrivals


class CasePlant:
    """Plants in one case after another. A kind of it names its ``RULE``, says what it does to a case in ``plant``,
    and in ``ALSO`` which rules that may honestly raise besides.

    ``FIRST`` is how many cases a plant gets before those that need many events get any, ``MOST`` how many it gets at
    all, ``COST`` how many events three of them change.
    """

    RULE: ClassVar[str]
    ALSO: ClassVar[frozenset[str]] = frozenset()
    FIRST: ClassVar[int] = 3
    MOST: ClassVar[int] = 24
    COST: ClassVar[int]

    def __init__(self, ground: Ground, count: int) -> None:
        self.ground = ground
        self.name = type(self).__name__
        self.rng = ground.rng(self.name)
        self.dues = ground.dues(self.name, count)

    def apply(self, group: Group) -> Group:
        """The group, changed where a case is due and fits."""
        if group.domain != "permits" or not self.dues or group.start < self.dues[0].at:
            return group
        if group.ordinary or group.start >= self.ground.closes or not group.events:
            return group
        case = CaseFile.of(self.ground, group)
        ledger = self.ground.ledger
        if case.case_id in ledger.taken or not case.plain:
            return group
        strength = self.dues[0].strength
        if not self.plant(case, strength):
            return group
        del self.dues[0]
        events = case.sorted()
        ledger.taken.add(case.case_id)
        count = changes(group.events, events, len(case.arrivals))
        ledger.add(Planted(self.RULE, case.case_id, strength, case.time(case.decision), count), self.ALSO)
        return Group(group.domain, group.start, events, case.arrivals, group.ordinary)

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        """Make it happen in a plain case; False, with nothing to be kept, where the case does not lend itself to it."""
        raise NotImplementedError
