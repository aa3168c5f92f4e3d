"""P07: an examination that takes others days is done in minutes.

What happened: the file waits, and then a technical examination begins and ends within minutes: nobody read it.
Weak: a fifteenth of the time it would have taken; medium: a fiftieth; strong: two minutes.
Source: "exceptionally short decision period, rushed" in the Corruption Risk Index (Fazekas; indicatortoolbox.eu).
"""

from __future__ import annotations

from producers.plants.casefile import CaseFile, CasePlant
from producers.plants.ledger import Strength
from producers.simulator.world import MINUTE_MS

PARTS: dict[Strength, int] = {"weak": 15, "medium": 50, "strong": 100_000}


class Rushed(CasePlant):
    """Begins the longest step only just before it ends."""

    RULE = "P07"
    ALSO = frozenset({"P13"})
    COST = 3

    def plant(self, case: CaseFile, strength: Strength) -> bool:
        step = case.longest()
        if step is None or case.worked(step) < 0.25:
            return False
        rush(case, step, PARTS[strength])
        return True


def rush(case: CaseFile, step: str, part: int) -> None:
    """Do a step in a part of its working time, at its end; in two minutes at the least."""
    started, finished = case.first("started", step), case.first("finished", step)
    begin = case.ground.later(case.time(started), case.worked(step) * (1 - 1 / part))
    started["occurred_at"] = min(begin, case.time(finished) - 2 * MINUTE_MS)
