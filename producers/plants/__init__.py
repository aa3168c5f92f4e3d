"""Planted irregularities: what corruption in permits looked like where it was found out, written from the cases.

No rule is imported here and no formula of a rule is used: a plant says what people did, a rule says what it looks at,
and an evaluation holds one against the other. One file per rule, each in three strengths; what is planted is at most
one in two thousand of the regency's events.
"""

from __future__ import annotations

from collections.abc import Callable

from producers.plants import (
    p01,
    p02,
    p03,
    p04,
    p05,
    p06,
    p07,
    p08,
    p09,
    p11,
    p12,
    p13,
    p14,
    p15,
    p16,
    p18,
    s01,
)
from producers.plants.casefile import CasePlant
from producers.plants.ground import Ground, Recorder
from producers.plants.ledger import STRENGTHS, Ledger, Planted, Strength
from producers.plants.p16 import moved_approvers
from producers.plants.watch import Watch
from producers.simulator.planting import Plant

__all__ = [
    "ONE_IN",
    "STRENGTHS",
    "Ground",
    "Ledger",
    "Planted",
    "Strength",
    "budget",
    "moved_approvers",
    "sow",
]

ONE_IN = 2_000
EVENTS_PER_PERSON = 1.25  # of all domains in a year, less than the simulator makes of any seed
SILENCES = 3

#: Those that change one case each, the cheapest first; the queue jump comes last, because it looks at the others.
CASES: tuple[type[CasePlant], ...] = (
    p01.Delayed,
    p02.Undecided,
    p16.NoAuthority,
    p04.OutOfOrder,
    p14.FeeMismatch,
    p06.OneForBoth,
    p03.Skipped,
    p07.Rushed,
    p11.EnteredAfterwards,
    p11.BackDated,
    p11.DatedBefore,
    p11.EnteredUnderOldDate,
    p12.Reconsidered,
    p13.IdleThenFast,
    p15.ReturnedAgain,
    p05.Repeated,
    p08.QueueJump,
)
OfficerPlant = type[p09.Concentrated] | type[p18.FasterWithAgent] | type[p15.ReturnsEveryone]
#: Those that need many cases of one officer, three strengths each.
OFFICERS: tuple[OfficerPlant, ...] = (
    p09.Concentrated,
    p18.FasterWithAgent,
    p15.ReturnsEveryone,
)


def budget(population: int, years: int) -> int:
    """How many events may be planted in a regency of that size."""
    return int(population * years * EVENTS_PER_PERSON / ONE_IN)


def sow(ground: Ground, events: int) -> list[Plant]:
    """The plants for a regency within a budget of events; an evaluation reads ``ground.ledger`` after the run.

    Each plant gets its three strengths, the cheapest first; then those of facts get more, then come the officers'
    plants, then more cases of each in turn until the budget or what each wants is reached.
    """
    counts, officers = _shares(events)
    watch = Watch(ground)
    many = [kind(ground, strength, watch) for kind in officers for strength in STRENGTHS]
    few = [kind(ground, counts[kind]) for kind in CASES if counts[kind]]
    return [watch, *many, *few, s01.Silent(ground, SILENCES if events else 0), Recorder(ground)]


def _shares(left: int) -> tuple[dict[type[CasePlant], int], list[OfficerPlant]]:
    """How many cases each plant gets, and which officers' plants there are, for that many events."""
    counts: dict[type[CasePlant], int] = dict.fromkeys(CASES, 0)
    officers: list[OfficerPlant] = []

    def more(most: Callable[[type[CasePlant]], int]) -> None:
        """Three cases more of each in turn, as long as there is something left and somebody wants it."""
        nonlocal left
        given = True
        while given:
            given = False
            for kind in CASES:
                if counts[kind] < most(kind) and left >= kind.COST:
                    left -= kind.COST
                    counts[kind] += 3
                    given = True

    more(lambda _: 3)
    more(lambda kind: kind.FIRST)
    for many in OFFICERS:
        if left >= many.COST:
            left -= many.COST
            officers.append(many)
    more(lambda kind: kind.MOST)
    return counts, officers
