"""P05: the same step is done over and over.

What happened: an examination is opened again and again until it comes out as wished, or until the applicant pays.
Weak: three times in all; medium: five; strong: eight.
Source: rework as a sign in process-mining audits (Jans et al. 2011; the "Rework" anomaly of BINet).
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength

TIMES: dict[Strength, int] = {"weak": 3, "medium": 5, "strong": 8}


class Repeated(CasePlant):
    """Divides a step that is normally done once into many rounds."""

    RULE = "P05"
    MOST = 9
    COST = 26

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        kind = self.ground.profile.permit_types[case.permit_type]
        normal = {step.code for step in kind.steps if step.loop}
        steps = [step for step in case.steps if case.once(step) and step not in normal]
        if not steps:
            return False
        step = max(steps, key=case.worked)
        started, finished = case.first("started", step), case.first("finished", step)
        begin, span, times = case.time(started), case.time(finished) - case.time(started), TIMES[strength]
        if span < times * 120_000:
            return False
        for round_ in range(1, times):
            at = begin + span * round_ // times
            case.copy(finished, self.rng, occurred_at=at, fee_assessed=None)
            case.copy(started, self.rng, occurred_at=at + 60_000, fee_paid=None)
        return True
