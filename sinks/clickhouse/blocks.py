"""From records of one partition to the columns of one insert. Pure.

Columns stay Arrow from the decoder to ClickHouse, which reads Arrow streams; no value becomes a Python object.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.acceptance import is_future, refusals
from schemas.codec import Codec, Refused
from schemas.event_ids import event_ids
from schemas.repeats import Repeats
from sinks.clickhouse.tables import Table

TIME = pa.timestamp("ms", "UTC")
HEADERS = pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))
#: More bytes than what an Arrow stream has beside its schema and its batches.
STREAM_END = 64
#: Tables whose ``occurred_at`` is a time to people; in the others all times are UTC milliseconds.
TIMED = ("events", "steps")

_OFFSET, _VALUE = methodcaller("offset"), methodcaller("value")

Int64s = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of one table, and the offsets they came from (int64, ascending)."""

    columns: pa.RecordBatch
    offsets: Int64s

    def __len__(self) -> int:
        return len(self.offsets)

    def without(self, held: Collection[int]) -> Rows:
        """The rows whose offsets the table does not hold."""
        if not held:
            return self
        keep = ~np.isin(self.offsets, np.fromiter(held, np.int64, len(held)))
        return Rows(self.columns.filter(pa.array(keep)), self.offsets[keep])


def make_rows(
    table: Table,
    codec: Codec | None,
    topic: str,
    partition: int,
    records: Sequence[Any],
    repeats: Repeats,
    ingested_at: int,
) -> tuple[Rows, list[Refused]]:
    """The block of consecutive records (confluent-kafka messages) and what the table cannot take, by index.

    ``topic`` is the catalogue name, ``ingested_at`` UTC milliseconds. Repeats are marked here, in offset order, so
    it must see every record once. ``codec`` is None for dead letters, which are never refused.
    """
    stamps = np.fromiter([record.timestamp()[1] for record in records], np.int64, len(records))
    offsets = np.fromiter(map(_OFFSET, records), np.int64, len(records))
    if codec is None:
        columns = _letters(topic, records)
        return Rows(_placed(columns, topic, partition, offsets, stamps, ingested_at), offsets), []
    decoded = codec.decode_batch(list(map(_VALUE, records)))
    columns, taken = decoded.columns, decoded.rows
    refused = list(decoded.refused)
    marks: dict[str, Any] = {}
    if table.raw:
        ids = event_ids(columns.column("event_id"))
        if unfit := refusals(columns, stamps[taken], ids):
            refused.extend(Refused(int(taken[r.row]), r.reason, r.message) for r in unfit)
            keep = np.ones(len(taken), np.bool_)
            keep[[r.row for r in unfit]] = False
            columns, taken, ids = columns.filter(pa.array(keep)), taken[keep], ids.pick(keep)
        marks["is_repeat"] = pa.array(repeats.mark(ids, offsets[taken], stamps[taken]))
        marks["is_future"] = pa.array(is_future(columns, stamps[taken]))
    stamps, offsets = stamps[taken], offsets[taken]
    if table.kind in TIMED:
        index = columns.schema.get_field_index("occurred_at")
        columns = columns.set_column(index, "occurred_at", columns.column(index).cast(TIME))
    placed = _placed(columns, topic, partition, offsets, stamps, ingested_at, marks)
    return Rows(placed, offsets), sorted(refused, key=lambda r: r.row)


def arrow_stream(blocks: Sequence[Rows]) -> memoryview:
    """The rows of several blocks of one table as one Arrow stream with one batch, so that it becomes one part."""
    whole = pa.concat_batches([block.columns for block in blocks])
    frame = whole.schema.serialize().size + STREAM_END
    body = pa.allocate_buffer(
        frame + pa.ipc.get_record_batch_size(whole)
    )  # a stream that grows copies itself
    with pa.FixedSizeBufferWriter(body) as sink:
        with pa.ipc.new_stream(sink, whole.schema) as writer:
            writer.write_batch(whole)
        size = sink.tell()
    return memoryview(body)[:size]


def _placed(
    columns: pa.RecordBatch,
    topic: str,
    partition: int,
    offsets: Int64s,
    stamps: Int64s,
    ingested_at: int,
    marks: dict[str, Any] | None = None,
) -> pa.RecordBatch:
    """The columns with where they came from."""
    count = len(offsets)
    added = {
        "_topic": pa.repeat(pa.scalar(topic), count),
        "_partition": pa.repeat(pa.scalar(partition, pa.int32()), count),
        "_offset": pa.array(offsets, pa.int64()),
        "_timestamp": pa.array(stamps, pa.int64()).cast(TIME),
        "_ingested_at": pa.repeat(pa.scalar(ingested_at, pa.int64()), count).cast(TIME),
        **(marks or {}),
    }
    return pa.RecordBatch.from_arrays(
        [*columns.columns, *added.values()], names=[*columns.schema.names, *added]
    )


def _letters(topic: str, records: Sequence[Any]) -> pa.RecordBatch:
    """Dead letters as rows: what their headers say, and the record's own bytes and headers."""
    found: dict[str, list[Any]] = {name: [] for name in _LETTER_TYPES}
    for record in records:
        headers = [(name, value if value is not None else b"") for name, value in record.headers() or ()]
        said = {name: value.decode(errors="replace") for name, value in headers}  # ours come last and win
        found["original_topic"].append(topic.removesuffix(".dlq"))
        found["original_partition"].append(_number(said.get("dlq.original.partition"), 31))
        found["original_offset"].append(_number(said.get("dlq.original.offset")))
        found["original_timestamp"].append(_number(said.get("dlq.original.timestamp")))
        found["reason"].append(said.get("dlq.error.class", ""))
        found["message"].append(said.get("dlq.error.message", ""))
        found["stage"].append(said.get("dlq.error.stage", ""))
        found["consumer_group"].append(said.get("dlq.consumer.group", ""))
        found["attempt"].append(_number(said.get("dlq.attempt"), 31))
        found["first_failed_at"].append(_number(said.get("dlq.first_failed_at")))
        found["key"].append(record.key())
        found["value"].append(record.value())
        found["headers"].append([{"name": name, "value": value} for name, value in headers])
    arrays = [
        pa.array(values, pa.int64()).cast(kind) if kind == TIME else pa.array(values, kind)
        for values, kind in zip(found.values(), _LETTER_TYPES.values(), strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=list(found))


_LETTER_TYPES = {
    "original_topic": pa.string(),
    "original_partition": pa.int32(),
    "original_offset": pa.int64(),
    "original_timestamp": TIME,
    "reason": pa.string(),
    "message": pa.string(),
    "stage": pa.string(),
    "consumer_group": pa.string(),
    "attempt": pa.int32(),
    "first_failed_at": TIME,
    "key": pa.binary(),
    "value": pa.binary(),
    "headers": HEADERS,
}


def _number(text: str | None, bits: int = 63) -> int:
    """A header's number; -1 where a stranger wrote to the dead letters."""
    try:
        number = int(text or "")
    except ValueError:
        return -1
    return number if 0 <= number < 2**bits else -1
