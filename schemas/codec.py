"""Avro in the Confluent wire format: magic byte 0, schema id (4 bytes, big endian), Avro body.

One by one for producers, whole batches to Arrow columns for consumers. A batch never fails as a whole: what
cannot be read comes back row by row with the reason, so that it can be dead-lettered with its bytes.
"""

from __future__ import annotations

import io
import json
import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyruhvro

from schemas.payloads import Payloads
from schemas.registry import SchemaIds, UnknownSchemaError, WriterSchema, current

HEADER = struct.Struct(">bI")
MAGIC = 0


class DecodeError(ValueError):
    """A value that is not what its schema says. ``reason`` is one of the error classes of Refused."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Refused:
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
    if unknown := wanted - set(fields):
        raise ValueError(f"{name} has no field {', '.join(sorted(unknown))}")
    return [field for field in fields if field in wanted]


@cache
def _defaults(name: str) -> dict[str, Any]:
    return {f["name"]: f.get("default") for f in json.loads(current(name))["fields"]}


class Codec:
    """Writes and reads values of one schema; safe to share between threads.

    ``columns`` names the top-level fields that decoded batches hold, in any order; they come in the schema's
    order, and the whole value is validated all the same. None means all. Raises ValueError for a field that the
    schema does not have.
    """

    def __init__(self, name: str, ids: SchemaIds, columns: Iterable[str] | None = None) -> None:
        self.name = name
        self.ids = ids
        self.columns = _projection(name, columns)
        self._known: dict[int, WriterSchema | str] = {}

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
        body = io.BytesIO(value)
        body.seek(HEADER.size)
        reader = None if writer.text == current(self.name) else _parsed(current(self.name))
        try:
            record = fastavro.schemaless_reader(body, _parsed(writer.text), reader)
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
        decoded = self._decode_batch([values[row] for row in range(len(values))])
        return Decoded(decoded.columns.select(self.columns), decoded.rows, decoded.refused)

    def _decode_batch(self, values: Sequence[bytes | None]) -> Decoded:
        groups: dict[int, list[int]] = defaultdict(list)
        refused: list[Refused] = []
        for row, value in enumerate(values):
            if value is not None and len(value) > HEADER.size and value[0] == MAGIC:
                groups[int.from_bytes(value[1:5], "big")].append(row)
            else:
                refused.append(self._refusal(row, value))
        tables: list[pa.RecordBatch] = []
        kept: list[np.ndarray[Any, np.dtype[np.int64]]] = []
        for rows in groups.values():
            columns, good, bad = self._decode_group(values, rows)
            refused.extend(bad)
            if len(good):
                tables.append(columns)
                kept.append(good)
        if not tables:
            empty = pa.RecordBatch.from_pylist([], schema=arrow_schema(self.name))
            return Decoded(empty, np.empty(0, np.int64), sorted(refused, key=lambda r: r.row))
        if len(tables) == 1:
            return Decoded(tables[0], kept[0], sorted(refused, key=lambda r: r.row))
        rows_all = np.concatenate(kept)
        order = np.argsort(rows_all, kind="stable")
        merged = pa.Table.from_batches(tables).combine_chunks().take(pa.array(order)).combine_chunks()
        return Decoded(merged.to_batches()[0], rows_all[order], sorted(refused, key=lambda r: r.row))

    def _decode_group(
        self, values: Sequence[bytes | None], rows: list[int]
    ) -> tuple[pa.RecordBatch | None, np.ndarray[Any, np.dtype[np.int64]], list[Refused]]:
        """Rows of one schema id: in one call when all is well, searched row by row when not."""
        first = values[rows[0]]
        try:
            writer = self._writer_of(first)
        except DecodeError as error:
            return None, np.empty(0, np.int64), [Refused(r, error.reason, str(error)) for r in rows]
        bodies = [v[HEADER.size :] for r in rows if (v := values[r]) is not None]
        columns = _bulk(bodies, writer.text)
        if columns is not None:
            return _align(columns, self.name), np.asarray(rows, np.int64), []
        good: list[int] = []
        bad: list[Refused] = []
        for row in rows:
            try:
                self.decode(values[row])
                good.append(row)
            except DecodeError as error:
                bad.append(Refused(row, error.reason, str(error)))
        if not good:
            return None, np.empty(0, np.int64), bad
        records = [self.decode(values[row]) for row in good]
        exact = pa.RecordBatch.from_pylist(records, schema=arrow_schema(self.name))
        return exact, np.asarray(good, np.int64), bad

    def _writer_of(self, value: bytes | None) -> WriterSchema:
        if value is None:
            raise DecodeError("NullValue", "the record has no value; tombstones mean nothing on this topic")
        if len(value) <= HEADER.size:
            raise DecodeError(
                "Truncated", f"value has {len(value)} bytes, the wire format alone takes {HEADER.size}"
            )
        magic, schema_id = HEADER.unpack_from(value)
        if magic != MAGIC:
            raise DecodeError("BadMagic", f"first byte is {magic:#04x}, the wire format starts with 0x00")
        if schema_id not in self._known:
            try:
                writer = self.ids.by_id(schema_id)
                same = (
                    writer.name == self.name
                    or writer.parsed()["name"] == json.loads(current(self.name))["name"]
                )
                self._known[schema_id] = (
                    writer if same else f"schema id {schema_id} is {writer.name}, not {self.name}"
                )
            except UnknownSchemaError as error:
                raise DecodeError("UnknownSchemaId", str(error)) from error
        known = self._known[schema_id]
        if isinstance(known, str):
            raise DecodeError("WrongSchema", known)
        return known

    def _refusal(self, row: int, value: bytes | None) -> Refused:
        try:
            self._writer_of(value)
        except DecodeError as error:
            return Refused(row, error.reason, str(error))
        return Refused(row, "Truncated", "value has no body")


def _bulk(bodies: list[bytes], schema: str) -> pa.RecordBatch | None:
    """All bodies to columns in one call, or None when any of them is not exactly what it should be.

    The decoder accepts trailing bytes and invalid UTF-8, so the text is validated and the columns are encoded
    again: only a batch that gives back its own bytes is taken.
    """
    try:
        columns = pyruhvro.deserialize_array(bodies, schema)
        columns.validate(full=True)
        again = pyruhvro.serialize_record_batch(columns, schema, 1)[0]
    except (ValueError, TypeError, OverflowError, pa.ArrowException):
        return None
    if not pc.all(pc.equal(pa.array(again, pa.binary()), pa.array(bodies, pa.binary()))).as_py():
        return None
    return columns


def _align(columns: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Columns written under any released version, under the current schema: defaults for what is missing."""
    target = arrow_schema(name)
    if columns.schema.equals(target):
        return columns
    defaults = _defaults(name)
    arrays = []
    for field in target:
        index = columns.schema.get_field_index(field.name)
        if index >= 0:
            arrays.append(columns.column(index).cast(field.type))
        else:
            arrays.append(pa.array([defaults[field.name]] * columns.num_rows, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=target)


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
