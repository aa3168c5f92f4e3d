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
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import structlog

from monitoring.metrics import STATE_REBUILDING
from schemas.catalogue import REGENCY_TOPIC
from streams.engine.claims import REGENCY, Claims
from streams.engine.clock import ClockRule
from streams.engine.committer import Committer, Letters
from streams.engine.feed import Feed
from streams.engine.fetch import Committed, FetchError, Source, wall_clock
from streams.engine.group_offsets import GroupOffsets
from streams.engine.lane import Lane
from streams.engine.look_ups import LookUps
from streams.engine.output import Encoder
from streams.engine.pump import Delivery
from streams.engine.regency import RegencyTask
from streams.engine.task import CaseTask
from streams.engine.transaction import FencedError, WriteError

CASES, REGENCY_FEED = "cases", "regency"
CLAIM_AGAIN_SECONDS = 2.0
CLAIM_ATTEMPTS = 30

log: Any = structlog.get_logger("streams.engine")


class Engine:
    """The tasks of one worker. ``stop`` is called once, from any thread, when the worker must end.

    A task is known by its number; REGENCY is that of the regency task.
    """

    def __init__(
        self,
        *,
        look_ups: LookUps,
        claims: Claims,
        encoder: Encoder,
        rule: ClockRule,
        commit_interval: float,
        stop: Callable[[], None],
    ) -> None:
        self._look_ups = look_ups
        self._claims = claims
        self._encoder = encoder
        self._rule = rule
        self._interval = commit_interval
        self._stop = stop
        self.feeds = {CASES: Feed(), REGENCY_FEED: Feed()}
        self._owned: dict[int, Committer] = {}
        self._target: set[int] | None = None
        self._own_lock = asyncio.Lock()
        self._background: set[asyncio.Future[Any]] = set()
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="engine")
        self.failure: BaseException | None = None
        self.offsets: GroupOffsets | None = None  # once there is a consumer

    # ---- ownership

    async def own(self, sources: set[Source]) -> None:
        """These partitions, and no others, are ours now."""
        target = self._tasks_of(sources)
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

    def _tasks_of(self, sources: set[Source]) -> set[int]:
        """The tasks whose partitions are all among these."""
        regency = Source(self._claims.layout.topic(REGENCY_TOPIC), 0)
        cases = {
            number
            for number in {source.partition for source in sources if source != regency}
            if set(self._claims.sources(number).values()) <= sources
        }
        return cases | ({REGENCY} if regency in sources else set())

    def _feed(self, number: int) -> Feed:
        return self.feeds[REGENCY_FEED if number == REGENCY else CASES]

    def refetch(self) -> None:
        """What was under way may be lost: read for every input again from where it stands."""
        for feed in self.feeds.values():
            feed.refetch()

    async def _claim(self, number: int) -> None:
        """Claim one task; asked again while the broker does not answer or another claims it too."""

        def wanted() -> bool:
            return self._target is not None and number in self._target and self.failure is None

        claimed = None
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
        if claimed is None:
            return
        if not wanted():
            claimed.transactions.close()
            return
        feed = self._feed(number)
        written = partial(self._written, feed)
        committer = Committer(
            claimed,
            self._look_ups,
            self._encoder,
            self._interval,
            self._in_thread,
            written,
            self._lost,
            self.fail,
        )
        self._owned[number] = committer
        if isinstance(claimed.task, CaseTask):
            for lane in claimed.task.lanes.values():
                lane.settle()
                _show(lane)
            feed.add(committer, claimed.task.lanes.values())
        elif isinstance(claimed.task, RegencyTask):
            feed.add(committer, claimed.task.inboxes.values())
        committer.start()

    async def _drop(self, number: int) -> None:
        """Give a task up: nothing more leaves it, and what it had not committed is computed by its next owner."""
        committer = self._owned.pop(number)
        self._feed(number).remove(committer)
        await committer.abandon()
        for item in committer.task.inputs.values():
            STATE_REBUILDING.labels(item.topic, str(item.source.partition)).set(0)
        if self.offsets is not None:
            self.offsets.forget(item.source for item in committer.task.inputs.values())

    def _lost(self, committer: Committer, error: FencedError) -> None:
        """Another owner claimed the task. If it is still assigned to us after a while, claim it back."""
        log.warning("task lost to another owner", task=committer.task.number, reason=str(error))
        self._spawn(self._claim_back(committer))

    async def _claim_back(self, lost: Committer) -> None:
        number = next((n for n, committer in self._owned.items() if committer is lost), None)
        if number is None:
            return
        try:
            async with self._own_lock:
                if self._owned.get(number) is lost:
                    await self._drop(number)
            await asyncio.sleep(CLAIM_AGAIN_SECONDS)
            async with self._own_lock:
                if self._target is not None and number in self._target and number not in self._owned:
                    await self._claim(number)
        except Exception as error:  # noqa: BLE001  (an edge: a background step of the worker)
            self.fail(error)

    async def release(self) -> None:
        """The worker ends: make durable what is done while the partitions are still ours. After a failure nothing more
        is said: what stands in memory is no longer known to be right."""
        self._target = set()
        for feed in self.feeds.values():
            feed.stop()
        if self.failure is not None:
            await asyncio.gather(*(committer.abandon() for committer in self._owned.values()))
            return
        await asyncio.gather(*(committer.finish() for committer in self._owned.values()))
        if self.offsets is not None:
            await self.offsets.flush()

    # ---- chunks

    def process(self, delivery: Delivery) -> None:
        """Apply one chunk. Never raises: a failure stops the worker."""
        if self.failure is not None:
            return
        try:
            taken = self.feeds[delivery.feed].process(delivery)
            if isinstance(taken, Lane):
                taken.settle()
                _show(taken)
        except Exception as error:  # noqa: BLE001  (an edge: whatever it is, the worker stops)
            self.fail(error)

    def _written(self, feed: Feed, letters: Letters, offsets: Mapping[Source, Committed]) -> None:
        """A commit of a task that this feed reads for is on Kafka."""
        feed.done(letters)
        if self.offsets is not None:
            self.offsets.follow(offsets)

    # ---- clocks

    async def move_clocks(self) -> None:
        """Let idle partitions see what time it is; see clock.py for the rule."""
        if self._rule.kind != "record" or self.failure is not None:
            return
        wall = wall_clock()  # before the end offsets are fetched
        due = [
            (committer, item)
            for committer, item in self.feeds[CASES].inputs()
            if isinstance(item, Lane)
            and item.live
            and (at := item.processor.next_due()) is not None
            and at <= wall
        ]
        regency = self._owned.get(REGENCY)
        everywhere = [item.source for _, item in self.feeds[REGENCY_FEED].inputs()]
        if not due and regency is None:
            return
        try:
            ends = await self._in_thread(
                self._look_ups.bounds, {item.source for _, item in due} | set(everywhere)
            )
        except Exception as error:  # noqa: BLE001  (no answer moves no clock; the next turn asks again)
            log.warning("end offsets not known, clocks stand still", error=str(error))
            return
        try:
            standing = self.feeds[CASES].inputs()
            for committer, lane in due:
                to = self._rule.idle(position=lane.position, end=ends[lane.source].end, wall=wall)
                if to is not None and (committer, lane) in standing:
                    lane.advance(to)
                    committer.dirty.set()
            if (
                regency is not None
                and isinstance(regency.task, RegencyTask)
                and self._owned.get(REGENCY) is regency
            ):
                regency.task.read_to({source: bounds.end for source, bounds in ends.items()}, wall)
                regency.dirty.set()
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
        behind = sum(not committer.task.live for committer in list(self._owned.values()))
        said = f"{len(self._owned)} tasks, {missing} to be claimed, {behind} being computed anew"
        return not missing and not behind, said

    def alive(self) -> tuple[bool, str]:
        """Whether the worker goes on; false means replace it."""
        if self.failure is not None:
            return False, f"{type(self.failure).__name__}: {self.failure}"
        silent = max((time.monotonic() - c.beat for c in list(self._owned.values())), default=0.0)
        return silent < 180, f"slowest commit loop turned {silent:.0f} s ago"

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _show(lane: Lane) -> None:
    STATE_REBUILDING.labels(lane.topic, str(lane.source.partition)).set(0 if lane.live else 1)


def _passing(error: Exception) -> bool:
    """Whether a claim that failed so may succeed later."""
    from confluent_kafka import KafkaException

    return isinstance(error, FencedError | WriteError | KafkaException | TimeoutError | FetchError)
