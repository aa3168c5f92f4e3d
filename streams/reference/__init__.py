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
from streams.reference.authorities import counting
from streams.reference.corrections import by_source, sound, standing
from streams.reference.finding import FOUND, NOT_FOUND
from streams.reference.permit_rules import judge_cases
from streams.reference.received import Figure, Received, clocked
from streams.reference.silences import silences
from streams.reference.story import Case, Story, cases

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
    "permits": ("case_id",),
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
    received = sound([Received(*event) for event in events], _KEYS[domain])
    if domain == "permits":
        found = permits.figures(
            _cases(received, profile, until_ms, event_clock), profile, until_ms, event_clock
        )
        found.update(_coverage(received, profile, until_ms, event_clock))
    else:
        stands = standing(received, _KEYS[domain])
        found = _FIGURES[domain](counting(domain, stands, profile), profile)
    found.update(by_source(domain, received, profile))
    return {figure: amount for figure, amount in found.items() if amount}


def alerts(
    events: Iterable[tuple[dict[str, Any], int, int, int]],
    profile: Profile,
    until_ms: int | Mapping[int, int],
    event_clock: bool = False,
) -> dict[tuple[str, str, str], permits.Verdict]:
    """The standing alerts of the rules of one case, by (rule, case, scope), from the records of ``permits.steps``."""
    received = sound([Received(*event) for event in events], _KEYS["permits"])
    of = {case.case_id: case for case in _cases(received, profile, until_ms, event_clock)}
    found = {
        ("P01", *place): verdict
        for place, verdict in permits.verdicts(of.values(), profile, until_ms, event_clock).items()
    }
    for (rule, case_id, scope), finding in judge_cases(
        received, profile, until_ms, event_clock
    ).findings.items():
        if finding.level in permits.LEVELS:
            holder = Story(of[case_id], profile, event_clock).holdings(units_only=True)[-1][1]
            found[rule, case_id, scope] = permits.Verdict(
                finding.level,
                finding.at,
                holder,
                finding.observed,
                finding.threshold,
                permits.digest_of(of[case_id]),
            )
    return found


def _cases(
    received: list[Received], profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> list[Case]:
    """The cases, with who is silent."""
    return cases(received, silences(clocked(received), profile, until_ms, event_clock))


def _coverage(
    received: list[Received], profile: Profile, until_ms: int | Mapping[int, int], event_clock: bool
) -> Counter[Figure]:
    """Cases by what each rule says of them, on the day they entered."""
    of = {case.case_id: case for case in _cases(received, profile, until_ms, event_clock)}
    said = dict(judge_cases(received, profile, until_ms, event_clock).outcomes)
    for case_id, outcome in permits.outcomes(of.values(), profile, until_ms, event_clock).items():
        said["P01", case_id] = outcome
    found: Counter[Figure] = Counter()
    for (rule, case_id), outcome in said.items():
        story = Story(of[case_id], profile, event_clock)
        day = profile.local_day(story.entered_at)
        applied = outcome in (FOUND, NOT_FOUND)
        metric = f"permits.rules_{outcome if applied else 'not_applicable'}"
        found[metric, "rule", rule, day] += 1
        found[metric, "source", f"{rule}|{story.source}", day] += 1
        if not applied:
            found[metric, "reason", f"{rule}|{outcome}", day] += 1
    return found


__all__ = ["alerts", "compute"]
