"""An Avro schema as a list of steps, one per column, in the order of a value's bytes.

The strict readers (schemas.strict in Python, schemas/native/avro.c in C) follow it, so what counts as a value of a
schema is said once. A schema with something that has no step here (unions of more than null and one type, enums,
recursion, items without bytes) has no program, and is left to the general decoders.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import pyarrow as pa

DEEPEST = 16


class Kind(IntEnum):
    """What a step reads; the numbers are those of schemas/native/avro.c."""

    NULL = 0
    BOOLEAN = 1
    INT = 2
    LONG = 3
    FLOAT = 4
    DOUBLE = 5
    STRING = 6
    BYTES = 7
    FIXED = 8
    ARRAY = 9
    MAP = 10
    RECORD = 11


NESTED = (Kind.ARRAY, Kind.MAP, Kind.RECORD)


@dataclass(frozen=True, slots=True)
class Step:
    """One column. ``null_branch`` is the index of null in a union of two, -1 outside a union. ``keep`` is whether
    it comes out as a column. ``size`` is the bytes of a fixed. ``after`` is the index of the step that follows
    this one with all that is inside it. ``nulls`` counts the steps from here on that are simple types in a union
    with null first: null bytes of theirs can be skipped together."""

    name: str
    kind: Kind
    type: pa.DataType
    null_branch: int
    keep: bool
    size: int
    after: int
    nulls: int = 0


class _NotCovered(Exception):  # noqa: N818  (it never leaves this file)
    pass


def compile_program(
    text: str, arrow: pa.Schema, columns: Collection[str] | None = None
) -> tuple[Step, ...] | None:
    """The steps of a record schema (JSON text) whose columns have the types of ``arrow``; ``columns`` names the
    top-level fields to keep, None keeps all. None when the schema has something that no step reads."""
    schema = json.loads(text)
    names: dict[str, Any] = {}
    steps: list[Step] = []
    try:
        if schema["type"] != "record":
            return None
        for field in schema["fields"]:
            keep = columns is None or field["name"] in columns
            _add(steps, names, field["name"], field["type"], arrow.field(field["name"]).type, keep, 0)
    except (_NotCovered, KeyError):
        return None
    run = 0
    for at in reversed(range(len(steps))):
        step = steps[at]
        run = run + 1 if step.null_branch == 0 and step.kind not in NESTED else 0
        # a run stays inside one record: the last field of a nested one is followed by nothing
        if any(outer.after == at + 1 and outer.kind in NESTED for outer in steps[:at]):
            run = min(run, 1)
        steps[at] = replace(step, nulls=run)
    return tuple(steps)


def _add(
    steps: list[Step], names: dict[str, Any], name: str, avro: Any, arrow: pa.DataType, keep: bool, depth: int
) -> None:
    null_branch = -1
    if isinstance(avro, list):
        if len(avro) != 2 or avro.count("null") != 1:
            raise _NotCovered
        null_branch = avro.index("null")
        avro = avro[1 - null_branch]
    if isinstance(avro, str) and avro in names:
        avro = names[avro]
    word = avro["type"] if isinstance(avro, dict) else avro
    if not isinstance(word, str) or word.upper() not in Kind.__members__ or depth > DEEPEST:
        raise _NotCovered
    kind = Kind[word.upper()]
    if isinstance(avro, dict) and "name" in avro:
        names[avro["name"]] = avro
        names[".".join(part for part in (avro.get("namespace"), avro["name"]) if part)] = avro
    if not _fits(kind, arrow, avro):
        raise _NotCovered
    here = len(steps)
    size = int(avro["size"]) if kind is Kind.FIXED else 0
    steps.append(Step(name, kind, arrow, null_branch, keep, size, 0))
    if kind is Kind.ARRAY:
        _add_item(steps, names, "item", avro["items"], arrow.value_type, keep, depth)
    elif kind is Kind.MAP:
        _add_item(steps, names, "key", "string", arrow.key_type, keep, depth)
        _add_item(steps, names, "value", avro["values"], arrow.item_type, keep, depth)
    elif kind is Kind.RECORD:
        for field in avro["fields"]:
            inner = arrow.field(field["name"]).type
            _add(steps, names, field["name"], field["type"], inner, keep, depth + 1)
    steps[here] = replace(steps[here], after=len(steps))


def _add_item(
    steps: list[Step], names: dict[str, Any], name: str, avro: Any, arrow: pa.DataType, keep: bool, depth: int
) -> None:
    here = len(steps)
    _add(steps, names, name, avro, arrow, keep, depth + 1)
    if all(step.kind in (Kind.NULL, Kind.RECORD) and step.null_branch < 0 for step in steps[here:]):
        raise _NotCovered  # items without bytes: a few bytes could claim any number of them


def _fits(kind: Kind, arrow: pa.DataType, avro: Any) -> bool:
    """Whether the Arrow column of that type holds exactly what the step writes."""
    types = pa.types
    match kind:
        case Kind.INT:
            return bool(arrow == pa.int32() or types.is_date32(arrow) or types.is_time32(arrow))
        case Kind.LONG:
            return bool(arrow == pa.int64() or types.is_timestamp(arrow) or types.is_time64(arrow))
        case Kind.FIXED:
            return bool(types.is_fixed_size_binary(arrow) and arrow.byte_width == int(avro["size"]) > 0)
        case Kind.ARRAY:
            return bool(types.is_list(arrow))
        case Kind.MAP:
            return bool(types.is_map(arrow))
        case Kind.RECORD:
            return bool(types.is_struct(arrow) and arrow.num_fields == len(avro["fields"]))
        case _:
            return bool(arrow == SIMPLE[kind])


SIMPLE = {
    Kind.NULL: pa.null(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.FLOAT: pa.float32(),
    Kind.DOUBLE: pa.float64(),
    Kind.STRING: pa.string(),
    Kind.BYTES: pa.binary(),
}
