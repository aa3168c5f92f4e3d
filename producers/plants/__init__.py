"""Planted irregularities: what corruption looked like where it was found out, written from the cases.

No rule is imported here and no formula of a rule is used: a plant says what people did, a rule says what it looks at,
and an evaluation holds one against the other. One file per rule, each in three strengths; what is planted is at most
one in two thousand of the regency's events. What looks alike and is innocent is planted too, as honest data.

A plant in documents of money or people is one file named after its rule (``b05.py``), with ``PLANTS``; nothing else names
it.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module

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
from producers.plants.papers import Innocent, PaperPlant, Wrong
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
DEAR = 100  # events of three of a kind: from so many on they come after the officers' plants

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


def _found() -> Iterator[type[PaperPlant]]:
    """The plants in documents, in order of their files."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if re.fullmatch(r"[bkr]\d\d", module.name):
            yield from import_module(f"{__name__}.{module.name}").PLANTS


_PAPERS = tuple(_found())
#: Those that change one group of documents each, and what looks alike and is innocent.
PAPERS: tuple[type[Wrong], ...] = tuple(kind for kind in _PAPERS if issubclass(kind, Wrong))
INNOCENT: tuple[type[Innocent], ...] = tuple(kind for kind in _PAPERS if issubclass(kind, Innocent))
Single = type[CasePlant] | type[Wrong]
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

    Each plant gets its three strengths, the cheapest first; then come the officers' plants and what is dearer, then those of
    facts get more, then each in turn until the budget or what each wants is reached.
    """
    counts, officers = _shares(events, ground.years)
    watch = Watch(ground)
    looks_alike = [kind(ground, kind.TIMES * ground.years if events else 0) for kind in INNOCENT]
    papers = [kind(ground, counts[kind]) for kind in PAPERS if counts.get(kind)]
    many = [kind(ground, strength, watch) for kind in officers for strength in STRENGTHS]
    few = [kind(ground, counts[kind]) for kind in CASES if counts[kind]]
    return [
        watch,
        *many,
        *few,
        *papers,
        *looks_alike,
        s01.Silent(ground, SILENCES if events else 0),
        Recorder(ground),
    ]


def _shares(left: int, years: int) -> tuple[dict[Single, int], list[OfficerPlant]]:
    """How often each plant happens, and which officers' plants there are, for that many events in those years."""
    long_enough = [kind for kind in PAPERS if years >= kind.YEARS]
    singles: list[Single] = sorted((*CASES, *long_enough), key=lambda kind: kind.COST)
    counts: dict[Single, int] = dict.fromkeys(singles, 0)
    officers: list[OfficerPlant] = []

    def more(most: Callable[[Single], int]) -> None:
        """Three more of each in turn, as long as there is something left and somebody wants it."""
        nonlocal left
        given = True
        while given:
            given = False
            for kind in singles:
                if counts[kind] < most(kind) and left >= kind.COST:
                    left -= kind.COST
                    counts[kind] += 3
                    given = True

    more(lambda kind: 3 if kind.COST < DEAR else 0)
    for many in OFFICERS:
        if left >= many.COST:
            left -= many.COST
            officers.append(many)
    more(lambda _: 3)
    more(lambda kind: kind.FIRST)
    more(lambda kind: kind.MOST)
    return counts, officers
