"""P16: a decision by somebody who may not decide.

What happened: a head of service who has been moved goes on signing (weak), an examiner signs in his chief's place
(medium), or a person from the regent's office signs under a delegation that nobody issued (strong).
Source: a court case of 2022 on permits decided in the regent's office; rules on the mutation of officials.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ground import Ground
from producers.plants.ledger import Strength
from producers.simulator.permits import VERIFIERS, Mandate


class NoAuthority(CasePlant):
    """Another signature stands under the permit."""

    RULE = "P16"
    FIRST = 15
    COST = 3

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        decision = case.decision
        if not decision.get("officer_token"):
            return False
        decision["delegation_id"] = None
        if strength == "weak":
            decision["officer_token"] = moved(self.ground, decision["unit"])
        elif strength == "medium":
            acting = {record.get("officer_token") for record in case.events}
            people = [self.ground.permits.person(decision["unit"], "verifier", n) for n in range(VERIFIERS)]
            decision["officer_token"] = next(person for person in people if person not in acting)
        else:
            decision["officer_token"] = self.ground.world.token("person", "regent/office")
            decision["delegation_id"] = f"DISPOSISI/{case.permit_type}"
        return True


def moved(ground: Ground, unit: str) -> str:
    """The token of an approver who had the authority until the day before the first year, and was then moved."""
    return ground.permits.person(unit, "approver", "moved")


def moved_approvers(ground: Ground) -> list[Mandate]:
    """What those who were moved could decide until then."""
    types = ground.profile.permit_types
    return [
        Mandate(moved(ground, unit), code)
        for code in sorted(types)
        for unit in sorted({step.unit for step in types[code].steps})
    ]
