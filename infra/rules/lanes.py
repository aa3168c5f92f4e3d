"""The accepted rows of a topic as the workers see them: of one partition after the other, or of all in one order.

Cases that began before a time are left out whole, since judging a part of a case would be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from infra.settings import Settings
from schemas import records
from schemas.catalogue import Topic
from schemas.codec import Codec
from schemas.registry import open_ids
from streams.cases.events import NEVER
from streams.engine.chunk import Chunk
from streams.engine.decode import Decoder
from streams.engine.fetch import ConfluentRun
from streams.engine.merge import Merged, Rows, merge
from streams.engine.regency import Inbox
from streams.engine.source import Source

ROWS = 5_000


class Began:
    """The cases whose first record came at ``since`` (UTC ms) or after, and the ``older`` ones. ``first`` is when the
    first record taken in came; ``progress`` hears how many records were read."""

    def __init__(self, since: int, progress: Callable[[int], None]) -> None:
        self._since, self._progress, self._read = since, progress, 0
        self.cases: set[bytes] = set()
        self.older: set[bytes] = set()
        self.first = NEVER

    def takes(self, message: Any) -> bool:
        """Whether a record is of a case that is taken in; each partition's records are asked in order."""
        self._read += 1
        if self._read % records.BATCH == 0:
            self._progress(self._read)
        key, at = message.key() or b"", message.timestamp()[1]
        if key not in self.cases and at < self._since:
            self.older.add(key)
        if key in self.older:
            return False
        self.cases.add(key)
        self.first = min(self.first, at)
        return True


class Lane(Inbox):
    """One partition: an inbox of the regency task that reads by itself, ``ROWS`` records at a time."""

    def __init__(
        self, source: Source, topic: Topic, domain: str, messages: Iterator[Any], decoder: Decoder
    ) -> None:
        super().__init__(source, topic.name, domain)
        self._messages, self._decoder = messages, decoder

    def read(self) -> None:
        """Take in the next records; at the end of the partition it was read to NEVER."""
        some = list(islice(self._messages, ROWS))
        if some:
            self.apply(self._decoder.decode(self._run(some)))
        if len(some) < ROWS:
            self.read_to = NEVER

    def rows(self, clock: int) -> Iterator[Rows]:
        """The rows before a clock (UTC ms), which leave the lane."""
        return (rows for _, rows in self.before(clock) if len(rows))

    def _run(self, messages: Sequence[Any]) -> ConfluentRun:
        offsets = np.array([message.offset() for message in messages], np.int64)
        stamps = np.array([message.timestamp()[1] for message in messages], np.int64)
        return ConfluentRun(self.source, self.expected, int(offsets[-1]) + 1, offsets, stamps, messages)


def lanes(settings: Settings, topic: Topic, domain: str, began: Began) -> list[Lane]:
    """A lane for each partition of a domain's topic; none where there is no topic. Raises TimeoutError when no broker
    answers, and so does reading."""
    kafka = settings.kafka
    decoder = Decoder(Codec(topic.schema, open_ids(kafka.schema_registry_url)), settings.streams.group)
    return [
        Lane(
            Source(*place), topic, domain,
            filter(began.takes, records.read(kafka.bootstrap_servers, {place: None})), decoder,
        )
        for place in records.partitions(kafka.bootstrap_servers, [kafka.layout().topic(topic.name)])
    ]  # fmt: skip


def chunks(lane: Lane) -> Iterator[Chunk]:
    """All rows of one partition, as a case task gets them."""
    while lane.read_to < NEVER:
        lane.read()
        for rows in lane.rows(NEVER):
            yield Chunk(
                topic=lane.topic, partition=rows.partition, first_offset=int(rows.offsets[0]),
                next_offset=int(rows.offsets[-1]) + 1, columns=rows.columns, offsets=rows.offsets, clocks=rows.clocks,
                clock=int(rows.clocks[-1]),
            )  # fmt: skip


def in_order(some: Sequence[Lane]) -> Iterator[Merged]:
    """All rows of all partitions in the regency task's order, some at a time. The partition that is furthest behind is
    read next, so the others wait with little more than what was read of them at once."""
    while unread := [lane for lane in some if lane.read_to < NEVER]:
        min(unread, key=lambda lane: lane.read_to).read()
        clock = min(lane.read_to for lane in some)
        if rows := [rows for lane in some for rows in lane.rows(clock)]:
            yield merge(rows, clock)
