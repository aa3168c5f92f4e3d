"""B13: an advance that nobody accounts for.

What happened: a treasurer takes additional cash (TU) for one purpose and keeps it: the account comes late, or never. Weak:
some days after the month that there is for it; medium: after three months; strong: never, and nothing is returned.
Source: BPK on Bengkulu Utara, where 39 of 128 were late; Permendagri 77/2020.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import DAY_MS, Record

AFTER: dict[Strength, int] = {"weak": 38, "medium": 95, "strong": 0}  # days after the SP2D


def advance(papers: Papers) -> bool:
    """Whether it is a TU that was accounted for."""
    return (
        papers.kinds()[:4] == ["spp", "spm", "sp2d", "accounting"]
        and papers.events[0]["disbursement_type"] == "TU"
    )


def settle(papers: Papers, days: int) -> None:
    """Account for it, and return the rest, so many days after it was paid."""
    paid = papers.one("sp2d")
    for record in papers.events[3:]:
        record["occurred_at"] = record["document_date"] = paid["occurred_at"] + days * DAY_MS


class KeptOpen(Wrong):
    """Accounts for an advance late or never."""

    RULE, DOMAIN = "B13", "budget"
    COST = 6
    UNTIL = 8

    def plant(self, papers: Papers) -> list[Record]:
        if not advance(papers):
            return []
        if self.strength == "strong":
            del papers.events[3:]
        else:
            settle(papers, AFTER[self.strength])
        return [papers.one("sp2d")]


class SettledAtLast(Innocent):
    """Accounts for an advance in its last days."""

    DOMAIN = "budget"
    UNTIL = 10

    def plant(self, papers: Papers) -> list[Record]:
        if not advance(papers):
            return []
        settle(papers, 27)
        return [papers.one("sp2d")]


PLANTS = (KeptOpen, SettledAtLast)
