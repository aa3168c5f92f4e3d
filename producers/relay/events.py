"""Rows as CloudEvents. The payload's text is passed on as it is, so that a repeat is equal byte for byte."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from producers.relay.outbox import Row

PREFIX = "id.go.nadi"
_KIND = re.compile(r"[a-z0-9_-]+")


class UnsendableError(ValueError):
    """A row of which no event can be made; the message (Bahasa Indonesia) is its ``last_error``."""


def event_type(row: Row) -> str:
    """``type`` is a whole event type, or a kind, which ``aggregatetype`` (the topic) completes."""
    return f"{PREFIX}.{row.aggregatetype}.{row.type}.v1" if _KIND.fullmatch(row.type) else row.type


def cloud_event(row: Row, source: str) -> bytes:
    """One event in JSON (UTF-8). ``created_at`` is its time where the payload has no ``occurred_at``.

    ``aggregateid`` stays at home: it may be a person's number, and the key on Kafka comes from the payload. Raises
    UnsendableError.
    """
    try:
        data = json.loads(row.payload, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UnsendableError(f"payload bukan JSON: {str(error)[:200]}") from error
    if not isinstance(data, dict):
        raise UnsendableError("payload harus berupa objek JSON: { … }")
    head: dict[str, Any] = {
        "specversion": "1.0",
        "id": row.id,
        "source": source,
        "type": event_type(row),
        "datacontenttype": "application/json",
    }
    if "occurred_at" not in data:
        head["time"] = row.created_at
    try:
        if "\\ud" in row.payload.lower():
            json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is no text
        return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "data": {row.payload}}}'.encode()
    except UnicodeEncodeError as error:
        raise UnsendableError("teks dalam baris ini bukan UTF-8 yang utuh") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} bukan bilangan JSON")
