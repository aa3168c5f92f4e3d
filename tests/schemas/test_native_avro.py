"""The native decoder on types that our own schemas do not have (yet), and what it must not trust."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyruhvro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.native.avro import REFUSED, TAKEN, library
from schemas.payloads import Payloads
from schemas.program import compile_program

NATIVE = library()
pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native decoder is not built")

PART = {
    "type": "record",
    "name": "Part",
    "fields": [
        {"name": "number", "type": ["null", "int"]},
        {"name": "flag", "type": ["null", "boolean"]},
        {"name": "text", "type": ["null", "string"]},
        {"name": "tables", "type": {"type": "array", "items": {"type": "array", "items": "string"}}},
    ],
}
FIELDS: list[tuple[str, Any, st.SearchStrategy[Any]]] = [
    ("raw", "bytes", st.binary(max_size=20)),
    ("raw_or_null", ["bytes", "null"], st.none() | st.binary(max_size=5)),
    (
        "fixed",
        ["null", {"type": "fixed", "name": "Five", "size": 5}],
        st.none() | st.binary(min_size=5, max_size=5),
    ),
    ("small", ["null", "float"], st.none() | st.floats(width=32, allow_nan=False)),
    ("large", "double", st.floats(allow_nan=False)),
    (
        "lists",
        ["null", {"type": "map", "values": {"type": "array", "items": ["null", "long"]}}],
        st.none()
        | st.dictionaries(
            st.text(max_size=3),
            st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=3),
            max_size=3,
        ),
    ),
    ("part", ["null", PART], st.none()),
    ("after", ["null", "string"], st.none() | st.text(max_size=40)),
    ("again", ["null", "boolean"], st.none() | st.booleans()),
    ("same_part", "Part", st.none()),
    ("moment", {"type": "long", "logicalType": "timestamp-millis"}, st.integers(0, 2**40)),
]
PARTS = st.fixed_dictionaries(
    {
        "number": st.none() | st.integers(-(2**31), 2**31 - 1),
        "flag": st.none() | st.booleans(),
        "text": st.none() | st.text(max_size=9),
        "tables": st.lists(st.lists(st.text(max_size=3), max_size=2), max_size=3),
    }
)
TEXT = json.dumps(
    {"type": "record", "name": "All", "fields": [{"name": name, "type": kind} for name, kind, _ in FIELDS]}
)
RECORDS = st.fixed_dictionaries(
    {name: values for name, _, values in FIELDS} | {"part": st.none() | PARTS, "same_part": PARTS}
)


def headed(bodies: Sequence[bytes]) -> Payloads:
    """Bodies behind the header of schema id 7."""
    return Payloads.of([b"\x00\x00\x00\x00\x07" + body for body in bodies])


@settings(max_examples=100, deadline=None)
@given(st.lists(RECORDS, max_size=12), st.data())
def test_every_type_comes_out_as_it_went_in(records: list[dict[str, Any]], data: Any) -> None:
    assert NATIVE is not None
    schema = fastavro.parse_schema(json.loads(TEXT))
    bodies = []
    for record in records:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, record)
        bodies.append(out.getvalue())
    broken = data.draw(st.sets(st.integers(0, max(0, len(bodies) - 1)), max_size=3)) if bodies else set()
    sent = [body[: len(body) // 2] if row in broken else body for row, body in enumerate(bodies)]
    steps = compile_program(TEXT, pyruhvro.avro_to_arrow_schema(TEXT))
    assert steps is not None
    found, status = NATIVE.decode(steps, 7, headed(sent))
    found.validate(full=True)
    assert np.flatnonzero(status == REFUSED).tolist() == sorted(broken)
    rows = found.set_column(10, "moment", found.column("moment").cast(pa.int64())).to_pylist()
    for row in rows:  # a map comes as pairs
        row["lists"] = None if row["lists"] is None else dict(row["lists"])
    assert rows == [record for row, record in enumerate(records) if row not in broken]
    assert found.schema.names == [name for name, _, _ in FIELDS]


def test_columns_outlive_everything_else() -> None:
    assert NATIVE is not None
    text = json.dumps({"type": "record", "name": "R", "fields": [{"name": "s", "type": ["null", "string"]}]})
    steps = compile_program(text, pa.schema([pa.field("s", pa.string())]))
    assert steps is not None
    found, _ = NATIVE.decode(steps, 7, headed([b"\x02\x04ab", b"\x00"] * 1000))
    column = found.column(0).slice(998)
    del found
    assert column.to_pylist() == ["ab", None] * 501


@pytest.mark.parametrize(
    "kind",
    [
        ["null", "string", "long"],
        {"type": "enum", "name": "E", "symbols": ["a"]},
        {"type": "array", "items": "null"},
        {"type": "array", "items": {"type": "record", "name": "Empty", "fields": []}},
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    ],
)
def test_what_has_no_step_has_no_program(kind: Any) -> None:
    text = json.dumps({"type": "record", "name": "R", "fields": [{"name": "f", "type": kind}]})
    assert compile_program(text, pa.schema([pa.field("f", pa.decimal128(4, 2))])) is None
    assert compile_program(text, pa.schema([pa.field("f", pa.list_(pa.null()))])) is None


def test_a_count_of_items_takes_no_memory_by_itself() -> None:
    assert NATIVE is not None
    array = {"type": "array", "items": "long"}
    text = json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": array}]})
    steps = compile_program(text, pa.schema([pa.field("a", pa.list_(pa.int64()))]))
    assert steps is not None
    huge = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"  # 2^63 - 1 items
    least = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"  # -2^63 items
    found, status = NATIVE.decode(steps, 7, headed([huge + bytes(10), least + bytes(10), b"\x02\x02\x00"]))
    assert status.tolist() == [REFUSED, REFUSED, TAKEN]
    assert found.column(0).to_pylist() == [[1]]
