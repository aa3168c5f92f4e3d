"""A row as an event of the contract, its content as a hash, and the ids of its events.

The id is keyed, because a row's key may be a person's number and everything else could be guessed. It is made of the
row's key, its content and the event before it: the same row read again is the same event, and a row that goes back to
what it was is a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from producers import secret_file
from producers.mapped import typed_fields
from producers.pull.config import Source
from producers.redaction import mask
from producers.values import RowValueError

#: Stands in the envelope or is set by the gateway.
OUTSIDE = ("event_id", "source", "opd", "kind")


class Made(NamedTuple):
    """An event to be sent: its ``id``, ``kind``, ``payload`` (JSON text), ``place`` (hash of its Kafka key), and
    ``problem``, why it cannot be sent (empty where it can)."""

    id: uuid.UUID
    kind: str
    payload: str
    place: bytes
    problem: str = ""


class Maker:
    """Makes the events of one source; ``secret`` keys their ids and must not change."""

    def __init__(self, source: Source, secret: bytes) -> None:
        self._source, self._secret = source, secret
        self._place = [name for name in source.topic.key if name not in OUTSIDE]

    def event(
        self, key: int | str, row: Mapping[str, Any], before: bytes | None, more: Mapping[str, str]
    ) -> Made:
        """The event of a row whose event was ``before``; ``more`` are fields of the envelope."""
        try:
            data, problem = self.fields(row), ""
        except RowValueError as error:
            data, problem = {}, mask(error.message)
        kind = str(data.pop("kind", ""))
        place = _digest(json.dumps([data.get(name) for name in self._place]))[:8]
        payload = json.dumps({**data, **more}, ensure_ascii=False)
        if not _whole(kind + payload):
            kind, payload, problem = "", json.dumps(dict(more)), "teks dalam baris ini bukan UTF-8 yang utuh"
        content = f"{self._source.mapping.source}|{key}|{(before or b'').hex()}|{kind}|{payload}|{problem}"
        made = hmac.digest(self._secret, content.encode("utf-8", "surrogatepass"), "sha256")[:16]
        return Made(uuid.UUID(bytes=made, version=5), kind, payload, place, problem)

    def fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The typed fields of a row that are sent. Raises RowValueError."""
        plain = {name: plain_value(value) for name, value in row.items()}
        fields = typed_fields(plain, self._source.mapping, self._source.zone)
        return {name: value for name, value in fields.items() if name not in OUTSIDE or name == "kind"}

    def hash(self, row: Mapping[str, Any]) -> bytes:
        """The content of a row (what the mapping reads of it) in 16 bytes."""
        values = [plain_value(row[name]) for name in sorted(set(self._source.mapping.columns.values()))]
        return _digest(json.dumps(values, default=str))


def key_of(value: Any) -> int | str:
    """A row's key as it is remembered."""
    plain = plain_value(value)
    return plain if isinstance(plain, int) and not isinstance(plain, bool) else str(plain)


def plain_value(value: Any) -> Any:
    """A driver's value as a file would give it: int, float, str, bool, datetime or None."""
    match value:
        case None | bool() | int() | float() | str() | datetime():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case date():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            raw = bytes(value)
            return raw[0] if raw in (b"\0", b"\1") else raw.decode("utf-8", "surrogateescape")
        case _:
            return str(value)


def secret_of(path: Path) -> bytes:
    """The secret in a file, made at the first start: without it no id can be made again, so it belongs in backups."""
    if not path.exists():
        secret_file.make(path, secrets.token_hex(32) + "\n")
    return bytes.fromhex(path.read_text("utf-8").strip())


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
