"""Plain computations from the topics that the engine is compared with.

Slow, obviously right, and sharing no code with the engine, the domain modules and the rules: what they agree on is
only what the definitions say. Repeats and dead letters are taken out before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schemas.profile import Profile
from streams.reference import activities, budget, permits, population, revenue
from streams.reference.corrections import standing
from streams.reference.received import Figure, Received
from streams.reference.story import cases

#: Figures of the standing events of a domain, in any order.
_FIGURES: Mapping[str, Callable[[list[Received], Profile], Counter[Figure]]] = {
    "revenue": revenue.figures,
    "budget": budget.figures,
    "population": population.figures,
    "activities": activities.figures,
}
_KEYS = {
    "revenue": ("opd", "cash_office"),
    "budget": ("opd", "sub_activity"),
    "population": ("family_card_token",),
    "activities": ("opd", "sub_activity"),
}


def compute(
    domain: str,
    events: Iterable[tuple[dict[str, Any], int, int, int]],
    profile: Profile,
    until_ms: int | Mapping[int, int],
    event_clock: bool = False,
) -> dict[Figure, int]:
    """(metric, dimension, value, local day) to the value summed over partitions; zeros left out.

    ``events`` are (record, partition, offset, timestamp); ``until_ms`` is the clock, or the clock of each
    partition.
    """
    received = [Received(*event) for event in events]
    if domain == "permits":
        found = permits.figures(cases(received), profile, until_ms, event_clock)
    else:
        found = _FIGURES[domain](standing(received, _KEYS[domain]), profile)
    return {figure: amount for figure, amount in found.items() if amount}


def alerts(
    events: Iterable[tuple[dict[str, Any], int, int, int]],
    profile: Profile,
    until_ms: int | Mapping[int, int],
    event_clock: bool = False,
) -> dict[tuple[str, str], permits.Verdict]:
    """The standing P01 alerts by (case, step; "" for the whole case) from the records of ``permits.steps``."""
    return permits.verdicts(cases([Received(*event) for event in events]), profile, until_ms, event_clock)


__all__ = ["alerts", "compute"]
