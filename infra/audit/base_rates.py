"""How often a rule found something among the cases that it could judge at all.

A count of alerts says little without this: 12 of 14 is not 12 of 14,000.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.audit.results import Coverage
from streams.rules import rules as all_rules

FOUND = frozenset({"breach", "severe"})


@dataclass(frozen=True, slots=True)
class BaseRate:
    """``found`` of ``applicable`` cases; ``not_applicable`` counts the others by reason, in Indonesian."""

    title: str
    found: int
    applicable: int
    not_applicable: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Found per applicable case, 0 to 1; None where there is none."""
        return self.found / self.applicable if self.applicable else None


def base_rates(
    standing: Collection[Mapping[str, Any]],
    rules: Collection[str],
    lacking: Mapping[str, str],
    cases: int,
    coverage: Mapping[str, Coverage],
) -> dict[str, BaseRate]:
    """By rule, in order of its id: those of ``rules`` and those that found something.

    ``lacking`` are rules that the whole log cannot feed, with the reason; ``cases`` is their number. A rule whose
    coverage the engine does not count is taken to judge every case.
    """
    found: dict[str, set[str]] = {rule: set() for rule in sorted({*rules, *(a["rule"] for a in standing)})}
    for alert in standing:
        if alert["level"] in FOUND:
            found[alert["rule"]].add(alert["subject"])
    known = all_rules()
    rates = {}
    for rule, subjects in found.items():
        counted = coverage.get(rule, Coverage(cases, {}))
        if rule in lacking:
            counted = Coverage(0, {lacking[rule]: cases})
        title = known[rule].title if rule in known else rule
        rates[rule] = BaseRate(title, len(subjects), counted.judged, dict(counted.not_judged))
    return rates
