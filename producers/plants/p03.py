"""P03: a permit is issued without steps that the procedure demands.

What happened: the technical examination or the field survey is left out, and the permit is signed as if it had been.
Weak: one step; medium: two; strong: everything between the counter and the signature.
Source: Jans, van der Werf, Lybaert and Vanhoof 2011, a process-mining case of internal transaction fraud; Stoop 2012.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength

LEFT_OUT: dict[Strength, int] = {"weak": 1, "medium": 2, "strong": 99}


class Skipped(CasePlant):
    """Leaves out mandatory steps after the first."""

    RULE = "P03"
    ALSO = frozenset({"P13"})
    FIRST = 15
    COST = 12

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        kind = self.ground.profile.permit_types[case.permit_type]
        valid = kind.steps_on(self.ground.world.local_date(case.accepted))
        mandatory = {step.code for step in valid if step.mandatory}
        middle = [step for step in case.steps[1:] if step in mandatory]
        if not middle or any(record.get("fee_assessed") for record in case.events):
            return False
        gone = set(middle[: LEFT_OUT[strength]])
        case.events = [record for record in case.events if record.get("step") not in gone]
        return True
