"""Avro in the Confluent wire format: magic byte 0, schema id (4 bytes, big endian), Avro body.

One by one for producers, whole batches to Arrow columns for consumers. A batch never fails as a whole: what
cannot be read comes back row by row with the reason, so that it can be dead-lettered with its bytes.
"""

from __future__ import annotations

import io
import json
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, cast

import fastavro
import numpy as np
import pyarrow as pa
import pyruhvro

from schemas.bulk import decode_bulk
from schemas.native.avro import MOST_BYTES, OTHER, REFUSED, TAKEN, AvroLibrary, library
from schemas.payloads import Lengths, Payloads
from schemas.program import Step, compile_program
from schemas.registry import SchemaIds, UnknownSchemaError, WriterSchema, current
from schemas.strict import Damage, check

HEADER = struct.Struct(">bI")
MAGIC = 0
NO_HEADER = b"\xff" * HEADER.size
UNKNOWN_SECONDS = 30.0
UNKNOWN_MOST = 10_000


class DecodeError(ValueError):
    """A value that is not what its schema says. ``reason`` is one of the error classes of Refused."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Refused(NamedTuple):
    """One row that could not be taken: its index in the input, an error class, and what to do about it.

    Error classes: NullValue, BadMagic, UnknownSchemaId, WrongSchema, Truncated, TrailingBytes, Undecodable,
    and those of schemas.acceptance.
    """

    row: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded batch: ``columns`` of the accepted rows in input order under the current schema, ``rows`` their
    indexes in the input (int64), ``refused`` the others."""

    columns: pa.RecordBatch
    rows: np.ndarray[Any, np.dtype[np.int64]]
    refused: list[Refused]


@cache
def _parsed(text: str) -> Any:
    return fastavro.parse_schema(json.loads(text))


@cache
def arrow_schema(name: str) -> pa.Schema:
    """The Arrow schema that batches of this schema decode to."""
    return pyruhvro.avro_to_arrow_schema(current(name))


def _projection(name: str, columns: Iterable[str] | None) -> list[str]:
    fields: list[str] = arrow_schema(name).names
    if columns is None:
        return fields
    wanted = set(columns)
    if not wanted:
        raise ValueError(f"{name}: a batch needs at least one column")
    if unknown := wanted - set(fields):
        raise ValueError(f"{name} has no field {', '.join(sorted(unknown))}")
    return [field for field in fields if field in wanted]


@cache
def _defaults(name: str) -> dict[str, Any]:
    return {f["name"]: f.get("default") for f in json.loads(current(name))["fields"]}


@dataclass(frozen=True, slots=True)
class _Writer:
    """One released version, ready to read: ``steps`` is None when only the general decoders know its types."""

    schema: WriterSchema
    steps: tuple[Step, ...] | None


_Rows = np.ndarray[Any, np.dtype[np.int64]]


class _Found:
    """What a batch has given so far, in any order."""

    def __init__(self, target: pa.Schema) -> None:
        self._target = target
        self._parts: list[tuple[pa.RecordBatch, _Rows]] = []
        self.refused: list[Refused] = []

    def take(self, columns: pa.RecordBatch, rows: _Rows) -> None:
        if len(rows):
            self._parts.append((columns, rows))

    def together(self) -> Decoded:
        """All rows in the order of the input."""
        self.refused.sort(key=lambda refusal: refusal.row)
        if not self._parts:
            empty = pa.RecordBatch.from_pylist([], schema=self._target)
            return Decoded(empty, np.empty(0, np.int64), self.refused)
        if len(self._parts) == 1:
            return Decoded(*self._parts[0], self.refused)
        rows = np.concatenate([rows for _, rows in self._parts])
        order = np.argsort(rows, kind="stable")
        merged = pa.Table.from_batches([columns for columns, _ in self._parts]).take(pa.array(order))
        return Decoded(merged.combine_chunks().to_batches()[0], rows[order], self.refused)


