"""What the sink asks of ClickHouse: insert until it is certain, and which offsets are there."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from schemas.repeats import DAY_MS, Repeats
from sinks.clickhouse.blocks import Rows, column_types, joined
from sinks.clickhouse.client import connect
from sinks.clickhouse.intent import Intent, missing, token
from sinks.clickhouse.tables import Table
from sinks.settings import ClickHouseSettings

log: Any = structlog.get_logger("clickhouse.store")

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
#: Answers that the same bytes can never get past; everything else is tried again.
FATAL = (
    "UNKNOWN_TABLE",
    "UNKNOWN_DATABASE",
    "NO_SUCH_COLUMN_IN_TABLE",
    "TYPE_MISMATCH",
    "AUTHENTICATION_FAILED",
)

Place = tuple[str, int]


class Store:
    """The tables of one database. Used by one thread."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._started: int | None = None

    def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            self._client.close()

    def insert(
        self,
        table: Table,
        blocks: Mapping[Place, Rows],
        intent_of: Mapping[Place, Intent | None],
        *,
        keep_polling: Callable[[], None],
    ) -> None:
        """Insert the blocks of one table as one block; returns when all rows are certainly there, once.

        While the same engine lives, the same bytes go out under the same token. After an engine's restart, or when
        it is not known whether it did, the table is asked which offsets it holds, and the missing ones go out under a
        new token: MergeTree may have logged a token of rows it lost.
        """
        attempt = 0
        left = dict(blocks)
        wait = FIRST_WAIT
        while left:
            name = "+".join(_token(p, intent_of.get(p), attempt) for p in sorted(left))
            try:
                self._connect()
                engine = self._engine_started()
                if self._started is not None and engine != self._started:
                    attempt += 1
                    left = self._still_missing(table, left)
                    self._started = engine
                    continue
                self._started = engine
                self._send(table, left, name)
            except Exception as error:
                if any(code in str(error) for code in FATAL):
                    raise
                log.warning(
                    "insert failed, trying again", table=table.name, error=str(error)[:300], seconds=wait
                )
                self._forget()
                keep_polling()
                time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311
                wait = min(LONGEST_WAIT, wait * 2)
                continue
            return

    def held(self, table: Table, topic: str, partition: int, first: int, last: int) -> list[int]:
        """Which offsets of a range are in the table."""
        rows = self._query(
            f"SELECT _offset FROM {{table}} WHERE _topic = {{topic:String}} AND _partition = {{partition:Int32}} "
            f"AND _offset BETWEEN {int(first)} AND {int(last)}",
            table,
            topic,
            partition,
        )
        return [row[0] for row in rows]

    def newest_offset(self, table: Table, topic: str, partition: int) -> int | None:
        """The highest offset in the table, None when it has no row of the partition."""
        rows = self._query(
            "SELECT max(_offset), count() FROM {table} WHERE _topic = {topic:String} AND _partition = {partition:Int32}",
            table,
            topic,
            partition,
        )
        return int(rows[0][0]) if rows[0][1] else None

    def repeats(self, table: Table, topic: str, partition: int, *, below: int) -> Repeats:
        """The window of event ids as it stood before offset ``below``."""
        window = Repeats()
        rows = self._query(
            "SELECT event_id, toUnixTimestamp64Milli(_timestamp) FROM {table} "
            "WHERE _topic = {topic:String} AND _partition = {partition:Int32} "
            f"AND _offset < {int(below)} AND (_offset >= {int(below) - window.min_rows} OR _timestamp >= "
            f"(SELECT max(_timestamp) - INTERVAL {window.min_ms // DAY_MS} DAY FROM {{table}})) ORDER BY _offset",
            table,
            topic,
            partition,
        )
        window.mark((row[0] for row in rows), (row[1] for row in rows))
        return window

    def _still_missing(self, table: Table, blocks: dict[Place, Rows]) -> dict[Place, Rows]:
        left: dict[Place, Rows] = {}
        for (topic, partition), rows in blocks.items():
            held = self.held(table, topic, partition, rows.offsets[0], rows.offsets[-1])
            rest = rows.only(missing(rows.offsets, held))
            if len(rest):
                left[topic, partition] = rest
        return left

    def _send(self, table: Table, blocks: dict[Place, Rows], name: str) -> None:
        columns = joined([blocks[place] for place in sorted(blocks)])
        types = column_types(table)
        self._client.insert(
            table.name,
            list(columns.values()),
            column_names=list(columns),
            column_type_names=[types[column] for column in columns],
            column_oriented=True,
            database=self._settings.database,
            settings={
                "insert_deduplication_token": name,
                "async_insert": 0,
                "max_insert_block_size": 1_000_000,
            },
        )

    def _query(self, sql: str, table: Table, topic: str, partition: int) -> list[Any]:
        """Ask until there is an answer."""
        wait = FIRST_WAIT
        text = sql.replace("{table}", f"{self._settings.database}.{table.name}")
        while True:
            try:
                self._connect()
                return list(
                    self._client.query(text, parameters={"topic": topic, "partition": partition}).result_rows
                )
            except Exception as error:
                if any(code in str(error) for code in FATAL):
                    raise
                log.warning(
                    "query failed, trying again", table=table.name, error=str(error)[:300], seconds=wait
                )
                self._forget()
                time.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)

    def _engine_started(self) -> int:
        """When the engine started (seconds, to within two): another value is another engine."""
        now, uptime = self._client.query("SELECT toUnixTimestamp(now()), uptime()").result_rows[0]
        started = int(now) - int(uptime)
        known = self._started
        return known if known is not None and abs(started - known) <= 1 else started

    def _connect(self) -> None:
        if self._client is None:
            self._client = connect(self._settings)

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _token(place: Place, intent: Intent | None, attempt: int) -> str:
    """One attempt's token; ``attempt`` counts the engine's restarts within this insert."""
    topic, partition = place
    base = token(topic, partition, intent) if intent else f"{topic}:{partition}"
    return f"{base}.{attempt}"
