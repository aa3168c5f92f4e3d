"""R08: a permit is issued, and its fee is not in the books.

What happened: the fee is collected, and less than was paid is booked for the permit, or it is booked, voided within the hour
as a mistake and kept. Weak: nine tenths are booked; medium: half; strong: the whole receipt is voided.
Source: BPK on Tanjungpinang, 2022 (retribution below what was due); Washington State Auditor, false voids.
"""

from __future__ import annotations

from producers.plants.ground import Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.plants.r07 import book, deposit
from producers.simulator.permits import Permits
from producers.simulator.world import MINUTE_MS, Group, Record

BOOKED: dict[Strength, float] = {"weak": 0.9, "medium": 0.5, "strong": 0.0}
#: What the first of two parts is of the whole, and the minutes until the second.
PARTS: dict[Strength, float] = {"weak": 0.9, "medium": 0.5, "strong": 0.2}
PAUSE = 3


def for_permits(papers: Papers) -> list[Record]:
    """Receipts that name a permit and are deposited."""
    named = [receipt for receipt in papers.all("receipt") if receipt.get("permit_case_id")]
    return [receipt for receipt in named if deposit(papers, receipt) is not None]


class Unbooked(Wrong):
    """Books a part of a permit's fee, or voids its receipt."""

    RULE, DOMAIN = "R08", "revenue"
    ALSO = frozenset({"R04"})  # a void is what it is done with
    COST = 8

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.issued: dict[str, Record] = {}

    def apply(self, group: Group) -> Group:
        """The group, changed where something is due and it fits; of permits only who they are is kept."""
        if group.domain == Permits.domain:
            # it is the permit in which it shows
            paid = any(record.get("fee_paid") for record in group.events)
            if paid and group.events[0]["case_id"] not in self.ground.ledger.taken:
                self.issued |= {r["case_id"]: r for r in group.events if r["kind"] == "issued"}
        return super().apply(group)

    def plant(self, papers: Papers) -> list[Record]:
        for receipt in for_permits(papers):
            permit = self.issued.get(receipt["permit_case_id"])
            if permit is None:
                continue
            if self.strength == "strong":
                self._void(papers, receipt)
            else:
                book(papers, receipt, int(receipt["amount"] * BOOKED[self.strength]))
            return [permit]
        return []

    def _void(self, papers: Papers, receipt: Record) -> None:
        number = receipt["receipt_number"]
        held = deposit(papers, receipt)
        assert held is not None  # noqa: S101  (for_permits)
        slip, _ = held
        slip["composition"] = [part for part in slip["composition"] if part["receipt_number"] != number]
        slip["amount"] -= receipt["amount"]
        if not slip["composition"]:
            papers.drop(slip)
        papers.copy(
            receipt,
            self.rng,
            kind="void",
            occurred_at=receipt["occurred_at"] + self.rng.randrange(2, 40) * MINUTE_MS,
            voided_event=receipt["event_id"],
            void_reason="salah nominal",
            permit_case_id=None,
            officer_token=self.ground.world.token("person", f"supervisor/{receipt['cash_office']}"),
        )


class InTwoParts(Innocent):
    """A fee is paid in two parts, each with a receipt for the permit."""

    DOMAIN = "revenue"

    def plant(self, papers: Papers) -> list[Record]:
        for receipt in for_permits(papers):
            whole, number = receipt["amount"], receipt["receipt_number"]
            first = int(whole * PARTS[self.strength])
            held = deposit(papers, receipt)
            if held is None or not book(papers, receipt, first):
                continue
            second = papers.copy(
                receipt,
                self.rng,
                amount=whole - first,
                receipt_number=f"{number}/2",
                occurred_at=receipt["occurred_at"] + PAUSE * MINUTE_MS,
            )
            slip = held[0]
            part = {"receipt_number": second["receipt_number"], "amount": second["amount"]}
            slip["composition"] = [*slip["composition"], part]
            slip["amount"] += second["amount"]
            return [receipt, second]
        return []


PLANTS = (Unbooked, InTwoParts)
