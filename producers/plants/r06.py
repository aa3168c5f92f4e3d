"""R06: the hole in the till is filled with the next one's money (lapping).

What happened: a cashier keeps what one taxpayer paid, books the next payment for that one, the one after it for the next,
and so on. Weak: four payments booked for somebody else, medium: seven, strong: ten, one a day at the most.
Source: ACFE 2007 on lapping ("Lucille"); Washington State Auditor, cash receipting.
"""

from __future__ import annotations

from producers.plants.ground import Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Series
from producers.simulator.world import DAY_MS, Group, Record

LINKS: dict[Strength, int] = {"weak": 4, "medium": 7, "strong": 10}
#: Days after which nobody waits for the next payment.
PATIENCE = 20
LAND_TAX = "SPPT/"
#: Kinds of cash office where nobody holds cash.
NO_TILL = ("bank", "online")


def bills(papers: Papers) -> list[Record]:
    """Payments of this year's land tax that nobody voids."""
    voided = {void["receipt_number"] for void in papers.all("void")}
    named = f"{LAND_TAX}{papers.day.year}/"
    return [
        paid
        for paid in papers.all("receipt")
        if str(paid.get("assessment_id")).startswith(named) and paid["receipt_number"] not in voided
    ]


class Lapping(Series):
    """Books each payment at one cashier for the one before it."""

    RULE, DOMAIN = "R06", "revenue"
    ALSO = frozenset({"R07", "R12"})  # the sums differ, and the last bill stays open
    COST = 24
    MOST = 9
    SINCE, UNTIL = 4, 9

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.offices = ground.profile.cash_offices
        self.till: tuple[str, str] | None = None
        self.known: set[tuple[str, str]] = set()  # one cashier is one matter
        self.owed, self.links, self.last = "", 0, 0

    def look(self, group: Group) -> None:
        if self.till is not None and group.start > self.last + PATIENCE * DAY_MS:
            self.till = None

    def over(self) -> bool:
        return self.till is None

    def plant(self, papers: Papers) -> list[Record]:
        for paid in bills(papers):
            till = (paid["cash_office"], paid["cashier_token"])
            if self.till not in (None, till) or self.offices[till[0]].kind in NO_TILL:
                continue
            if self.till is None:
                if till in self.known or papers.day.month >= self.UNTIL:
                    continue
                self.known.add(till)
                self.till, self.links, booked = till, 0, None
                self.name_of, self.least = f"{paid['cash_office']} {papers.day}", LINKS[self.strength] + 1
            else:
                self.links, booked = self.links + 1, self.owed
            self.owed, self.last = paid["assessment_id"], papers.start
            paid["assessment_id"] = booked
            if self.links == LINKS[self.strength]:
                self.till = None
            return [paid]
        return []


class ForTheFamily(Innocent):
    """Somebody pays the bill of a parent or a neighbour."""

    DOMAIN = "revenue"
    SINCE, UNTIL = 4, 9

    def plant(self, papers: Papers) -> list[Record]:
        for paid in bills(papers):
            paid["payer_token"] = papers.ground.world.token("person", f"child/{paid['assessment_id']}")
            return [paid]
        return []


PLANTS = (Lapping, ForTheFamily)
