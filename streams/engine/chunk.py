"""A chunk: a contiguous run of offsets of one partition, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

Int64s = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The accepted rows of offsets ``[first_offset, next_offset)`` of one partition, in offset order.

    Repeats and dead letters are already taken out, so ``columns`` may be shorter than the run. ``topic`` is the
    catalogue name (without prefix). ``offsets`` and ``timestamps`` (record timestamps, UTC ms) have one entry per
    row of ``columns``. ``clock`` is the highest record timestamp of the run, dead letters and repeats included.
    """

    topic: str
    partition: int
    first_offset: int
    next_offset: int
    columns: pa.RecordBatch
    offsets: Int64s
    timestamps: Int64s
    clock: int

    def __len__(self) -> int:
        return int(self.columns.num_rows)
