"""Decoding Avro values in place, in C: addresses in, Arrow columns over the decoder's own memory out."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.native import load, wanted
from schemas.payloads import Payloads
from schemas.program import Kind, Step

LIBRARY = Path(__file__).with_name("libavro.so")
SOURCE = Path(__file__).with_name("avro.c")
MOST_BYTES = 1 << 30
"""Of one call: the offsets of a column are 32 bits."""
TAKEN, REFUSED, OTHER = range(3)

_POINTER, _LONG, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32
_NUMBERS = 6


class AvroLibrary:
    """The functions of schemas/native/avro.c. They release the interpreter lock; safe to share between threads."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._ids = library.nadi_avro_ids
        self._ids.argtypes, self._ids.restype = (_POINTER, _POINTER, _LONG, _POINTER), None
        self._decode = library.nadi_avro_decode
        self._decode.argtypes = (_POINTER, _INT, _LONG, _POINTER, _POINTER, _LONG, _POINTER)
        self._decode.restype = _POINTER
        self._rows = library.nadi_avro_rows
        self._rows.argtypes, self._rows.restype = (_POINTER,), _LONG
        self._columns = library.nadi_avro_columns
        self._columns.argtypes, self._columns.restype = (_POINTER, _POINTER), None
        self._free = library.nadi_avro_free
        self._free.argtypes, self._free.restype = (_POINTER,), None

    def ids(self, values: Payloads) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The schema id of each value; -1 where it is null, has no body, or does not begin with the magic byte."""
        addresses, lengths = np.ascontiguousarray(values.addresses), np.ascontiguousarray(values.lengths)
        found = np.empty(len(values), np.int64)
        self._ids(addresses.ctypes.data, lengths.ctypes.data, len(values), found.ctypes.data)
        return found

    def decode(
        self, steps: Sequence[Step], schema_id: int, values: Payloads
    ) -> tuple[pa.RecordBatch, np.ndarray[Any, np.dtype[np.uint8]]]:
        """Columns of the values that have this schema id in their header and are what ``steps`` say after it; and for
        each value TAKEN, REFUSED, or OTHER for another or no header. All together at most ``MOST_BYTES``."""
        addresses, lengths = np.ascontiguousarray(values.addresses), np.ascontiguousarray(values.lengths)
        program = np.array([_numbers(step) for step in steps], np.int32)
        status = np.empty(len(values), np.uint8)
        state = self._decode(
            program.ctypes.data,
            len(steps),
            schema_id,
            addresses.ctypes.data,
            lengths.ctypes.data,
            len(values),
            status.ctypes.data,
        )
        if not state:
            raise MemoryError(f"no memory to decode {len(values)} values")
        return _Columns(self, state, steps).batch(), status


class _Columns:
    """What one call decoded. The arrays made from it keep it, and with it the memory."""

    def __init__(self, library: AvroLibrary, state: int, steps: Sequence[Step]) -> None:
        self._library, self._state, self._steps = library, state, steps
        self._rows = int(library._rows(state))
        numbers = np.empty((len(steps), _NUMBERS), np.int64)
        library._columns(state, numbers.ctypes.data)
        self._numbers: list[list[int]] = numbers.tolist()
        self._zeros: pa.Buffer | None = None

    def __del__(self) -> None:
        self._library._free(self._state)

    def batch(self) -> pa.RecordBatch:
        arrays, fields = [], []
        at = 0
        while at < len(self._steps):
            step = self._steps[at]
            if step.keep:
                arrays.append(self._array(at, self._rows))
                fields.append(pa.field(step.name, step.type, nullable=step.null_branch >= 0))
            at = step.after
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    def _array(self, at: int, rows: int) -> pa.Array:
        step = self._steps[at]
        valid, offsets, data, used, values, _ = self._numbers[at]
        nulls = 0
        buffers: list[pa.Buffer | None] = [None]
        if step.null_branch >= 0:
            nulls = rows - values
            if nulls:
                buffers[0] = self._buffer(valid, (rows + 7) // 8)
        children: list[pa.Array] | None = None
        match step.kind:
            case Kind.NULL:
                return pa.nulls(rows)
            case Kind.STRING | Kind.BYTES:
                buffers += [self._buffer(offsets, 4 * (rows + 1)), self._buffer(data, used)]
            case Kind.BOOLEAN:
                buffers.append(self._buffer(data, (rows + 7) // 8))
            case Kind.ARRAY:
                buffers.append(self._buffer(offsets, 4 * (rows + 1)))
                children = [self._array(at + 1, used)]
            case Kind.MAP:
                buffers.append(self._buffer(offsets, 4 * (rows + 1)))
                pair = pa.struct([step.type.key_field, step.type.item_field])
                inner = [self._array(at + 1, used), self._array(self._steps[at + 1].after, used)]
                children = [pa.Array.from_buffers(pair, used, [None], 0, children=inner)]
            case Kind.RECORD:
                children = []
                inside = at + 1
                while inside < step.after:
                    children.append(self._array(inside, rows))
                    inside = self._steps[inside].after
            case _:
                buffers.append(self._buffer(data, rows * step.type.byte_width))
        return pa.Array.from_buffers(step.type, rows, buffers, nulls, children=children)

    def _buffer(self, address: int, size: int) -> pa.Buffer:
        if address:
            return pa.foreign_buffer(address, size, self)
        if self._zeros is None or self._zeros.size < size:  # a column that never had a value has no memory
            self._zeros = pa.py_buffer(bytes(size))
        return self._zeros.slice(0, size)


def _numbers(step: Step) -> tuple[int, ...]:
    return int(step.kind), step.null_branch, int(step.keep), step.size, step.after, step.nulls


def library() -> AvroLibrary | None:
    """The native decoder, or None where it is not built or not wanted."""
    found = load(LIBRARY, SOURCE) if wanted() else None
    return AvroLibrary(found) if found is not None else None
