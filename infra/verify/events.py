"""The events that count, one by one: no repeats, nothing that was dead-lettered, up to where the tasks stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.settings import Settings
from infra.verify.report import Progress, Report
from schemas import records
from schemas.acceptance import refusals
from schemas.catalogue import DOMAINS
from schemas.codec import Codec, DecodeError
from schemas.registry import open_ids
from schemas.repeats import Repeats

#: record, partition, offset, timestamp (UTC ms)
Event = tuple[dict[str, Any], int, int, int]
_WINDOW = Repeats()
#: What the regency task could not take, the case tasks have counted all the same.
REGENCY_STAGE = "regency"


def events(
    domain: str, settings: Settings, positions: Mapping[int, int], report: Report, progress: Progress
) -> Iterator[Event]:
    """Read a domain's topic; ``positions`` are next offsets. Counts in ``report``. Raises TimeoutError."""
    import numpy as np
    import pyarrow as pa

    from schemas.codec import arrow_schema
    from schemas.event_ids import event_ids

    topic, kafka = DOMAINS[domain], settings.kafka
    letters = dead_letters(domain, settings)
    codec = Codec(topic.schema, open_ids(kafka.schema_registry_url))
    schema = arrow_schema(topic.schema)
    seen: dict[tuple[int, str], tuple[int, int]] = {}
    for message in records.read_topics(
        kafka.bootstrap_servers,
        [kafka.layout().topic(topic.name)],
        lambda done, total: progress("baca", done, total),
    ):
        partition, offset, stamp = message.partition(), message.offset(), message.timestamp()[1]
        if offset >= positions.get(partition, 0):
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


def dead_letters(domain: str, settings: Settings) -> dict[tuple[int, int], str]:
    """(partition, offset) to the stage at which the case tasks gave up."""
    kafka = settings.kafka
    found = {}
    name = kafka.layout().topic(DOMAINS[domain].dead_letters)
    for message in records.read_topics(kafka.bootstrap_servers, [name]):
        headers = {key: (value or b"").decode(errors="replace") for key, value in message.headers() or ()}
        stage = headers.get("dlq.error.stage", "")
        if headers.get("dlq.consumer.group") == settings.streams.group and stage != REGENCY_STAGE:
            place = (int(headers["dlq.original.partition"]), int(headers["dlq.original.offset"]))
            found[place] = stage
    return found


def _near(rows: int, ms: int) -> bool:
    """Whether a record this far behind the one before it with the same id is its repeat (schemas/repeats.py)."""
    return rows <= _WINDOW.max_rows and (rows <= _WINDOW.min_rows or abs(ms) <= _WINDOW.min_ms)


def _plausible(record: dict[str, Any], stamp: int) -> bool:
    """Quick sight of what acceptance could refuse; what is not plainly well is looked at exactly."""
    return record["occurred_at"] <= stamp and len(record["event_id"]) == 36
