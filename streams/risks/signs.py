"""From standing alerts to signs: how strong each is, what it is a sign of, and whom it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from streams.cases.book import day_of
from streams.days import local_days
from streams.ledgers.alerts import JOINT
from streams.risks.terms import Terms
from streams.rules.rule import Rule

#: Of an alert, as ``risk.alerts`` has it, what is read here.
ALERT = {
    "alert_id": pl.String, "rule": pl.String, "level": pl.String, "subject": pl.String, "clock": pl.Int64,
    "observed": pl.Float64, "threshold": pl.Float64, "unit_of_measure": pl.String,
}  # fmt: skip
#: Who may be asked for an explanation, and as what. Residents whose data are judged are not among them.
ROLES = ("officer_token", "cashier_token", "operator_token", "agent_token", "applicant_token", "payee_token")
NAMED = {"alert_id": pl.String, "role": pl.String, "who": pl.String}
FOUND_LEVELS = ("breach", "severe")
#: No alert alone makes anything certain.
MOST = 0.95
#: An outage is not a risk of this kind, though it is an alert.
OUTAGES = "sources"
TOKEN = re.compile(r"[a-z2-7]{26}")
OFFICER = "officer_token"


def combinable(rules: Mapping[str, Rule]) -> list[Rule]:
    """The rules whose alerts are combined."""
    return [rule for rule in rules.values() if rule.kind != "page" and rule.domain != OUTAGES]


def signs(alerts: pl.DataFrame, rules: Mapping[str, Rule], terms: Terms) -> pl.DataFrame:
    """One row an alert that is a finding: the columns of ``ALERT``, ``domain``, ``kind``, ``sign`` (those of one sign are
    not independent), ``day`` (of its last revision, since 1970), ``value`` (rupiah beyond what is allowed, or none),
    ``severity``, ``weight``, ``raised`` (for its level), ``band`` (for its value), and ``strength``, their product."""
    facts = pl.DataFrame(
        [(rule.id, rule.domain, rule.kind, rule.sign, rule.severity) for rule in combinable(rules)],
        schema={
            "rule": pl.String,
            "domain": pl.String,
            "kind": pl.String,
            "sign": pl.String,
            "severity": pl.Float64,
        },
        orient="row",
    )
    found = alerts.select(pl.col(name).cast(kind) for name, kind in ALERT.items()).filter(
        pl.col("level").is_in(FOUND_LEVELS)
    )
    days = local_days(found.get_column("clock").to_numpy(), terms.zone)
    beyond = (pl.col("observed") - pl.col("threshold")).abs()
    known = (
        found.with_columns(
            pl.Series("day", days, pl.Int32), value=pl.when(pl.col("unit_of_measure") == "rupiah").then(beyond)
        )
        .join(facts, on="rule")
        .with_columns(severity=pl.col("severity").clip(0, 1))
    )  # fmt: skip
    factors = [
        (terms.weight(rule, on), terms.level(level, on), terms.band(value, on))
        for rule, level, value, on in _dated(known.select("rule", "level", "value", "day").iter_rows())
    ]
    more = pl.DataFrame(
        factors, schema={"weight": pl.Float64, "raised": pl.Float64, "band": pl.Float64}, orient="row"
    )
    product = pl.col("severity") * pl.col("weight") * pl.col("raised") * pl.col("band")
    return pl.concat([known, more], how="horizontal").with_columns(strength=product.clip(0, MOST))


def _dated(
    rows: Iterable[tuple[str, str, float | None, int]],
) -> Iterable[tuple[str, str, float | None, date]]:
    return ((rule, level, value, day_of(day)) for rule, level, value, day in rows)


def of_cases(found: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """The signs by case: ``of`` is the domain, ``who`` the subject. Where the subject is an actor and nothing else, there
    is no case."""
    alone = named_by_subject(found, rules).filter(pl.col("whole")).select("alert_id")
    return found.join(alone, on="alert_id", how="anti").with_columns(
        of=pl.col("domain"), who=pl.col("subject")
    )


def of_actors(found: pl.DataFrame, rules: Mapping[str, Rule], evidence: pl.DataFrame) -> pl.DataFrame:
    """The signs by actor: ``of`` is empty, ``who`` the token. An alert is about those that its subject names, and about
    who alone has a role in its ``evidence`` (rows of ``NAMED``), where the rule declares that role (``Rule.about``)."""
    declared = pl.DataFrame(
        [(rule.id, role) for rule in rules.values() for role in rule.about if role in ROLES],
        schema={"rule": pl.String, "role": pl.String}, orient="row",
    )  # fmt: skip
    alone = (
        evidence.unique()
        .join(found.select("alert_id", "rule"), on="alert_id")
        .join(declared, on=["rule", "role"])
        .filter(pl.len().over("alert_id", "role") == 1)
    )
    named = pl.concat([named_by_subject(found, rules).select(*NAMED), alone.select(*NAMED)])
    return found.join(named.unique(["alert_id", "who"]), on="alert_id").with_columns(of=pl.lit(""))


def named_by_subject(found: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """Whom the subjects of alerts name: ``NAMED``, and whether that is the ``whole`` subject."""
    rows = []
    for alert, name, about in found.select("alert_id", "rule", "subject").iter_rows():
        rule = rules[name]
        if rule.ask is not None and TOKEN.fullmatch(about):
            rows.append((alert, OFFICER, about, True))
        parts = about.split(JOINT)
        if len(parts) == len(rule.by):
            rows += [
                (alert, role, part, len(parts) == 1)
                for role, part in zip(rule.by, parts, strict=True)
                if role in ROLES and part
            ]
    return pl.DataFrame(rows, schema={**NAMED, "whole": pl.Boolean}, orient="row")
