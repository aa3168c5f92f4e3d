"""R11: land is sold on paper for a fraction of what it is worth.

What happened: buyer and seller write a lower price into the deed to pay less BPHTB, and the officer who should examine it
lets it pass. Weak: two fifths of the value of the zone; medium: a quarter; strong: a tenth.
Source: BPK findings on BPHTB below the market value; our own rule for the share.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import Record

SHARES: dict[Strength, float] = {"weak": 0.4, "medium": 0.25, "strong": 0.1}


def transfers(papers: Papers) -> list[Record]:
    """The assessments of transfers of land."""
    return [record for record in papers.all("assessment") if record.get("zone")]


class Undervalued(Wrong):
    """The land is worth a multiple of what its deed says."""

    RULE, DOMAIN = "R11", "revenue"
    COST = 3

    def plant(self, papers: Papers) -> list[Record]:
        for letter in transfers(papers):
            letter["reference_value"] = int(letter["declared_value"] / SHARES[self.strength])
            return [letter]
        return []


class Bargain(Innocent):
    """Sold in haste, or in bad repair, for little more than half of the value of the zone."""

    DOMAIN = "revenue"

    def plant(self, papers: Papers) -> list[Record]:
        for letter in transfers(papers):
            letter["reference_value"] = int(letter["declared_value"] / 0.53)
            return [letter]
        return []


PLANTS = (Undervalued, Bargain)
