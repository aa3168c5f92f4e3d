"""Records of any schema, empty or full, as messages."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from schemas.registry import current

NOW = 1_764_000_000_000


@dataclass
class Message:
    """What the sink uses of confluent-kafka's message."""

    _topic: str
    _offset: int
    _value: bytes | None
    _key: bytes | None = None
    _timestamp: int = NOW
    _headers: list[tuple[str, bytes | None]] = field(default_factory=list)

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes | None:
        return self._value

    def key(self) -> bytes | None:
        return self._key

    def timestamp(self) -> tuple[int, int]:
        return 1, self._timestamp

    def headers(self) -> list[tuple[str, bytes | None]]:
        return self._headers


def message(topic: str, offset: int, value: bytes | None, **options: Any) -> Message:
    return Message(topic, offset, value, **{f"_{name}": value for name, value in options.items()})


def full_record(schema: str, *, full: bool) -> dict[str, Any]:
    """A record with every optional field set, or with defaults only."""
    record: dict[str, Any] = {}
    for part in json.loads(current(schema))["fields"]:
        if "default" in part and not full:
            record[part["name"]] = part["default"]
        else:
            record[part["name"]] = _value(part["type"])
    if "event_id" in record:
        record["event_id"] = str(uuid.uuid4())
        record["occurred_at"] = NOW
    return record


def _value(kind: Any) -> Any:
    if isinstance(kind, list):
        return _value(kind[1])
    if isinstance(kind, dict):
        if kind["type"] == "map":
            return {"k": _value(kind["values"])}
        if kind["type"] == "record":
            return {part["name"]: _value(part["type"]) for part in kind["fields"]}
        return [_value(kind["items"])] * 2
    return {"string": "x", "long": 7, "int": 7, "boolean": True, "double": 1.5}[kind]
