"""The engine of one worker: owns tasks, feeds them chunks, commits them, moves idle clocks, and stops in doubt.

Everything here runs in one event loop (Faust's), so a task is never used by two at a time. Blocking work (Kafka
look-ups, writing outputs) is done in threads on values that were taken out of the tasks before.

Order of a commit, and the only one: ``Task.take`` (outputs and their position in one step) -> outputs on Kafka,
every delivery report awaited -> group offset. One commit at a time. Whatever fails on the way calls ``fail``,
and the worker process ends with an exit code other than 0; its successor replays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

import structlog

from monitoring.metrics import DEAD_LETTERS, EVENT_AGE, EVENTS, LAST_PROCESSED, STATE_REBUILDING
from streams.engine.clock import ClockRule
from streams.engine.fetch import Committed, Fetcher, Source, wall_clock
from streams.engine.output import Record
from streams.engine.pending import Commit
from streams.engine.pump import Delivery, Pump
from streams.engine.task import Task, Unprocessable

LOOK_UP_ATTEMPTS = 6

#: Commits group offsets with their metadata; False when the partitions are not ours at the moment.
CommitOffsets = Callable[[Mapping[Source, Committed]], Awaitable[bool]]

log: Any = structlog.get_logger("streams.engine")


class Writer(Protocol):
    """What puts records on Kafka and waits for them; raises when it cannot."""

    def write(self, records: Iterable[Record]) -> int: ...


class Engine:
    """The tasks of one worker.

    ``make_task(source, begin)`` builds an empty task; ``encode(commit)`` yields its records; ``stop`` is called
    once, from any thread, when the worker must end.
    """

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        writer: Writer,
        encode: Callable[[Commit], Iterable[Record]],
        make_task: Callable[[Source, int], Task],
        rule: ClockRule,
        commit_interval: float,
        stop: Callable[[], None],
    ) -> None:
        self._fetcher = fetcher
        self._writer = writer
        self._encode = encode
        self._make_task = make_task
        self._rule = rule
        self._interval = commit_interval
        self._stop = stop
        self.tasks: dict[Source, Task] = {}
        self.epoch = 0
        self.assigned = False
        self.failure: BaseException | None = None
        self.pump: Pump | None = None
        self.commit_offsets: CommitOffsets | None = None
        self._commit_lock = asyncio.Lock()
        self._dirty = asyncio.Event()
        self._letters_under_way: dict[int, int] = {}
        self._beat = time.monotonic()

    # ---- ownership -------------------------------------------------------------------------------------------

    async def release(self) -> None:
        """A rebalance begins: stop feeding, and make durable what is done while the partitions are still ours.

        Tasks are kept; ``own`` drops those that do not come back.
        """
        self.assigned = False
        self._new_epoch({})
        await self.commit()

    async def own(self, sources: set[Source]) -> None:
        """These partitions, and no others, are ours now."""
        self._new_epoch({})
        epoch = self.epoch
        try:
            kept = {s: t for s, t in self.tasks.items() if s in sources}
            for gone in self.tasks.keys() - kept.keys():
                STATE_REBUILDING.labels(self.tasks[gone].topic, gone.partition).set(0)
            self.tasks = kept
            bounds, committed = await self._look_up(sources)
            if epoch != self.epoch:
                return
            for source in sorted(sources):
                task = self.tasks.get(source) or self._make_task(source, bounds[source].begin)
                task.own(committed.get(source), bounds[source].end)
                if task.live:
                    task.settle()
                self.tasks[source] = task
                self._show(task)
            self._new_epoch({s: t.position for s, t in self.tasks.items()})
            self.assigned = True
            self._dirty.set()
            log.info(
                "partitions taken",
                partitions=len(sources),
                replay=sum(not t.live for t in self.tasks.values()),
            )
        except Exception as error:  # noqa: BLE001  (an edge: a background step of the worker)
            self.fail(error)

    async def _look_up(self, sources: set[Source]) -> tuple[dict[Source, Any], dict[Source, Committed]]:
        """Bounds and committed offsets; asked again while the broker does not answer."""
        for attempt in range(1, LOOK_UP_ATTEMPTS + 1):
            try:
                committed = await asyncio.to_thread(self._fetcher.committed, sources)
                return await asyncio.to_thread(self._fetcher.bounds, sources), committed
            except Exception as error:
                if attempt == LOOK_UP_ATTEMPTS:
                    raise
                log.warning("broker does not answer, asking again", error=str(error), attempt=attempt)
                await asyncio.sleep(1.0)
        raise AssertionError("unreachable")

    def _new_epoch(self, positions: Mapping[Source, int]) -> None:
        """Forget what is under way and read from ``positions``."""
        self.epoch += 1
        self._letters_under_way.clear()
        if self.pump is not None:
            self.pump.assign(self.epoch, positions)

    # ---- chunks ----------------------------------------------------------------------------------------------

    def process(self, delivery: Delivery) -> None:
        """Apply one chunk; called by the agent of its topic. Never raises: a failure stops the worker."""
        if delivery.epoch != self.epoch or self.failure is not None:
            return
        batch = delivery.batch
        task = self.tasks[batch.run.source]
        was_live = task.live
        try:
            task.apply(batch)
        except Unprocessable as error:
            self._set_aside(task, error)
            return
        except Exception as error:  # noqa: BLE001  (an edge: whatever it is, the worker stops)
            self.fail(error)
            return
        if task.live != was_live:
            self._show(task)
        letters = len(batch.refused)  # these stay in memory until they are on Kafka
        self._letters_under_way[self.epoch] = self._letters_under_way.get(self.epoch, 0) + letters
        if self.pump is not None:
            self.pump.done(self.epoch, len(batch) - letters)
        LAST_PROCESSED.labels(task.topic, task.source.partition).set_to_current_time()
        self._dirty.set()

    def _set_aside(self, task: Task, error: Unprocessable) -> None:
        """Our own code failed on these rows: find the one, set it aside, go on with the rest."""
        log.error("processor failed, looking for the row", error=str(error), exc_info=error.cause)
        try:
            task.set_aside(error)
        except Unprocessable as final:
            self.fail(final)
            return
        self._show(task)
        self._new_epoch({s: t.position for s, t in self.tasks.items()})

    # ---- commits ---------------------------------------------------------------------------------------------

    async def commit_loop(self) -> None:
        """Commit as soon as there is something, at most once per interval."""
        while self.failure is None:
            self._beat = time.monotonic()
            try:
                await asyncio.wait_for(self._dirty.wait(), 1.0)
            except TimeoutError:
                continue
            self._dirty.clear()
            await self.commit()
            await asyncio.sleep(self._interval)

    async def commit(self) -> None:
        """Make durable all that the tasks have done so far. A failure stops the worker."""
        async with self._commit_lock:
            if self.failure is not None:
                return
            epoch, letters = self.epoch, self._letters_under_way.pop(self.epoch, 0)
            commits = [commit for task in self.tasks.values() if (commit := task.take()) is not None]
            try:
                if any(commit.pending for commit in commits):
                    await asyncio.to_thread(self._write, commits)
                await self._commit_positions(commits)
            except Exception as error:  # noqa: BLE001  (an edge: in doubt the worker stops)
                self.fail(error)
                return
            if self.pump is not None and letters:
                self.pump.done(epoch, letters)
            for commit in commits:
                self._measure(commit)

    def _write(self, commits: list[Commit]) -> None:
        self._writer.write(record for commit in commits for record in self._encode(commit))

    async def _commit_positions(self, commits: list[Commit]) -> None:
        positions = {c.source: Committed(c.position, c.metadata) for c in commits if c.position is not None}
        if not positions or self.commit_offsets is None:
            return
        if await self.commit_offsets(positions):
            for commit in commits:
                task = self.tasks.get(commit.source)
                if task is not None:
                    task.committed(commit)
        else:  # a rebalance is on: whoever owns the partitions next commits
            log.info("offsets not committed, the group is rebalancing")

    def _measure(self, commit: Commit) -> None:
        now = wall_clock()
        for outcome, rows in commit.pending.rows.items():
            EVENTS.labels(commit.topic, outcome).inc(rows)
        for letter in commit.pending.letters:
            DEAD_LETTERS.labels(commit.topic, letter.reason).inc()
        if self._rule.kind == "record":
            age = EVENT_AGE.labels("processed")
            for published in commit.pending.published:
                age.observe(max(0, now - published) / 1000)

    # ---- clocks ----------------------------------------------------------------------------------------------

    async def move_clocks(self) -> None:
        """Let idle partitions see what time it is; see clock.py for the rule."""
        if self._rule.kind != "record" or not self.assigned or self.failure is not None:
            return
        wall = wall_clock()  # before the end offsets are fetched
        epoch = self.epoch
        due = [
            source
            for source, task in self.tasks.items()
            if task.live and (at := task.processor.next_due()) is not None and at <= wall
        ]
        if not due:
            return
        try:
            bounds = await asyncio.to_thread(self._fetcher.bounds, due)
        except Exception as error:  # noqa: BLE001  (no answer moves no clock; the next turn asks again)
            log.warning("end offsets not known, clocks stand still", error=str(error))
            return
        if epoch != self.epoch:
            return
        try:
            for source in due:
                task = self.tasks[source]
                to = self._rule.idle(position=task.position, end=bounds[source].end, wall=wall)
                if to is not None:
                    task.advance(to)
                    self._dirty.set()
        except Exception as error:  # noqa: BLE001  (an edge: in doubt the worker stops)
            self.fail(error)

    # ---- health ----------------------------------------------------------------------------------------------

    def fail(self, error: BaseException) -> None:
        """Stop the worker; the first reason counts. Any thread."""
        if self.failure is None:
            self.failure = error
            log.error("worker stops", reason=f"{type(error).__name__}: {error}", exc_info=error)
            self._stop()

    def ready(self) -> tuple[bool, str]:
        """Whether the partitions are assigned and replayed."""
        if not self.assigned:
            return False, "waiting for partitions"
        behind = sum(not task.live for task in list(self.tasks.values()))
        return not behind, f"{len(self.tasks)} partitions, {behind} being rebuilt"

    def alive(self) -> tuple[bool, str]:
        """Whether the worker goes on; false means replace it."""
        if self.failure is not None:
            return False, f"{type(self.failure).__name__}: {self.failure}"
        silent = time.monotonic() - self._beat
        return silent < 120, f"last turn {silent:.0f} s ago"

    def _show(self, task: Task) -> None:
        STATE_REBUILDING.labels(task.topic, task.source.partition).set(0 if task.live else 1)
