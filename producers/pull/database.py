"""The foreign database: pages of rows, read in transactions that cannot write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from producers.pull.config import PullError, Source
from producers.relay.dialects import ALIASES, DIALECTS
from producers.relay.outbox import keep_broken_text

if TYPE_CHECKING:
    from sqlalchemy import URL, Select

Row = dict[str, Any]
CONNECT_SECONDS = 10


class Database:
    """A table or query of one source. Each page is a transaction of its own, so that nothing is held in that database.

    All methods raise sqlalchemy.exc.SQLAlchemyError when the database is away or refuses.
    """

    def __init__(self, source: Source, address: str) -> None:
        """Connect nothing yet. Raises PullError for an address that cannot be used."""
        from sqlalchemy import column, create_engine, event, make_url, table, text
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError

        try:
            url = _driven(make_url(address), source.file.timeout)
            self._engine = create_engine(url, hide_parameters=True, pool_size=1, pool_pre_ping=True)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise PullError(
                "alamat basis data tidak dapat dipakai; contoh: mysql://baca:sandi@127.0.0.1:3306/simpel "
                f"({type(error).__name__})"
            ) from error
        name, seconds = self._engine.dialect.name, source.file.timeout
        event.listen(self._engine, "connect", lambda connection, _: _prepare(connection, name, seconds))
        if name == "sqlite":
            event.listen(self._engine, "connect", keep_broken_text)
        self._source = source
        file = source.file
        self._query = file.query.strip().replace(":", r"\:")
        columns: list[Any] = [column(c) for c in source.columns]
        if file.table:
            schema, _, table_name = file.table.rpartition(".")
            self._from: Any = table(table_name, *columns, schema=schema or None)
        else:
            # A colon of the query is no parameter of ours.
            self._from = text(self._query).columns(*columns).subquery("q")
        self._key, self._mark = self._from.c[file.key], self._from.c[file.watermark]

    def check(self) -> None:
        """Compare the columns with those of the mapping. Raises MappingError, PullError."""
        from sqlalchemy import select, text

        inner = self._from if self._source.file.table else text(f"({self._query}) AS q")
        with self._engine.connect() as connection:
            header = list(connection.execute(select(text("*")).select_from(inner).limit(0)).keys())
        self._source.mapping.check_columns(header, self._source.name)
        for name in (self._source.file.key, self._source.file.watermark):
            if name not in header:
                raise PullError(
                    f"{self._source.name}: kolom {name!r} tidak ada; yang ada: {', '.join(header)}"
                )

    def count(self) -> int:
        """Rows in all, for a progress bar; 0 where counting takes too long."""
        from sqlalchemy import func, select
        from sqlalchemy.exc import DBAPIError

        try:
            with self._engine.connect() as connection:
                return int(connection.scalar(select(func.count()).select_from(self._from)) or 0)
        except DBAPIError:
            return 0

    def highest(self) -> Any:
        """The highest watermark, None where there is none."""
        from sqlalchemy import func, select

        with self._engine.connect() as connection:
            return connection.scalar(select(func.max(self._mark)))

    def by_key(self, after: Any, limit: int) -> list[Row]:
        """The next rows in the order of the key."""
        asked = self._select().order_by(self._key).limit(limit)
        return self._rows(asked if after is None else asked.where(self._key > _plain(after)))

    def by_mark(self, start: Any, after: tuple[Any, Any] | None, limit: int) -> list[Row]:
        """The next rows in the order of watermark and key, from a watermark on, or after a row's (watermark, key)."""
        asked = self._select().order_by(self._mark, self._key).limit(limit)
        if after is not None:
            mark, key = map(_plain, after)
            asked = asked.where(self._mark >= mark, (self._mark > mark) | (self._key > key))
        elif start is not None:
            asked = asked.where(self._mark >= _plain(start))
        else:
            asked = asked.where(self._mark.is_not(None))
        return self._rows(asked)

    def with_keys(self, keys: Sequence[Any]) -> list[Row]:
        """The rows with these keys that are there now."""
        return self._rows(self._select().where(self._key.in_([_plain(key) for key in keys])))

    def close(self) -> None:
        """Let go of the connection."""
        self._engine.dispose()

    def _select(self) -> Select[Any]:
        from sqlalchemy import select

        return select(*(self._from.c[name] for name in self._source.columns))

    def _rows(self, asked: Select[Any]) -> list[Row]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]


def _plain(value: Any) -> Any:
    """A value bound as the driver takes it: a cast to a guessed type would refuse a UUID's text."""
    from sqlalchemy import literal
    from sqlalchemy.types import NullType

    return literal(value, NullType())


def _driven(url: URL, seconds: float) -> URL:
    """The address with our driver where it names none; a file of SQLite is opened to be read only."""
    name, _, driver = url.drivername.partition("+")
    name = ALIASES.get(name, name)
    if name in DIALECTS and not driver:
        url = url.set(drivername=DIALECTS[name].driver)
    if name == "mysql":
        silence = str(int(seconds) + CONNECT_SECONDS)
        url = url.update_query_dict(
            {"charset": "utf8mb4", "connect_timeout": str(CONNECT_SECONDS), "read_timeout": silence}
        )
    if name == "postgresql":
        url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
    if name == "sqlite":
        if not url.database or not Path(url.database).is_file():
            raise PullError(f"berkas SQLite {url.database!r} tidak ada")
        file = f"file:{quote(str(Path(url.database).absolute()))}"
        url = url.set(database=file, query={"mode": "ro", "uri": "true"})
    return url


def _prepare(connection: Any, dialect: str, seconds: float) -> None:
    """Make a new connection unable to write, and its statements end in time, where the database knows how."""
    cursor = connection.cursor()
    if dialect in ("mysql", "mariadb"):
        cursor.execute("SELECT VERSION()")
        if "mariadb" in cursor.fetchone()[0].lower():
            cursor.execute(f"SET SESSION max_statement_time = {seconds:.3f}")
        else:
            cursor.execute(f"SET SESSION max_execution_time = {int(seconds * 1000)}")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
    elif dialect == "postgresql":
        cursor.execute(f"SET statement_timeout = {int(seconds * 1000)}")
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    elif dialect == "sqlite":
        cursor.execute("PRAGMA query_only = ON")
        cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.close()
    connection.commit()
