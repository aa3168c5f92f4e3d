"""The events of an example as records in order of arrival: those of the cases before it, and of its own case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from schemas.catalogue import DOMAINS
from schemas.codec import arrow_schema
from schemas.profile import Profile
from schemas.registry import current
from streams.engine.chunk import Chunk
from streams.rules.rule import Example

SUBJECT = "503/1/2026"
#: How the numbers of the earlier cases begin.
EARLIER = "503/pembanding/"
TIMES = ("due_at", "document_date")

#: When a record was received (UTC ms), and the record.
Arrival = tuple[int, dict[str, Any]]


def arrivals(domain: str, example: Example, profile: Profile) -> list[Arrival]:
    """All records of an example, in order of arrival."""
    found = []
    for number, (case, first, (kind, at, fields)) in enumerate(_events(example)):
        place = {"case_id": case, "unit": "LOKET" if first else None, "event_id": str(UUID(int=number))}
        found.append(_record(domain, kind, at, {**place, **fields}, profile))
    return sorted(found, key=lambda arrival: arrival[0])


def chunk_of(domain: str, some: Sequence[Arrival], offset: int) -> Chunk:
    """Records as one chunk that begins at an offset."""
    stamps = np.array([stamp for stamp, _ in some], np.int64)
    schema = arrow_schema(DOMAINS[domain].schema)
    return Chunk(
        topic=DOMAINS[domain].name,
        partition=0,
        first_offset=offset,
        next_offset=offset + len(some),
        columns=pa.RecordBatch.from_pylist([record for _, record in some], schema=schema),
        offsets=np.arange(offset, offset + len(some), dtype=np.int64),
        clocks=stamps,
        clock=int(stamps.max()),
    )


def instant(local: str, profile: Profile) -> int:
    """UTC ms of a local time."""
    return round(datetime.fromisoformat(local).replace(tzinfo=profile.timezone).timestamp() * 1000)


def is_earlier(subject: str) -> bool:
    """Whether an alert is about one of the earlier cases."""
    return subject.startswith(EARLIER)


def _events(example: Example) -> Iterator[tuple[str, bool, tuple[str, str, Mapping[str, Any]]]]:
    """Events with their case, and whether they are its first."""
    for name, (cases, events) in example.peers.items():
        for number in range(cases):
            for place, event in enumerate(events):
                yield f"{EARLIER}{name}/{number + 1}", place == 0, event
    for place, event in enumerate(example.events):
        yield SUBJECT, place == 0, event


def _record(domain: str, kind: str, at: str, fields: Mapping[str, Any], profile: Profile) -> Arrival:
    source = next(source for source in profile.sources.values() if source.domain == domain)
    given = {name: value for name, value in fields.items() if name != "arrives"}
    own = {
        name: instant(v, profile) if name in TIMES and isinstance(v, str) else v for name, v in given.items()
    }
    record = {
        **_defaults(DOMAINS[domain].schema),
        "source": source.id,
        "opd": source.opd,
        "occurred_at": instant(at, profile),
        "kind": kind,
        "permit_type": "IZIN",
        **own,
    }
    return instant(fields.get("arrives", at), profile), record


@cache
def _defaults(schema: str) -> dict[str, Any]:
    fields = json.loads(current(schema))["fields"]
    return {field["name"]: field["default"] for field in fields if "default" in field}
