"""Versioned migrations: each file once, in order, recorded with its hash; a changed one is refused."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any

import structlog

log: Any = structlog.get_logger("clickhouse.migrate")

RECORD = """
CREATE TABLE IF NOT EXISTS {database}.schema_migrations
(
    number UInt32,
    name String,
    sha256 FixedString(64),
    applied_at DateTime DEFAULT now()
)
ENGINE = MergeTree
ORDER BY number
"""


class MigrationError(RuntimeError):
    """The database was migrated by other files than these."""


def files() -> list[tuple[int, str, str]]:
    """(number, name, statements) of every migration, in order."""
    folder = resources.files("sinks.clickhouse") / "migrations"
    found = [
        (int(p.name[:4]), p.name, p.read_text(encoding="utf-8"))
        for p in folder.iterdir()
        if p.name.endswith(".sql")
    ]
    return sorted(found)


def migrate(client: Any, database: str) -> list[str]:
    """Bring a database to the newest version; returns the names applied now. Raises MigrationError.

    A migration is a list of statements ended by ``;`` at a line's end. ClickHouse has no transaction over them, so
    each file holds one change.
    """
    client.command(f"CREATE DATABASE IF NOT EXISTS {database}")
    client.command(RECORD.format(database=database))
    applied = {
        number: _text(digest)
        for number, digest in client.query(
            f"SELECT number, sha256 FROM {database}.schema_migrations"
        ).result_rows
    }
    done: list[str] = []
    for number, name, text in files():
        digest = hashlib.sha256(text.encode()).hexdigest()
        if number in applied:
            if applied[number] != digest:
                raise MigrationError(
                    f"migration {name} was changed after it was applied to {database}; add a new one"
                )
            continue
        for statement in _statements(text):
            client.command(statement, settings={"database": database})
        client.command(
            f"INSERT INTO {database}.schema_migrations (number, name, sha256) VALUES ({number}, '{name}', '{digest}')"
        )
        log.info("migrated", migration=name)
        done.append(name)
    return done


def _statements(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";\n") if part.strip().rstrip(";")]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
