"""What the inspectorate's pages read from ClickHouse."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.catalogue import DOMAINS
from sinks.clickhouse.client import query
from sinks.clickhouse.tables import TABLES
from sinks.settings import ClickHouseSettings

PAGE = 50
RANK = "multiIf(level = 'severe', 2, level = 'breach', 1, 0)"
FILTERS = ("rule", "level", "unit", "permit_type", "status")
LISTED = (
    "alert_id", "rule", "level", "status", "subject", "scope", "permit_type", "unit", "first_at", "level_at", "observed",
    "threshold", "unit_of_measure", "sentence", "revision", "simulated",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """Which alerts: filters by column (absent: all), and the page from 0. Withdrawn ones only when asked for.

    ``observed`` are the rules that are only observed: their alerts are left out, or with ``observing`` they alone are
    shown.
    """

    filters: dict[str, str]
    page: int = 0
    observed: Collection[str] = ()
    observing: bool = False

    def where(self) -> tuple[str, dict[str, Any]]:
        """A WHERE clause and its parameters."""
        clauses = [f"{name} = {{{name}:String}}" for name in self.filters]
        if "status" not in self.filters:
            clauses.append("status != 'withdrawn'")
        clauses.append(self.shown())
        return " AND ".join(clauses), {**self.filters, **self.parameters()}

    def shown(self) -> str:
        """The condition on the rule: delivered, or observed."""
        return (
            "rule IN {observed:Array(String)}" if self.observing else "rule NOT IN {observed:Array(String)}"
        )

    def parameters(self) -> dict[str, Any]:
        """Of ``shown``."""
        return {"observed": sorted(self.observed)}


class Alerts:
    """Queries; each opens no more than one request. ``simulated`` is asked once a page."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings

    def answers(self) -> bool:
        """Whether ClickHouse answers."""
        return bool(self._rows("SELECT 1"))

    def listed(self, selection: Selection, limit: int = PAGE) -> list[dict[str, Any]]:
        """One page, the heaviest and oldest first."""
        where, parameters = selection.where()
        return self._rows(
            f"SELECT {', '.join(LISTED)} FROM {self._table} FINAL WHERE {where} "
            f"ORDER BY {RANK} DESC, first_at, alert_id LIMIT {limit} OFFSET {selection.page * PAGE}",
            parameters,
        )

    def count(self, selection: Selection) -> int:
        """How many there are in all."""
        where, parameters = selection.where()
        return int(
            self._rows(f"SELECT count() AS n FROM {self._table} FINAL WHERE {where}", parameters)[0]["n"]
        )

    def choices(self, selection: Selection) -> dict[str, list[str]]:
        """The values that can be filtered by, by column, among delivered or observed alerts."""
        columns = ", ".join(f"arraySort(groupUniqArray(ifNull({name}, ''))) AS {name}_" for name in FILTERS)
        sql = f"SELECT {columns} FROM {self._table} FINAL WHERE {selection.shown()}"
        row = self._rows(sql, selection.parameters())[0]
        return {name: [value for value in row[f"{name}_"] if value] for name in FILTERS}

    def one(self, alert_id: str) -> dict[str, Any] | None:
        """The newest revision of one alert, whole."""
        rows = self._rows(
            f"SELECT * FROM {self._table} FINAL WHERE alert_id = {{id:String}}", {"id": alert_id}
        )
        return rows[0] if rows else None

    def events(self, evidence: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """The raw rows behind pieces of evidence, by event id: only fields that say something."""
        found: dict[str, dict[str, Any]] = {}
        topics = {item["topic"] for item in evidence} & {topic.name for topic in DOMAINS.values()}
        for topic in topics:
            places = [(e["partition"], e["offset"]) for e in evidence if e["topic"] == topic]
            listed = ", ".join(f"({int(partition)}, {int(offset)})" for partition, offset in places)
            rows = self._rows(
                f"SELECT * FROM {self._settings.database}.{TABLES[topic].name} WHERE (_partition, _offset) IN ({listed})"
            )
            for row in rows:
                found[row["event_id"]] = {k: v for k, v in row.items() if v not in (None, "", [], False, 0)}
        return found

    def simulated(self) -> bool:
        """Whether anything here is simulated."""
        return bool(self._rows(f"SELECT count() > 0 AS yes FROM {self._table} WHERE simulated")[0]["yes"])

    @property
    def _table(self) -> str:
        return f"{self._settings.database}.alerts"

    def _rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return query(self._settings, sql, parameters)
