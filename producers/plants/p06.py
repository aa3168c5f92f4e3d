"""P06: one officer stands on both sides of a control that needs two.

What happened: who decides has also examined, or the one who examined registered the file himself, so that nobody
looked twice. Weak: he takes over one act; medium: the whole step; strong: he accepted the file as well.
Source: segregation of duties and four eyes shown with ProM (fluxicon.com 2011).
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength
from producers.simulator.world import Record


class OneForBoth(CasePlant):
    """Puts the officer of one side of a declared pair on the other side too."""

    RULE = "P06"
    FIRST = 15
    COST = 6

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        kind = self.ground.profile.permit_types[case.permit_type]
        pairs = list(kind.pairs_on(self.ground.world.local_date(case.accepted)))
        self.rng.shuffle(pairs)
        for pair in pairs:
            one, other = _acts(case, pair.first), _acts(case, pair.second)
            if not one or not other:
                continue
            if one[0]["kind"] in ("issued", "rejected"):
                one, other = other, one
            officer = other[0]["officer_token"]
            chosen = one[:1] if strength == "weak" else one
            if strength == "strong":
                chosen = [*chosen, case.first("accepted")]
            for record in chosen:
                record["officer_token"] = officer
            return True
        return False


def _acts(case: CaseFile, member: str) -> list[Record]:
    """The events of one side of a pair in which an officer is named."""
    kind = member.removeprefix("kind:")
    return [
        record
        for record in case.events
        if record.get("officer_token")
        and (record["kind"] == kind if kind != member else record.get("step") == member)
    ]
