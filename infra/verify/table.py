"""The table beside the topic: its sums, and whether every offset is accounted for."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from infra.settings import Settings
from infra.verify.report import Cell, Figure, Report
from schemas.catalogue import DOMAINS

TABLE_SECONDS = 10.0


def sums(
    domain: str, settings: Settings, cells: Mapping[Figure, dict[int, Cell]], report: Report
) -> dict[Figure, int] | None:
    """The table's sums, once it has caught up with the topic; cells that have moved on since count as the topic's."""
    if not settings.clickhouse.url:
        report.table = "no clickhouse.url"
        return None
    from sinks.clickhouse.client import connect

    client: Any = connect(settings.clickhouse)
    query = (
        f"SELECT metric, dimension, value, toString(local_day), source_partition, amount, version "  # noqa: S608
        f"FROM {settings.clickhouse.database}.aggregates FINAL WHERE startsWith(metric, {{domain:String}})"
    )
    deadline = time.monotonic() + TABLE_SECONDS
    while True:
        stored: dict[Figure, dict[int, Cell]] = defaultdict(dict)
        for metric, dimension, value, day, partition, amount, version in client.query(
            query, parameters={"domain": f"{domain}."}
        ).result_rows:
            stored[(metric, dimension, value, day)][int(partition)] = Cell(int(amount), int(version))
        behind = sum(
            1
            for figure, mine in cells.items()
            for partition, cell in mine.items()
            if stored.get(figure, {}).get(partition, Cell(0, -1)).version < cell.version
        )
        if not behind or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    client.close()
    report.table = "compared" if not behind else f"{behind} values older than the topic's"
    newest_of: dict[int, int] = defaultdict(lambda: -1)
    for mine in cells.values():
        for partition, cell in mine.items():
            newest_of[partition] = max(newest_of[partition], cell.version)
    found: dict[Figure, int] = defaultdict(int)
    for figure, parts in stored.items():
        for partition, cell in parts.items():
            if cell.version > newest_of[partition]:  # written after the topic was read
                report.moving = True
                cell = cells.get(figure, {}).get(partition, Cell(0, -1))  # noqa: PLW2901
            found[figure] += cell.amount
    return found


def unaccounted(domain: str, settings: Settings) -> list[str]:
    """Partitions of the domain's topic whose offsets, as far as they can be queried, the database does not account for.

    A table that is just being written is asked again for a while: rows and dead letters come in different inserts.
    """
    if not settings.clickhouse.url:
        return []
    from sinks.clickhouse.audit import audit
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.freshness import freshness

    kafka, clickhouse = settings.kafka, settings.clickhouse
    client = connect(clickhouse)
    deadline = time.monotonic() + TABLE_SECONDS
    try:
        while True:
            fresh = freshness(
                kafka.bootstrap_servers, kafka.layout(), clickhouse.group, [DOMAINS[domain].name]
            )
            held = {
                p.partition: p
                for p in audit(client, clickhouse.database, clickhouse.group, [DOMAINS[domain]])
            }
            found = [str(p) for p in held.values() if not p.ok]
            for place in fresh:
                mine = held.get(place.partition)
                if place.queryable <= place.begin or (
                    mine is not None and mine.first <= place.begin and mine.last + 1 >= place.queryable
                ):
                    continue
                found.append(
                    f"{place.topic}[{place.partition}]: offsets {place.begin} to {place.queryable - 1} should be there, "
                    + (f"{mine.first} to {mine.last} are" if mine else "none is")
                )
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(0.5)
    finally:
        client.close()
