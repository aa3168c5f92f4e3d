"""From records of one partition to the columns of one insert. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.acceptance import is_future, refusals
from schemas.codec import Codec, Refused
from schemas.registry import current
from schemas.repeats import Repeats
from sinks.clickhouse.tables import MARKS, PLACE, Table

TIME = "DateTime64(3, 'UTC')"
SCALARS = {"string": "String", "long": "Int64", "int": "Int32", "boolean": "Bool", "double": "Float64"}
PLACE_TYPES = ("String", "Int32", "Int64", TIME, TIME)


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of one table by name, all of the same length, and the offsets they came from."""

    columns: dict[str, list[Any]]
    offsets: list[int]

    def __len__(self) -> int:
        return len(self.offsets)

    def only(self, offsets: Sequence[int]) -> Rows:
        """The rows with these offsets."""
        wanted = set(offsets)
        keep = [i for i, offset in enumerate(self.offsets) if offset in wanted]
        return Rows(
            {k: [v[i] for i in keep] for k, v in self.columns.items()}, [self.offsets[i] for i in keep]
        )


@cache
def column_types(table: Table) -> dict[str, str]:
    """Name to the type the values are sent as; the server widens to what its column is."""
    types: dict[str, str] = {}
    for field in json.loads(current(table.schema))["fields"]:
        types[field["name"]] = TIME if _is_event_time(table, field["name"]) else _type(field["type"])
    types |= dict(zip(PLACE, PLACE_TYPES, strict=True))
    if table.raw:
        types |= dict.fromkeys(MARKS, "Bool")
    return types


def _is_event_time(table: Table, name: str) -> bool:
    return name == "occurred_at" and table.name not in {"aggregates", "alerts"}


def _type(kind: Any) -> str:
    if isinstance(kind, list):
        return f"Nullable({SCALARS[kind[1]]})"
    if isinstance(kind, dict):
        if kind["type"] == "map":
            return "Map(String, String)"
        items = kind["items"]
        if isinstance(items, dict):
            return (
                "Array(Tuple("
                + ", ".join(f"{f['name']} {SCALARS[f['type']]}" for f in items["fields"])
                + "))"
            )
        return f"Array({SCALARS[items]})"
    return SCALARS[kind]


def make_rows(
    table: Table,
    codec: Codec,
    topic: str,
    partition: int,
    records: Sequence[Any],
    repeats: Repeats,
    ingested_at: int,
) -> tuple[Rows, list[Refused]]:
    """The block of consecutive records (confluent-kafka messages) and what the table cannot take, by index.

    ``topic`` is the catalogue name. Repeats are marked here, in offset order, so it must see every record once.
    """
    decoded = codec.decode_batch([record.value() for record in records])
    columns, taken = decoded.columns, decoded.rows
    stamps = np.fromiter((record.timestamp()[1] for record in records), np.int64, len(records))
    refused = list(decoded.refused)
    if table.raw and len(taken):
        unfit = refusals(columns, stamps[taken])
        if unfit:
            refused.extend(Refused(int(taken[r.row]), r.reason, r.message) for r in unfit)
            keep = np.ones(len(taken), np.bool_)
            keep[[r.row for r in unfit]] = False
            columns, taken = columns.filter(pa.array(keep)), taken[keep]
    offsets = [records[int(row)].offset() for row in taken]
    times = stamps[taken]
    found = {name: _values(columns.column(name)) for name in columns.schema.names}
    count = len(offsets)
    place = ([topic] * count, [partition] * count, offsets, times.tolist(), [ingested_at] * count)
    found |= dict(zip(PLACE, place, strict=True))
    if table.raw:
        found["is_repeat"] = repeats.mark(found["event_id"], found["_timestamp"])
        found["is_future"] = is_future(columns, times).tolist() if count else []
    return Rows(found, offsets), sorted(refused, key=lambda r: r.row)


def _values(column: pa.Array) -> list[Any]:
    values = column.to_pylist()
    return [dict(v) for v in values] if pa.types.is_map(column.type) else values


def joined(blocks: Sequence[Rows]) -> dict[str, list[Any]]:
    """The columns of several blocks of one table, one after the other."""
    return {name: [v for block in blocks for v in block.columns[name]] for name in blocks[0].columns}
