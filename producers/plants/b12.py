"""B12: a sub-activity is not carried out in the first half of the year.

What happened: what was planned for the first months is left lying, by neglect or until whoever shall get the work is found,
and is hurried through in the last weeks. Weak: one of three payments is made; medium: one of six; strong: none.
Source: Liebman and Mahoney, 2017, on the rush at the end of the year; Permendagri 77/2020 (spending by the cash plan).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from producers.plants.ground import Due, Ground
from producers.plants.ledger import Planted, Strength
from producers.plants.papers import Papers, Wrong
from producers.simulator.budget import Budget
from producers.simulator.world import Group, Record

#: Of so many payments one is made; of 0 none.
ONE_OF: dict[Strength, int] = {"weak": 3, "medium": 6, "strong": 0}
LAST_MONTH = 6
#: Payments a year of a sub-activity that is missed when it lies, and small enough.
PAYMENTS = (12.0, 45.0)
#: The ceiling of a sub-activity that is worth asking for, rupiah.
LARGE = 200_000_000
APPROVED = "APBD"
PAID = ("LS", "GU", "TU")
Year = tuple[int, str]


@dataclass
class Lying:
    """A sub-activity that is left lying, and its payments so far."""

    planted: Planted
    strength: Strength
    payments: int = 0

    def made(self) -> bool:
        """Whether the next payment is made all the same."""
        self.payments += 1
        one_of = ONE_OF[self.strength]
        return bool(one_of) and self.payments % one_of == 0


class LeftLying(Wrong):
    """Takes out payments of a sub-activity until the end of June."""

    RULE, DOMAIN = "B12", "budget"
    COST = 160
    MOST = 6
    YEARS = 2  # the first January is over before anything is planted
    SINCE = UNTIL = 1

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.dues = [Due(ground.opens, due.strength) for due in self.dues]  # a year has one first half
        self.budget = Budget(ground.world)
        self.lying: dict[Year, Lying] = {}

    def apply(self, group: Group) -> Group:
        """The group, or nothing of it where a payment is not made."""
        if group.domain != self.DOMAIN or not _pays(group):
            return super().apply(group)
        first = group.events[0]
        half_year = self.ground.world.local_date(group.start).month <= LAST_MONTH
        year = (first["fiscal_year"], first["sub_activity"])
        lying = self.lying.get(year)
        if lying is None or not half_year or self._taken(group) or lying.made():
            return group
        ledger = self.ground.ledger
        ledger.papers |= {record["event_id"] for record in group.events}
        ledger.extend(replace(lying.planted, events=len(group.events), cases=0))
        return Group(group.domain, group.start, [])

    def plant(self, papers: Papers) -> list[Record]:
        first = papers.events[0]
        if first["kind"] != "ceiling" or first["ceiling_stage"] != APPROVED:
            return []
        books = self.budget.books(first["fiscal_year"])
        usual = next(book.expected for book in books if book.sub.code == first["sub_activity"])
        if not PAYMENTS[0] <= usual <= PAYMENTS[1] or sum(r["amount"] for r in papers.events) < LARGE:
            return []
        return papers.events

    def note(self, before: Group, after: list[Record], shown: list[Record]) -> None:  # noqa: ARG002
        first = shown[0]
        ids = frozenset(record["event_id"] for record in shown)
        name = f"{first['sub_activity']} {first['fiscal_year']}"
        planted = Planted(self.RULE, name, self.strength, before.start, 0, shown=ids)
        self.ground.ledger.add(planted)
        self.lying[first["fiscal_year"], first["sub_activity"]] = Lying(planted, self.strength)


def _pays(group: Group) -> bool:
    """Whether it is a payment, which a half year without spending has not."""
    return any(r["kind"] == "sp2d" and r["disbursement_type"] in PAID for r in group.events)


PLANTS = (LeftLying,)
