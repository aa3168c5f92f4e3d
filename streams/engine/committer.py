"""The commit loop of one task: take, write in one transaction, and again; one commit under way at a time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from monitoring.failpoints import reached
from monitoring.metrics import DEAD_LETTERS, EVENT_AGE, EVENTS
from streams.engine.claims import Claimed
from streams.engine.fetch import Source, wall_clock
from streams.engine.look_ups import LookUps
from streams.engine.output import Encoder
from streams.engine.task import Commit
from streams.engine.transaction import FencedError, Output, Record

IDLE_SECONDS = 1.0
#: The wait between commits: as long as the last one took, and never more than LONGEST_SECONDS.
LONGEST_SECONDS = 0.1
#: A commit of so few rows is encoded at once: handing it to a thread would take longer.
FEW_ROWS = 2_000

log: Any = structlog.get_logger("streams.commit")

Letters = dict[tuple[Source, int], int]
"""Dead letters that are in memory, by source and turn."""


class Committer:
    """Commits one task at most once per ``interval`` (seconds), as soon as there is something.

    ``in_thread`` runs blocking work; ``written`` hears of every commit, ``lost`` that another owner has the task,
    ``fail`` of everything else that went wrong.
    """

    def __init__(
        self,
        claimed: Claimed,
        look_ups: LookUps,
        encoder: Encoder,
        interval: float,
        in_thread: Callable[..., Awaitable[Any]],
        written: Callable[[Letters, Any], None],
        lost: Callable[[Committer, FencedError], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self.task = claimed.task
        self.dirty = asyncio.Event()
        self.beat = time.monotonic()
        self._transactions = claimed.transactions
        self._log = claimed.log
        self._look_ups = look_ups
        self._encoder = encoder
        self._interval = interval
        self._in_thread = in_thread
        self._written = written
        self._lost = lost
        self._fail = fail
        self._closing = False
        self._broken = (
            False  # a commit failed half-way: what it took is not on Kafka and no longer known as changed
        )
        self._running: asyncio.Task[None] | None = None
        self._letters: Letters = defaultdict(int)

    def start(self) -> None:
        self._running = asyncio.ensure_future(self._loop())

    def letters_under_way(self, source: Source, turn: int, rows: int) -> None:
        """So many dead letters wait in memory for the next commit."""
        if rows:
            self._letters[source, turn] += rows

    async def finish(self) -> None:
        """End the loop, commit the rest, unless a commit failed before, and give the producer back."""
        await self._end_loop()
        try:
            while not self._broken and await self._commit():
                pass
        except FencedError:
            log.info("another owner has the task already", task=self.task.number)
        except Exception as error:  # noqa: BLE001  (an edge: what is not committed is computed again)
            log.warning("last commit failed", task=self.task.number, error=str(error))
        await self._in_thread(self._transactions.close)

    async def abandon(self) -> None:
        """End the loop after the commit that is under way, and give the producer back."""
        await self._end_loop()
        await self._in_thread(self._transactions.close)

    async def _end_loop(self) -> None:
        self._closing = True
        self.dirty.set()
        if self._running is not None and self._running is not asyncio.current_task():
            await asyncio.wait([self._running])

    async def _loop(self) -> None:
        try:
            while not self._closing:
                self.beat = started = time.monotonic()
                self.dirty.clear()
                more = await self._commit()
                took = time.monotonic() - started
                if not more and not self.task.unfinished:
                    await self._wait(IDLE_SECONDS)
                pause = max(self._interval, min(LONGEST_SECONDS, took))
                await asyncio.sleep(max(0.0, pause - (time.monotonic() - started)))
        except FencedError as error:
            self._lost(self, error)
        except Exception as error:  # noqa: BLE001  (an edge: in doubt the worker stops)
            self._fail(error)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.dirty.wait(), seconds)
        except TimeoutError:
            return

    async def _commit(self) -> bool:
        """One commit; whether there was anything."""
        self._broken = True
        commit = self.task.take()
        if commit is None:
            self._broken = False
            return False
        letters, self._letters = self._letters, defaultdict(int)
        if commit.writes:
            if commit.freeze is None and commit.rows <= FEW_ROWS:
                records = self._encode(commit)
            else:
                records = await self._in_thread(self._encode, commit)
            group_bytes = await self._in_thread(self._write, records)
            before = self.task.snapshots.written(group_bytes)
            if before is not None:
                await self._in_thread(self._delete, before)
        self._broken = False
        self._written(letters, commit.offsets)
        self.task.committed(commit.offsets)
        _measure(commit)
        return commit.writes

    def _encode(self, commit: Commit) -> list[Output]:
        return list(self._encoder.records(commit, self._log.topic, self._log.partition))

    def _write(self, records: list[Output]) -> int:
        """Write one transaction; how many bytes of it are the state group's."""
        self._transactions.write(records)
        own = (r for r in records if isinstance(r, Record) and r.topic == self._log.topic and r.noted is None)
        return sum(len(r.value or b"") for r in own)

    def _delete(self, before: int) -> None:
        """Make room on the state log. That it fails costs space and nothing else; the next snapshot tries again."""
        from confluent_kafka import KafkaException

        reached("stream.delete")
        try:
            self._look_ups.delete_before(self._log, before)
        except (KafkaException, TimeoutError) as error:
            log.warning("old state not deleted", task=self.task.number, before=before, error=str(error))


def _measure(commit: Commit) -> None:
    now = wall_clock()
    age = EVENT_AGE.labels("processed")
    for topic, tally in commit.tallies.items():
        for outcome, rows in tally.rows.items():
            EVENTS.labels(topic, outcome).inc(rows)
        for reason, letters in Counter(letter.reason for letter in tally.letters).items():
            DEAD_LETTERS.labels(topic, reason).inc(letters)
        for published in tally.published:
            age.observe(max(0, now - published) / 1000)
