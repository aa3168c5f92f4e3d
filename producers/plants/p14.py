"""P14: the fee that was paid is not the fee that was due.

What happened: a permit is issued for less than was assessed, for an assessment below the tariff, or for nothing at
all, and the difference stays in a pocket. Weak: a tenth is missing; medium: nearly half; strong: nothing was paid.
Source: BPK audit findings on retribusi (fees assessed and not collected, collected below the tariff).
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength


class FeeMismatch(CasePlant):
    """Takes from the fee."""

    RULE = "P14"
    FIRST = 15
    COST = 4

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        day = self.ground.world.local_date(case.accepted)
        tariff = self.ground.profile.tariff(case.permit_type, day)
        paid = [record for record in case.events if record.get("fee_paid")]
        if tariff is None or len(paid) != 1:
            return False
        due = paid[0]["fee_paid"]
        if strength == "strong":
            paid[0]["fee_paid"] = None
        elif strength == "weak":
            paid[0]["fee_paid"] = due * 9 // 10
        else:
            paid[0]["fee_paid"] = due * 6 // 10
            if tariff.amount is not None:
                for record in case.events:
                    if record.get("fee_assessed"):
                        record["fee_assessed"] = due * 6 // 10
        return True
