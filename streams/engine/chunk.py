"""A chunk: a contiguous run of offsets of one partition, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

Int64s = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The accepted rows of offsets ``[first_offset, next_offset)`` of one partition, in offset order.

    Repeats and dead letters are already taken out, so ``columns`` may be shorter than the run. ``topic`` is the
    catalogue name (without prefix). ``offsets`` and ``clocks`` have one entry per row of ``columns``; a row's clock
    (UTC ms) is the highest record timestamp of the partition up to and with that row, of dead letters and repeats
    too, so that it does not depend on the cut. ``clock`` is that of the last offset of the run, or the partition's own
    where it was idle and has moved beyond.
    """

    topic: str
    partition: int
    first_offset: int
    next_offset: int
    columns: pa.RecordBatch
    offsets: Int64s
    clocks: Int64s
    clock: int

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    def halves(self) -> tuple[Chunk, Chunk]:
        """The chunk in two, cut between two of its rows. The first half ends with the clock of its last row."""
        middle = len(self) // 2
        cut = int(self.offsets[middle])
        first = Chunk(
            self.topic, self.partition, self.first_offset, cut, self.columns.slice(0, middle),
            self.offsets[:middle], self.clocks[:middle], int(self.clocks[middle - 1]),
        )  # fmt: skip
        second = Chunk(
            self.topic, self.partition, cut, self.next_offset, self.columns.slice(middle),
            self.offsets[middle:], self.clocks[middle:], self.clock,
        )  # fmt: skip
        return first, second


class _Stream:
    """Arrow columns as the bare protocol that Polars reads: what it does with a pyarrow batch that it recognises costs
    four times as much for a few rows."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._batch.__arrow_c_stream__(requested_schema)


def frame_of(batch: pa.RecordBatch) -> pl.DataFrame:
    """Arrow columns as a Polars frame."""
    return pl.DataFrame(_Stream(batch))
