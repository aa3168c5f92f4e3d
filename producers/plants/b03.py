"""B03: money that has to be gone by the end of the year goes to one payee.

What happened: in the last days of December a supplier is paid for work that nobody has looked at, so that what is left of the
budget need not be given back. Weak: two thirds of what this payee had in all of the year before; medium: as much; strong: twice.
Source: Liebman and Mahoney, AER 2017 (spending of the last week); BPK findings on works paid in December and not finished.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from producers.plants.b05 import goods
from producers.plants.ground import Due, Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Papers, Wrong
from producers.simulator.slips import standing
from producers.simulator.world import Group, Record

SHARES: dict[Strength, float] = {"weak": 0.67, "medium": 1.0, "strong": 2.0}
#: The last days of a year begin here, and so often somebody was paid before whose year can be compared.
LAST_DAYS, OFTEN = (12, 18), 8
#: A payee in a year.
Payee = tuple[int, str]


class LastDays(Wrong):
    """Pays somebody in the last days about as much as in the whole year before them, or more."""

    RULE, DOMAIN = "B03", "budget"
    ALSO = frozenset({"B01", "B12", "B17"})
    COST = 9
    MOST = 6
    SINCE = 12

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        year = ground.world.local_date(ground.closes).year - 1
        last = ground.world.day_start(date(year, *LAST_DAYS))  # no later December is over in time
        self.dues = [Due(min(due.at, last), due.strength) for due in self.dues]
        self.paid: Counter[Payee] = Counter()
        self.times: Counter[Payee] = Counter()

    def look(self, group: Group) -> None:
        for record in standing(group.events):
            ordinary = record["kind"] == "sp2d" and record["disbursement_type"] == "LS"
            if ordinary and not record.get("recurring"):
                self.paid[_payee(record)] += record["amount"]
                self.times[_payee(record)] += 1

    def plant(self, papers: Papers) -> list[Record]:
        if not goods(papers) or papers.day < date(papers.day.year, *LAST_DAYS):
            return []
        paid = papers.one("sp2d")
        before, times = self.paid[_payee(paid)] - paid["amount"], self.times[_payee(paid)] - 1
        if times < OFTEN:
            return []
        amount = max(paid["amount"], int(before * SHARES[self.strength]) // 1000 * 1000)
        for record in papers.events:
            record["amount"] = amount
        return [paid]


def _payee(record: Record) -> Payee:
    return record["fiscal_year"], record["payee_token"]


PLANTS = (LastDays,)
