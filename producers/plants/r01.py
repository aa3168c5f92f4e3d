"""R01: money of the region stays with who received it.

What happened: a treasurer brings the day's cash late, or keeps it. Weak: two working days too late; medium: seven; strong:
the cash of a day is in no deposit at all.
Source: BPK on Lombok Barat (in a private account meanwhile), Karawang DPMPTSP 2017 and Bandar Lampung 2024.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import Record

LATE: dict[Strength, float] = {"weak": 2.0, "medium": 7.0, "strong": 0.0}  # working days


def holds(papers: Papers, slip: Record) -> list[Record]:
    """The receipts that a deposit of the day names."""
    named = {part["receipt_number"] for part in slip.get("composition") or ()}
    return [record for record in papers.all("receipt") if record["receipt_number"] in named]


def cash(receipts: list[Record]) -> list[Record]:
    return [record for record in receipts if record["channel"] == "cash"]


class KeptCash(Wrong):
    """A deposit of a day comes late, or without its cash."""

    RULE, DOMAIN = "R01", "revenue"
    ALSO = frozenset({"R02"})  # what is voided meanwhile is in the deposit all the same
    COST = 3
    FIRST = 6

    def plant(self, papers: Papers) -> list[Record]:
        for slip in papers.all("deposit"):
            kept = cash(holds(papers, slip))
            if not kept or (self.strength == "strong" and len(kept) == len(slip["composition"])):
                continue
            if self.strength == "strong":
                gone = {record["receipt_number"] for record in kept}
                slip["composition"] = [p for p in slip["composition"] if p["receipt_number"] not in gone]
                slip["amount"] = sum(part["amount"] for part in slip["composition"])
            else:
                slip["occurred_at"] = self.ground.later(slip["occurred_at"], LATE[self.strength])
            return kept
        return []


class NotCash(Innocent):
    """What was paid by QRIS or at the bank is in the account already; its slip is written days later."""

    DOMAIN = "revenue"

    def plant(self, papers: Papers) -> list[Record]:
        for slip in papers.all("deposit"):
            receipts = holds(papers, slip)
            if receipts and not cash(receipts) and not papers.all("void"):
                slip["occurred_at"] = self.ground.later(slip["occurred_at"], 4.0)
                return [slip]
        return []


PLANTS = (KeptCash, NotCash)
