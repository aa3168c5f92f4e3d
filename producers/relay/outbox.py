"""The outbox table: rows that wait, in order, and what became of them.

A row waits while ``sent_at`` and ``last_error`` are null. A sent one has ``sent_at``. One that was refused has
``last_error`` and is set aside until somebody mends it and empties that column.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from producers.relay.dialects import ALIASES, DIALECTS, Dialect
from producers.sending.environment import EnvironmentFileError

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST_ERROR = 1000
WAITING = "sent_at IS NULL AND last_error IS NULL"
ASIDE = "sent_at IS NULL AND last_error IS NOT NULL"


class Row(NamedTuple):
    """One event as the application wrote it; ``payload`` is JSON text, ``created_at`` RFC 3339 in UTC."""

    seq: int
    id: str
    aggregatetype: str
    aggregateid: str
    type: str
    payload: str
    created_at: str


class Refused(NamedTuple):
    """A row that was set aside. ``attempts`` counts the answers it got."""

    seq: int
    id: str
    type: str
    created_at: str
    attempts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows wait, were sent and were set aside; ``oldest`` is when the first waiting one was written."""

    waiting: int
    sent: int
    aside: int
    oldest: str | None


class Outbox:
    """One connection to the table, used by one thread. Use it as a context manager.

    All methods raise sqlalchemy.exc.SQLAlchemyError when the database is away; then open it anew. The lock and the marks
    use the same connection: a relay that lost its lock cannot mark either.
    """

    def __init__(self, database: str, table: str) -> None:
        """Connect. Raises EnvironmentFileError for an address that cannot be used."""
        from sqlalchemy import create_engine, event, make_url, pool
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(database)
        except ArgumentError as error:
            raise EnvironmentFileError(
                "NADI_OUTBOX bukan alamat basis data; contoh: mysql://nama:sandi@127.0.0.1:3306/simpel"
            ) from error
        name = url.drivername.partition("+")[0]
        name = ALIASES.get(name, name)
        if name not in DIALECTS:
            raise EnvironmentFileError(
                f"NADI_OUTBOX: basis data {name!r} tidak didukung; pilih {', '.join(DIALECTS)}."
            )
        self.dialect: Dialect = DIALECTS[name]
        self.table = table
        url = url.set(drivername=self.dialect.driver)
        if name == "mysql":
            url = url.update_query_dict({"charset": "utf8mb4"})
        engine = create_engine(url, poolclass=pool.NullPool, hide_parameters=True)
        if name == "sqlite":
            event.listen(engine, "connect", keep_broken_text)
        self._connection: Connection = engine.connect()
        for statement in self.dialect.start:
            self._connection.exec_driver_sql(statement)
        self._connection.commit()
        self._held: Any = None

    def lock(self) -> None:
        """Be the only relay of this table until ``close``. Raises LockedError."""
        self._held = self.dialect.lock(self._connection, self.table)
        self._connection.commit()

    def waiting(self, limit: int) -> list[Row]:
        """The first rows that wait, by ``seq``.

        Nothing but the marks of a row decides: one whose transaction was committed late, under a lower number, is found.
        """
        d = self.dialect
        found = self._all(
            f"SELECT seq, {_text(d, 'id')}, aggregatetype, aggregateid, type, {d.payload}, {d.created}"
            f" FROM {self.table} WHERE {WAITING} ORDER BY seq LIMIT {int(limit)}"
        )
        return [Row(*row) for row in found]

    def mark(self, sent: Sequence[int], refused: Sequence[tuple[int, str]]) -> None:
        """Write what became of rows, in one transaction: numbers with a receipt, and numbers with a reason."""
        from sqlalchemy import bindparam, text

        with self._connection.begin():
            if sent:
                done = text(
                    f"UPDATE {self.table} SET sent_at = {self.dialect.now}, attempts = attempts + 1"
                    " WHERE seq IN :numbers AND sent_at IS NULL"
                ).bindparams(bindparam("numbers", expanding=True))
                self._connection.execute(done, {"numbers": list(sent)})
            if refused:
                aside = text(
                    f"UPDATE {self.table} SET last_error = :error, attempts = attempts + 1"
                    " WHERE seq = :seq AND sent_at IS NULL"
                )
                rows = [{"seq": seq, "error": error[:LONGEST_ERROR]} for seq, error in refused]
                self._connection.execute(aside, rows)

    def counts(self) -> Counts:
        """How the table stands."""
        waiting, oldest = self._all(
            f"SELECT COUNT(*), MIN({self.dialect.created}) FROM {self.table} WHERE {WAITING}"
        )[0]
        ((sent,),) = self._all(f"SELECT COUNT(*) FROM {self.table} WHERE sent_at IS NOT NULL")
        ((aside,),) = self._all(f"SELECT COUNT(*) FROM {self.table} WHERE {ASIDE}")
        return Counts(waiting, sent, aside, oldest)

    def aside(self, limit: int) -> list[Refused]:
        """The first rows that were set aside, by ``seq``."""
        return [
            Refused(*row)
            for row in self._all(
                f"SELECT seq, {_text(self.dialect, 'id')}, type, {self.dialect.created}, attempts, last_error"
                f" FROM {self.table} WHERE {ASIDE} ORDER BY seq LIMIT {int(limit)}"
            )
        ]

    def retry(self, ids: Sequence[str]) -> int:
        """Let rows that were set aside wait again: those with these ids, all of them for none. Returns how many."""
        from sqlalchemy import bindparam, text

        statement = f"UPDATE {self.table} SET last_error = NULL WHERE {ASIDE}"
        with self._connection.begin():
            if not ids:
                return self._connection.execute(text(statement)).rowcount
            chosen = text(f"{statement} AND {_text(self.dialect, 'id')} IN :ids")
            bound = chosen.bindparams(bindparam("ids", expanding=True))
            return self._connection.execute(bound, {"ids": list(ids)}).rowcount

    def close(self) -> None:
        """Let go of the table and of the lock."""
        with suppress(Exception):
            self._connection.close()
        if self._held is not None:
            self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all(self, statement: str) -> list[Any]:
        """Rows of a query whose transaction ends at once, so that the next one sees what was committed since."""
        # Without parameters, the percent signs of DATE_FORMAT are no placeholders.
        plain = {"no_parameters": True}
        found = self._connection.exec_driver_sql(statement, execution_options=plain).fetchall()
        self._connection.commit()
        return list(found)


def _text(dialect: Dialect, column: str) -> str:
    return f"{column}::text" if dialect.name == "postgresql" else column


def keep_broken_text(connection: Any, _record: Any) -> None:
    """For SQLAlchemy's event ``connect`` of SQLite: text that is not UTF-8 makes its own row refused, not the reading of all rows."""
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
