"""The board's first picture, from ClickHouse: what stood when the sink last wrote."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog

from sinks.settings import ClickHouseSettings
from sinks.wallboard.state import Board
from sinks.wallboard.store import Cell

log = structlog.get_logger()

RAW_TABLES = (
    "permits_steps",
    "revenue_receipts",
    "budget_disbursements",
    "population_changes",
    "activity_progress",
    "source_heartbeats",
)
#: An alert holds its last 200 events; the board needs to know only whether one of them closed the case.
ALERTS = """
SELECT alert_id, revision, status, rule, level, subject, scope, permit_type, unit, first_at, simulated,
       arrayMap(k -> map('kind', k), evidence.kind) AS evidence
FROM {database}.alerts FINAL
"""


def load_snapshot(settings: ClickHouseSettings, board: Board) -> None:
    """Put everything ClickHouse knows on the board. Raises what the client raises when it does not answer."""
    import clickhouse_connect

    address = urlsplit(settings.url)
    client: Any = clickhouse_connect.get_client(
        host=address.hostname or "127.0.0.1",
        port=address.port or (8443 if address.scheme == "https" else 8123),
        username=address.username or "default",
        password=address.password or "",
        secure=address.scheme == "https",
    )
    try:
        database = settings.database
        fields = ", ".join(Cell._fields)
        rows = client.query(f"SELECT {fields} FROM {database}.aggregates FINAL").result_rows  # noqa: S608
        board.store.put(map(Cell._make, rows))
        found = client.query(ALERTS.format(database=database))
        for row in found.named_results():
            board.put_alert(dict(row))
        for table in RAW_TABLES:
            newest = client.query(
                f"SELECT source, toUnixTimestamp64Milli(max(_timestamp)), max(occurred_at) "  # noqa: S608
                f"FROM {database}.{table} GROUP BY source"
            ).result_rows
            for source, heard_at, occurred_at in newest:
                board.hear(source, int(heard_at), _milliseconds(occurred_at))
        log.info("wallboard snapshot loaded", cells=len(board.store), alerts=len(board.alerts))
    finally:
        client.close()


def _milliseconds(value: Any) -> int:
    return int(value.timestamp() * 1000) if hasattr(value, "timestamp") else int(value)
