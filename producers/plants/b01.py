"""B01: more is paid from a line than its ceiling.

What happened: a department goes on paying from a line whose money is used up, and the overrun is carried into the next
year as a debt or papered over. Weak: three in a hundred beyond the ceiling; medium: fifteen; strong: sixty. It is planted
when the last change of the ceilings is over, for a change may lawfully heal it.
Source: PP 12/2019 (no spending that burdens a budget not available); BPK findings on spending beyond the ceiling.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from producers.plants.ground import Due, Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Papers, Wrong
from producers.simulator.slips import standing
from producers.simulator.world import Group, Record

BEYOND: dict[Strength, float] = {"weak": 0.03, "medium": 0.15, "strong": 0.6}
ADDS = frozenset({("sp2d", "LS"), ("sp2d", "GU"), ("accounting", "TU"), ("accounting", "UP")})
BACK = ("return", "reversal")
Line = tuple[int, str, str, str]


class Overspent(Wrong):
    """A payment is so large that its line is beyond its ceiling, whatever comes after it."""

    RULE, DOMAIN = "B01", "budget"
    ALSO = frozenset({"B17"})
    COST = 9
    SINCE = 10

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        year = ground.world.local_date(ground.closes).year - 1
        last = ground.world.day_start(date(year, self.SINCE, 1))
        self.dues = [
            Due(min(due.at, last), due.strength) for due in self.dues
        ]  # no later autumn is over in time
        self.ceilings: dict[Line, int] = {}
        self.spent: Counter[Line] = Counter()

    def look(self, group: Group) -> None:
        for record in standing(group.events):
            if record["kind"] == "ceiling" and record["ceiling_stage"] in ("APBD", "SHIFT", "APBD-P"):
                self.ceilings[_line(record)] = record["amount"]
            elif (record["kind"], record.get("disbursement_type")) in ADDS:
                self.spent[_line(record)] += record["amount"]
            elif record["kind"] in BACK and record["disbursement_type"] in ("LS", "GU"):
                self.spent[_line(record)] -= record["amount"]

    def plant(self, papers: Papers) -> list[Record]:
        if not papers.payment() or not (ceiling := self.ceilings.get(_line(papers.events[0]))):
            return []
        line = _line(papers.events[0])
        more = int(ceiling * (1 + BEYOND[self.strength])) - self.spent[line]
        for record in papers.events:
            record["amount"] += more
        self.spent[line] += more
        return [papers.one("sp2d")]


def _line(record: Record) -> Line:
    return record["fiscal_year"], record["opd"], record["sub_activity"], record["account"]


PLANTS = (Overspent,)
