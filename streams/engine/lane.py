"""One source partition of a task: its position, clock, window of repeats and processor, and nothing of Kafka.

A lane applies the records of its partition once each, in offset order:

- ``apply`` takes only the batch that starts where the one before it ended. Rows below ``position`` are in the state
  already; they only fill the window of repeats, which is not stored.
- A batch is marked for repeats, then processed. Rows that the processor's code fails on are found by halving, after
  the stores took back the failed attempt; they become dead letters and the rest goes on.
- A lane whose state was made by other code or another profile computes everything anew, silently, up to the position
  that was published, and then publishes the whole at once under the next rebuild number. `nadi rebuild` gives it a head
  start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc

from monitoring.failpoints import reached
from schemas.codec import Refused
from schemas.dead_letters import DeadLetter
from schemas.version import MAX_REBUILD, pack
from streams.engine.attempt import attempt, mark
from streams.engine.chunk import Chunk
from streams.engine.clock import ClockRule
from streams.engine.decode import Batch, dead_letters, processor_error
from streams.engine.fetch import Run, Source, wall_clock
from streams.engine.processor import Processor, RowError
from streams.engine.reading import Reading
from streams.engine.state_group import LaneState
from streams.engine.totals import Key

MANY_FAILURES = 100


class PositionError(RuntimeError):
    """The log and the state do not fit: going on would lose or repeat records."""


class UnprocessableError(RuntimeError):
    """Too many rows fail in our own code: it is not the rows."""


@dataclass(slots=True)
class Earlier:
    """What an earlier computation published: taken over when the new one has caught up."""

    position: int
    totals: list[Key]
    alerts: dict[str, dict[str, Any]]


@dataclass(slots=True)
class Tally:
    """What happened since the last commit: dead letters, rows by outcome, and some publish times (UTC ms)."""

    letters: list[DeadLetter] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    published: list[int] = field(default_factory=list)

    def count(self, outcome: str, rows: int) -> None:
        if rows:
            self.rows[outcome] = self.rows.get(outcome, 0) + rows


class Lane(Reading):
    """``state`` is where a predecessor stood, None for none (then the lane starts at ``begin``); with ``earlier`` it starts
    at the ``head_start``, if there is one (head_start.py)."""

    def __init__(
        self,
        source: Source,
        topic: str,
        processor: Processor,
        *,
        rule: ClockRule,
        group: str,
        fingerprint: str,
        begin: int = 0,
        end: int = 0,
        state: LaneState | None = None,
        earlier: Earlier | None = None,
        head_start: LaneState | None = None,
    ) -> None:
        start = (state if earlier is None else head_start) or LaneState(begin)
        super().__init__(source, topic, begin, start.position)
        self.processor = processor
        self.fingerprint = fingerprint
        self.end = end  # of a bounded input
        self.earlier = earlier
        self._rule = rule
        self._group = group
        self._before = state if earlier is not None else None
        self.clock, self.published_at, self.simulated = start.clock, start.published_at, start.simulated
        self.tick, self.rebuild = start.tick, start.rebuild
        if earlier is not None and state is not None:
            self.rebuild = state.rebuild + 1
            if self.rebuild > MAX_REBUILD:
                raise PositionError(
                    f"{topic}: rebuilt {MAX_REBUILD} times; delete the state topic to start over"
                )
        self.tally = Tally()
        self._said_at = self.position
        self._settled = False
        self._caught_up()

    @property
    def live(self) -> bool:
        """Whether what it computes is published: false while everything is computed anew."""
        return self.earlier is None

    def state(self) -> LaneState:
        """Where the lane stands, for the state group; while it rebuilds, where its predecessor stood."""
        if self.earlier is not None and self._before is not None:
            return self._before
        return LaneState(
            self.position,
            self.clock,
            self.published_at,
            self.tick,
            self.rebuild,
            self.fingerprint,
            self.simulated,
        )

    def version(self) -> int:
        """A version above all that the lane has published: called once for each commit that says something."""
        self.tick = self.tick + 1 if self.position == self._said_at else 0
        self._said_at = self.position
        return pack(self.rebuild, self.position, self.tick)

    def apply(self, batch: Batch) -> None:
        """Process one batch. Raises HoleError, or UnprocessableError when the code fails on too many rows."""
        for part in self._parts(self._news(batch)):
            self._step(part)

    def settle(self) -> None:
        """At the end of a bounded input: move the clock to ``until`` and fire what is due."""
        until = self._rule.at_end(position=self.position, end=self.end)
        if until is not None and self.live and not self._settled:
            self.advance(until)
            self._settled = True

    @property
    def held_back(self) -> bool:
        """Whether the end of a bounded input was read and its clock has not reached ``until``: not yet done."""
        return self._rule.bounded and not self._settled and self.position >= self.end

    def advance(self, clock: int) -> None:
        """Move the clock without a record. Only while live; the caller has checked the rule (clock.py)."""
        self.clock = max(self.clock, clock)
        self.processor.advance(self.clock)
        self._mark()

    def _parts(self, batch: Batch) -> list[Batch]:
        """The batch, cut where a rebuild ends; nothing when there are no new records."""
        first, after = batch.run.first_offset, batch.run.next_offset
        if first >= after:
            return []
        if self.earlier is not None and first < self.earlier.position < after:
            return [batch.part(first, self.earlier.position), batch.part(self.earlier.position, after)]
        return [batch]

    def _step(self, part: Batch) -> None:
        """Apply one part, wholly before or wholly after the end of a rebuild."""
        run = part.run
        # a row's time is that of the records up to it: an idle clock that a wrong wall clock moved too far changes none
        sifted = self._sift(part, self.published_at)
        clock = max(self.clock, int(sifted.clocks[-1])) if len(run) else self.clock
        chunk = Chunk(
            self.topic, run.source.partition, run.first_offset, run.next_offset, sifted.columns, sifted.offsets,
            sifted.row_clocks, clock,
        )  # fmt: skip
        failed: list[DeadLetter] = []
        if len(chunk):
            self._process(chunk, run, failed)
            reached("stream.after-process")
        due = self.processor.next_due()
        if due is not None and due <= clock:  # by the time of a repeat or a dead letter at the end
            self.processor.advance(clock)
            self._mark()
        self.position, self.clock = run.next_offset, clock
        if len(run):
            self.published_at = max(self.published_at, int(run.timestamps.max()))
        if not self.simulated and len(chunk):
            self.simulated = bool(pc.any(chunk.columns.column("simulated")).as_py())
        if self.earlier is not None:
            self._caught_up()
            return
        tally = self.tally
        tally.letters.extend(part.refused)
        tally.letters.extend(failed)
        tally.count("refused", len(part.refused))
        tally.count("repeat", sifted.repeats)
        tally.count("failed", len(failed))
        tally.count("accepted", len(chunk) - len(failed))
        if self._rule.kind == "record":
            tally.published.extend(run.timestamps[:: max(1, len(run) // 32)].tolist())

    def _process(self, chunk: Chunk, run: Run, failed: list[DeadLetter]) -> None:
        """Process, and set aside the rows that the domain refuses or that our own code fails on."""

        def process(chunk: Chunk) -> None:
            errors = self.processor.process(chunk)
            failed.extend(self._letter(chunk, run, error) for error in errors)

        def set_aside(chunk: Chunk, error: Exception) -> None:
            failed.append(self._letter(chunk, run, RowError(0, *processor_error(error))))
            if len(failed) > MANY_FAILURES and 2 * len(failed) > len(run):
                raise UnprocessableError(
                    f"{self.name}: {len(failed)} of {len(run)} rows fail: {error}"
                ) from error

        attempt(chunk, process, self.processor.stores.values(), set_aside)

    def _mark(self) -> None:
        mark(self.processor.stores.values())

    def _caught_up(self) -> None:
        """A rebuild that has reached the published position takes over what was published, and is live."""
        earlier = self.earlier
        if earlier is not None and self.position >= earlier.position:
            self.processor.totals.take_over(earlier.totals)
            self.processor.alerts.take_over(earlier.alerts, self.clock)
            self._mark()
            self.earlier = None
            self._said_at = -1

    def _letter(self, chunk: Chunk, run: Run, error: RowError) -> DeadLetter:
        row = int(np.searchsorted(run.offsets, chunk.offsets[error.row]))
        refused = Refused(row, error.reason, error.message)
        return dead_letters(run, [refused], "process", self._group, wall_clock())[0]
