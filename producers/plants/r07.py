"""R07: less is booked than was assessed.

What happened: who collects a fee also grants a reduction of it, and keeps the difference; or a fee that is due on the spot
is paid whole and booked in part, and nobody compares. Weak: a tenth of a fee is let off by its own cashier; medium: three
quarters of a fee are booked; strong: a third.
Source: KPK, JAGA (what was billed against what was deposited); ACFE, skimming and understated receipts.
"""

from __future__ import annotations

from collections.abc import Iterator

from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.world import Record

BOOKED: dict[Strength, float] = {"weak": 0.9, "medium": 0.75, "strong": 1 / 3}
LET_OFF: dict[Strength, float] = {"weak": 0.9, "medium": 0.75, "strong": 0.5}


def deposit(papers: Papers, receipt: Record) -> tuple[Record, Record] | None:
    """The slip that holds a receipt and its part of it, where it is held once and never voided."""
    number = receipt["receipt_number"]
    if any(void["receipt_number"] == number for void in papers.all("void")):
        return None
    held = [
        (slip, part)
        for slip in papers.all("deposit")
        for part in slip["composition"]
        if part["receipt_number"] == number
    ]
    return held[0] if len(held) == 1 else None


def book(papers: Papers, receipt: Record, amount: int) -> bool:
    """Book another amount of a receipt, and deposit it; False, with nothing changed, where the deposit holds it not once."""
    held = deposit(papers, receipt)
    if held is None:
        return False
    slip, part = held
    slip["composition"] = [{**one, "amount": amount} if one is part else one for one in slip["composition"]]
    slip["amount"] += amount - receipt["amount"]
    receipt["amount"] = amount
    return True


def fees(papers: Papers) -> Iterator[tuple[Record, Record]]:
    """The letters of fees, each with its one payment, of the whole."""
    for letter in papers.all("assessment"):
        name = str(letter.get("assessment_id"))
        paid = [r for r in papers.all("receipt") if r.get("assessment_id") == name]
        if name.startswith("SKRD/") and len(paid) == 1 and paid[0]["amount"] == letter["amount"]:
            yield letter, paid[0]


def let_off(papers: Papers, share: float, officer: str | None = None) -> list[Record]:
    """Reduce a fee to a share before it is paid: by an officer, or else by who takes the payment."""
    for letter, paid in fees(papers):
        if book(papers, paid, int(letter["amount"] * share)):
            letter["reduction"] = letter["amount"] - paid["amount"]
            letter["officer_token"] = officer or paid["cashier_token"]
            return [letter, paid]
    return []


class Understated(Wrong):
    """Lets off a fee that the same person collects, or books a fee in part."""

    RULE, DOMAIN = "R07", "revenue"
    ALSO = frozenset({"R12"})  # what is left of the bill stays unpaid, and nobody reminds
    COST = 9
    FIRST = 6

    def plant(self, papers: Papers) -> list[Record]:
        share = BOOKED[self.strength]
        if self.strength == "weak":
            return let_off(papers, share)
        for letter, paid in fees(papers):
            if book(papers, paid, int(letter["amount"] * share)):
                letter["due_at"] = letter["occurred_at"]
                return [paid]
        return []


class LetOff(Innocent):
    """Somebody else than who collects it reduces a fee, by a tenth, a quarter or a half."""

    DOMAIN = "revenue"

    def plant(self, papers: Papers) -> list[Record]:
        officer = papers.ground.world.token("person", f"relief/{papers.events[0]['opd']}")
        return let_off(papers, LET_OFF[self.strength], officer)


PLANTS = (Understated, LetOff)
