"""R04: a cashier voids receipts of which the money is long deposited.

What happened: a cashier voids receipts days after their deposit, alone, and takes the same out of today's money; the books
then agree. Weak: one receipt; medium: two; strong: four.
Source: Washington State Auditor, cash receipting (false voids and adjustments).
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Papers, Wrong
from producers.plants.r01 import holds
from producers.simulator.world import DAY_MS, MINUTE_MS, Record

HOW_MANY: dict[Strength, int] = {"weak": 1, "medium": 2, "strong": 4}


class FalseVoids(Wrong):
    """Voids alone what is deposited."""

    RULE, DOMAIN = "R04", "revenue"
    COST = sum(HOW_MANY.values())

    def plant(self, papers: Papers) -> list[Record]:
        for slip in papers.all("deposit"):
            receipts = holds(papers, slip)
            if not receipts or papers.all("void"):
                continue
            cashier = receipts[0]["cashier_token"]
            own = [receipt for receipt in receipts if receipt["cashier_token"] == cashier]
            if len(own) < HOW_MANY[self.strength]:
                continue
            return [
                papers.void(
                    receipt,
                    self.rng,
                    slip["occurred_at"] + 2 * DAY_MS + n * MINUTE_MS,
                    "salah nominal",
                    cashier,
                )
                for n, receipt in enumerate(own[: HOW_MANY[self.strength]])
            ]
        return []


PLANTS = (FalseVoids,)
