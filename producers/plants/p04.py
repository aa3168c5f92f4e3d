"""P04: a step begins before the step it rests on.

What happened: the field survey, or the signature, begins while what it needs is not there yet; the paper that should
come first is made up afterwards. Weak: by half an hour; medium: half way into the step before; strong: before that.
Source: process mining on internal controls (Jans et al. 2011); "Early" and "Late" anomalies of BINet (Nolle et al.).
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength
from producers.simulator.world import MINUTE_MS


class OutOfOrder(CasePlant):
    """Lets a step start before a step it follows is finished."""

    RULE = "P04"
    ALSO = frozenset({"P01", "P13"})
    FIRST = 15
    COST = 3

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        kind = self.ground.profile.permit_types[case.permit_type]
        day = self.ground.world.local_date(case.accepted)
        after = {step.code: step.after for step in kind.steps_on(day) if not step.automatic}
        for step in reversed(case.steps):
            for before in after.get(step, ()):
                if before not in case.steps or not case.once(step) or not case.once(before):
                    continue
                begun, ended = (
                    case.time(case.first("started", before)),
                    case.time(case.first("finished", before)),
                )
                early = {
                    "weak": ended - 30 * MINUTE_MS,
                    "medium": (begun + ended) // 2,
                    "strong": begun - 20 * MINUTE_MS,
                }[strength]
                if early > case.accepted and ended - early >= 30 * MINUTE_MS:
                    case.first("started", step)["occurred_at"] = early
                    return True
        return False
