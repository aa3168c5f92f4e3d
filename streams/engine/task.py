"""A partition task: processor, clock, repeats and position of one partition, and nothing of Kafka.

The argument for exact results, to be checked line by line:

1. ``apply`` takes only the batch that starts at ``position`` (else PositionError stops the worker), so every
   record is applied once, in offset order, and the state is a function of the records before ``position``.
2. ``take`` hands out outputs and the position they belong to in one step. The caller puts the outputs on Kafka,
   waits for every delivery report and only then commits that position. So a committed offset C means: all
   outputs of the records before C are on Kafka.
3. A new owner replays from the beginning with outputs off while ``position`` < C (``resume_at``) and on from
   there; a batch across C is cut at C. By 2 nothing is missing; what was put out after C and before the crash
   is put out again, with the same ids and with versions that do not go back (version.py).
4. Repeats are marked when a batch is applied, never before: a batch that a rebalance throws away has left no
   trace, and reading it again does not make its rows repeats of themselves.
5. State kept over a rebalance goes on at its own position, with outputs off until the C found then.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.dead_letters import DeadLetter
from schemas.repeats import Repeats
from streams.engine.chunk import Chunk
from streams.engine.clock import ClockRule
from streams.engine.decode import Batch, dead_letter
from streams.engine.fetch import Committed, Run, Source, wall_clock
from streams.engine.pending import Commit, Pending
from streams.engine.processor import Outputs, Processor
from streams.engine.version import MAX_REBUILD, idle_tick, pack

PIECES = 16
MAX_SET_ASIDE = 100


class PositionError(RuntimeError):
    """A batch does not start where the state ends: going on would lose or repeat records."""


class Unprocessable(RuntimeError):  # noqa: N818  (says what the records are)
    """A processor raised on the records ``[first, after)``; the state is no longer to be trusted."""

    def __init__(self, source: Source, first: int, after: int, cause: Exception) -> None:
        super().__init__(
            f"{source.topic}[{source.partition}] offsets {first} to {after - 1}: {type(cause).__name__}: {cause}"
        )
        self.first = first
        self.after = after
        self.cause = cause


class Task:
    """One partition. ``topic`` is the catalogue name, ``source`` the partition on the cluster."""

    def __init__(
        self,
        source: Source,
        topic: str,
        make: Callable[[], Processor],
        *,
        rule: ClockRule,
        group: str,
        profile_hash: str,
        begin: int = 0,
    ) -> None:
        self.source = source
        self.topic = topic
        self.begin = begin
        self.end: int | None = None  # of a bounded input
        self.finished = False
        self.resume_at = begin
        self.rebuild = 0
        self._make = make
        self._rule = rule
        self._group = group
        self._profile_hash = profile_hash
        self._suspect: tuple[int, int] | None = None
        self._set_aside: dict[int, str] = {}
        self._committed: tuple[int, str] | None = None
        self._pending = Pending()
        self._anew = False
        self._start()

    def _start(self) -> None:
        """The state before the first record."""
        self.processor = self._make()
        self.position = self.begin
        self.clock = 0
        self.last_timestamp = 0
        self.simulated = False
        self._repeats = Repeats()
        self._replayed_alerts: dict[str, dict[str, Any]] = {}

    @property
    def live(self) -> bool:
        """Whether outputs are on: everything up to the committed offset has been replayed."""
        return self.position >= self.resume_at

    @property
    def metadata(self) -> str:
        """What is committed beside the position: rebuild number and fingerprint of code and profile."""
        parts = f"{self.processor.domain}\0{self.processor.version}\0{self._profile_hash}"
        return f"{self.rebuild}:{hashlib.sha256(parts.encode()).hexdigest()[:16]}"

    def own(self, committed: Committed | None, end: int) -> None:
        """Take the partition over: ``committed`` is the group's offset, ``end`` the log's, both asked just now.

        Another fingerprint beside the committed offset (new code or profile) makes a rebuild: the replay stays
        silent, then all values and alerts are put out once under the next rebuild number. Raises PositionError
        when the log ends before the committed offset or begins after it.
        """
        self.end = end
        if committed is None:
            return
        if not self.begin <= committed.offset <= end:
            raise PositionError(
                f"{self.source.topic}[{self.source.partition}]: the group committed {committed.offset}, the log "
                f"has {self.begin} to {end}. The topic was made anew or records were deleted unread: delete the "
                f"consumer group {self._group!r} to compute everything again"
            )
        self.resume_at = max(self.resume_at, committed.offset)
        rebuild, _, fingerprint = committed.metadata.partition(":")
        if fingerprint and fingerprint != self.metadata.partition(":")[2]:
            if self.position > self.begin:
                raise PositionError(
                    f"{self.source.topic}[{self.source.partition}]: other code took over meanwhile"
                )
            self.rebuild = int(rebuild) + 1
            if self.rebuild > MAX_REBUILD:
                raise PositionError(f"{self.topic}: rebuilt {MAX_REBUILD} times; start a new consumer group")
            self._anew = True
        elif fingerprint:
            self.rebuild = int(rebuild)
        self._committed = (committed.offset, committed.metadata)
        self._at_resume()

    def apply(self, batch: Batch) -> None:
        """Process one batch. Raises PositionError, or Unprocessable when the processor itself fails."""
        run = batch.run
        if run.first_offset != self.position:
            raise PositionError(
                f"{self.source.topic}[{self.source.partition}]: batch starts at {run.first_offset}, "
                f"state ends at {self.position}"
            )
        cuts = self._cuts(run)
        for first, after in itertools.pairwise(cuts):
            part = batch.part(first, after)
            try:
                self._step(part)
            except (MemoryError, PositionError):
                raise
            except Exception as error:  # the processor's own bug: whatever it is, the row is set aside
                raise Unprocessable(self.source, first, after, error) from error
        self.settle()

    def settle(self) -> None:
        """At the end of a bounded input, once: move the clock to ``until`` and fire what is due."""
        if self.finished or self.end is None:
            return
        until = self._rule.at_end(position=self.position, end=self.end)
        if until is not None:
            self.advance(until)
            self.finished = True

    def advance(self, clock: int) -> None:
        """Move the clock without a record. Only while live; the caller has checked the rule (clock.py)."""
        if not self.live:
            raise PositionError(f"{self.source.topic}[{self.source.partition}]: idle clock while rebuilding")
        self.clock = max(self.clock, clock)
        outputs = self.processor.advance(self.clock)
        tick = idle_tick(self.clock, self.last_timestamp)
        self._pending.take_over(
            outputs,
            version=pack(self.rebuild, self.position, tick),
            as_of=self.clock,
            published_at=self.last_timestamp,
            simulated=self.simulated,
        )

    def take(self) -> Commit | None:
        """Everything since the last ``take``, to be made durable; None when there is nothing.

        Bounded input: the end offset itself is held back until ``until`` was reached, so that the group's
        offset says all is done. A partition without records commits nothing.
        """
        held = self._rule.bounded and not self.finished and self.end is not None and self.position >= self.end
        may = self.live and not held and self.position > self.begin
        target = (self.position, self.metadata) if may else None
        if not self._pending and (target is None or target == self._committed):
            return None
        pending, self._pending = self._pending, Pending()
        return Commit(
            self.source,
            self.topic,
            self.processor.domain,
            pending,
            target[0] if target else None,
            self.metadata,
        )

    def committed(self, commit: Commit) -> None:
        """The position of ``commit`` is in the group."""
        if commit.position is not None:
            self._committed = (commit.position, commit.metadata)

    def set_aside(self, error: Unprocessable) -> None:
        """Start over from the first record to find and set aside the one that the processor cannot take.

        Each time the suspect records are cut in sixteen; a single one that fails is dead-lettered from then on.
        Outputs so far stand: they stay off until the replay is back where it was. Raises Unprocessable when too
        many records fail, for then it is not the records.
        """
        self.resume_at = max(self.resume_at, self.position)
        if error.after - error.first > 1:
            self._suspect = (error.first, error.after)
        else:
            self._suspect = None
            self._set_aside[error.first] = f"{type(error.cause).__name__}: {error.cause}"
            if len(self._set_aside) > MAX_SET_ASIDE:
                raise error
        self._start()

    def _cuts(self, run: Run) -> list[int]:
        """Where a run is cut: at ``resume_at``, and in pieces where a record is suspected."""
        inner = {self.resume_at}
        if self._suspect is not None:
            low, high = self._suspect
            inner.update(range(low, high, max(1, (high - low) // PIECES)))
            inner.add(high)
        between = sorted(cut for cut in inner if run.first_offset < cut < run.next_offset)
        return [run.first_offset, *between, run.next_offset]

    def _step(self, part: Batch) -> None:
        """Apply one part, wholly before or wholly after ``resume_at``."""
        run = part.run
        pending = Pending()
        keep = ~self._repeats.mark(part.event_ids, part.offsets, part.timestamps)
        pending.count("repeat", len(keep) - int(keep.sum()))
        pending.letters.extend(part.refused)
        pending.count("refused", len(part.refused))
        for offset in [o for o in self._set_aside if run.first_offset <= o < run.next_offset]:
            row = int(np.searchsorted(part.offsets, offset))
            if row < len(keep) and int(part.offsets[row]) == offset and keep[row]:
                keep[row] = False
                pending.letters.append(self._letter(run, offset, "ProcessorError", self._set_aside[offset]))
                pending.count("failed", 1)
        columns, offsets, stamps = part.columns, part.offsets, part.timestamps
        if not keep.all():
            columns, offsets, stamps = columns.filter(pa.array(keep)), offsets[keep], stamps[keep]
        clock = max(self.clock, part.clock)
        chunk = Chunk(
            self.topic,
            run.source.partition,
            run.first_offset,
            run.next_offset,
            columns,
            offsets,
            stamps,
            clock,
        )
        outputs = self.processor.process(chunk) if len(chunk) else Outputs()
        due = self.processor.next_due()
        if due is not None and due <= clock:  # by the time of a repeat or a dead letter at the end
            outputs.update(self.processor.advance(clock))
        for error in outputs.errors:
            pending.letters.append(self._letter(run, int(offsets[error.row]), error.reason, error.message))
        pending.count("failed", len(outputs.errors))
        pending.count("accepted", len(chunk) - len(outputs.errors))
        pending.sample(stamps.tolist())
        self.position = run.next_offset
        self.clock = clock
        self.last_timestamp = max(self.last_timestamp, part.clock)
        if not self.simulated and len(chunk):
            self.simulated = bool(pc.any(columns.column("simulated")).as_py())
        if run.next_offset <= self.resume_at:
            if self._anew:
                self._replayed_alerts.update(outputs.alerts)
            self._at_resume()
        else:
            self._put_out(pending, outputs)

    def _put_out(self, pending: Pending, outputs: Outputs) -> None:
        """Add a live step to what the next commit takes."""
        mine = self._pending
        mine.take_over(
            outputs,
            version=pack(self.rebuild, self.position, 0),
            as_of=self.clock,
            published_at=self.last_timestamp,
            simulated=self.simulated,
        )
        mine.letters.extend(pending.letters)
        mine.published.extend(pending.published)
        for outcome, rows in pending.rows.items():
            mine.count(outcome, rows)

    def _at_resume(self) -> None:
        """A rebuild that has caught up puts out all its values and alerts under its new number."""
        if self._anew and self.position == self.resume_at:
            self._anew = False
            whole = Outputs(aggregates=dict(self.processor.snapshot()), alerts=self._replayed_alerts)
            self._replayed_alerts = {}
            self._put_out(Pending(), whole)

    def _letter(self, run: Run, offset: int, reason: str, message: str) -> DeadLetter:
        row = int(np.searchsorted(run.offsets, offset))
        return dead_letter(run, row, reason, message, "process", self._group, wall_clock())
