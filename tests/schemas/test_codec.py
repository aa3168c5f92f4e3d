"""The wire format: what goes in comes out, and whatever is damaged comes back with its reason."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, DecodeError, arrow_schema
from schemas.events import EVENTS
from schemas.registry import current, open_ids

IDS = open_ids()


def value_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of an Avro type as our schemas use them."""
    if isinstance(kind, list):
        return st.none() | value_of(kind[1])
    if isinstance(kind, dict):
        if kind["type"] == "array":
            return st.lists(value_of(kind["items"]), max_size=3)
        if kind["type"] == "map":
            return st.dictionaries(st.text(max_size=5), value_of(kind["values"]), max_size=2)
        return st.fixed_dictionaries({f["name"]: value_of(f["type"]) for f in kind["fields"]})
    return {
        "string": st.text(max_size=12),
        "long": st.integers(-(2**63), 2**63 - 1),
        "int": st.integers(-(2**31), 2**31 - 1),
        "boolean": st.booleans(),
        "double": st.floats(allow_nan=False),
    }[kind]


def record_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return value_of({"type": "record", "fields": json.loads(current(name))["fields"]})


def step(**fields: Any) -> dict[str, Any]:
    base = {
        "event_id": str(uuid.uuid4()),
        "source": "/opd/2.18.01/perizinan",
        "opd": "2.18.01",
        "occurred_at": 1,
        "kind": "started",
        "case_id": "503/1",
    }
    return base | fields


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_one_by_one_and_in_batches_agree(name: str) -> None:
    codec = Codec(name, IDS)

    @settings(max_examples=25, deadline=None)
    @given(st.lists(record_of(name), min_size=1, max_size=5))
    def check(records: list[dict[str, Any]]) -> None:
        values = [codec.encode(r) for r in records]
        assert [codec.decode(v) for v in values] == records
        batch = codec.decode_batch(values)
        assert batch.refused == []
        assert batch.columns.schema.equals(arrow_schema(name))
        again = [
            {
                k: dict(v) if isinstance(r[k], dict) and v else ({} if isinstance(r[k], dict) else v)
                for k, v in row.items()
            }
            for row, r in zip(batch.columns.to_pylist(), records, strict=True)
        ]
        assert again == records
        assert EVENTS[name].model_validate(records[0]).model_dump() == records[0]

    check()


GOOD = Codec("permits.steps", IDS).encode(step())
OTHER = Codec("aggregates", IDS).encode(
    {
        "metric": "m",
        "dimension": "total",
        "local_day": "2026-01-01",
        "source_topic": "t",
        "source_partition": 0,
        "amount": 1,
        "version": 1,
        "as_of": 1,
    }
)
DAMAGED = {
    "NullValue": None,
    "BadMagic": b"\x01" + GOOD[1:],
    "UnknownSchemaId": GOOD[:1] + (4_000_000_000).to_bytes(4, "big") + GOOD[5:],
    "WrongSchema": OTHER,
    "Truncated": GOOD[:-7],
    "TrailingBytes": GOOD + b"\x00",
    "Undecodable": GOOD.replace(b"503/1", b"\xff\xfe3/1"),
}


@pytest.mark.parametrize("reason", sorted(DAMAGED))
def test_damage_is_named_and_costs_no_other_row(reason: str) -> None:
    codec = Codec("permits.steps", IDS)
    batch = codec.decode_batch([GOOD, DAMAGED[reason], GOOD])
    assert [(r.row, r.reason) for r in batch.refused] == [(1, reason)]
    assert batch.rows.tolist() == [0, 2]
    assert batch.columns.column("case_id").to_pylist() == ["503/1", "503/1"]
    with pytest.raises(DecodeError) as caught:
        codec.decode(DAMAGED[reason])
    assert caught.value.reason == reason


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=80) | st.just(GOOD) | st.none(), max_size=8))
def test_garbage_never_raises_and_never_loses_a_row(values: list[bytes | None]) -> None:
    batch = Codec("permits.steps", IDS).decode_batch(values)
    assert sorted([*batch.rows.tolist(), *(r.row for r in batch.refused)]) == list(range(len(values)))
    assert batch.columns.num_rows == len(batch.rows)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_read_the_same_in_bulk_and_one_by_one(position: int, flip: int) -> None:
    codec = Codec("permits.steps", IDS)
    value = bytearray(GOOD)
    value[position] ^= flip
    batch = codec.decode_batch([bytes(value)])
    if batch.refused:
        with pytest.raises(DecodeError) as caught:
            codec.decode(bytes(value))
        assert batch.refused[0].reason == caught.value.reason
    else:
        assert batch.columns.to_pylist() == [codec.decode(bytes(value))]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"occurred_at": "kemarin"}, "occurred_at"),
        ({"due_at": 2**63}, "due_at"),
        ({"case_id": 503}, "case_id"),
    ],
)
def test_a_wrong_type_names_the_field(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Codec("permits.steps", IDS).encode(step(**fields))


def test_a_missing_field_is_named() -> None:
    record = step()
    del record["case_id"]
    with pytest.raises(ValueError, match="'case_id' is missing"):
        Codec("permits.steps", IDS).encode(record)
