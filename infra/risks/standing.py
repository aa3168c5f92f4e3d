"""What is standing of the alerts, and who is named in their evidence, from ClickHouse."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from schemas.catalogue import DOMAINS
from sinks.clickhouse.client import connect
from sinks.clickhouse.tables import TABLES
from sinks.settings import ClickHouseSettings
from streams.risks.signs import ALERT, FOUND_LEVELS, NAMED, combinable
from streams.rules.alerts import EVIDENCE_LIMIT
from streams.rules.rule import Rule

#: Beside what the combination reads: what people are shown.
SHOWN = {"scope": pl.String, "sentence": pl.String, "unit": pl.String, "simulated": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Standing:
    """``alerts`` are findings that stand, with the columns of ``ALERT`` and ``SHOWN``; ``evidence`` has the rows of
    ``NAMED``; ``older`` is how many stand whose last revision is before ``since``, and are left out."""

    alerts: pl.DataFrame
    evidence: pl.DataFrame
    older: int


def standing(
    settings: ClickHouseSettings, rules: Mapping[str, Rule], *, since: int, without: Collection[str] = ()
) -> Standing:
    """Of the alerts last revised at ``since`` (UTC ms) or later, but for rules ``without``. Raises what the client raises
    when nobody answers."""
    client = connect(settings)
    counted = [rule for rule in combinable(rules) if rule.id not in without]
    alerts = f"{settings.database}.alerts"
    parameters: dict[str, Any] = {
        "rules": [rule.id for rule in counted], "levels": list(FOUND_LEVELS), "since": since,
    }  # fmt: skip
    where = "status != 'withdrawn' AND level IN {levels:Array(String)} AND rule IN {rules:Array(String)}"
    try:
        columns = {**ALERT, **SHOWN}
        rows = client.query(
            f"SELECT {', '.join(columns)} FROM {alerts} FINAL WHERE {where} AND clock >= {{since:Int64}} ORDER BY alert_id",  # noqa: S608
            parameters=parameters,
        ).result_rows
        older = client.query(
            f"SELECT count() FROM {alerts} FINAL WHERE {where} AND clock < {{since:Int64}}",  # noqa: S608
            parameters=parameters,
        ).result_rows[0][0]
        evidence = pl.DataFrame(
            [row for domain in DOMAINS for row in _named(client, settings.database, domain, counted, since)],
            schema=NAMED, orient="row",
        )  # fmt: skip
    finally:
        client.close()
    return Standing(pl.DataFrame(rows, schema=columns, orient="row"), evidence, int(older))


def _named(
    client: Any, database: str, domain: str, rules: Collection[Rule], since: int
) -> list[tuple[str, str, str]]:
    """Who has a role in the evidence of the alerts of a domain, for rules that declare it: at most two a role, for it is
    only asked whether one has it alone. Evidence that is longer than what an alert keeps says nothing of that."""
    mine = [rule for rule in rules if rule.domain == domain and rule.about]
    found: list[tuple[str, str, str]] = []
    topic = DOMAINS[domain].name
    for role in sorted({role for rule in mine for role in rule.about}):
        places = (
            "SELECT alert_id, e.2 AS partition, e.3 AS offset FROM "  # noqa: S608
            f"(SELECT alert_id, arrayJoin(evidence) AS e FROM {database}.alerts FINAL "
            "WHERE status != 'withdrawn' AND level IN {levels:Array(String)} AND rule IN {rules:Array(String)} "
            "AND clock >= {since:Int64} AND evidence_total <= {limit:Int32}) WHERE e.1 = {topic:String}"
        )
        rows = client.query(
            f"SELECT places.alert_id, groupUniqArray(2)(raw.{role}) FROM {database}.{TABLES[topic].name} AS raw "  # noqa: S608
            f"INNER JOIN ({places}) AS places ON raw._partition = places.partition AND raw._offset = places.offset "
            f"WHERE raw.{role} != '' AND (raw._partition, raw._offset) IN (SELECT partition, offset FROM ({places})) "
            "GROUP BY places.alert_id",
            parameters={
                "rules": [rule.id for rule in mine if role in rule.about], "levels": list(FOUND_LEVELS),
                "since": since, "limit": EVIDENCE_LIMIT, "topic": topic,
            },
        ).result_rows  # fmt: skip
        found += [(alert, role, who) for alert, names in rows for who in names]
    return found
