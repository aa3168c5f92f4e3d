"""From standing alerts to the ranking that people read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any

import polars as pl

from infra.risks.standing import Standing, standing
from schemas.profile import Profile
from sinks.inspectorate.risks import By, Contribution, Ranking, Risk
from sinks.settings import ClickHouseSettings
from streams.cases.book import day_of
from streams.risks.combining import Combined, combined, on_day
from streams.risks.signs import of_actors, of_cases, signs
from streams.risks.terms import Terms
from streams.rules.rule import Rule

FIRST_DAY = date(1970, 1, 1)


def left_out(rules: Mapping[str, Rule], observed: Collection[str]) -> frozenset[str]:
    """The rules whose alerts are not combined where what is observed is not: a context rule goes with the others."""
    return frozenset(name for name in observed if name in rules and rules[name].kind != "context")


def rank(
    settings: ClickHouseSettings,
    profile: Profile,
    rules: Mapping[str, Rule],
    by: By,
    day: date,
    without: Collection[str] = (),
) -> Ranking:
    """The ranking of a local day over what stands now, but for the rules ``without``. Raises what the ClickHouse client
    raises."""
    terms = Terms(profile)
    oldest = day - timedelta(days=ceil(terms.decay_days(day)) - 1)  # a day before, it weighs nothing
    begin = datetime.combine(oldest, time(), profile.timezone)
    known = standing(settings, rules, since=round(begin.timestamp() * 1000), without=without)
    return ranking(known, profile, rules, by, day)


def ranking(known: Standing, profile: Profile, rules: Mapping[str, Rule], by: By, day: date) -> Ranking:
    """The same of alerts that are known."""
    terms, number = Terms(profile), (day - FIRST_DAY).days
    found = signs(known.alerts, rules, terms)
    about = of_cases(found, rules) if by == "cases" else of_actors(found, rules, known.evidence)
    done = combined(about, on_day(about, number), terms)
    told = _contributions(done, known, rules, number, terms.decay_days(day))
    risks = [
        Risk(
            rank=place,
            who=row["who"],
            domain=row["of"],
            roles=sorted({role for role, _ in told[row["of"], row["who"]] if role}),
            risk=row["risk"],
            published=row["published"],
            hard=row["hard"],
            soft=row["soft"],
            value=row["value"],
            last=day_of(row["last"]),
            contributions=[contribution for _, contribution in told[row["of"], row["who"]]],
        )
        for place, row in enumerate(done.risks.iter_rows(named=True), 1)
    ]
    return Ranking(
        by=by,
        day=day,
        risks=risks,
        published=sum(risk.published for risk in risks),
        budget=terms.weekly_cases(day),
        decay_days=int(terms.decay_days(day)),
        soft_signs=terms.soft_signs(day),
        older=known.older,
        simulated=bool(known.alerts.get_column("simulated").any()),
    )


def _contributions(
    done: Combined, known: Standing, rules: Mapping[str, Rule], day: int, decay: float
) -> Mapping[tuple[str, str], list[tuple[str, Contribution]]]:
    """The contributions of each target, the strongest first, with the role in which an alert names an actor."""
    key = ["of", "who", "sign"]
    counting = done.shares.filter("counts").select(*key, counted_by="rule")
    shown = (
        done.shares.join(counting, on=key, maintain_order="left")
        .join(known.alerts.select("alert_id", "scope", "sentence"), on="alert_id", maintain_order="left")
        .with_columns(fading=1 - (day - pl.col("day")) / decay)
    )
    found: defaultdict[tuple[str, str], list[tuple[str, Contribution]]] = defaultdict(list)
    for row in shown.iter_rows(named=True):
        found[row["of"], row["who"]].append((row.get("role", ""), _contribution(row, rules)))
    return found


def _contribution(row: Mapping[str, Any], rules: Mapping[str, Rule]) -> Contribution:
    same = (
        "alert_id", "rule", "kind", "level", "subject", "scope", "sentence", "sign", "counts", "counted_by", "share",
        "severity", "weight", "raised", "band", "fading", "value",
    )  # fmt: skip
    return Contribution(
        title=rules[row["rule"]].title, revised=day_of(row["day"]), **{name: row[name] for name in same}
    )
