"""R10: a tapping box is switched off while guests are served.

What happened: from the evening of a day on nothing goes through the device, and what is sold is not seen. Weak: that
evening and the next two days, medium: the next four, strong: the next seven.
Source: BPK on Bengkulu (devices that record taxable transactions, switched off or not used).
"""

from __future__ import annotations

from producers.plants.ground import Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Series
from producers.simulator.world import DAY_MS, HOUR_MS, Record

#: Days of business without a sale after the first evening.
DAYS: dict[Strength, int] = {"weak": 2, "medium": 4, "strong": 7}
EVENING = 17 * HOUR_MS
#: Hours of a day that are as usual, and days between two plants at one box.
ALL, APART = 6, 30


def of_box(papers: Papers) -> tuple[str, str] | None:
    """The box whose day this is: its cash office and device."""
    first = papers.events[0]
    name = (str(first.get("cash_office")), str(first.get("receipt_book")))
    return (
        name
        if name in {(box.cash_office, box.device) for box in papers.ground.profile.tapping_boxes}
        else None
    )


def drop(papers: Papers, sales: list[Record]) -> None:
    """Sales that the device never saw, and no deposit holds."""
    numbers = {record["receipt_number"] for record in sales}
    for slip in papers.all("deposit"):
        slip["composition"] = [part for part in slip["composition"] if part["receipt_number"] not in numbers]
        slip["amount"] = sum(part["amount"] for part in slip["composition"])
        if not slip["composition"]:
            papers.drop(slip)
    for record in sales:
        papers.drop(record)


def evening(papers: Papers) -> tuple[list[Record], list[Record]]:
    """The sales of a day before the evening, and in it."""
    dark = papers.ground.world.day_start(papers.day) + EVENING
    sales = papers.all("receipt")
    return [r for r in sales if r["occurred_at"] < dark], [r for r in sales if r["occurred_at"] >= dark]


class SwitchedOff(Series):
    """Takes out what a box would have recorded."""

    RULE, DOMAIN = "R10", "revenue"
    COST = 110
    MOST = 6

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.box: tuple[str, str] | None = None
        self.left = 0
        self.last: Record = {}
        self.free: dict[tuple[str, str], int] = {}

    def over(self) -> bool:
        return self.box is None

    def plant(self, papers: Papers) -> list[Record]:
        box = of_box(papers)
        if box is None or self.box not in (None, box):
            return []
        if self.box is None:
            before, after = evening(papers)
            if len(before) + len(after) < ALL or papers.start < self.free.get(box, 0):
                return []
            self.box, self.last, self.left = box, before[-1], DAYS[self.strength]
            self.name_of = f"{box[1]} {papers.day}"
            drop(papers, after)
            return [self.last]
        drop(papers, papers.all("receipt"))
        self.left -= 1
        if not self.left:
            self.box = None
            self.free[box] = papers.start + APART * DAY_MS
        return [self.last]


class Dark(Innocent):
    """The power fails of an evening."""

    DOMAIN = "revenue"
    TIMES = 3

    def plant(self, papers: Papers) -> list[Record]:
        if of_box(papers) is None:
            return []
        before, after = evening(papers)
        if not before or not after:
            return []
        drop(papers, after)
        return before


PLANTS = (SwitchedOff, Dark)
