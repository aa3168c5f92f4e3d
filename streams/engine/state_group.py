"""The state group: what one commit of a task leaves on its state log, and how it is read back.

A group is a few records of one Kafka transaction, which also holds the outputs: the changed rows of every store as
Arrow columns, in parts no larger than a record may be, and then a header that says where the task stands. A group is
there as a whole or not at all. A snapshot is the same with all rows of every store: its parts come with the groups
that follow, its end record carries the header of the group it was frozen at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

#: Largest part in bytes; the broker takes records of 1 MiB.
PART_BYTES = 900_000
CODEC = pa.ipc.IpcWriteOptions(compression="lz4")

GROUP, PART, SNAPSHOT_PART, SNAPSHOT = b"group", b"part", b"snapshot-part", b"snapshot"


class StateGroupError(RuntimeError):
    """The state log does not say what it must: it was cut, or another program wrote to it."""


class LaneState(msgspec.Struct, frozen=True):
    """Where one source partition stands. Times are UTC ms.

    ``position`` is the next offset; ``clock`` has passed every record timestamp below it; ``published_at`` is the
    newest of those timestamps; ``tick`` counts commits at this position; ``rebuild`` is the number of computations
    from the beginning; ``fingerprint`` stands for code and profile; ``simulated`` once any event was.
    """

    position: int
    clock: int = 0
    published_at: int = 0
    tick: int = 0
    rebuild: int = 0
    fingerprint: str = ""
    simulated: bool = False


class Header(msgspec.Struct, frozen=True):
    """What ends a group. ``number`` grows by one; ``claim`` counts owners; ``lanes`` by catalogue topic, and by
    topic/partition for the regency task; ``anew`` are domains of which nothing written before counts any more."""

    number: int
    claim: int
    lanes: dict[str, LaneState]
    parts: int
    worker: str = ""
    fetch: str = ""
    profile: str = ""
    at: int = 0
    anew: list[str] = []


class Part(NamedTuple):
    """Rows of one store of one domain."""

    domain: str
    store: str
    batch: pa.RecordBatch


class Piece(NamedTuple):
    """One record of the state log."""

    kind: bytes
    number: int
    name: str
    value: bytes

    def headers(self) -> list[tuple[str, bytes]]:
        return [("kind", self.kind), ("group", str(self.number).encode()), ("store", self.name.encode())]

    @classmethod
    def read(cls, headers: list[tuple[str, bytes]] | None, value: bytes | None) -> Piece:
        """A record as it came. Raises StateGroupError when it is none of ours."""
        found = dict(headers or ())
        try:
            return cls(found["kind"], int(found["group"]), found["store"].decode(), value or b"")
        except (KeyError, ValueError, UnicodeDecodeError) as error:
            raise StateGroupError(f"a record with headers {headers!r} is no part of a state group") from error


def pieces_of(parts: list[Part], header: Header) -> Iterator[Piece]:
    """The records of a group; the header's number of parts is filled in."""
    count = 0
    for part in parts:
        for piece in part_pieces(PART, header.number, part):
            count += 1
            yield piece
    yield Piece(GROUP, header.number, "", _encode(msgspec.structs.replace(header, parts=count)))


def part_pieces(kind: bytes, number: int, part: Part) -> Iterator[Piece]:
    """A part as one record, or several when it is larger than a record may be."""
    value = to_bytes(part.batch)
    if len(value) > PART_BYTES and part.batch.num_rows > 1:
        middle = part.batch.num_rows // 2
        for half in (part.batch.slice(0, middle), part.batch.slice(middle)):
            yield from part_pieces(kind, number, Part(part.domain, part.store, half))
    else:
        yield Piece(kind, number, f"{part.domain}/{part.store}", value)


def snapshot_end(header: Header, parts: int) -> Piece:
    """The record that makes a snapshot whole."""
    return Piece(SNAPSHOT, header.number, "", _encode(msgspec.structs.replace(header, parts=parts)))


def header_of(piece: Piece) -> Header:
    """The header in a group's or snapshot's last record."""
    return _decode(piece.value)


def part_of(piece: Piece) -> Part:
    """The rows in a part."""
    domain, _, store = piece.name.partition("/")
    return Part(domain, store, from_bytes(piece.value))


def to_bytes(batch: pa.RecordBatch) -> bytes:
    """Columns as an Arrow stream, compressed."""
    if any(pa.types.is_nested(field.type) for field in batch.schema):
        # of a slice without any values of a list all offsets would be written: apache/arrow#51406
        batch = batch.take(pa.array(np.arange(batch.num_rows)))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=CODEC) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def from_bytes(value: bytes) -> pa.RecordBatch:
    """Columns from an Arrow stream. Raises StateGroupError."""
    try:
        table = pa.ipc.open_stream(value).read_all().combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise StateGroupError(f"a part of {len(value)} bytes cannot be read: {error}") from error
    batches = table.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Header).decode
