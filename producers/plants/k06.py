"""K06: the dead go on living.

What happened: somebody dies, and the number is used by another one, who moves and draws aid. Weak: a week after the death;
medium: two months; strong: four months, and once more.
Source: BPK findings on social aid to recipients who had died.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.plants.people import moves_on, registered
from producers.simulator.world import DAY_MS, MINUTE_MS, Record

AFTER: dict[Strength, tuple[int, ...]] = {"weak": (7,), "medium": (60,), "strong": (120, 140)}  # days


class Revived(Wrong):
    """Lets a dead person move."""

    RULE, DOMAIN = "K06", "population"
    COST = 4

    def plant(self, papers: Papers) -> list[Record]:
        death, world = registered(papers, "death"), self.ground.world
        if death is None:
            return []
        times = [death["occurred_at"] + days * DAY_MS for days in AFTER[self.strength]]
        return [moves_on(papers, death, world, self.rng, at) for at in times]


class SameDay(Innocent):
    """A move that was asked for before the death is entered on the same day; the death is entered twice."""

    DOMAIN = "population"

    def plant(self, papers: Papers) -> list[Record]:
        death, world = registered(papers, "death"), self.ground.world
        if death is None:
            return []
        if self.strength == "medium":
            return [papers.copy(death, self.rng, occurred_at=death["occurred_at"] + 3 * DAY_MS)]
        return [moves_on(papers, death, world, self.rng, death["occurred_at"] + MINUTE_MS)]


PLANTS = (Revived, SameDay)
