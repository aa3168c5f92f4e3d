"""What differs between the databases that hold an outbox: types as text, and the lock of the one relay."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from producers.sending.only_one import LockedError, hold

if TYPE_CHECKING:
    from sqlalchemy import Connection

SQL_FOLDER = Path(__file__).with_name("sql")


class Lock(Protocol):
    """Takes the lock on a connection, which holds it until it closes. Returns what must be kept for as long.

    Raises LockedError.
    """

    def __call__(self, connection: Connection, table: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """``driver`` is SQLAlchemy's; ``created`` and ``payload`` are expressions whose values are text, the first RFC 3339
    in UTC; ``now`` is the database's clock; ``start`` is run once on a connection."""

    name: str
    driver: str
    start: tuple[str, ...]
    created: str
    payload: str
    now: str
    lock: Lock

    @property
    def ddl(self) -> str:
        """The statements that make the table."""
        return (SQL_FOLDER / f"{self.name}.sql").read_text("utf-8")


def _refuse(table: str) -> LockedError:
    return LockedError(f"relay lain sedang membaca tabel {table}; hanya satu yang boleh berjalan.")


def _mysql_lock(connection: Connection, table: str) -> None:
    """The same name as in ``relay.php``, so that the two exclude each other."""
    from sqlalchemy import text

    database = connection.scalar(text("SELECT DATABASE()"))
    name = "nadi_relay_" + hashlib.md5(f"{database}.{table}".encode(), usedforsecurity=False).hexdigest()
    if connection.scalar(text("SELECT GET_LOCK(:name, 0)"), {"name": name}) != 1:
        raise _refuse(table)


def _postgresql_lock(connection: Connection, table: str) -> None:
    from sqlalchemy import text

    asked = text("SELECT pg_try_advisory_lock(hashtext('nadi relay'), hashtext(:name))")
    if not connection.scalar(asked, {"name": table}):
        raise _refuse(table)


def _sqlite_lock(connection: Connection, table: str) -> sqlite3.Connection | None:
    """A file beside the database, locked by SQLite itself: gone when the process is, on every system."""
    path = connection.engine.url.database
    if not path or path == ":memory:":
        return None
    return hold(Path(f"{path}.{table}.relay"), str(_refuse(table)))


DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "mysql": Dialect(
            "mysql",
            "mysql+pymysql",
            ("SET time_zone = '+00:00'", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"),
            "DATE_FORMAT(created_at, '%Y-%m-%dT%H:%i:%s.%fZ')",
            "CAST(payload AS CHAR)",
            "CURRENT_TIMESTAMP(3)",
            _mysql_lock,
        ),
        "postgresql": Dialect(
            "postgresql",
            "postgresql+psycopg",
            ("SET TIME ZONE 'UTC'",),
            'to_char(created_at, \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')',
            "payload::text",
            "clock_timestamp()",
            _postgresql_lock,
        ),
        "sqlite": Dialect(
            "sqlite",
            "sqlite+pysqlite",
            ("PRAGMA busy_timeout = 30000",),
            "created_at",
            "payload",
            "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
            _sqlite_lock,
        ),
    }
)
#: Names that people write in addresses for the same databases.
ALIASES: Mapping[str, str] = MappingProxyType(
    {"mariadb": "mysql", "postgres": "postgresql", "pgsql": "postgresql"}
)
