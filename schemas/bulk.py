"""Many values of one schema to columns by pyruhvro, and the proof that the columns are what the bytes say.

pyruhvro checks booleans, branches and bounds, but takes bytes after the end, texts that are not UTF-8, and numbers
that do not fit. The proof is docs/decisions/0006-decoded-columns-are-measured.md: a row is believed when the length
of its encoding, computed from the columns, is the length of its body, and where that is not proof enough when its
encoding is its body.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyruhvro

from schemas.program import Kind, Step

Mask = np.ndarray[Any, np.dtype[np.bool_]]
_Longs = np.ndarray[Any, np.dtype[np.int64]]
_Bytes = np.ndarray[Any, np.dtype[np.uint8]]

HEADER_BYTES = 5
HEADER_TYPES = ("boolean", "float")

FULL_WIDTH = {Kind.INT: 5, Kind.LONG: 10}
"""Bytes of a number that may have had more bits than its type; they are not proof by their length."""

FIXED_WIDTH = {Kind.NULL: 0, Kind.BOOLEAN: 1, Kind.FLOAT: 4, Kind.DOUBLE: 8}


def decode_bulk(
    values: Sequence[bytes], schema: str, steps: Sequence[Step] | None
) -> tuple[pa.RecordBatch | None, Mask]:
    """Columns of the values that are surely what ``schema`` says (JSON text; ``steps`` has all its fields) after
    their header, which is the same and valid in all; and which those are not (bool[n]): they are to be looked at one
    by one. No columns when there is no such value."""
    doubtful = np.zeros(len(values), np.bool_)
    columns = _decode(values, schema)
    if columns is None:  # some value is damaged, and nothing says which
        doubtful = ~doubtful if steps is None else _damaged(values, steps)
        values = [value for value, doubt in zip(values, doubtful.tolist(), strict=True) if not doubt]
        columns = _decode(values, schema) if values else None
        if columns is None:
            return None, np.ones(len(doubtful), np.bool_)
    unproven = _unproven(columns, values, schema, steps)
    if unproven.any():
        doubtful[np.flatnonzero(~doubtful)[unproven]] = True
        columns = columns.filter(pa.array(~unproven))
    return columns, doubtful


@cache
def _behind_header(schema: str) -> str:
    """The record with the header as its first fields (one byte 0 and any four): cheaper than cutting it off every
    value. A fixed would say it better, but pyruhvro has none."""
    record = json.loads(schema)
    header = [{"name": f"nadi_{kind}", "type": kind} for kind in HEADER_TYPES]
    return json.dumps(record | {"fields": [*header, *record["fields"]]})


def _decode(values: Sequence[bytes], schema: str) -> pa.RecordBatch | None:
    try:
        columns = pyruhvro.deserialize_array(values, _behind_header(schema))
    except (ValueError, TypeError, OverflowError, pa.ArrowException):
        return None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # Rust's; it has no other base
            return None
        raise
    return columns.select(columns.schema.names[len(HEADER_TYPES) :])


def _unproven(
    columns: pa.RecordBatch, values: Sequence[bytes], schema: str, steps: Sequence[Step] | None
) -> Mask:
    """Which rows of the columns are not what their values say."""
    found = np.zeros(len(values), np.bool_)
    unsure = found.copy()
    if steps is None:
        unsure[:] = True
    else:
        lengths, fixed = np.zeros(len(values), np.int64), HEADER_BYTES
        at = 0
        for column in columns.columns:
            fixed += _add_lengths(lengths, unsure, steps[at], column)
            at = steps[at].after
        found = lengths + fixed != np.fromiter(map(len, values), np.int64, len(values))
    for column in columns.columns:
        found |= _not_text(column)
    rows = np.flatnonzero(unsure & ~found)
    if len(rows):
        bodies = [values[row][HEADER_BYTES:] for row in rows.tolist()]
        found[rows] = _not_again(columns.take(pa.array(rows)), bodies, schema)
    return found


def _not_again(columns: pa.RecordBatch, bodies: Sequence[bytes], schema: str) -> Mask:
    """Which rows do not give their body when they are encoded again."""
    try:
        again = pyruhvro.serialize_record_batch(columns, schema, 1)[0]
    except (ValueError, TypeError, OverflowError, pa.ArrowException):
        return np.ones(len(bodies), np.bool_)
    equal = pc.equal(pa.array(again, pa.binary()), pa.array(bodies, pa.binary()))
    different: Mask = ~equal.to_numpy(zero_copy_only=False)
    return different


def _add_lengths(lengths: _Longs, unsure: Mask, step: Step, column: pa.Array) -> int:
    """Add the encoded length of each value of a column, but for what all have in common, which is returned; mark
    the rows whose length is no proof."""
    branch = int(step.null_branch >= 0)
    rows: Any = slice(None)
    if column.null_count == len(column):
        return branch
    if column.null_count:
        rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        column = column.drop_null()
    match step.kind:
        case Kind.INT | Kind.LONG:
            least, more = _number_lengths(
                np.asarray(column.view(pa.int64() if step.kind is Kind.LONG else pa.int32()))
            )
            if least + (0 if more is None else int(more.max())) >= FULL_WIDTH[step.kind]:
                unsure[rows] |= least + (0 if more is None else more) >= FULL_WIDTH[step.kind]
        case Kind.STRING | Kind.BYTES:
            sizes = np.diff(_offsets(column)).astype(np.int64)
            least, more = _number_lengths(sizes)
            more = sizes if more is None else sizes + more
        case Kind.ARRAY | Kind.MAP:
            least, more = 1, None
            unsure[rows] |= np.diff(_offsets(column)) > 0
        case Kind.RECORD:
            least, more = 0, None
            unsure[rows] = True
        case _:
            least, more = FIXED_WIDTH.get(step.kind, step.size), None
    if more is not None:
        lengths[rows] += more
    if isinstance(rows, slice):
        return branch + least
    lengths[rows] += least
    return branch


def _number_lengths(values: np.ndarray[Any, Any]) -> tuple[int, _Longs | None]:
    """The encoded length of the shortest of these numbers, and how much longer each is (None: none is)."""
    numbers = values.astype(np.int64, copy=False)
    low, high = int(numbers.min()), int(numbers.max())
    if low >= 0 and high < 1 << 62:  # the usual case: zigzag doubles
        folded, ends = numbers, (low << 1, high << 1)
        scale = 1
    else:
        folded = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
        ends = (int(folded.min()), int(folded.max()))
        scale = 0
    shortest, longest = (max(1, -(-end.bit_length() // 7)) for end in ends)
    if shortest == longest:
        return shortest, None
    more = np.zeros(len(numbers), np.int64)
    for groups in range(shortest, longest):
        more += folded >= folded.dtype.type(1 << (7 * groups - scale))
    return shortest, more


def _offsets(column: pa.Array) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]


def _not_text(column: pa.Array) -> Mask | bool:
    """Which values hold text that is not UTF-8, or may; False when none does."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        if not pa.types.is_string(column.type):
            return np.ones(len(column), np.bool_)
        offsets = _offsets(column)
        high = np.cumsum(np.frombuffer(column.buffers()[2], np.uint8)[: offsets[-1]] > 0x7F)
        before = np.concatenate([[0], high])[offsets]
        found: Mask = np.diff(before) > 0
        return found
    return False


