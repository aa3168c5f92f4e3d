"""Compare what the engine published with the plain reference, from the topics, the table and the wallboard.

Exact on a moving stack too: the aggregates topic says how far each partition was processed (offset in the version)
and how far its clock stood (``as_of``); the reference is computed for that very point.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from infra.settings import Settings
from schemas.acceptance import refusals
from schemas.catalogue import AGGREGATES, DOMAINS
from schemas.codec import Codec, DecodeError
from schemas.profile import Profile
from schemas.registry import open_ids
from schemas.repeats import DAY_MS
from streams.engine.version import unpack
from streams.reference import compute

Progress = Callable[[str, int, int], None]
Figure = tuple[str, str, str, str]
TABLE_SECONDS = 10.0


class Cell(NamedTuple):
    """The newest value of one key in one source partition."""

    amount: int
    version: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure on which topic, table, wallboard and reference are not one; None where it is not looked at."""

    metric: str
    dimension: str
    value: str
    local_day: str
    topic: int | None
    table: int | None
    wallboard: int | None
    reference: int


@dataclass(slots=True)
class Report:
    """What one domain's comparison found. ``behind`` are events that no worker has processed yet;
    ``moving`` says that values changed while they were compared; ``audit`` names the partitions of the domain's topic
    whose offsets are not each one row or one dead letter in the table, or whose repeats are counted."""

    domain: str
    events: int = 0
    repeats: int = 0
    refused: int = 0
    behind: int = 0
    figures: int = 0
    table: str = "compared"
    audit: list[str] = field(default_factory=list)
    wallboard: str = "compared"
    moving: bool = False
    differences: list[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything that was compared is one, and every offset accounted for."""
        return not self.differences and not self.audit

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Published:
    """What the workers published of a domain: values by figure and partition, positions and clocks by partition."""

    cells: dict[Figure, dict[int, Cell]]
    processed: dict[int, int]
    clocks: dict[int, int]


def newest(
    domain: str, settings: Settings, progress: Progress = lambda _key, _done, _total: None
) -> Published:
    """Read the aggregates topic: the highest version of each key, of equal ones the last."""
    topic = Topics(settings)
    said = Published(defaultdict(dict), topic.committed(DOMAINS[domain].name), defaultdict(int))
    codec = Codec("aggregates", topic.ids)
    for message in topic.read(AGGREGATES[domain].name, lambda done, total: progress("topik", done, total)):
        try:
            e = codec.decode(message.value())
        except DecodeError:
            continue  # the sink dead-letters it
        figure, partition = (e["metric"], e["dimension"], e["value"], e["local_day"]), e["source_partition"]
        before = said.cells[figure].get(partition)
        if before is None or e["version"] >= before.version:
            said.cells[figure][partition] = Cell(e["amount"], e["version"])
        said.processed[partition] = max(said.processed.get(partition, 0), unpack(e["version"]).next_offset)
        said.clocks[partition] = max(said.clocks[partition], e["as_of"])
    return said


def verify(domain: str, settings: Settings, profile: Profile, progress: Progress) -> Report:
    """Compare one domain. Raises TimeoutError when the broker does not answer."""
    report = Report(domain)
    topic = Topics(settings)
    said = newest(domain, settings, progress)
    cells, processed, clocks = said.cells, said.processed, said.clocks
    events = list(topic.events(domain, processed, report, lambda done, total: progress("baca", done, total)))
    for _, partition, _, timestamp in events:
        clocks[partition] = max(clocks[partition], timestamp)
    reference = compute(domain, events, profile, clocks, settings.streams.clock == "event")
    progress("hitung", 1, 1)
    table = _table(domain, settings, cells, report)
    report.audit = unaccounted(domain, settings)
    wallboard = _wallboard(settings, report)
    whole = topic.begins(AGGREGATES[domain].name)
    report.figures = len(reference)
    shown_of = {figure[:2] for figure in wallboard or ()}
    for figure in sorted(reference.keys() | cells.keys() | (table or {}).keys()):
        wanted = reference.get(figure, 0)
        found = (
            sum(cell.amount for cell in cells.get(figure, {}).values()) if whole or figure in cells else None
        )
        stored = table.get(figure, 0) if table is not None else None
        shown = wallboard.get(figure, 0) if wallboard is not None and figure[:2] in shown_of else None
        if any(value is not None and value != wanted for value in (found, stored, shown)):
            report.differences.append(Difference(*figure, found, stored, shown, wanted))
    return report


class Topics:
    """Plain reading of topics from their beginning to where they ended when asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._layout = settings.kafka.layout()
        self.ids = open_ids(settings.kafka.schema_registry_url)

    def _consumer(self, group: str) -> Any:
        from confluent_kafka import Consumer

        return Consumer(
            {
                "bootstrap.servers": self._settings.kafka.bootstrap_servers,
                "group.id": group,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )

    def _bounds(self, consumer: Any, name: str) -> dict[int, tuple[int, int]]:
        from confluent_kafka import TopicPartition

        cluster = self._layout.topic(name)
        found = consumer.list_topics(cluster, timeout=10).topics[cluster]
        return {
            partition: consumer.get_watermark_offsets(TopicPartition(cluster, partition), timeout=10)
            for partition in found.partitions
        }

    def committed(self, name: str) -> dict[int, int]:
        """How far the workers committed each partition of a topic."""
        from confluent_kafka import TopicPartition

        consumer = self._consumer(self._settings.streams.group)
        try:
            asked = [TopicPartition(self._layout.topic(name), p) for p in self._bounds(consumer, name)]
            return {p.partition: p.offset for p in consumer.committed(asked, timeout=10) if p.offset > 0}
        finally:
            consumer.close()

    def begins(self, name: str) -> bool:
        """Whether nothing of the topic has expired yet."""
        consumer = self._consumer("nadi-verify")
        try:
            return all(low == 0 for low, _ in self._bounds(consumer, name).values())
        finally:
            consumer.close()

    def read(self, name: str, progress: Callable[[int, int], None]) -> Iterator[Any]:
        """All messages up to the end offsets as they are now, each partition in order.

        Offsets may have holes and the last ones no records: transactions leave markers and aborted records there.
        """
        from confluent_kafka import TopicPartition

        consumer = self._consumer("nadi-verify")
        try:
            bounds = self._bounds(consumer, name)
            left = {p: high - low for p, (low, high) in bounds.items() if high > low}
            total = sum(left.values())
            cluster = self._layout.topic(name)
            consumer.assign([TopicPartition(cluster, p, bounds[p][0]) for p in left])
            heard = time.monotonic()
            while left:
                for message in consumer.consume(10_000, 1.0):
                    heard = time.monotonic()
                    partition, offset = message.partition(), message.offset()
                    if (error := message.error()) is not None:
                        if error.name() != "_PARTITION_EOF":
                            raise RuntimeError(f"{name}: {error}")
                        left.pop(partition, None)
                    elif partition in left:
                        if offset < bounds[partition][1]:
                            yield message
                        left[partition] = bounds[partition][1] - offset - 1
                        if left[partition] <= 0:
                            del left[partition]
                progress(total - sum(left.values()), total)
                if left and time.monotonic() - heard > 30:
                    raise TimeoutError(
                        f"{name}: the broker sent nothing for 30 s; {len(left)} partitions unread"
                    )
        finally:
            consumer.close()

    def events(
        self, domain: str, processed: dict[int, int], report: Report, progress: Callable[[int, int], None]
    ) -> Iterator[tuple[dict[str, Any], int, int, int]]:
        """The records that count, one by one: no repeats, nothing that the workers dead-lettered."""
        import numpy as np
        import pyarrow as pa

        from schemas.codec import arrow_schema
        from schemas.event_ids import event_ids

        topic = DOMAINS[domain]
        letters = self._dead_letters(topic.dead_letters)
        codec = Codec(topic.schema, self.ids)
        schema = arrow_schema(topic.schema)
        seen: dict[tuple[int, str], tuple[int, int]] = {}
        for message in self.read(topic.name, progress):
            partition, offset, stamp = message.partition(), message.offset(), message.timestamp()[1]
            if offset >= processed.get(partition, 0):
                report.behind += 1
                continue
            report.events += 1
            stage = letters.get((partition, offset))
            if stage is not None:
                report.refused += 1
            if stage in ("decode", "accept"):
                continue
            try:
                record = codec.decode(message.value())
            except DecodeError:
                continue  # not dead-lettered, so it must differ somewhere; it cannot be counted here
            if stage is None and not _plausible(record, stamp):
                row = pa.RecordBatch.from_pylist([record], schema=schema)
                if refusals(row, np.asarray([stamp], np.int64), event_ids(row.column("event_id"))):
                    continue
            before = seen.get((partition, record["event_id"]))
            seen[partition, record["event_id"]] = (offset, stamp)
            if before is not None and _near(offset - before[0], stamp - before[1]):
                report.repeats += 1
            elif stage is None:
                yield record, partition, offset, stamp

    def _dead_letters(self, name: str) -> dict[tuple[int, int], str]:
        """(partition, offset) to the stage at which the workers gave up."""
        found = {}
        for message in self.read(name, lambda _done, _total: None):
            headers = {key: (value or b"").decode(errors="replace") for key, value in message.headers() or ()}
            if headers.get("dlq.consumer.group") == self._settings.streams.group:
                place = (int(headers["dlq.original.partition"]), int(headers["dlq.original.offset"]))
                found[place] = headers.get("dlq.error.stage", "")
        return found


def _near(rows: int, ms: int) -> bool:
    """Whether a record this far behind one with the same id is its repeat."""
    return rows <= 2_000_000 and (rows <= 100_000 or abs(ms) <= 7 * DAY_MS)


def _plausible(record: dict[str, Any], stamp: int) -> bool:
    """Quick sight of what acceptance could refuse; what is not plainly well is looked at exactly."""
    return record["occurred_at"] <= stamp and len(record["event_id"]) == 36


def _table(
    domain: str, settings: Settings, cells: dict[Figure, dict[int, Cell]], report: Report
) -> dict[Figure, int] | None:
    """The table's sums, once it has caught up with the topic; cells that have moved on since count as the topic's."""
    if not settings.clickhouse.url:
        report.table = "no clickhouse.url"
        return None
    import clickhouse_connect

    address = urlsplit(settings.clickhouse.url)
    client: Any = clickhouse_connect.get_client(
        host=address.hostname or "127.0.0.1",
        port=address.port or 8123,
        username=address.username or "default",
        password=address.password or "",
        secure=address.scheme == "https",
    )
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
    sums: dict[Figure, int] = defaultdict(int)
    for figure, parts in stored.items():
        for partition, cell in parts.items():
            if cell.version > newest_of[partition]:  # written after the topic was read
                report.moving = True
                cell = cells.get(figure, {}).get(partition, Cell(0, -1))  # noqa: PLW2901
            sums[figure] += cell.amount
    return sums


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


def _wallboard(settings: Settings, report: Report) -> dict[Figure, int] | None:
    """What the wallboard holds, where it runs; it moves on by itself, so only a stack at rest can be compared."""
    import httpx

    address = f"http://{settings.wallboard.host}:{settings.wallboard.port}/api/totals"
    if report.moving or report.behind:
        report.wallboard = "the figures are moving"
        return None
    try:
        answer = httpx.get(address, timeout=10, trust_env=False)
        answer.raise_for_status()
        rows = json.loads(answer.content)
        return {_figure(row): int(row["amount"] if isinstance(row, dict) else row[4]) for row in rows}
    except (httpx.HTTPError, ValueError, KeyError, IndexError) as error:
        report.wallboard = f"not reachable: {type(error).__name__}"
        return None


def _figure(row: Any) -> Figure:
    if isinstance(row, dict):
        return (row["metric"], row["dimension"], row["value"], row["local_day"])
    return (row[0], row[1], row[2], row[3])
