"""The regency task: what crosses keys or domains, on the one merged stream of all partitions.

It reads every partition of the topics that its processor wants, beside the case tasks, and applies rows in the order
of merge.py up to W, the lowest clock that any input was read to. Its position is a vector: for each input the offset
up to which its rows were applied. Rows that were read and wait for W are not in the state; a successor reads them
again. An input that stands at an end offset fetched after W may be taken as read to W (clock.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np

from schemas.codec import Refused
from schemas.dead_letters import DeadLetter
from schemas.version import pack
from streams.days import DAY_MS
from streams.engine.alerts import Alerts
from streams.engine.attempt import attempt, mark
from streams.engine.chunk import Int64s
from streams.engine.clock import ClockRule
from streams.engine.decode import Batch, dead_letters, processor_error
from streams.engine.fetch import Run, Source, wall_clock
from streams.engine.lane import Earlier, Tally
from streams.engine.merge import Merged, Rows, merge
from streams.engine.reading import Reading
from streams.engine.state_group import LaneState, Part
from streams.engine.state_log import Recovered
from streams.engine.store import Store
from streams.engine.task import About, Commit, Said, Task
from streams.engine.totals import Totals

DOMAIN = "regency"
#: The input name under which the header keeps the clock of the whole.
WHOLE = "regency"
#: Event time that one step applies at most, and rows where that is more than a day: half of the time until they are fewer.
STEP_MS, STEP_ROWS = 182 * DAY_MS, 300_000
NEVER = 2**63 - 1


class RegencyProcessor(Protocol):
    """What a rule group of the regency task must provide; the verbs are those of processor.py.

    ``reads`` are the fields wanted beside the envelope, by domain.
    """

    @property
    def version(self) -> str: ...

    @property
    def reads(self) -> Mapping[str, tuple[str, ...]]: ...

    @property
    def totals(self) -> Totals: ...

    @property
    def alerts(self) -> Alerts: ...

    @property
    def stores(self) -> Mapping[str, Store]: ...

    def process(self, merged: Merged) -> None:
        """Apply rows in order. Before each row the clock becomes that row's, and what is due by then fires.
        An exception is taken back and the row that it came from is set aside."""

    def advance(self, clock: int) -> None:
        """Move the clock and fire what is due by it."""

    def next_due(self) -> int | None:
        """When the next deadline is due (UTC ms), or None."""


class Inbox(Reading):
    """One source partition: what of it was applied (``position``), what was read (``expected``, ``read_to``), and the
    rows in between. ``state`` is where a predecessor stood."""

    def __init__(
        self,
        source: Source,
        topic: str,
        domain: str,
        *,
        begin: int = 0,
        end: int = 0,
        state: LaneState | None = None,
    ) -> None:
        start = state if state is not None else LaneState(begin)
        super().__init__(source, topic, begin, start.position)
        self.domain = domain
        self.end = end  # of a bounded input
        self.clock, self.published_at = start.clock, start.published_at
        self.read_to = start.clock
        self.live = True
        self._waiting: deque[tuple[Run, Int64s, Rows]] = deque()
        self._read_clock = start.clock

    def state(self) -> LaneState:
        return LaneState(self.position, self.clock, self.published_at)

    def apply(self, batch: Batch) -> None:
        """Keep a batch until everything else was read so far. Raises HoleError."""
        news = self._news(batch)
        if not len(news):
            return
        sifted = self._sift(news, self._read_clock)
        rows = Rows(
            self.domain, self.source.partition, sifted.columns, sifted.offsets, sifted.row_clocks, sifted.ids
        )
        self._waiting.append((news.run, sifted.clocks, rows))
        self._read_clock = int(sifted.clocks[-1])
        self.read_to = max(self.read_to, self._read_clock)

    @property
    def first(self) -> int | None:
        """The clock of the first row that waits."""
        return int(self._waiting[0][1][0]) if self._waiting else None

    def waiting(self, clock: int) -> int:
        """How many rows before a clock wait."""
        return sum(int(np.searchsorted(rows.clocks, clock)) for _, _, rows in self._waiting)

    def before(self, clock: int) -> Iterator[tuple[Run, Rows]]:
        """Take the rows before a clock, with the runs they came from; the position moves past them."""
        while self._waiting:
            run, clocks, rows = self._waiting[0]
            cut = int(np.searchsorted(clocks, clock))
            if cut == 0:
                return
            taken = int(np.searchsorted(rows.clocks, clock))
            self.clock = int(clocks[cut - 1])
            self.published_at = max(self.published_at, int(run.timestamps[:cut].max()))
            if cut == len(clocks):
                self.position = run.next_offset
                self._waiting.popleft()
            else:
                self.position = int(run.offsets[cut])
                rest = rows.part(taken, len(rows))
                self._waiting[0] = (run.part(self.position, run.next_offset), clocks[cut:], rest)
            yield run, rows.part(0, taken)


class RegencyTask(Task):
    """``inboxes`` by topic/partition. ``earlier`` is what other code or another profile had published;
    then everything is computed anew, from ``clock`` on where the inboxes have a head start."""

    def __init__(
        self, inboxes: Mapping[str, Inbox], processor: RegencyProcessor, recovered: Recovered, about: About, *,
        rule: ClockRule, group: str, fingerprint: str, earlier: Earlier | None = None, snapshot_bytes: int = 16 * 2**20,
        clock: int = 0,
    ) -> None:  # fmt: skip
        anew = frozenset({DOMAIN}) if earlier is not None else frozenset()
        self.whole = _Whole(recovered, fingerprint, clock, anew=earlier is not None)
        super().__init__(0, {**inboxes, WHOLE: self.whole}, recovered, about, anew, snapshot_bytes)
        self.inboxes = dict(inboxes)
        self.processor = processor
        self._rule = rule
        self._group = group
        self._earlier = earlier
        self._until = {name: inbox.position for name, inbox in _states(recovered).items()} if earlier else {}
        self._tally = Tally()
        self._caught_up()

    @property
    def live(self) -> bool:
        return self._earlier is None

    def stores(self) -> Iterator[tuple[str, str, Store]]:
        for name, store in self.processor.stores.items():
            yield DOMAIN, name, store

    def read_to(self, ends: Mapping[Source, int], wall: int) -> None:
        """Inputs that stand at their end offsets, fetched after ``wall`` (UTC ms), were read to it."""
        for inbox in self.inboxes.values():
            to = self._rule.idle(position=inbox.expected, end=ends.get(inbox.source, -1), wall=wall)
            if to is not None:
                inbox.read_to = max(inbox.read_to, to)

    def step(self) -> None:
        """Apply what can be applied. Raises what the processor raises in ``advance``."""
        for inbox in self.inboxes.values():
            until = self._rule.at_end(position=inbox.expected, end=inbox.end)
            if until is not None:
                inbox.read_to = max(inbox.read_to, until + 1)
        clock = min((inbox.read_to for inbox in self.inboxes.values()), default=0)
        if clock <= self.whole.clock:
            self.unfinished = False
            return
        read_to, clock = clock, min(clock, self._reach())
        self.unfinished = clock < read_to
        taken = [(run, rows) for inbox in self.inboxes.values() for run, rows in inbox.before(clock)]
        merged = merge([rows for _, rows in taken if len(rows)], clock)
        failed = 0
        if len(merged):
            runs = {(run.source.topic, run.source.partition, run.first_offset): run for run, _ in taken}
            failed = self._process(merged, runs)
        due = self.processor.next_due()
        if due is not None and due < clock:  # what is due at ``clock`` fires before the rows that have it
            self.processor.advance(clock - 1)
            mark(self.processor.stores.values())
        self.whole.clock = clock
        self._tally.count("failed", failed)
        self._tally.count("accepted", len(merged) - failed)
        self._caught_up()

    def _reach(self) -> int:
        """How far one step goes at most: the loop is needed by others, and what a day costs comes at its end, however few
        its rows are."""
        waiting = (at for inbox in self.inboxes.values() if (at := inbox.first) is not None)
        begins, span = self.whole.clock or min(waiting, default=NEVER), STEP_MS
        while (
            span > DAY_MS and sum(inbox.waiting(begins + span) for inbox in self.inboxes.values()) > STEP_ROWS
        ):
            span //= 2
        return min(begins + span, NEVER)

    def take(self) -> Commit | None:
        """Applies first what can be applied. Until a rebuild has caught up its predecessor's state stands."""
        self.step()
        if not self.live:
            return None
        parts: list[Part] = []
        said: list[Said] = []
        anew: list[str] = []
        tallies: dict[str, Tally] = {}
        aggregates, alerts = self._changes(DOMAIN, self.processor.stores, parts, anew)
        if aggregates is not None or alerts is not None:
            version = pack(self.whole.rebuild, self.group + 1, 0)
            published = max((inbox.published_at for inbox in self.inboxes.values()), default=0)
            said.append(
                Said(
                    DOMAIN,
                    WHOLE,
                    0,
                    aggregates,
                    alerts,
                    version,
                    self.whole.clock,
                    published,
                    simulated=False,
                )
            )
        if self._tally.rows:
            tallies[WHOLE], self._tally = self._tally, Tally()
        return self._sealed(parts, said, tallies, anew, {})

    def _process(self, merged: Merged, runs: Mapping[tuple[str, int, int], Run]) -> int:
        """Process, and set aside the rows that our own code fails on; how many they were."""
        failed: list[DeadLetter] = []

        def set_aside(row: Merged, error: Exception) -> None:
            failed.append(self._letter(row, runs, error))

        attempt(merged, self.processor.process, self.processor.stores.values(), set_aside)
        self._tally.letters.extend(failed)
        return len(failed)

    def _letter(
        self, merged: Merged, runs: Mapping[tuple[str, int, int], Run], error: Exception
    ) -> DeadLetter:
        ((domain, rows),) = merged.rows().items()
        row = rows.start
        offset, partition = int(merged.offsets[domain][row]), int(merged.partitions[domain][row])
        topics = {inbox.source.topic for inbox in self.inboxes.values() if inbox.domain == domain}
        run = next(
            r for (topic, number, _), r in runs.items()
            if topic in topics and number == partition and r.first_offset <= offset < r.next_offset
        )  # fmt: skip
        at = int(np.searchsorted(run.offsets, offset))
        refused = Refused(at, *processor_error(error))
        return dead_letters(run, [refused], "regency", self._group, wall_clock())[0]

    def _caught_up(self) -> None:
        earlier = self._earlier
        if (
            earlier is not None
            and not self.unfinished
            and all(
                name not in self.inboxes or self.inboxes[name].position >= position
                for name, position in self._until.items()
            )
        ):
            self.processor.totals.take_over(earlier.totals)
            self.processor.alerts.take_over(earlier.alerts, self.whole.clock)
            mark(self.processor.stores.values())
            self._earlier = None
            self.whole.live = True


class _Whole:
    """The task's own line in the header: its clock, fingerprint and number of rebuilds. It reads nothing."""

    def __init__(self, recovered: Recovered, fingerprint: str, clock: int, *, anew: bool) -> None:
        state = _states(recovered, whole=True).get(WHOLE)
        self.source = Source(WHOLE, -1)
        self.topic = WHOLE
        self.expected = 0
        self.fingerprint = fingerprint
        self.rebuild = state.rebuild + anew if state is not None else 0
        self.clock = state.clock if state is not None and not anew else clock
        self.live = not anew

    def state(self) -> LaneState:
        return LaneState(0, self.clock, rebuild=self.rebuild, fingerprint=self.fingerprint)


def _states(recovered: Recovered, *, whole: bool = False) -> dict[str, LaneState]:
    lanes = recovered.header.lanes if recovered.header is not None else {}
    return {name: state for name, state in lanes.items() if whole or name != WHOLE}
