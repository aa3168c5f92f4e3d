"""Events of one topic to Avro values, all at once by columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyruhvro

from producers.gateway.contracts import Contract
from schemas.codec import HEADER, MAGIC, Codec, arrow_schema
from schemas.registry import SchemaIds, WriterSchema, current, digest

FEW = 4


class Encoder:
    """Values in the Confluent wire format, the same bytes as ``schemas.codec.Codec.encode`` makes one by one."""

    def __init__(self, ids: SchemaIds) -> None:
        self._ids = ids
        self._codecs: dict[str, Codec] = {}
        self._same: dict[int, bool] = {}
        pa.array([0])  # its first array makes pyarrow import pandas, a second that no request should wait for

    def encode(self, contract: Contract, events: Sequence[msgspec.Struct]) -> list[bytes]:
        """The values of events, in order. Raises UnknownSchemaError where the source of ids does not have the schema."""
        name = contract.topic.schema
        writer = self._ids.writer(name)
        if len(events) < FEW or not self._is_current(writer):
            codec = self._codecs.get(name)
            if codec is None:
                codec = self._codecs[name] = Codec(name, self._ids)
            return [codec.encode(msgspec.to_builtins(event)) for event in events]
        columns: list[Any] = list(zip(*map(msgspec.structs.astuple, events), strict=True))
        arrays = []
        for field, column in zip(arrow_schema(name), columns, strict=True):
            if field.name in contract.nested and pa.types.is_struct(field.type.value_type):
                column = [msgspec.to_builtins(value) for value in column]  # noqa: PLW2901
            arrays.append(pa.array(column, field.type))
        batch = pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(name))
        head = HEADER.pack(MAGIC, writer.id)
        return [
            head + value
            for part in pyruhvro.serialize_record_batch(batch, writer.text, 1)
            for value in part.to_pylist()
        ]

    def _is_current(self, writer: WriterSchema) -> bool:
        """Whether the schema to write is the one that the columns have; a registry may lag behind."""
        if writer.id not in self._same:
            self._same[writer.id] = digest(writer.text) == digest(current(writer.name))
        return self._same[writer.id]
