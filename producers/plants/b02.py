"""B02: money is paid for what nobody planned.

What happened: a payment is charged to a line that is not in the DPA, or to a sub-activity for which nothing was approved.
Weak: only the SP2D names such a line; medium: all papers of the payment; strong: the whole sub-activity is in no budget.
Source: World Bank red flag "non-compliance with procurement plan"; PP 12/2019 (spending rests on DPA and SPD).
"""

from __future__ import annotations

from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import DAY_MS, Record

UNPLANNED = "5.1.02.99.99.9999"


class Unplanned(Wrong):
    """A payment is charged to a line without a ceiling."""

    RULE, DOMAIN = "B02", "budget"
    COST = 7

    def plant(self, papers: Papers) -> list[Record]:
        if not papers.payment():
            return []
        paid = papers.one("sp2d")
        for record in [paid] if self.strength == "weak" else papers.events:
            record["account"] = UNPLANNED
            if self.strength == "strong":
                record["sub_activity"] = record["sub_activity"][:-4] + "9999"
        return [paid]


class Undone(Innocent):
    """A payment is charged to the wrong line, and undone two days later."""

    DOMAIN = "budget"

    def plant(self, papers: Papers) -> list[Record]:
        if not papers.payment():
            return []
        for record in papers.events:
            record["account"] = UNPLANNED
        paid = papers.one("sp2d")
        at = paid["occurred_at"] + 2 * DAY_MS
        undone = papers.copy(
            paid, self.rng, kind="reversal", occurred_at=at, document_date=at, refers_to=paid["document_number"],
            document_number=f"BATAL/{paid['document_number']}",
        )  # fmt: skip
        return [paid, undone]


PLANTS = (Unplanned, Undone)
