"""The wire format: what goes in comes out, and whatever is damaged comes back with its reason."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import dataclass
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, DecodeError, arrow_schema
from schemas.events import EVENTS
from schemas.native.avro import library
from schemas.payloads import Payloads
from schemas.registry import WriterSchema, current, open_ids

IDS = open_ids()
NATIVE = [
    pytest.param(False, id="pyruhvro"),
    pytest.param(
        True,
        id="native",
        marks=pytest.mark.skipif(library() is None, reason="the native decoder is not built"),
    ),
]


@pytest.fixture(params=NATIVE)
def native(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Codecs made in the test decode natively, or not."""
    wanted = bool(request.param)
    if not wanted:
        monkeypatch.setenv("NADI_NATIVE", "0")
    return wanted


def test_the_switch_decides(native: bool) -> None:
    assert (library() is not None) is native


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
def test_one_by_one_and_in_batches_agree(name: str, native: bool) -> None:
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
def test_damage_is_named_and_costs_no_other_row(reason: str, native: bool) -> None:
    codec = Codec("permits.steps", IDS)
    batch = codec.decode_batch([GOOD, DAMAGED[reason], GOOD])
    assert [(r.row, r.reason) for r in batch.refused] == [(1, reason)]
    assert batch.rows.tolist() == [0, 2]
    assert batch.columns.column("case_id").to_pylist() == ["503/1", "503/1"]
    with pytest.raises(DecodeError) as caught:
        codec.decode(DAMAGED[reason])
    assert caught.value.reason == reason


def test_garbage_never_raises_and_never_loses_a_row(native: bool) -> None:
    codec = Codec("permits.steps", IDS)

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.binary(max_size=80) | st.just(GOOD) | st.none(), max_size=8))
    def check(values: list[bytes | None]) -> None:
        batch = codec.decode_batch(values)
        assert sorted([*batch.rows.tolist(), *(r.row for r in batch.refused)]) == list(range(len(values)))
        assert batch.columns.num_rows == len(batch.rows)

    check()


def plainly(name: str, value: bytes) -> dict[str, Any] | None:
    """What fastavro reads when it uses up all bytes and the result is of the schema's types; None otherwise."""
    schema = fastavro.parse_schema(json.loads(current(name)))
    body = io.BytesIO(value[5:])
    try:
        record = fastavro.schemaless_reader(body, schema)
    except (EOFError, ValueError, IndexError, OverflowError, MemoryError, KeyError):
        return None
    whole = body.tell() == len(value) - 5 and fastavro.validate(record, schema, raise_errors=False)
    return record if whole and isinstance(record, dict) else None


