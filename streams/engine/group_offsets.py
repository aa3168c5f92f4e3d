"""The consumer group's offsets follow what the tasks committed. They are for people and lag monitors, not the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from monitoring.failpoints import reached
from streams.engine.fetch import Committed, Source

SECONDS = 0.1

log = structlog.get_logger("streams.offsets")


class GroupOffsets:
    """``commit`` says False when the partitions are not ours at the moment; they are tried again."""

    def __init__(self, commit: Callable[[Mapping[Source, Committed]], Awaitable[bool]]) -> None:
        self._commit = commit
        self._waiting: dict[Source, Committed] = {}
        self._forgotten: set[Source] = set()

    def follow(self, offsets: Mapping[Source, Committed]) -> None:
        """These are durable."""
        self._waiting.update(offsets)

    def forget(self, sources: Iterable[Source]) -> None:
        """These are no longer ours: their next owner commits."""
        for source in sources:
            self._waiting.pop(source, None)
            self._forgotten.add(source)

    async def loop(self) -> None:
        """Commit what waits, for ever."""
        while True:
            await asyncio.sleep(SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Commit what waits. What the group does not take now waits for the next time, unless newer ones come."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        reached("stream.offset-commit")
        try:
            taken = await self._commit(waiting)
        except Exception as error:  # noqa: BLE001  (an edge: the group's offsets are not the truth)
            log.warning("group offsets not committed", error=str(error))
            taken = False
        if not taken:
            self._waiting = {
                **{s: c for s, c in waiting.items() if s not in self._forgotten},
                **self._waiting,
            }
        self._forgotten.clear()
