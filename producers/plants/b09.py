"""B09: one person does two duties of a payment that must be two people's.

What happened: whoever keeps the money also lets it go, so that nobody looks at it. Weak: the treasurer's person signs the
order to pay (SPM) of an advance; medium: the treasurer's person signs its SP2D; strong: signs both.
Source: PP 60/2008 on duties kept apart.
"""

from __future__ import annotations

from producers.plants.b13 import advance
from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import Record

SIGNS: dict[Strength, tuple[str, ...]] = {"weak": ("spm",), "medium": ("sp2d",), "strong": ("spm", "sp2d")}


class OneForBoth(Wrong):
    """The treasurer of an advance signs what lets its money go."""

    RULE, DOMAIN = "B09", "budget"
    COST = 4

    def plant(self, papers: Papers) -> list[Record]:
        if not advance(papers):
            return []
        accounted = papers.one("accounting")
        signed = [papers.one(kind) for kind in SIGNS[self.strength]]
        for record in signed:
            record["officer_token"] = accounted["officer_token"]
        return [*signed, accounted]


class Deputy(Innocent):
    """Somebody who has no other duty signs for the one who is away."""

    DOMAIN = "budget"

    def plant(self, papers: Papers) -> list[Record]:
        if not advance(papers):
            return []
        ordered = papers.one("spm")
        name = f"deputy/{ordered['document_number']}"
        ordered["officer_token"] = self.ground.world.token("person", name)
        return [ordered]


PLANTS = (OneForBoth, Deputy)
