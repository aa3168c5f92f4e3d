"""B11: papers that are dated back, and money that goes to another account after all.

What happened: an order is dated before what it rests on, to look as if it had come in time; or a payment is undone and
made again into an account of somebody else. Weak: the SPM is dated a week back; medium: the SP2D by three weeks; strong:
undone, and paid into another account.
Source: Permendagri 77/2020 (SPP, SPM and SP2D follow one another); ACFE, billing schemes with a changed bank account.
"""

from __future__ import annotations

from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import DAY_MS, HOUR_MS, Record


class DatedBack(Wrong):
    """Dates a paper back, or pays again into another account."""

    RULE, DOMAIN = "B11", "budget"
    ALSO = frozenset({"B17"})
    COST = 4
    SINCE, UNTIL = 2, 11

    def plant(self, papers: Papers) -> list[Record]:
        if not papers.payment():
            return []
        paid = papers.one("sp2d")
        if self.strength != "strong":
            back, days = (papers.one("spm"), 7) if self.strength == "weak" else (paid, 21)
            back["document_date"] -= days * DAY_MS
            return [back]
        at = paid["occurred_at"] + DAY_MS
        papers.copy(
            paid, self.rng, kind="reversal", occurred_at=at, document_date=at, refers_to=paid["document_number"],
            document_number=f"BATAL/{paid['document_number']}",
        )  # fmt: skip
        at += 2 * DAY_MS
        other = self.ground.world.token("account", f"other/{paid['document_number']}")
        number = f"{paid['document_number']}/2"
        papers.copy(
            paid, self.rng, occurred_at=at, document_date=at, document_number=number, payee_account_token=other,
            refers_to=None,
        )  # fmt: skip
        return [paid]


class WrittenNextDay(Innocent):
    """Signed on one day and entered a working day later."""

    DOMAIN = "budget"

    def plant(self, papers: Papers) -> list[Record]:
        ordered, paid = (papers.one("spm"), papers.one("sp2d")) if papers.payment() else ({}, {})
        if not paid or paid["occurred_at"] - ordered["occurred_at"] > 3 * HOUR_MS:
            return []
        paid["occurred_at"] = self.ground.later(paid["occurred_at"], 1.0)
        return [paid]


PLANTS = (DatedBack, WrittenNextDay)
