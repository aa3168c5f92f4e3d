"""From raw records to columns: decode, then refuse what is not a well-formed event.

Pure and without state, so it runs in the fetch thread and nothing is lost when its result is thrown away.
Repeats are recognised later, by the lane, because that has state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from monitoring.failpoints import reached
from schemas.acceptance import refusals
from schemas.codec import Codec, Refused
from schemas.dead_letters import DeadLetter
from schemas.event_ids import EventIds, event_ids
from streams.engine.chunk import Int64s
from streams.engine.fetch import Run, wall_clock

#: The fields that every event has and the engine reads.
ENVELOPE = ("event_id", "source", "opd", "occurred_at", "kind", "simulated")


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of records, decoded: every one is either a row of ``columns`` or in ``refused``.

    ``columns``, ``offsets``, ``timestamps`` and ``ids`` have one entry per accepted row, in offset order.
    ``run`` holds the raw bytes until the batch is processed.
    """

    run: Run
    columns: pa.RecordBatch
    offsets: Int64s
    timestamps: Int64s
    ids: EventIds
    refused: list[DeadLetter]

    def __len__(self) -> int:
        return len(self.run)

    def part(self, first: int, after: int) -> Batch:
        """The rows and dead letters of offsets ``[first, after)`` within this batch."""
        if (first, after) == (self.run.first_offset, self.run.next_offset):
            return self
        low, high = (int(i) for i in np.searchsorted(self.offsets, (first, after)))
        return Batch(
            self.run.part(first, after),
            self.columns.slice(low, high - low),
            self.offsets[low:high],
            self.timestamps[low:high],
            self.ids.pick(slice(low, high)),
            [letter for letter in self.refused if first <= letter.offset < after],
        )


class Decoder:
    """Decodes the runs of one topic; ``group`` is named in the dead letters."""

    def __init__(self, codec: Codec, group: str) -> None:
        self._codec = codec
        self._group = group

    def decode(self, run: Run) -> Batch:
        """Decode one run. Never raises for bad input."""
        reached("stream.after-fetch")
        decoded = self._codec.decode_batch(run.values())
        columns, rows = decoded.columns, decoded.rows
        whole = len(rows) == len(run)
        offsets, timestamps = (
            (run.offsets, run.timestamps) if whole else (run.offsets[rows], run.timestamps[rows])
        )
        now = wall_clock()
        letters = dead_letters(run, decoded.refused, "decode", self._group, now)
        ids = event_ids(columns.column("event_id"))
        unfit = refusals(columns, timestamps, ids)
        if unfit:
            refused = [r._replace(row=int(rows[r.row])) for r in unfit]
            letters.extend(dead_letters(run, refused, "accept", self._group, now))
            letters.sort(key=lambda letter: letter.offset)
            kept = np.ones(len(rows), np.bool_)
            kept[[r.row for r in unfit]] = False
            columns, offsets, timestamps = columns.filter(pa.array(kept)), offsets[kept], timestamps[kept]
            ids = ids.pick(kept)
        reached("stream.after-decode")
        return Batch(run, columns, offsets, timestamps, ids, letters)


def dead_letters(run: Run, refused: Sequence[Refused], stage: str, group: str, now: int) -> list[DeadLetter]:
    """The dead letters of records of a run, by their rows in it, with their bytes, keys and headers as they came."""
    topic, partition = run.source.topic, run.source.partition
    rows = [row for row, _, _ in refused]
    places = zip(refused, run.offsets[rows].tolist(), run.timestamps[rows].tolist(), strict=True)
    return [
        DeadLetter(
            topic, partition, offset, timestamp, run.key(row), run.value(row), reason, message, stage, group, now,
            run.headers(row),
        )
        for (row, reason, message), offset, timestamp in places
    ]  # fmt: skip


def processor_error(error: Exception) -> tuple[str, str]:
    """The reason and the message of a row that a domain's own code fails on."""
    return "ProcessorError", f"{type(error).__name__}: {error}"
