"""What can be seen of a record's bytes: fields as far as they can be decoded, and a dump of all of it."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from schemas.catalogue import TOPICS
from schemas.codec import HEADER, MAGIC
from schemas.registry import SchemaIds, UnknownSchemaError, current

WIDTH = 16


@dataclass(slots=True)
class Contents:
    """``fields`` are those read before the first that could not be; ``stopped`` says where and why reading ended,
    empty when all of it was read. ``schema`` is the name and wire id, or what was assumed."""

    schema: str = ""
    assumed: bool = False
    fields: list[tuple[str, Any]] = field(default_factory=list)
    stopped: str = ""


def contents(value: bytes | None, topic: str, ids: SchemaIds) -> Contents:
    """Decode field by field. ``topic`` is the source topic's catalogue name; its schema is tried where the id is unknown."""
    found = Contents()
    if value is None:
        found.stopped = "null"
        return found
    if len(value) < HEADER.size:
        found.stopped = f"{len(value)} < {HEADER.size} byte"
        return found
    magic, schema_id = HEADER.unpack_from(value)
    if magic != MAGIC:
        found.stopped = f"byte 0: {magic & 0xFF:#04x} ≠ 0x00"
        return found
    try:
        writer = ids.by_id(schema_id)
        name, text = writer.name, writer.text
    except UnknownSchemaError:
        name, text, found.assumed = TOPICS[topic].schema, current(TOPICS[topic].schema), True
    found.schema = f"{name} (id {schema_id})"
    _fields(io.BytesIO(value), text, found)
    return found


def _fields(body: io.BytesIO, schema: str, found: Contents) -> None:
    import fastavro

    body.seek(HEADER.size)
    for one in json.loads(schema)["fields"]:
        begin = body.tell()
        try:
            parsed = fastavro.parse_schema(one["type"], _write_hint=False)
            found.fields.append((one["name"], fastavro.schemaless_reader(body, parsed, None)))
        except (
            ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError, MemoryError, struct.error
        ) as error:  # fmt: skip
            found.stopped = f"byte {begin}: {one['name']}: {error or type(error).__name__}"
            return
    rest = len(body.getbuffer()) - body.tell()
    if rest:
        found.stopped = f"byte {body.tell()}: +{rest} byte"


def readable(value: bytes | None) -> str:
    """Text where it is text, hexadecimal where not; never a control character."""
    if value is None:
        return "null"
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "0x" + value.hex()
    return text if text.isprintable() else "0x" + value.hex()


def hexdump(value: bytes) -> Iterator[str]:
    """Lines of offset, sixteen bytes, and their ASCII."""
    for begin in range(0, len(value), WIDTH):
        line = value[begin : begin + WIDTH]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        yield f"{begin:08x}  {line.hex(' '):<{WIDTH * 3}} {shown}"
