"""CloudEvents 1.0 in Kafka's binary mode: the envelope as headers, the Avro value untouched."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

CONTENT_TYPE = "application/avro"
_CONTENT_TYPE = CONTENT_TYPE.encode()


def headers(record: Mapping[str, Any], topic: str, traceparent: str | None = None) -> list[tuple[str, bytes]]:
    """Kafka headers of one event (``ce_*``, ``content-type``, ``traceparent``).

    ``topic`` is the catalogue name; with the kind it makes the type, for example ``id.go.nadi.permits.steps.issued.v1``.
    """
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", record["event_id"].encode()),
        ("ce_source", record["source"].encode()),
        ("ce_type", _type(topic, record["kind"])),
        ("ce_time", _time(record["occurred_at"])),
        ("content-type", _CONTENT_TYPE),
        ("traceparent", (traceparent or new_traceparent()).encode()),
    ]


@lru_cache(4096)
def _type(topic: str, kind: str) -> bytes:
    return f"id.go.nadi.{topic}.{kind}.v1".encode()


@lru_cache(4096)
def _time(at: int) -> bytes:
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").encode()


def new_traceparent() -> str:
    """A fresh W3C trace context, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
