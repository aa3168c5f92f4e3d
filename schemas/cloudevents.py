"""CloudEvents 1.0 in Kafka's binary mode: the envelope as headers, the Avro value untouched."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

CONTENT_TYPE = "application/avro"
_CONTENT_TYPE = ("content-type", CONTENT_TYPE.encode())
_SPECVERSION = ("ce_specversion", b"1.0")


def headers(record: Mapping[str, Any], topic: str, traceparent: str | None = None) -> list[tuple[str, bytes]]:
    """Kafka headers of one event (``ce_*``, ``content-type``, ``traceparent``).

    ``topic`` is the catalogue name; with the kind it makes the type, for example ``id.go.nadi.permits.steps.issued.v1``.
    """
    return of(
        record["event_id"],
        record["source"],
        record["kind"],
        record["occurred_at"],
        topic,
        (traceparent or new_traceparent()).encode(),
    )


def of(
    event_id: str, source: str, kind: str, occurred_at: int, topic: str, traceparent: bytes
) -> list[tuple[str, bytes]]:
    """The same from the parts of an envelope."""
    return [
        _SPECVERSION,
        ("ce_id", event_id.encode()),
        _source(source),
        _type(topic, kind),
        _time(occurred_at),
        _CONTENT_TYPE,
        ("traceparent", traceparent),
    ]


@lru_cache(4096)
def _source(source: str) -> tuple[str, bytes]:
    return "ce_source", source.encode()


@lru_cache(4096)
def _type(topic: str, kind: str) -> tuple[str, bytes]:
    return "ce_type", f"id.go.nadi.{topic}.{kind}.v1".encode()


@lru_cache(4096)
def _time(at: int) -> tuple[str, bytes]:
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return "ce_time", text.replace("+00:00", "Z").encode()


def new_traceparent() -> str:
    """A fresh W3C trace context, sampled."""
    random = secrets.token_hex(24)
    return f"00-{random[:32]}-{random[32:]}-01"
