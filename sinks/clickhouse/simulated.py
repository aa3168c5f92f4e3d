"""Whether anything stored is simulated: then everything that is shown of it says so."""

from __future__ import annotations

from typing import Any

STAMP = "DATA SIMULASI"


def any_simulated(client: Any, database: str) -> bool:
    """Whether any stored figure or event of a database is simulated (a clickhouse-connect client)."""
    tables = client.query(
        "SELECT table FROM system.columns WHERE database = {database:String} AND name = 'simulated'",
        parameters={"database": database},
    ).result_rows
    return any(
        client.query(f"SELECT 1 FROM {database}.{table} WHERE simulated LIMIT 1").result_rows
        for (table,) in tables
    )
