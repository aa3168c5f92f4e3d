"""Is every offset accounted for? Rows and dead letters against offsets, partition by partition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.catalogue import Topic
from schemas.repeats import Repeats
from sinks.clickhouse.tables import EVENT_TOPICS, TABLES

WINDOW = Repeats()
QUERY = """
WITH
    stored AS (
        SELECT _topic AS topic, _partition AS number, _offset AS place, 1 AS row, is_repeat AS again
        FROM {database}.{table}
    ),
    refused AS (
        SELECT DISTINCT original_topic AS topic, original_partition AS number, original_offset AS place
        FROM {database}.dead_letters
        WHERE original_topic = {{topic:String}} AND consumer_group = {{group:String}} AND original_offset >= 0
    )
SELECT
    number,
    sum(row) AS rows,
    sum(again) AS repeats,
    countIf(row = 0) AS letters,
    uniqExact(place) AS accounted,
    min(place) AS first,
    max(place) AS last
FROM
(
    SELECT number, place, row, again FROM stored
    UNION ALL
    SELECT number, place, 0 AS row, false AS again FROM refused
)
GROUP BY number
ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class PartitionAudit:
    """One partition of an event topic (catalogue name) as the database holds it.

    ``rows`` are table rows, ``repeats`` those marked as such, ``dead_letters`` distinct offsets the sink set aside;
    ``first`` and ``last`` the offsets they span.
    """

    topic: str
    partition: int
    first: int
    last: int
    rows: int
    repeats: int
    dead_letters: int
    twice: int
    missing: int
    repeats_counted: int

    def __str__(self) -> str:
        return (
            f"{self.topic}[{self.partition}]: offsets {self.first} to {self.last}, {self.rows} rows, "
            f"{self.dead_letters} dead letters, {self.missing} missing, {self.twice} twice, "
            f"{self.repeats_counted} repeats counted"
        )

    @property
    def ok(self) -> bool:
        """Rows + dead letters = offsets, none twice, and no repeat counted."""
        return self.twice == 0 and self.missing == 0 and self.repeats_counted == 0


def audit(
    client: Any, database: str, group: str = "nadi-sink", topics: Iterable[Topic] = EVENT_TOPICS
) -> list[PartitionAudit]:
    """Account for every offset of event topics, from the database alone (a clickhouse-connect client).

    Compare ``last`` with the topic's end to know how far it reaches. Topics without rows are left out.
    """
    found = []
    for topic in topics:
        table = TABLES[topic.name].name
        counted = dict(_repeats_counted(client, database, table))
        sql = QUERY.format(database=database, table=table)
        for number, rows, repeats, letters, accounted, first, last in client.query(
            sql, parameters={"topic": topic.name, "group": group}
        ).result_rows:
            found.append(
                PartitionAudit(
                    topic=topic.name,
                    partition=int(number),
                    first=int(first),
                    last=int(last),
                    rows=int(rows),
                    repeats=int(repeats),
                    dead_letters=int(letters),
                    twice=int(rows) + int(letters) - int(accounted),
                    missing=int(last) - int(first) + 1 - int(accounted),
                    repeats_counted=int(counted.get(number, 0)),
                )
            )
    return found


def _repeats_counted(client: Any, database: str, table: str) -> list[tuple[int, int]]:
    """Rows not marked whose id was there before, near enough (schemas/repeats.py), by partition."""
    sql = f"""
        SELECT _partition, countIf(
            rows_apart <= {WINDOW.max_rows}
            AND (rows_apart <= {WINDOW.min_rows} OR abs(ms_apart) <= {WINDOW.min_ms})
        ) FROM (
            SELECT _partition, is_repeat,
                _offset - lagInFrame(_offset) OVER ids AS rows_apart,
                toUnixTimestamp64Milli(_timestamp) - toUnixTimestamp64Milli(lagInFrame(_timestamp) OVER ids) AS ms_apart,
                row_number() OVER ids AS seen
            FROM {database}.{table}
            WINDOW ids AS (PARTITION BY _partition, event_id ORDER BY _offset ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
        ) WHERE seen > 1 AND NOT is_repeat GROUP BY _partition
    """
    return [(int(partition), int(count)) for partition, count in client.query(sql).result_rows]
