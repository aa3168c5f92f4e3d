"""The board's first picture, from ClickHouse: what stood when the sink last wrote."""

from __future__ import annotations

from threading import Lock
from typing import Any

import structlog

from sinks.clickhouse.client import connect
from sinks.settings import ClickHouseSettings
from sinks.wallboard.state import Board
from sinks.wallboard.store import Cell, Store
from sinks.wallboard.switching import Switching

log = structlog.get_logger()

RAW_TABLES = (
    "permits_steps",
    "revenue_receipts",
    "budget_disbursements",
    "population_changes",
    "activity_progress",
    "source_heartbeats",
)
NEWEST = "SELECT max(published_at), max(simulated) FROM {database}.aggregates"
#: An alert holds its last 200 events; the board needs to know only whether one of them closed the case.
ALERTS = """
SELECT alert_id, revision, status, rule, level, scope, permit_type, unit, first_at,
       arrayMap(k -> map('kind', k), evidence.kind) AS evidence
FROM {database}.alerts FINAL
"""


def load_snapshot(
    settings: ClickHouseSettings, board: Board, store: Store, lock: Lock, switching: Switching
) -> None:
    """Put the figures that ClickHouse knows into a store, a block at a time, and the rest on the board. Raises what the
    client raises when nobody answers. ``lock`` is held only while a block is put."""
    client: Any = connect(settings)
    try:
        database = settings.database
        fields = ", ".join(Cell._fields)
        query = f"SELECT {fields} FROM {database}.aggregates FINAL"
        with client.query_row_block_stream(query) as blocks:
            for block in blocks:
                with lock:
                    store.put(switching.learn(map(Cell._make, block)))
        newest = client.query(NEWEST.format(database=database)).result_rows
        alerts = [dict(row) for row in client.query(ALERTS.format(database=database)).named_results()]
        heard = [row for table in RAW_TABLES for row in client.query(_heard(database, table)).result_rows]
        with lock:
            board.as_of = max(board.as_of, int(newest[0][0] or 0))
            board.simulated = board.simulated or bool(newest[0][1])
            for alert in alerts:
                board.put_alert(alert)
            for source, heard_at, occurred_at in heard:
                board.hear(source, int(heard_at), int(occurred_at))
        log.info("wallboard snapshot loaded", cells=len(store), alerts=len(board.alerts))
    finally:
        client.close()


def _heard(database: str, table: str) -> str:
    return (
        "SELECT source, toUnixTimestamp64Milli(max(_timestamp)), toUnixTimestamp64Milli(max(occurred_at)) "
        f"FROM {database}.{table} WHERE NOT is_future GROUP BY source"
    )
