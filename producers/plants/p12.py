"""P12: refused, and granted a little later with nothing new in the file.

What happened: an application is refused, somebody has a word, and the same papers are granted days later; at its
strongest on the next morning, by another officer.
Source: Prozorro sas24-3-9, who lost an award gets it after all following an appeal; KPK on brokers.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength

AFTER: dict[Strength, float] = {"weak": 4.0, "medium": 2.0, "strong": 0.5}  # working days


class Reconsidered(CasePlant):
    """A refusal goes before the permit, which needs no new document."""

    RULE = "P12"
    COST = 6

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        decision = case.decision
        if decision.get("automatic") or not decision.get("officer_token"):
            return False
        if any(record.get("fee_paid") for record in case.events):
            return False
        refused = case.time(decision)
        case.copy(
            decision,
            self.rng,
            kind="rejected",
            reason_code="DATA-TIDAK-SESUAI",
            document_number=None,
            document_date=None,
        )
        again = self.ground.later(refused, AFTER[strength])
        decision["occurred_at"] = decision["document_date"] = again
        if strength == "strong":
            people = [self.ground.permits.person(decision["unit"], "approver", n) for n in (0, 1)]
            decision["officer_token"] = next(p for p in people if p != decision["officer_token"])
            decision["delegation_id"] = None
        return True
