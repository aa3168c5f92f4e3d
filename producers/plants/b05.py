"""B05: the same invoice is paid twice.

What happened: an invoice that was paid comes again, and whoever should compare it looks away. Weak: two months later, its
number written in another way; medium: three weeks later; strong: a second SP2D on the same SPM, three days later.
Source: ACFE, billing schemes (duplicate payment); BPK findings on payments made twice.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import DAY_MS, Record

LATER: dict[Strength, int] = {"weak": 56, "medium": 21, "strong": 3}


def goods(papers: Papers) -> bool:
    """Whether it is a payment of goods, services or works for an invoice."""
    return papers.payment() and not papers.events[0]["recurring"] and bool(papers.events[0]["invoice_number"])


def again(plant: Wrong | Innocent, papers: Papers, days: int, **changed: object) -> list[Record]:
    """Pay once more after some days: the papers of the payment with numbers of their own, one a morning or afternoon."""
    made: list[Record] = []
    for position, record in enumerate(list(papers.events), 1):
        at = plant.ground.later(papers.start + days * DAY_MS, 0.4 * position)
        number = f"{record['document_number']}/{days}"
        before = made[-1]["document_number"] if made else None
        dates = {"occurred_at": at, "document_date": at, "complete_at": at if record["complete_at"] else None}
        made.append(
            papers.copy(record, plant.rng, **dates, document_number=number, refers_to=before, **changed)
        )
    return made


class PaidTwice(Wrong):
    """Pays an invoice again."""

    RULE, DOMAIN = "B05", "budget"
    ALSO = frozenset({"B01", "B10", "B17"})
    COST = 7
    UNTIL = 9

    def plant(self, papers: Papers) -> list[Record]:
        if not goods(papers):
            return []
        paid, days = papers.one("sp2d"), LATER[self.strength]
        if self.strength == "strong":
            at = paid["occurred_at"] + days * DAY_MS
            number = f"{paid['document_number']}/{days}"
            return [
                paid, papers.copy(paid, self.rng, occurred_at=at, document_date=at, document_number=number)
            ]  # fmt: skip
        invoice = paid["invoice_number"]
        written = invoice.lower().replace("/", "-") if self.strength == "weak" else invoice
        return [paid, again(self, papers, days, invoice_number=written)[-1]]


class PaidInParts(Innocent):
    """Two halves of a price with an invoice each; or a payment that failed, was undone and made again."""

    DOMAIN = "budget"
    UNTIL = 9

    def plant(self, papers: Papers) -> list[Record]:
        if not goods(papers):
            return []
        paid = papers.one("sp2d")
        if self.strength == "medium":
            for record in papers.events:
                record["amount"] //= 2
            return [paid, again(self, papers, 30, invoice_number=f"{paid['invoice_number']}9")[-1]]
        at = paid["occurred_at"] + DAY_MS
        undone = papers.copy(
            paid, self.rng, kind="reversal", occurred_at=at, document_date=at, refers_to=paid["document_number"],
            document_number=f"BATAL/{paid['document_number']}",
        )  # fmt: skip
        at += DAY_MS
        number = f"{paid['document_number']}/2"
        return [
            paid, undone, papers.copy(paid, self.rng, occurred_at=at, document_date=at, document_number=number, refers_to=None)
        ]  # fmt: skip


PLANTS = (PaidTwice, PaidInParts)
