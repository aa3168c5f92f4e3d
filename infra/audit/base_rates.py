"""How often a rule found something among the cases that it could judge at all.

A count of alerts says little without this: 12 of 14 is not 12 of 14,000.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from schemas.profile import Profile
from streams.rules import RULES

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
    standing: Collection[dict[str, Any]],
    rules: Collection[str],
    lacking: Mapping[str, str],
    cases: int,
    table: pl.DataFrame | None,
    profile: Profile,
) -> dict[str, BaseRate]:
    """By rule, in order of its id: those of ``rules`` and those that found something.

    ``lacking`` are rules that the whole log cannot feed, with the reason; ``cases`` is their number, ``table`` their
    facts where the domain has cases (infra.audit.process). A rule without an entry in ``JUDGED`` applies to every case.
    """
    found: dict[str, set[str]] = {rule: set() for rule in sorted({*rules, *(a["rule"] for a in standing)})}
    for alert in standing:
        if alert["level"] in FOUND:
            found[alert["rule"]].add(alert["subject"])
    rates = {}
    for rule, subjects in found.items():
        title = RULES[rule].TITLE if rule in RULES else rule
        if rule in lacking:
            rates[rule] = BaseRate(title, len(subjects), 0, {lacking[rule]: cases})
            continue
        why = (
            JUDGED[rule](table, profile)
            if table is not None and rule in JUDGED
            else pl.Series([], dtype=pl.String)
        )
        counts = why.drop_nulls().value_counts(sort=True, name="cases")
        reasons = {str(reason): int(number) for reason, number in counts.iter_rows()}
        rates[rule] = BaseRate(title, len(subjects), cases - sum(reasons.values()), reasons)
    return rates


def _p01(cases: pl.DataFrame, profile: Profile) -> pl.Series:
    """P01 needs a due date of the case's own, or a standard for its type, or a step of it, on the day it began."""

    def promised(code: str, on: date) -> bool:
        kind = profile.permit_types.get(code)
        return kind is not None and any(standard.holds(on) for standard in kind.standards)

    days = cases.select(
        "permit_type", "due_at", on=pl.col("started_at").map_elements(profile.local_day, pl.String)
    )
    pairs = days.select("permit_type", "on").unique()
    known = pairs.with_columns(
        promised=pl.Series(
            [promised(code, date.fromisoformat(on)) for code, on in pairs.iter_rows()], dtype=pl.Boolean
        )
    )
    return (
        days.join(known, on=["permit_type", "on"], how="left", maintain_order="left")
        .select(
            why=pl.when(pl.col("due_at").is_not_null() | pl.col("promised"))
            .then(None)
            .when(pl.col("permit_type") == "")
            .then(pl.lit("tanpa tenggat, dan jenis izinnya tidak disebut"))
            .otherwise(pl.lit("tanpa tenggat, dan jenis izinnya tidak punya standar layanan"))
        )
        .get_column("why")
    )


#: For rules that cannot judge every case: per case the reason why not (null where it can).
JUDGED: dict[str, Callable[[pl.DataFrame, Profile], pl.Series]] = {"P01": _p01}
