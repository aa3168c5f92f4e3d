"""What the sink asks of ClickHouse: insert until it is certain, and which offsets are there."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

import structlog

from monitoring.failpoints import reached
from schemas.event_ids import event_ids
from schemas.repeats import Repeats
from sinks.clickhouse.blocks import Rows, arrow_stream
from sinks.clickhouse.client import connect
from sinks.clickhouse.intent import Intent, token
from sinks.clickhouse.tables import Table
from sinks.settings import ClickHouseSettings

log: Any = structlog.get_logger("clickhouse.store")

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
QUIET_SECONDS = 150.0
PIECE = 1 << 18
PAGE_ROWS = 500_000
#: Answers that the same bytes can never get past; everything else is tried again.
FATAL = (
    "UNKNOWN_TABLE",
    "UNKNOWN_DATABASE",
    "NO_SUCH_COLUMN_IN_TABLE",
    "TYPE_MISMATCH",
    "AUTHENTICATION_FAILED",
    "UNKNOWN_SETTING",
)
#: One insert is one part: larger than any block of ours, so that the server does not cut it.
ONE_PART = {
    "async_insert": 0,
    "max_insert_threads": 1,
    "max_insert_block_size": 4_000_000,
    "max_block_size": 4_000_000,
    "min_insert_block_size_rows": 4_000_000,
    "min_insert_block_size_bytes": 1_000_000_000,
}

Answer = TypeVar("Answer")
Place = tuple[str, int]
"""catalogue topic, partition"""


class StoppingError(RuntimeError):
    """The sink was told to stop while ClickHouse did not answer; the intent says what is open."""


class Store:
    """The tables of one database. Used by one thread; ``trouble`` may be read by others.

    ``stopping`` is asked between attempts: once it holds, an attempt that fails is the last.
    """

    def __init__(self, settings: ClickHouseSettings, stopping: Callable[[], bool] = lambda: False) -> None:
        self._settings = settings
        self._stopping = stopping
        self._client: Any = None
        self._engine: int | None = None
        self.trouble = ""

    def close(self) -> None:
        """Give the connection back."""
        self._forget()

    def insert(
        self,
        table: Table,
        blocks: Mapping[Place, Rows],
        intents: Mapping[Place, Intent],
    ) -> None:
        """Insert the blocks of one table as one part; returns when all rows are certainly there, once.

        While the same engine lives, the same bytes go out under the same token. When another engine answers, and
        after every success that was not the first attempt, the table is asked which offsets it holds, and the
        missing ones go out under a new token: MergeTree may have logged a token of rows it lost. Raises StoppingError, and the library's error where a repetition cannot help.
        """
        left = {place: rows for place, rows in blocks.items() if len(rows)}
        attempt, failures = 0, 0
        while left:
            name = _token(left, intents, attempt)
            try:
                client = self._connect()
                engine = self._engine_started(client)
                if self._engine not in (None, engine):
                    attempt += 1
                    left = self._missing(table, left)
                    self._engine = engine
                    continue
                self._engine = engine
                self._send(client, table, left, name)
                if not table.keeps_all or (failures == 0 and attempt == 0):
                    break
                attempt += 1
                left = self._missing(table, left)
            except _unanswered() as error:
                failures += 1
                self._failed("insert", table, error, failures)
                self._wait(failures)
        self.trouble = ""

    def held(self, table: Table, place: Place, first: int, last: int) -> set[int]:
        """Which offsets of a range the table holds."""
        return {
            row[0]
            for row in self._query(
                "SELECT _offset FROM {table} WHERE _topic = {topic:String} AND _partition = {partition:Int32} "
                "AND _offset BETWEEN {first:Int64} AND {last:Int64}",
                table,
                {"topic": place[0], "partition": place[1], "first": first, "last": last},
            )
        }

    def newest_offsets(self, table: Table) -> dict[Place, int]:
        """The highest offset in the table for every partition it has rows of."""
        rows = self._query("SELECT _topic, _partition, max(_offset) FROM {table} GROUP BY ALL", table, {})
        return {(str(topic), int(partition)): int(offset) for topic, partition, offset in rows}

    def repeats(self, table: Table, place: Place, *, below: int) -> Repeats:
        """The window of event ids as it stood before offset ``below``: all rows of the last ``max_rows`` offsets."""
        window = Repeats()
        sql = (
            "SELECT event_id, _offset AS place, toUnixTimestamp64Milli(_timestamp) AS stamp "
            f"FROM {self._settings.database}.{table.name} WHERE _topic = {{topic:String}} "
            "AND _partition = {partition:Int32} AND _offset >= {first:Int64} AND _offset < {after:Int64} ORDER BY _offset"
        )
        for first in range(max(0, below - window.max_rows), below, PAGE_ROWS):
            page = {"first": first, "after": min(below, first + PAGE_ROWS)}
            wanted = {"topic": place[0], "partition": place[1], **page}

            def ask(client: Any, wanted: dict[str, Any] = wanted) -> Any:
                return client.query_arrow(sql, parameters=wanted, use_strings=True)

            for rows in self._ask(ask, table.name).to_batches():
                window.mark(event_ids(rows.column(0)), rows.column(1).to_numpy(), rows.column(2).to_numpy())
        return window

    def wait_until_quiet(self) -> None:
        """Wait for inserts into our tables that a sink before us sent: what they write must be seen when we ask."""
        deadline = time.monotonic() + QUIET_SECONDS
        pattern = f"%INSERT INTO%{self._settings.database}.%"
        while time.monotonic() < deadline:
            if not self._query(
                "SELECT query FROM system.processes WHERE query_kind = 'Insert' AND query ILIKE {pattern:String}",
                "system.processes",
                {"pattern": pattern},
            ):
                return
            time.sleep(0.2)
        raise TimeoutError(
            f"an insert into {self._settings.database} has been running for {QUIET_SECONDS:.0f} s"
        )

    def _missing(self, table: Table, blocks: dict[Place, Rows]) -> dict[Place, Rows]:
        """What the table does not hold; all of it where newer versions replace rows, and a repeated one is no other."""
        if not table.keeps_all:
            return blocks
        left = {
            place: rows.without(self.held(table, place, int(rows.offsets[0]), int(rows.offsets[-1])))
            for place, rows in blocks.items()
        }
        return {place: rows for place, rows in left.items() if len(rows)}

    def _send(self, client: Any, table: Table, blocks: dict[Place, Rows], name: str) -> None:
        """One attempt, never repeated by the library: it cannot know whether the same engine answers."""
        body = arrow_stream([blocks[place] for place in sorted(blocks)])
        columns = next(iter(blocks.values())).columns.schema.names
        client.raw_insert(
            f"{self._settings.database}.{table.name}",
            column_names=columns,
            insert_block=_pieces(body),
            settings={**ONE_PART, "insert_deduplication_token": name},
            fmt="ArrowStream",
        )

    def _query(self, sql: str, table: Table | str, parameters: dict[str, Any]) -> list[Any]:
        about = table if isinstance(table, str) else table.name
        text = sql.replace("{table}", f"{self._settings.database}.{about}")
        return self._ask(lambda client: list(client.query(text, parameters=parameters).result_rows), about)

    def _ask(self, ask: Callable[[Any], Answer], about: str) -> Answer:
        """Ask until there is an answer."""
        failures = 0
        while True:
            try:
                return ask(self._connect())
            except _unanswered() as error:
                failures += 1
                self._failed("query", about, error, failures)
                self._wait(failures)

    def _failed(self, what: str, table: Table | str, error: Exception, failures: int) -> None:
        """Note a failure; raises where a repetition cannot help or nobody waits for it."""
        if any(code in str(error) for code in FATAL):
            raise error
        if self._stopping():
            raise StoppingError(f"stopped while ClickHouse did not take an {what}: {error}") from error
        name = table if isinstance(table, str) else table.name
        self.trouble = f"{what} of {name} failed {failures} times: {str(error)[:300]}"
        log.warning(
            "ClickHouse failed, trying again",
            what=what,
            table=name,
            error=str(error)[:300],
            failures=failures,
        )
        self._forget()

    def _wait(self, failures: int) -> None:
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures, 10))
        deadline = time.monotonic() + longest * random.uniform(0.5, 1.0)  # noqa: S311  (jitter)
        while time.monotonic() < deadline and not self._stopping():
            time.sleep(0.05)

    def _engine_started(self, client: Any) -> int:
        """When the engine started (UTC seconds, to within one): another value is another engine."""
        now, uptime = client.query("SELECT toUnixTimestamp(now()), uptime()").result_rows[0]
        started = int(now) - int(uptime)
        known = self._engine
        return known if known is not None and abs(started - known) <= 1 else started

    def _connect(self) -> Any:
        if self._client is None:
            self._client = connect(self._settings)
        return self._client

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


@cache
def _unanswered() -> tuple[type[Exception], ...]:
    """What the client raises when an answer was bad or did not come."""
    from clickhouse_connect.driver.exceptions import Error
    from urllib3.exceptions import HTTPError

    return (Error, HTTPError, OSError)


def _token(blocks: Mapping[Place, Rows], intents: Mapping[Place, Intent], attempt: int) -> str:
    """One token for one insert: those of its partitions; ``attempt`` counts the askings within this insert."""
    return "+".join(token(*place, intents[place]) for place in sorted(blocks)) + f".{attempt}"


def _pieces(body: memoryview) -> Iterator[bytes]:
    """A body that can be sent once only, in two pieces at least."""
    step = max(1, min(PIECE, len(body) // 2))
    for start in range(0, len(body), step):
        if start:
            reached("during-insert")
        yield bytes(body[start : start + step])
