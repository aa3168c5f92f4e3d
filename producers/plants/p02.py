"""P02: nobody decides, and the law takes the silence for a yes.

What happened: an application is left undecided past the days after which it counts as granted (*fiktif positif*); the
office then signs as if nothing had been, or bargains over what the applicant already has.
Source: UU 30/2014 article 53 as amended; PP 28/2025; petitions for *fiktif positif* at the administrative courts.
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength
from producers.plants.p01 import hold

TIMES: dict[Strength, float] = {"weak": 1.1, "medium": 1.6, "strong": 2.5}


class Undecided(CasePlant):
    """Closes after a multiple of the deemed days."""

    RULE = "P02"
    ALSO = frozenset({"P01"})
    FIRST = 15
    COST = 6

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        kind = self.ground.profile.permit_types[case.permit_type]
        deemed = kind.deemed_on(self.ground.world.local_date(case.accepted))
        return deemed is not None and hold(case, deemed * TIMES[strength])
