"""Raw values of many records as addresses and lengths, so that none of them becomes a Python object."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

Addresses = np.ndarray[Any, np.dtype[np.uint64]]
Lengths = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, slots=True)
class Payloads:
    """``n`` values in foreign memory.

    ``addresses`` (uint64[n]) is 0 where a record has no value; ``lengths`` (int32[n]) are bytes. ``owner`` keeps
    the memory alive and unchanged for as long as it is referenced; parts share it.
    """

    addresses: Addresses
    lengths: Lengths
    owner: object

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> Payloads:
        """A copy of values that are Python objects."""
        column = pa.array(values, pa.large_binary())
        _, offsets, data = column.buffers()
        places = np.frombuffer(offsets, np.int64, len(column) + 1)
        start = data.address if data is not None else offsets.address  # all values empty: never read
        addresses = (places[:-1] + start).astype(np.uint64)
        if column.null_count:
            addresses[column.is_null().to_numpy(zero_copy_only=False)] = 0
        return cls(addresses, np.diff(places).astype(np.int32), column)

    def __len__(self) -> int:
        return len(self.addresses)

    def __getitem__(self, row: int) -> bytes | None:
        address = self.addresses.item(row)
        return ctypes.string_at(address, self.lengths.item(row)) if address else None

    def part(self, low: int, high: int) -> Payloads:
        """The values of rows ``[low, high)``; nothing is copied."""
        return Payloads(self.addresses[low:high], self.lengths[low:high], self.owner)

    def at(self, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Payloads:
        """The values of these rows, which only grow; nothing is copied."""
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
            return self.part(int(rows[0]), int(rows[-1]) + 1)
        return Payloads(self.addresses[rows], self.lengths[rows], self.owner)
