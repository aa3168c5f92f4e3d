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
TIMES = (
    "due_at", "document_date", "complete_at", "procured_at", "contract_end", "handed_over_at", "trip_from", "trip_to",
)  # fmt: skip
#: What an event of an example has where it does not say otherwise, by domain.
OWN: Mapping[str, Mapping[str, Any]] = {
    "permits": {"permit_type": "IZIN"},
    "budget": {
        "fiscal_year": 0, "program": "1.03.10", "activity": "1.03.10.2.01", "sub_activity": "1.03.10.2.01.0005",
        "account": "5.1.02.03.04.0001", "amount": 0,
    },
    "activities": {
        "fiscal_year": 0, "program": "1.03.10", "activity": "1.03.10.2.01", "sub_activity": "1.03.10.2.01.0005",
    },
    "revenue": {"cash_office": "KAS-01", "account": "4.1.01.09.01.0001", "amount": 0, "channel": "cash"},
    "population": {"family_card_token": "kartusatuaaaaaaaaaaaaaaaaa", "status": "registered", "persons": 1},
}  # fmt: skip

#: When a record was received (UTC ms), and the record.
Arrival = tuple[int, dict[str, Any]]


def arrivals(domain: str, example: Example, profile: Profile, usual: str = "") -> list[Arrival]:
    """All records of an example in a domain, in order of arrival. An event is of the domain that its fields name, of the
    ``usual`` one where they do not."""
    found = []
    for number, (case, first, (kind, at, fields)) in enumerate(_events(example)):
        if fields.get("domain", usual or domain) != domain:
            continue
        own = OWN.get(domain, {})
        if domain == "permits":
            own = {**own, "case_id": case, "unit": "LOKET" if first else None}
        if "fiscal_year" in own:
            own = {**own, "fiscal_year": int(at[:4])}
        found.append(_record(domain, kind, at, {"event_id": str(UUID(int=number)), **own, **fields}, profile))
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
    given = {name: value for name, value in fields.items() if name not in ("arrives", "domain")}
    own = {
        name: instant(v, profile) if name in TIMES and isinstance(v, str) else v for name, v in given.items()
    }
    known = arrow_schema(DOMAINS[domain].schema).names
    if unknown := sorted(name for name, value in own.items() if value is not None and name not in known):
        raise ValueError(f"{', '.join(unknown)}: no field of {DOMAINS[domain].name}")
    own = {name: value for name, value in own.items() if name in known}
    record = {
        **_defaults(DOMAINS[domain].schema),
        "source": source.id,
        "opd": source.opd,
        "occurred_at": instant(at, profile),
        "kind": kind,
        **own,
    }
    return instant(fields.get("arrives", at), profile), record


@cache
def _defaults(schema: str) -> dict[str, Any]:
    fields = json.loads(current(schema))["fields"]
    return {field["name"]: field["default"] for field in fields if "default" in field}
