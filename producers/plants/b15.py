"""B15: the ceiling of one sub-activity grows between two stages of the budget.

What happened: members of the council have projects of their own put into the budget while it is discussed, and the ceiling
that shall pay for them is doubled. Weak: seven tenths more than the stage before; medium: twice as much, as there; strong:
three times as much. All of it comes onto one line, of something to be bought or built.
Source: KPK on Ogan Komering Ulu, public works, 2025 (48 became 96 billion).
"""

from __future__ import annotations

from collections import Counter

from producers.plants.ground import Due, Ground
from producers.plants.ledger import Strength
from producers.plants.papers import Papers, Wrong
from producers.simulator.world import DAY_MS, Record

TIMES: dict[Strength, float] = {"weak": 1.7, "medium": 2.0, "strong": 3.0}
#: Stages that every budget has and that follow another one.
LATER = ("APBD", "APBD-P")
BOUGHT = ("5.1.02", "5.2.")
#: What is worth asking for, rupiah, and what can be seen beside the others: sub-activities of a department.
LARGE, OTHERS = 1_500_000_000, 8
Stage = tuple[int, str, str]


class Inflated(Wrong):
    """One ceiling grows far beyond those of the department's other sub-activities."""

    RULE, DOMAIN = "B15", "budget"
    ALSO = frozenset({"B12"})  # what nobody had planned is not spent by plan
    COST = 3
    MOST = 3  # one a stage, and two stages a year

    def __init__(self, ground: Ground, count: int) -> None:
        super().__init__(ground, count)
        self.dues = [Due(ground.opens, due.strength) for due in self.dues]  # there are few occasions
        self.closes = ground.end - 60 * DAY_MS  # it shows at once
        self.size = Counter(sub.opd for sub in ground.profile.sub_activities.values())
        self.done: set[Stage | str] = set()

    def plant(self, papers: Papers) -> list[Record]:
        first = papers.events[0]
        stage = (first["fiscal_year"], first["opd"], str(first.get("ceiling_stage")))
        if first["kind"] != "ceiling" or stage[2] not in LATER or self.size[first["opd"]] < OTHERS:
            return []
        lines = [record for record in papers.events if record["account"].startswith(BOUGHT)]
        whole = sum(record["amount"] for record in papers.events)
        if whole < LARGE or not lines or not self.done.isdisjoint({stage, first["sub_activity"]}):
            return []
        self.done |= {stage, first["sub_activity"]}
        raised(line := self.rng.choice(lines), int(whole * (TIMES[self.strength] - 1)))
        return [line]


def raised(line: Record, more: int) -> None:
    """A ceiling with so much more (rupiah) in whole millions, its cash plan in proportion."""
    before, after = line["amount"], line["amount"] + more // 1_000_000 * 1_000_000
    plan = [part * after // before for part in line["monthly_plan"]]
    line |= {"amount": after, "monthly_plan": [*plan[:-1], after - sum(plan[:-1])]}


PLANTS = (Inflated,)
