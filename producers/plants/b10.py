"""B10: a payment lies at the treasury until somebody has been seen.

What happened: papers that are complete wait for their SP2D, and move when the supplier has paid for it. Weak: four working
days; medium: eight; strong: twenty.
Source: Permendagri 77/2020 (two days for an SP2D); OKU, March 2025, where who was paid when had its price.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import Record

WAITS: dict[Strength, float] = {"weak": 4.0, "medium": 8.0, "strong": 20.0}  # working days


class HeldBack(Wrong):
    """The SP2D comes long after its SPM."""

    RULE, DOMAIN = "B10", "budget"
    COST = 3
    UNTIL = 10

    def plant(self, papers: Papers) -> list[Record]:
        if not papers.payment():
            return []
        paid = papers.one("sp2d")
        at = self.ground.later(papers.one("spm")["occurred_at"], WAITS[self.strength])
        paid["occurred_at"] = paid["document_date"] = at
        return [paid]


class Repaired(Innocent):
    """The SPM goes back for a paper that is missing, and is complete a week later."""

    DOMAIN = "budget"
    UNTIL = 10

    def plant(self, papers: Papers) -> list[Record]:
        if not papers.payment():
            return []
        ordered, paid = papers.one("spm"), papers.one("sp2d")
        ordered["complete_at"] = self.ground.later(ordered["occurred_at"], 5.0)
        paid["occurred_at"] = paid["document_date"] = self.ground.later(ordered["complete_at"], 1.0)
        return [paid]


PLANTS = (HeldBack, Repaired)
