"""What every input of a task has in common: it takes batches without a hole, and knows which rows are new.

A batch must start where the one before it ended. Rows below ``position`` are in the state already; they only fill the
window of repeats, which is not stored.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.event_ids import EventIds
from schemas.repeats import Repeats
from streams.engine.chunk import Int64s
from streams.engine.decode import Batch
from streams.engine.fetch import Source


class HoleError(RuntimeError):
    """A batch does not start where the one before it ended: it must be read again from ``expected``."""


class Sifted(NamedTuple):
    """The rows of a batch that count: accepted, and no repeats. ``row_clocks`` has one entry a row; ``clocks`` one a
    record of the run: the highest timestamp of the partition up to and with it (UTC ms). ``repeats`` is how many."""

    columns: pa.RecordBatch
    offsets: Int64s
    ids: EventIds
    row_clocks: Int64s
    clocks: Int64s
    repeats: int


class Reading:
    """How far one source partition was read. ``begin`` is the first offset of its log, ``position`` the next one that
    is not in the state, ``expected`` the next one to come. ``topic`` is the catalogue name."""

    def __init__(self, source: Source, topic: str, begin: int, position: int) -> None:
        self.source = source
        self.topic = topic
        self.begin = begin
        self.position = position
        self.expected = position
        self._repeats = Repeats()

    @property
    def name(self) -> str:
        return f"{self.source.topic}[{self.source.partition}]"

    def prime_from(self, offset: int) -> None:
        """Read from ``offset`` (not above the position) to fill the window of repeats first."""
        self.expected = min(offset, self.position)

    def _news(self, batch: Batch) -> Batch:
        """What of a batch is not in the state. Raises HoleError."""
        run = batch.run
        if run.first_offset != self.expected:
            raise HoleError(f"{self.name}: batch starts at {run.first_offset}, expected {self.expected}")
        self.expected = run.next_offset
        if run.first_offset >= self.position:
            return batch
        known = batch.part(run.first_offset, min(run.next_offset, self.position))
        self._repeats.mark(known.ids, known.offsets, known.timestamps)
        return batch.part(known.run.next_offset, run.next_offset)

    def _sift(self, batch: Batch, clock: int) -> Sifted:
        """Mark repeats and tell the time of every row; ``clock`` is the highest timestamp of the partition before
        the batch."""
        run, offsets = batch.run, batch.offsets
        repeat = self._repeats.mark(batch.ids, offsets, batch.timestamps)
        clocks = np.maximum.accumulate(np.maximum(run.timestamps, clock))
        row_clocks = clocks if len(offsets) == len(run) else clocks[_places(run.offsets, offsets)]
        repeats = int(repeat.sum())
        if not repeats:
            return Sifted(batch.columns, offsets, batch.ids, row_clocks, clocks, 0)
        keep = ~repeat
        columns = batch.columns.filter(pa.array(keep))
        return Sifted(columns, offsets[keep], batch.ids.pick(keep), row_clocks[keep], clocks, repeats)


def _places(offsets: Int64s, wanted: Int64s) -> Int64s:
    """Where some of these offsets stand. Nearly always there is no hole, and none has to be searched for."""
    whole = len(offsets) and int(offsets[-1]) - int(offsets[0]) == len(offsets) - 1
    places: Int64s = wanted - offsets[0] if whole else np.searchsorted(offsets, wanted)
    return places
