"""Documents of one group in the hands of a plant, and the plants that change documents: of the budget, of revenue, of the
registry of people."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from producers.plants.casefile import changes
from producers.plants.ground import Ground
from producers.plants.ledger import Planted, Strength
from producers.simulator.world import Group, Record, event_id


@dataclass
class Papers:
    """The events of one group, copied so that they can be changed."""

    ground: Ground
    events: list[Record]
    start: int

    @classmethod
    def of(cls, ground: Ground, group: Group) -> Papers:
        return cls(ground, [dict(record) for record in group.events], group.start)

    @property
    def day(self) -> date:
        """The local day on which they begin."""
        return self.ground.world.local_date(self.start)

    def kinds(self) -> list[str]:
        return [record["kind"] for record in self.events]

    def all(self, kind: str) -> list[Record]:
        """Those of a kind."""
        return [record for record in self.events if record["kind"] == kind]

    def one(self, kind: str) -> Record:
        """The first of a kind; StopIteration where there is none."""
        return next(record for record in self.events if record["kind"] == kind)

    def copy(self, record: Record, rng: random.Random, **changed: object) -> Record:
        """One more document like another."""
        made = {**record, **changed, "event_id": event_id(rng)}
        self.events.append(made)
        return made

    def void(self, receipt: Record, rng: random.Random, at: int, why: str, officer: str) -> Record:
        """A receipt is voided at an instant (UTC ms); a permit whose fee it was may be said to be issued without it."""
        if case := receipt.get("permit_case_id"):
            self.ground.ledger.allow(case, frozenset({"R08"}))
        return self.copy(
            receipt, rng, kind="void", occurred_at=at, voided_event=receipt["event_id"], void_reason=why,
            officer_token=officer, payer_token=None, tax_period=None,
        )  # fmt: skip

    def drop(self, record: Record) -> None:
        """It was never written."""
        self.events.remove(record)

    def payment(self, kind: str = "LS") -> bool:
        """Whether this is one payment of a kind from its SPP to its SP2D, after which nothing came."""
        return self.kinds() == ["spp", "spm", "sp2d"] and self.events[0]["disbursement_type"] == kind


class PaperPlant(ABC):
    """Changes one group of documents after another; each that it changes was honest, correct and heard of at once.

    A kind of it names its ``DOMAIN``, and says what it does to a group in ``plant``. ``look`` sees every group as it came,
    also those that nothing is done to. ``SINCE`` and ``UNTIL`` are the months in which it can happen.
    """

    DOMAIN: ClassVar[str]
    RULE: ClassVar[str] = ""
    SINCE: ClassVar[int] = 1
    UNTIL: ClassVar[int] = 12

    def __init__(self, ground: Ground, count: int) -> None:
        self.ground = ground
        self.name = f"{type(self).__module__.rpartition('.')[2]}/{type(self).__name__}"
        self.rng = ground.rng(self.name)
        self.dues = ground.dues(self.name, count)
        self.closes = ground.closes

    @property
    def strength(self) -> Strength:
        """How strong the one is that is due; what is innocent has variants by the same names."""
        return self.dues[0].strength

    def apply(self, group: Group) -> Group:
        """The group, changed where something is due and it fits."""
        if group.domain != self.DOMAIN or not group.events:
            return group
        self.look(group)
        if not self.dues or group.start < self.dues[0].at or group.start >= self.closes:
            return group
        if group.arrivals or any(r.get("corrects") for r in group.events) or self._taken(group):
            return group
        papers = Papers.of(self.ground, group)
        if not self.SINCE <= papers.day.month <= self.UNTIL:
            return group
        shown = self.plant(papers)
        if not shown:
            return group
        events = sorted(papers.events, key=lambda record: record["occurred_at"])
        self.ground.ledger.papers |= {record["event_id"] for record in (*group.events, *events)}
        self.note(group, events, shown)
        if not self.RULE:
            self.ground.ledger.innocent[self.name] += 1
        if self.over():
            del self.dues[0]
        return Group(group.domain, group.start, events)

    def look(self, group: Group) -> None:  # noqa: B027  (few plants look)
        """See a group before anything is done to it."""

    @abstractmethod
    def plant(self, papers: Papers) -> list[Record]:
        """Make it happen, and name the documents in which it shows; nothing, and nothing changed, where it does not fit."""

    def over(self) -> bool:
        """Whether what is due is done; one that goes on over several groups says when."""
        return True

    def note(  # noqa: B027  (what is innocent keeps none)
        self, before: Group, after: list[Record], shown: list[Record]
    ) -> None:
        """Keep account of what was done."""

    def _taken(self, group: Group) -> bool:
        return any(record["event_id"] in self.ground.ledger.papers for record in group.events)


class Wrong(PaperPlant):
    """An irregularity that ``RULE`` should find. ``ALSO`` are rules that may honestly be raised besides.

    ``FIRST`` is how many times a plant happens before those that need many events happen at all, ``MOST`` how often it
    happens at the most, ``COST`` how many events three of them change. ``YEARS`` is how many simulated years it needs.
    """

    YEARS: ClassVar[int] = 1
    ALSO: ClassVar[frozenset[str]] = frozenset()
    FIRST: ClassVar[int] = 3
    MOST: ClassVar[int] = 24
    COST: ClassVar[int]

    def note(self, before: Group, after: list[Record], shown: list[Record]) -> None:
        ledger = self.ground.ledger
        ids = frozenset(record["event_id"] for record in shown)
        count = changes(before.events, after)
        ledger.add(Planted(self.RULE, _called(shown[0]), self.strength, before.start, count, shown=ids))
        for record in after:
            ledger.allow(record["event_id"], self.ALSO)


class Series(Wrong):
    """One irregularity over several groups of documents: ``plant`` takes a part of it in each, and ``over`` says when it is
    complete. ``name_of`` names it for people, and ``least`` is how many documents it takes before anybody can speak of it."""

    name_of: str = ""
    least: int = 1

    def note(self, before: Group, after: list[Record], shown: list[Record]) -> None:
        ledger = self.ground.ledger
        ids = frozenset(record["event_id"] for record in shown)
        count = changes(before.events, after)
        ledger.extend(
            Planted(
                self.RULE,
                self.name_of,
                self.strength,
                before.start,
                count,
                cases=len(ids),
                least=self.least,
                shown=ids,
            )
        )
        for record in after:
            ledger.allow(record["event_id"], self.ALSO)


class Innocent(PaperPlant):
    """What looks like an irregularity and is none: an alert about it is false. ``TIMES`` a year of simulated time."""

    TIMES: ClassVar[int] = 6


def _called(record: Record) -> str:
    """A name for people: the document's number, or who it is about."""
    names = ("document_number", "deposit_number", "receipt_number", "assessment_id", "person_token")
    return str(next((record[name] for name in names if record.get(name)), record["event_id"]))
