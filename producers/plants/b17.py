"""B17: a contractor is paid for more than was built.

What happened: a contract is won for less than was planned, and the instalments are paid by the plan: each is larger than
what was built for it, until more is paid than the contract is worth. Weak: it is won for half of the plan; medium: for two
fifths; strong: for a quarter.
Source: BPK on Lubuklinggau (payments beyond the volume of work, not recovered).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from producers.plants.ground import Due, Ground
from producers.plants.ledger import Planted, Strength
from producers.plants.papers import Innocent, Papers, Series
from producers.simulator.contracts import contract_number, largest
from producers.simulator.progress import WHOLE
from producers.simulator.slips import standing
from producers.simulator.world import Group, Record

WON: dict[Strength, float] = {"weak": 0.5, "medium": 0.4, "strong": 0.25}
#: Works that are paid in several instalments, rupiah.
LARGE = 1_000_000_000
BACK = ("return", "reversal")


@dataclass
class Won:
    """A contract that was won for less, rupiah, and what was paid of it."""

    worth: int
    planted: Planted
    paid: int = 0


class PaidByThePlan(Series):
    """Lowers the value of a contract, and leaves its instalments as they are."""

    RULE, DOMAIN = "B17", "budget"
    COST = 3
    FIRST = MOST = 9
    YEARS = 2  # contracts of the first year begin before anything is planted

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.dues = [Due(ground.opens, due.strength) for due in self.dues]  # packages come in spring
        self.least = 2  # the contract, and an instalment beyond its worth
        self.won: dict[str, Won] = {}

    def look(self, group: Group) -> None:
        known: dict[str, Won] = {}
        for record in standing(group.events):
            won = self.won.get(str(record.get("contract_number")))
            if record["kind"] == "sp2d" and won is not None:
                known[record["document_number"]] = won
                won.paid += record["amount"]
                if won.paid > won.worth:
                    shown = frozenset({record["event_id"]})
                    self.ground.ledger.extend(replace(won.planted, events=0, shown=shown))
            elif record["kind"] in BACK and record["refers_to"] in known:
                known[record["refers_to"]].paid -= record["amount"]

    def plant(self, papers: Papers) -> list[Record]:
        packages = papers.all("package")
        if not packages or (package := largest(packages))["amount"] < LARGE:
            return []
        package["amount"] = int(package["amount"] * WON[self.strength]) // 1000 * 1000
        self.name_of = contract_number(package["package_id"])
        first = Planted(self.RULE, self.name_of, self.strength, papers.start, 0, cases=1, least=self.least)
        self.won[self.name_of] = Won(package["amount"], first)
        return [package]


class WithoutNumber(Innocent):
    """A report leaves out the number of the contract."""

    DOMAIN = "activities"

    def plant(self, papers: Papers) -> list[Record]:
        report = papers.events[0]
        if not report.get("contract_number") or report["physical_bp"] > WHOLE * 8 // 10:
            return []
        report |= {"contract_number": None, "package_id": None}
        return [report]


PLANTS = (PaidByThePlan, WithoutNumber)