def _damaged(values: Sequence[bytes], steps: Sequence[Step]) -> Mask:
    """Which values are not what the schema says, or hold what only a closer look can tell (items, records, numbers of
    full width). All values at once, field after field."""
    ends = np.cumsum(np.fromiter(map(len, values), np.int64, len(values)))
    data = np.frombuffer(b"".join([*values, bytes(1)]), np.uint8)
    places = np.concatenate([[0], ends[:-1]]) + HEADER_BYTES
    found = np.zeros(len(values), np.bool_)
    at = 0
    while at < len(steps):
        step = steps[at]
        rows = np.arange(len(values))
        if step.null_branch >= 0:
            branch = data[places]
            places += 1
            found |= branch > 2
            found |= branch == 1
            rows = np.flatnonzero(branch == 2 * (1 - step.null_branch))
        if len(rows):
            places[rows], bad = _pass(data, np.minimum(places[rows], ends[rows]), ends[rows], step)
            found[rows] |= bad
        found |= places > ends
        places = np.minimum(places, ends)
        at = step.after
    found |= places != ends
    return found


def _pass(data: _Bytes, places: _Longs, ends: _Longs, step: Step) -> tuple[_Longs, Mask | bool]:
    """The places after one value each, and which values are bad or doubtful."""
    match step.kind:
        case Kind.BOOLEAN:
            return places + 1, data[places] > 1
        case Kind.INT | Kind.LONG:
            _, after, bad = _read_numbers(data, places, ends, FULL_WIDTH[step.kind] - 1)
            return after, bad
        case Kind.STRING | Kind.BYTES:
            lengths, after, bad = _read_numbers(data, places, ends, 4)
            return after + (lengths >> 1), bad | (lengths & 1 == 1)
        case Kind.ARRAY | Kind.MAP:
            return places + 1, data[places] != 0
        case Kind.RECORD:
            return ends, np.ones(len(places), np.bool_)
        case _:
            return places + FIXED_WIDTH.get(step.kind, step.size), False


def _read_numbers(data: _Bytes, places: _Longs, ends: _Longs, most: int) -> tuple[_Longs, _Longs, Mask]:
    """Varints of at most ``most`` bytes, still in zigzag; the places after them; and which are longer."""
    byte = data[places]
    numbers = (byte & 0x7F).astype(np.int64)
    after = places + 1
    rows = np.flatnonzero(byte > 0x7F)
    for group in range(1, most):
        if not len(rows):
            break
        byte = data[np.minimum(after[rows], ends[rows])]
        numbers[rows] |= (byte & 0x7F).astype(np.int64) << (7 * group)
        after[rows] += 1
        rows = rows[byte > 0x7F]
    longer = np.zeros(len(places), np.bool_)
    longer[rows] = True
    return numbers, after, longer
