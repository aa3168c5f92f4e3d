"""Ids of events that come from files: the same row gives the same id, so that a repeated row is a repeat."""

from __future__ import annotations

import uuid
from typing import Any

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "nadi:file")


def event_id(event: dict[str, Any]) -> str:
    """The given id in canonical form, else UUIDv5 of source and given id, or of source and content."""
    given, source = event.get("event_id"), event.get("source")
    if given:
        try:
            return str(uuid.UUID(given))
        except ValueError:
            return str(uuid.uuid5(NAMESPACE, f"{source}|id={given}"))
    content = "|".join(f"{name}={event[name]}" for name in sorted(event) if name not in ("mode", "event_id"))
    return str(uuid.uuid5(NAMESPACE, f"{source}|{content}"))


def row_id(file_id: str, number: int) -> str:
    """The id of the event of one row of a file that is known by its content: two equal rows are two events."""
    return str(uuid.uuid5(NAMESPACE, f"{file_id}|row={number}"))
