"""How many cases each rule was applied to so far, and how often it found something, from ClickHouse."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

from infra.settings import Settings

OUTCOMES = ("rules_found", "rules_not_found", "rules_not_applicable")


@dataclass(slots=True)
class Count:
    """Cases by outcome; ``sources`` by source in the order of ``OUTCOMES``, ``reasons`` why it said nothing. With
    ``simulated`` some of them were made by the simulator, and whatever shows them says so."""

    found: int = 0
    not_found: int = 0
    not_applicable: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    sources: dict[str, list[int]] = field(default_factory=dict)
    simulated: bool = False

    @property
    def base_rate(self) -> float | None:
        """Share of the cases it applied to in which it found something; None where there are none."""
        applied = self.found + self.not_found
        return self.found / applied if applied else None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "base_rate": self.base_rate}


def counts(settings: Settings) -> dict[str, Count] | None:
    """By rule; None when no ClickHouse answers, or it has no figures yet."""
    from clickhouse_connect.driver.exceptions import Error

    from sinks.clickhouse.client import connect

    if not settings.clickhouse.url:
        return None
    try:
        client = connect(settings.clickhouse)
    except (Error, ValueError):
        return None
    try:
        rows = client.query(
            f"SELECT metric, dimension, value, sum(amount), max(simulated) FROM {settings.clickhouse.database}.aggregates FINAL "  # noqa: S608
            "WHERE arrayExists(name -> endsWith(metric, concat('.', name)), {names:Array(String)}) "
            "AND dimension IN ('rule', 'source', 'reason') GROUP BY metric, dimension, value",
            parameters={"names": list(OUTCOMES)},
        ).result_rows
    except Error:
        return None
    finally:
        client.close()
    return gathered(rows)


def gathered(rows: Any) -> dict[str, Count]:
    """From rows of (metric, dimension, value, amount, simulated)."""
    found: defaultdict[str, Count] = defaultdict(Count)
    for metric, dimension, value, amount, simulated in rows:
        outcome = OUTCOMES.index(metric.partition(".")[2])
        rule, _, rest = value.partition("|")
        count = found[rule]
        count.simulated |= bool(simulated)
        if dimension == "rule":
            name = ("found", "not_found", "not_applicable")[outcome]
            setattr(count, name, getattr(count, name) + int(amount))
        elif dimension == "source":
            count.sources.setdefault(rest, [0, 0, 0])[outcome] += int(amount)
        elif amount:
            count.reasons[rest] = count.reasons.get(rest, 0) + int(amount)
    return dict(found)
