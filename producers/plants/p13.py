"""P13: the file lies still until somebody calls or pays, and is then done the same day.

What happened: "they say it is incomplete though it is complete" (a KPK commissioner, 2025): the file waits before the
last step much longer than others take altogether, then comes a visit or a payment, and the permit is there by evening.
Source: KPK, 2025, on extortion in licensing.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength
from producers.simulator.world import HOUR_MS

IDLE: dict[Strength, float] = {"weak": 1.5, "medium": 2.5, "strong": 4.0}  # times what it would have taken
THEN: dict[Strength, int] = {"weak": 5 * HOUR_MS, "medium": 3 * HOUR_MS, "strong": HOUR_MS}
CONTACTS = ("visit", "phone", "message", "payment")


class IdleThenFast(CasePlant):
    """Waits before the last step, then ends within hours of a contact."""

    RULE = "P13"
    ALSO = frozenset({"P01", "P02", "P07"})
    MOST = 12
    COST = 10

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        if not case.steps or not case.once(case.steps[-1]):
            return False
        started, finished = (
            case.first("started", case.steps[-1]),
            case.first("finished", case.steps[-1]),
        )
        usual = self.ground.working_days(case.accepted, case.time(case.decision))
        at = self.ground.later(case.time(started), usual * IDLE[strength])
        took = THEN[strength]
        started["occurred_at"] = at
        started["contact"] = self.rng.choice(CONTACTS)
        finished["occurred_at"] = at + took * 4 // 5
        case.decision["occurred_at"] = case.decision["document_date"] = at + took
        return True