class Codec:
    """Writes and reads values of one schema; safe to share between threads.

    ``columns`` names the top-level fields that decoded batches hold, in any order; they come in the schema's
    order, and the whole value is validated all the same. None means all. Raises ValueError for none, and for a
    field that the schema does not have.
    """

    def __init__(self, name: str, ids: SchemaIds, columns: Iterable[str] | None = None) -> None:
        self.name = name
        self.ids = ids
        self.columns = _projection(name, columns)
        self._target = pa.schema([arrow_schema(name).field(column) for column in self.columns])
        self._native = library()
        self._known: dict[int, _Writer | str] = {}
        self._unknown: dict[int, tuple[float, str]] = {}

    def encode(self, record: Mapping[str, Any]) -> bytes:
        """One value in wire format. Raises ValueError naming the field that does not fit the schema."""
        writer = self.ids.writer(self.name)
        body = io.BytesIO()
        body.write(HEADER.pack(MAGIC, writer.id))
        try:
            fastavro.schemaless_writer(body, _parsed(writer.text), record, strict_allow_default=True)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, struct.error) as error:
            raise ValueError(f"{self.name}: {_name_field(writer.text, record) or error}") from error
        return body.getvalue()

    def decode(self, value: bytes | None) -> dict[str, Any]:
        """One value under the current schema. Raises DecodeError."""
        writer = self._writer_of(value)
        assert value is not None  # noqa: S101  (_writer_of refuses None)
        if writer.steps is not None:
            try:
                check(writer.steps, value, HEADER.size)
            except Damage as error:
                raise DecodeError(error.reason, str(error)) from error
        body = io.BytesIO(value)
        body.seek(HEADER.size)
        text = writer.schema.text
        reader = None if text == current(self.name) else _parsed(current(self.name))
        try:
            record = fastavro.schemaless_reader(body, _parsed(text), reader)
        except EOFError as error:
            raise DecodeError(
                "Truncated", f"value ends after {len(value)} bytes, in the middle of a field"
            ) from error
        except (
            ValueError,
            TypeError,
            IndexError,
            KeyError,
            OverflowError,
            MemoryError,
            struct.error,
        ) as error:
            raise DecodeError("Undecodable", f"not a {self.name} value: {error}") from error
        if body.tell() != len(value):
            raise DecodeError(
                "TrailingBytes", f"{len(value) - body.tell()} bytes follow the end of the value"
            )
        if not isinstance(record, dict):
            raise DecodeError("Undecodable", f"not a record but {type(record).__name__}")
        return record

    def decode_batch(self, values: Sequence[bytes | None] | Payloads) -> Decoded:
        """Many values at once. Never raises for bad input; see Decoded."""
        found = _Found(self._target)
        if self._native is None:
            values = [values[row] for row in range(len(values))] if isinstance(values, Payloads) else values
            for schema_id, rows in _split(values).items():
                self._decode_group(found, values, rows, schema_id)
        else:
            payloads = values if isinstance(values, Payloads) else Payloads.of(values)
            for low, high in _portions(payloads.lengths):
                self._decode_payloads(found, self._native, payloads, np.arange(low, high))
        return found.together()

    def _decode_payloads(self, found: _Found, native: AvroLibrary, values: Payloads, rows: _Rows) -> None:
        """Decode rows natively, taking one schema id after the other; nearly always there is one."""
        while len(rows):
            here = values.at(rows)
            ids = native.ids(here.part(0, 1))
            if ids[0] < 0:
                ids = native.ids(here)
            good = ids[ids >= 0]
            if not len(good):
                self._decode_group(found, values, rows, -1)
                return
            schema_id = int(good[0])
            try:
                steps = self._writer(schema_id).steps
            except DecodeError:
                steps = None
            if steps is None:
                same = native.ids(here) == schema_id
                self._decode_group(found, values, rows[same], schema_id)
                rows = rows[~same]
                continue
            columns, status = native.decode(steps, schema_id, here)
            if columns.num_rows == len(rows):
                found.take(self._align(columns), rows)
                return
            found.take(self._align(columns), rows[status == TAKEN])
            self._decode_singly(found, values, rows[status == REFUSED])
            rows = rows[status == OTHER]

    def _decode_group(
        self, found: _Found, values: Sequence[bytes | None] | Payloads, rows: _Rows, schema_id: int
    ) -> None:
        """Decode the rows of one schema id in pyruhvro; -1 stands for those without a valid header."""
        if schema_id < 0:
            found.refused.extend(Refused(row, *_header_fault(values[row])) for row in rows.tolist())
            return
        try:
            writer = self._writer(schema_id)
        except DecodeError as error:
            found.refused.extend(Refused(row, error.reason, str(error)) for row in rows.tolist())
            return
        whole = isinstance(values, list) and len(rows) == len(values)
        chosen = values if whole else [values[row] for row in rows.tolist()]
        columns, doubtful = decode_bulk(cast("list[bytes]", chosen), writer.schema.text, writer.steps)
        if columns is not None:
            found.take(self._align(columns), rows[~doubtful] if doubtful.any() else rows)
        self._decode_singly(found, values, rows[doubtful])

    def _decode_singly(self, found: _Found, values: Sequence[bytes | None] | Payloads, rows: _Rows) -> None:
        good: list[int] = []
        records: list[dict[str, Any]] = []
        for row in rows.tolist():
            try:
                records.append(self.decode(values[row]))
                good.append(row)
            except DecodeError as error:
                found.refused.append(Refused(row, error.reason, str(error)))
        if good:
            found.take(pa.RecordBatch.from_pylist(records, schema=self._target), np.array(good, np.int64))

    def _writer_of(self, value: bytes | None) -> _Writer:
        reason, message = _header_fault(value)
        if value is None or reason:
            raise DecodeError(reason, message)
        return self._writer(HEADER.unpack_from(value)[1])

    def _writer(self, schema_id: int) -> _Writer:
        known = self._known.get(schema_id)
        if known is None:
            known = self._known[schema_id] = self._look_up(schema_id)
        if isinstance(known, str):
            raise DecodeError("WrongSchema", known)
        return known

    def _look_up(self, schema_id: int) -> _Writer | str:
        """Ask the source of ids. An id that it does not know is not asked for again for a while: damaged headers
        must not become a flood of questions."""
        now = time.monotonic()
        since, message = self._unknown.get(schema_id, (-UNKNOWN_SECONDS, ""))
        if now - since < UNKNOWN_SECONDS:
            raise DecodeError("UnknownSchemaId", message)
        try:
            schema = self.ids.by_id(schema_id)
        except UnknownSchemaError as error:
            if len(self._unknown) >= UNKNOWN_MOST:
                self._unknown.clear()
            self._unknown[schema_id] = (now, str(error))
            raise DecodeError("UnknownSchemaId", str(error)) from error
        if schema.name != self.name and schema.parsed()["name"] != json.loads(current(self.name))["name"]:
            return f"schema id {schema_id} is {schema.name}, not {self.name}"
        return _Writer(schema, _program(schema.text, frozenset(self.columns)))

    def _align(self, columns: pa.RecordBatch) -> pa.RecordBatch:
        """Columns of any released version, under the target schema: defaults for what is missing."""
        if columns.schema.equals(self._target):
            return columns
        defaults = _defaults(self.name)
        arrays = []
        for field in self._target:
            index = columns.schema.get_field_index(field.name)
            if index >= 0:
                arrays.append(columns.column(index).cast(field.type))
            else:
                arrays.append(pa.array([defaults[field.name]] * columns.num_rows, field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=self._target)


def _header_fault(value: bytes | None) -> tuple[str, str]:
    """Why a value is not a header of the wire format and a body, as reason and message; both empty where it is."""
    if value is None:
        return "NullValue", "the record has no value; tombstones mean nothing on this topic"
    if len(value) <= HEADER.size:
        return "Truncated", f"value has {len(value)} bytes, the wire format alone takes {HEADER.size}"
    if value[0] != MAGIC:
        return "BadMagic", f"first byte is {value[0]:#04x}, the wire format starts with 0x00"
    return "", ""


def _split(values: Sequence[bytes | None]) -> dict[int, _Rows]:
    """The rows of each schema id; -1 is what has no valid header."""
    size = HEADER.size
    heads = b"".join([v[:size] if v is not None and len(v) > size else NO_HEADER for v in values])
    bytes_of = np.frombuffer(heads, np.uint8).reshape(-1, size)
    ids = np.ascontiguousarray(bytes_of[:, 1:]).view(">u4").ravel().astype(np.int64)
    ids[bytes_of[:, 0] != MAGIC] = -1
    if len(ids) and ids.min() == ids.max():
        return {int(ids[0]): np.arange(len(ids))}
    return {int(schema_id): np.flatnonzero(ids == schema_id) for schema_id in np.unique(ids)}


def _portions(lengths: Lengths) -> list[tuple[int, int]]:
    """Where to cut, so that no portion has more bytes than one call of the native decoder takes."""
    ends = np.cumsum(lengths, dtype=np.int64)
    if len(ends) == 0 or ends[-1] <= MOST_BYTES:
        return [(0, len(ends))]
    starts = (ends - lengths) // (MOST_BYTES // 2)
    cuts = [0, *(np.flatnonzero(np.diff(starts)) + 1).tolist(), len(ends)]
    return list(pairwise(cuts))


@cache
def _program(text: str, columns: frozenset[str]) -> tuple[Step, ...] | None:
    try:
        arrow = pyruhvro.avro_to_arrow_schema(text)
    except (ValueError, TypeError):
        return None
    return compile_program(text, arrow, columns)


def _name_field(schema: str, record: Mapping[str, Any]) -> str | None:
    """Which field of a record does not fit, in words; None when no single field is to blame."""
    for field in json.loads(schema)["fields"]:
        name = field["name"]
        if name not in record:
            if "default" not in field:
                return f"field {name!r} is missing"
        elif not fastavro.validate(
            record[name], fastavro.parse_schema(field["type"], _write_hint=False), raise_errors=False
        ):
            return f"field {name!r} has {record[name]!r} ({type(record[name]).__name__}), expected {field['type']}"
    return None
