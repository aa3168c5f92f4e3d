"""P01: the file lies on a desk long after the service was promised.

What happened: the Ombudsman's commonest complaint, *penundaan berlarut*: a complete application is not refused and
not granted; an officer keeps it before the last step. Weak: a fifth more than promised; strong: three times as long.
Source: Ombudsman RI, reports on maladministration under UU 25/2009; PP 28/2025 for the promise itself.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength
from producers.simulator.world import MINUTE_MS

TIMES: dict[Strength, float] = {"weak": 1.2, "medium": 1.8, "strong": 3.0}


class Delayed(CasePlant):
    """Closes after a multiple of what was promised."""

    RULE = "P01"
    ALSO = frozenset({"P02"})
    FIRST = 15
    COST = 6

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        day = self.ground.world.local_date(case.accepted)
        promised = self.ground.profile.service_standard(case.permit_type, day)
        return promised is not None and hold(case, promised * TIMES[strength])


def hold(case: CaseFile, days: float) -> bool:
    """End the case that many working days after it was complete, later than it ended; the last step takes the time."""
    decision = case.decision
    ends = case.ground.later(case.accepted, days)
    last = [r for r in case.events if r["kind"] == "finished" and r is not decision]
    if not last or ends <= case.time(decision):
        return False
    last[-1]["occurred_at"] = ends - 10 * MINUTE_MS
    decision["occurred_at"] = ends
    if decision.get("document_date") is not None:
        decision["document_date"] = ends
    return True
