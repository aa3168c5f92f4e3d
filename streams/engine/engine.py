"""The engine of one worker: which tasks it has, what reaches their lanes, and when their clocks move.

Everything here runs in one event loop (Faust's), so a task is never used by two at a time; blocking work (claims,
transactions, look-ups) is done in threads on values that were taken out of the tasks before. A rebalance stops
nothing: partitions that stay go on, what is gone is dropped when the new assignment is known, and the claim on the
task, not the group's membership, decides who may write (transaction.py). In doubt the worker stops with an exit code
other than 0, and its successor goes on from the last group.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from monitoring.metrics import LAST_PROCESSED, STATE_REBUILDING
from streams.engine.claims import Claims
from streams.engine.clock import ClockRule
from streams.engine.committer import Committer
from streams.engine.fetch import Fetcher, Source, wall_clock
from streams.engine.lane import HoleError, Lane
from streams.engine.output import Encoder
from streams.engine.pump import Delivery, Pump, Start
from streams.engine.task import Task
from streams.engine.transaction import FencedError

CLAIM_AGAIN_SECONDS = 2.0
CLAIM_ATTEMPTS = 30

log: Any = structlog.get_logger("streams.engine")


class Engine:
    """The tasks of one worker. ``stop`` is called once, from any thread, when the worker must end."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        claims: Claims,
        encoder: Encoder,
        rule: ClockRule,
        commit_interval: float,
        stop: Callable[[], None],
    ) -> None:
        self._fetcher = fetcher
        self._claims = claims
        self._encoder = encoder
        self._rule = rule
        self._interval = commit_interval
        self._stop = stop
        self._owned: dict[int, Committer] = {}
        self._lanes: dict[Source, tuple[Committer, Lane]] = {}
        self._turns: dict[Source, int] = {}
        self._target: set[int] | None = None
        self._own_lock = asyncio.Lock()
        self._background: set[asyncio.Future[Any]] = set()
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="engine")
        self.failure: BaseException | None = None
        self.pump: Pump | None = None
        self.offsets: Any = None  # GroupOffsets, once there is a consumer

    @property
    def tasks(self) -> list[Task]:
        return [committer.task for committer in self._owned.values()]

    # ---- ownership

    async def own(self, sources: set[Source]) -> None:
        """These partitions, and no others, are ours now."""
        target = {
            number
            for number in {source.partition for source in sources}
            if set(self._claims.sources(number).values()) <= sources
        }
        self._target = target
        try:
            async with self._own_lock:
                if target is not self._target:
                    return  # a newer assignment waits
                for number in self._owned.keys() - target:
                    await self._drop(number)
                self.refetch()
                await asyncio.gather(*(self._claim(number) for number in sorted(target - self._owned.keys())))
                log.info("partitions taken", partitions=len(sources), tasks=sorted(self._owned))
        except Exception as error:  # noqa: BLE001  (an edge: a background step of the worker)
            self.fail(error)

    def refetch(self) -> None:
        """What was under way may be lost: read every lane again from where it stands."""
        for source in self._lanes:
            self._turns[source] = self._turns.get(source, 0) + 1
        self._assign()

    async def _claim(self, number: int) -> None:
        """Claim one task; asked again while the broker does not answer or another claims it too."""

        def wanted() -> bool:
            return self._target is not None and number in self._target and self.failure is None

        for attempt in range(1, CLAIM_ATTEMPTS + 1):
            if not wanted():
                return
            try:
                claimed = await self._in_thread(self._claims.take, number, wanted)
                break
            except Exception as error:
                if attempt == CLAIM_ATTEMPTS or not _passing(error):
                    raise
                log.warning("task not claimed, trying again", task=number, error=str(error), attempt=attempt)
                await asyncio.sleep(1.0)
        if not wanted():
            claimed.transactions.close()
            return
        committer = Committer(
            claimed, self._encoder, self._interval, self._in_thread, self._written, self._lost, self.fail
        )
        self._owned[number] = committer
        for lane in claimed.task.lanes.values():
            self._lanes[lane.source] = (committer, lane)
            self._turns[lane.source] = self._turns.get(lane.source, 0) + 1
            lane.settle()
            self._show(lane)
        committer.start()
        self._assign()

    async def _drop(self, number: int) -> None:
        """Give a task up: nothing more leaves it, and what it had not committed is computed by its next owner."""
        committer = self._owned.pop(number)
        for lane in committer.task.lanes.values():
            self._lanes.pop(lane.source, None)
            STATE_REBUILDING.labels(lane.topic, lane.source.partition).set(0)
        self._assign()
        await committer.abandon()
        if self.offsets is not None:
            self.offsets.forget(lane.source for lane in committer.task.lanes.values())

    def _lost(self, committer: Committer, error: FencedError) -> None:
        """Another owner claimed the task. If it is still assigned to us after a while, claim it back."""
        log.warning("task lost to another owner", task=committer.task.number, reason=str(error))
        self._spawn(self._claim_back(committer.task.number))

    async def _claim_back(self, number: int) -> None:
        async with self._own_lock:
            if number in self._owned:
                await self._drop(number)
        await asyncio.sleep(CLAIM_AGAIN_SECONDS)
        try:
            async with self._own_lock:
                if self._target is not None and number in self._target and number not in self._owned:
                    await self._claim(number)
        except Exception as error:  # noqa: BLE001  (an edge: a background step of the worker)
            self.fail(error)

    def _assign(self) -> None:
        if self.pump is not None:
            self.pump.assign(
                {s: Start(self._turns[s], lane.expected) for s, (_, lane) in self._lanes.items()}
            )

    async def release(self) -> None:
        """The worker ends: make durable what is done while the partitions are still ours."""
        self._target = set()
        if self.pump is not None:
            self.pump.assign({})
        await asyncio.gather(*(committer.finish() for committer in self._owned.values()))
        if self.offsets is not None:
            await self.offsets.flush()

    # ---- chunks

    def process(self, delivery: Delivery) -> None:
        """Apply one chunk. Never raises: a failure stops the worker."""
        source = delivery.batch.run.source
        found = self._lanes.get(source)
        if found is None or self.failure is not None or delivery.turn != self._turns[source]:
            return
        committer, lane = found
        was_live = lane.live
        try:
            lane.apply(delivery.batch)
            lane.settle()
        except HoleError as hole:  # Faust cleared an agent's queue on the way
            log.info("reading again", reason=str(hole))
            self._turns[source] += 1
            self._assign()
            return
        except Exception as error:  # noqa: BLE001  (an edge: whatever it is, the worker stops)
            self.fail(error)
            return
        if lane.live != was_live:
            self._show(lane)
        if self.pump is not None:  # dead letters stay in memory until they are on Kafka
            self.pump.done(source, delivery.turn, len(delivery.batch) - len(delivery.batch.refused))
        committer.letters_under_way(source, delivery.turn, len(delivery.batch.refused))
        LAST_PROCESSED.labels(lane.topic, str(source.partition)).set_to_current_time()
        committer.dirty.set()

    def _written(self, letters: dict[tuple[Source, int], int], offsets: Any) -> None:
        """A commit of one task is on Kafka."""
        if self.pump is not None:
            for (source, turn), rows in letters.items():
                self.pump.done(source, turn, rows)
        if self.offsets is not None:
            self.offsets.follow(offsets)

    # ---- clocks

    async def move_clocks(self) -> None:
        """Let idle partitions see what time it is; see clock.py for the rule."""
        if self._rule.kind != "record" or self.failure is not None:
            return
        wall = wall_clock()  # before the end offsets are fetched
        due = {
            source: (committer, lane)
            for source, (committer, lane) in self._lanes.items()
            if lane.live and (at := lane.processor.next_due()) is not None and at <= wall
        }
        if not due:
            return
        try:
            bounds = await self._in_thread(self._fetcher.bounds, list(due))
        except Exception as error:  # noqa: BLE001  (no answer moves no clock; the next turn asks again)
            log.warning("end offsets not known, clocks stand still", error=str(error))
            return
        try:
            for source, (committer, lane) in due.items():
                to = self._rule.idle(position=lane.position, end=bounds[source].end, wall=wall)
                if to is not None and self._lanes.get(source) == (committer, lane):
                    lane.advance(to)
                    committer.dirty.set()
        except Exception as error:  # noqa: BLE001  (an edge: in doubt the worker stops)
            self.fail(error)

    # ---- health

    def fail(self, error: BaseException) -> None:
        """Stop the worker; the first reason counts. Any thread."""
        if self.failure is None:
            self.failure = error
            log.error("worker stops", reason=f"{type(error).__name__}: {error}", exc_info=error)
            self._stop()

    def ready(self) -> tuple[bool, str]:
        """Whether the assigned tasks are ours and publish."""
        if self._target is None:
            return False, "waiting for partitions"
        missing = len(self._target - self._owned.keys())
        behind = sum(not lane.live for _, lane in list(self._lanes.values()))
        said = f"{len(self._owned)} tasks, {missing} to be claimed, {behind} partitions being computed anew"
        return not missing and not behind, said

    def alive(self) -> tuple[bool, str]:
        """Whether the worker goes on; false means replace it."""
        if self.failure is not None:
            return False, f"{type(self.failure).__name__}: {self.failure}"
        silent = max((time.monotonic() - c.beat for c in list(self._owned.values())), default=0.0)
        return silent < 180, f"slowest commit loop turned {silent:.0f} s ago"

    def _show(self, lane: Lane) -> None:
        STATE_REBUILDING.labels(lane.topic, str(lane.source.partition)).set(0 if lane.live else 1)

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _passing(error: Exception) -> bool:
    """Whether a claim that failed so may succeed later."""
    from confluent_kafka import KafkaException

    from streams.engine.fetch import FetchError
    from streams.engine.transaction import WriteError

    return isinstance(error, FencedError | WriteError | KafkaException | TimeoutError | FetchError)