def as_bytes(name: str, record: dict[str, Any]) -> bytes:
    """The one usual encoding of a record, to compare records in (NaN is not equal to itself)."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(current(name))), record)
    return out.getvalue()


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A valid value of which some bytes are changed, cut, doubled or put in between."""
    value = bytearray(Codec(name, IDS).encode(draw(record_of(name))))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(5, max(5, len(value) - 1)))
        match draw(st.sampled_from(["change", "cut", "insert", "double", "flag"])):
            case "change":
                value[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del value[at : at + draw(st.integers(1, 4))]
            case "insert":
                value[at:at] = draw(st.binary(min_size=1, max_size=12) | st.just(b"\xff" * 9))
            case "double":
                value[at:at] = value[at : at + draw(st.integers(1, 8))]
            case "flag" if at < len(value):
                value[at] ^= 0x80
    return bytes(value)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_damaged_values_are_refused_or_read_alike(name: str, native: bool) -> None:
    codec = Codec(name, IDS)

    @settings(max_examples=25, deadline=None)
    @given(st.lists(damaged(name), min_size=1, max_size=6))
    def check(values: list[bytes]) -> None:
        batch = codec.decode_batch(values)
        refused = {r.row: r.reason for r in batch.refused}
        read = dict(zip(batch.rows.tolist(), batch.columns.to_pylist(), strict=True))
        batch.columns.validate(full=True)
        assert sorted([*refused, *read]) == list(range(len(values)))
        for row, value in enumerate(values):
            if row in refused:
                with pytest.raises(DecodeError) as caught:
                    codec.decode(value)
                assert refused[row] == caught.value.reason
            else:
                expected = plainly(name, value)
                assert expected is not None, value
                record = {k: dict(v) if isinstance(expected[k], dict) else v for k, v in read[row].items()}
                assert as_bytes(name, record) == as_bytes(name, expected)
                assert as_bytes(name, codec.decode(value)) == as_bytes(name, expected)

    check()


def whole_number(value: int) -> bytes:
    """An Avro long."""
    bits, out = (value << 1) ^ (value >> 63), bytearray()
    while bits > 0x7F:
        out.append(bits & 0x7F | 0x80)
        bits >>= 7
    return bytes(out) + bytes([bits])


BODY = GOOD[5:]
SIMULATED = BODY.index(b"live") + len("live") + 2
OCCURRED = BODY.index(b"started") - 2
HAZARDS = {
    "a boolean of 2": (SIMULATED, 1, b"\x02", "Undecodable"),
    "branch -1 of a union": (SIMULATED - 1, 1, b"\x01", "Undecodable"),
    "branch 2 of a union": (SIMULATED - 1, 1, b"\x04", "Undecodable"),
    "a long of 65 bits": (OCCURRED, 1, b"\x82" + b"\x80" * 8 + b"\x02", "Undecodable"),
    "a long of 11 bytes": (OCCURRED, 1, b"\x82" + b"\x80" * 9 + b"\x00", "Undecodable"),
    "a negative length": (OCCURRED + 1, 1, b"\x01", "Undecodable"),
    "a huge length": (OCCURRED + 1, 1, whole_number(2**62), "Truncated"),
    "a surrogate": (OCCURRED + 2, 3, b"\xed\xa0\x80", "Undecodable"),
    "an overlong text": (OCCURRED + 2, 2, b"\xc0\x80", "Undecodable"),
    "a long in two bytes where one is enough": (OCCURRED, 1, b"\x82\x00", None),
    "a four-byte character": (OCCURRED + 2, 4, "🏛".encode(), None),
}


@pytest.mark.parametrize("hazard", sorted(HAZARDS))
def test_known_hazards(hazard: str, native: bool) -> None:
    place, length, instead, reason = HAZARDS[hazard]
    value = GOOD[:5] + BODY[:place] + instead + BODY[place + length :]
    batch = Codec("permits.steps", IDS).decode_batch([GOOD, value, GOOD])
    assert [r.reason for r in batch.refused] == ([] if reason is None else [reason])
    assert batch.columns.num_rows == (3 if reason is None else 2)
    assert batch.columns.column("case_id").to_pylist()[-1] == "503/1"


def test_blocks_of_other_writers_are_read(native: bool) -> None:
    """An array in several blocks, and one whose block tells its size: legal Avro that our writer does not write."""
    name = "population.changes"
    record = {"event_id": "e", "source": "/s", "opd": "1", "occurred_at": 1, "kind": "move", "persons": 1}
    record |= {"family_card_token": "f", "changed_fields": ["a", "b"]}
    value = Codec(name, IDS).encode(record)
    items = b"\x02a", b"\x02b"
    usual = b"\x04" + b"".join(items) + b"\x00"
    assert value.endswith(usual)
    head = value[: -len(usual)]
    codec = Codec(name, IDS)
    batch = codec.decode_batch(
        [
            value,
            head + b"\x02" + items[0] + b"\x02" + items[1] + b"\x00",
            head + b"\x03\x08" + b"".join(items) + b"\x00",
            head + b"\x03\x0a" + b"".join(items) + b"\x00",  # claims five bytes
        ]
    )
    assert [(r.row, r.reason) for r in batch.refused] == [(3, "Undecodable")]
    assert batch.columns.column("changed_fields").to_pylist() == [["a", "b"]] * 3


def test_columns_are_a_choice_and_all_is_validated(native: bool) -> None:
    everything, few = Codec("permits.steps", IDS), Codec("permits.steps", IDS, ["due_at", "case_id"])
    values = [GOOD, DAMAGED["Undecodable"], everything.encode(step(due_at=7, step="x")), DAMAGED["Truncated"]]
    whole, part = everything.decode_batch(values), few.decode_batch(values)
    assert few.columns == part.columns.schema.names == ["case_id", "due_at"]
    assert part.columns.equals(whole.columns.select(["case_id", "due_at"]))
    assert (part.rows.tolist(), part.refused) == (whole.rows.tolist(), whole.refused)
    assert few.decode_batch([]).columns.schema == part.columns.schema
    for wrong in (["no_such_field"], []):
        with pytest.raises(ValueError, match=r"permits\.steps"):
            Codec("permits.steps", IDS, wrong)


@dataclass
class Versions:
    """Ids of a schema at home and of one that was released with fewer fields."""

    older: str
    origin: str = "test"

    def writer(self, name: str) -> WriterSchema:
        return IDS.writer(name)

    def by_id(self, schema_id: int) -> WriterSchema:
        return (
            WriterSchema(schema_id, "permits.steps", self.older) if schema_id == 77 else IDS.by_id(schema_id)
        )


def test_versions_mix_and_rows_keep_their_order(native: bool) -> None:
    schema = json.loads(current("permits.steps"))
    schema["fields"] = [f for f in schema["fields"] if f["name"] not in ("mode", "due_at")]
    codec = Codec("permits.steps", Versions(json.dumps(schema)))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), step(case_id="old"))
    old = b"\x00" + (77).to_bytes(4, "big") + out.getvalue()
    new = codec.encode(step(case_id="new", mode="backfill", due_at=3))
    batch = codec.decode_batch([new, old, None, old, new, b"\x00\x00\x00\x00\x63x"])
    assert batch.rows.tolist() == [0, 1, 3, 4]
    assert [(r.row, r.reason) for r in batch.refused] == [(2, "NullValue"), (5, "UnknownSchemaId")]
    assert batch.columns.column("case_id").to_pylist() == ["new", "old", "old", "new"]
    assert batch.columns.column("mode").to_pylist() == ["backfill", "live", "live", "backfill"]
    assert batch.columns.column("due_at").to_pylist() == [3, None, None, 3]


def test_values_in_foreign_memory_are_the_same_values(native: bool) -> None:
    values = [GOOD, None, b"", DAMAGED["Truncated"], GOOD]
    payloads = Payloads.of(values)
    assert [payloads[row] for row in range(len(payloads))] == values
    codec = Codec("permits.steps", IDS)
    plain, foreign = codec.decode_batch(values), codec.decode_batch(payloads)
    assert foreign.columns.equals(plain.columns)
    assert (foreign.rows.tolist(), foreign.refused) == (plain.rows.tolist(), plain.refused)
    part = payloads.part(3, 5)
    del payloads
    assert [part[0], part[1]] == values[3:]
    assert codec.decode_batch(part).rows.tolist() == [1]


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
