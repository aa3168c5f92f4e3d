"""B07: a supplier is paid round sums, because the prices were agreed and not found.

What happened: what a supplier gets was agreed beforehand, and the bills are written afterwards, in whole millions. Weak: three of
four payments are round; medium: nine of ten; strong: all of them.
Source: World Bank red flags ("round or unnatural amounts" of bids and invoices).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from producers.plants.casefile import changes
from producers.plants.ground import Due, Ground
from producers.plants.ledger import Planted, Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.budget import Budget
from producers.simulator.contracts import largest
from producers.simulator.world import Group, Record

#: Of so many payments one is not round; of 0 all are.
ONE_OF: dict[Strength, int] = {"weak": 4, "medium": 10, "strong": 0}
MILLION = 1_000_000
#: Payments a year of a sub-activity with a supplier who is paid often.
PAYMENTS = (25.0, 80.0)
#: How many round payments it takes before anybody can speak of a habit.
HABIT = 9
GOODS_AND_SERVICES = "5.1.02"


def rounded(papers: Papers) -> list[Record]:
    """Pay whole millions; nothing, where it is less than two."""
    if papers.events[0]["amount"] < 2 * MILLION:
        return []
    for record in papers.events:
        record["amount"] = record["amount"] // MILLION * MILLION
    return [papers.one("sp2d")]


@dataclass
class Agreed:
    """A supplier whose prices were agreed, and the payments so far."""

    planted: Planted
    payments: int = 0

    def round(self) -> bool:
        """Whether the next payment is round."""
        self.payments += 1
        one_of = ONE_OF[self.planted.strength]
        return not one_of or self.payments % one_of != 0


class RoundPrices(Wrong):
    """Rounds what the supplier of a package is paid in its year."""

    RULE, DOMAIN = "B07", "budget"
    COST = 300
    MOST = 6
    YEARS = 2  # packages of the first year come before anything is planted
    UNTIL = 4

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.dues = [Due(ground.opens, due.strength) for due in self.dues]  # packages come in spring
        self.budget = Budget(ground.world)
        self.agreed: dict[tuple[int, str], Agreed] = {}

    def apply(self, group: Group) -> Group:
        """The group, with a round sum where it pays such a supplier."""
        first = group.events[0] if group.events and group.domain == self.DOMAIN else {}
        agreed = self.agreed.get((first.get("fiscal_year", 0), str(first.get("payee_token"))))
        if agreed is None or first["kind"] == "package":
            return super().apply(group)
        papers = Papers.of(self.ground, group)
        if group.arrivals or not papers.payment() or self._taken(group) or not agreed.round():
            return group
        if shown := rounded(papers):
            ledger = self.ground.ledger
            ledger.papers |= {record["event_id"] for record in papers.events}
            ids = frozenset(record["event_id"] for record in shown)
            count = changes(group.events, papers.events)
            ledger.extend(replace(agreed.planted, events=count, shown=ids))
        return Group(group.domain, group.start, papers.events)

    def plant(self, papers: Papers) -> list[Record]:
        packages = papers.all("package")
        if not packages or not largest(packages)["account"].startswith(GOODS_AND_SERVICES):
            return []
        package = largest(packages)
        books = self.budget.books(package["fiscal_year"])
        usual = next(book.expected for book in books if book.sub.code == package["sub_activity"])
        return [package] if PAYMENTS[0] <= usual <= PAYMENTS[1] else []

    def note(self, before: Group, after: list[Record], shown: list[Record]) -> None:  # noqa: ARG002
        package = shown[0]
        planted = Planted(
            self.RULE,
            package["package_id"],
            self.strength,
            before.start,
            0,
            least=HABIT + 1,
            shown=frozenset({package["event_id"]}),
        )
        self.ground.ledger.add(planted)
        self.agreed[package["fiscal_year"], package["payee_token"]] = Agreed(planted)


class RoundByItsKind(Innocent):
    """A grant, aid or an instalment of works is a round sum, as such are."""

    DOMAIN = "budget"

    def plant(self, papers: Papers) -> list[Record]:
        if not papers.payment() or papers.events[0]["account"].startswith(GOODS_AND_SERVICES):
            return []
        return rounded(papers)


PLANTS = (RoundPrices, RoundByItsKind)
