"""R02: less is deposited than was received.

What happened: a cashier gives a receipt for the whole and writes a smaller amount into the deposit, or the treasurer
deposits less than the slip lists. Weak: a tenth of one receipt; medium: a twentieth of the slip; strong: half of every
receipt of one cashier.
Source: ACFE, cash larceny; Washington State Auditor, cash receipting (receipts and deposits by cashier and day).
"""

from __future__ import annotations

from producers.plants.papers import Innocent, Papers, Wrong
from producers.plants.r01 import holds
from producers.simulator.world import DAY_MS, Record


class Skimmed(Wrong):
    """Takes from a deposit."""

    RULE, DOMAIN = "R02", "revenue"
    COST = 3
    FIRST = 6

    def plant(self, papers: Papers) -> list[Record]:
        for slip in papers.all("deposit"):
            receipts = holds(papers, slip)
            if not receipts or papers.all("void"):
                continue
            if self.strength == "medium":
                slip["amount"] -= slip["amount"] // 20
                return [slip]
            of = receipts[0]["cashier_token"]
            taken = (
                receipts[:1] if self.strength == "weak" else [r for r in receipts if r["cashier_token"] == of]
            )
            numbers, share = {r["receipt_number"] for r in taken}, 10 if self.strength == "weak" else 2
            slip["composition"] = [
                part | ({"amount": part["amount"] - part["amount"] // share} if part["receipt_number"] in numbers else {})
                for part in slip["composition"]
            ]  # fmt: skip
            slip["amount"] = sum(part["amount"] for part in slip["composition"])
            return taken
        return []


class PaidBack(Innocent):
    """A receipt is voided a week after it was deposited: the treasury pays it back."""

    DOMAIN = "revenue"

    def plant(self, papers: Papers) -> list[Record]:
        for slip in papers.all("deposit"):
            if not (receipts := holds(papers, slip)) or papers.all("void"):
                continue
            supervisor = papers.ground.world.token("person", f"supervisor/{slip['cash_office']}")
            at = slip["occurred_at"] + 7 * DAY_MS
            return [papers.void(receipts[0], self.rng, at, "pembayaran ganda", supervisor)]
        return []


PLANTS = (Skimmed, PaidBack)
