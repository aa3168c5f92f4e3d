"""R05: receipts that are in no book, or in two.

What happened: a slip is torn out of the book, its money goes into a pocket; or a second book with the same numbers is used.
Weak: one slip; medium: three; strong: a number that was given twice.
Source: Washington State Auditor, cash receipting (sequence of receipt numbers); the case of the two receipt books.
"""

from __future__ import annotations

from producers.plants.ledger import Strength
from producers.plants.papers import Papers, Wrong
from producers.simulator.world import Record

TORN: dict[Strength, int] = {"weak": 1, "medium": 3, "strong": 0}


class TornOut(Wrong):
    """Takes receipts out of a day, and out of its deposit; or gives two the same number."""

    RULE, DOMAIN = "R05", "revenue"
    ALSO = frozenset({"R02"})  # the two of one number may be of two cashiers
    COST = 10

    def plant(self, papers: Papers) -> list[Record]:
        if papers.all("void"):
            return []
        receipts = sorted(papers.all("receipt"), key=lambda record: str(record["receipt_number"]))
        books = {record["receipt_book"] for record in receipts}
        count = TORN[self.strength]
        middle = receipts[1 : 1 + (count or 1)]
        if len(books) != 1 or len(receipts) < len(middle) + 2 or any(r.get("assessment_id") for r in middle):
            return []
        before, after = receipts[0], receipts[1 + len(middle)]
        numbers = {record["receipt_number"] for record in middle}
        for slip in papers.all("deposit"):
            inside = [part for part in slip["composition"] if part["receipt_number"] in numbers]
            if not count:
                for part in inside:
                    part_of_two = {**part, "receipt_number": before["receipt_number"]}
                    slip["composition"] = [p if p is not part else part_of_two for p in slip["composition"]]
            elif inside:
                slip["composition"] = [part for part in slip["composition"] if part not in inside]
                slip["amount"] = sum(part["amount"] for part in slip["composition"])
                if not slip["composition"]:
                    papers.drop(slip)
        if count:
            for record in middle:
                papers.drop(record)
        else:
            middle[0]["receipt_number"] = before["receipt_number"]
        return [before, after]


PLANTS = (TornOut,)
