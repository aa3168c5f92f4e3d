"""Raw records of partitions, in offset order: the contract, and confluent-kafka's way to fill it.

A fetcher has no part in the consumer group's membership: Faust says which partitions are ours, the fetcher is
told where to start. It is used by one thread at a time, but for the look-ups, which any thread may call.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from schemas.dead_letters import Headers
from schemas.payloads import Payloads
from streams.engine.chunk import Int64s
from streams.engine.client import client_settings

LOOK_UP_SECONDS = 10.0
GATHER_SECONDS = 0.015


class Source(NamedTuple):
    """One partition of one topic, by the topic's name on the cluster."""

    topic: str
    partition: int


class Bounds(NamedTuple):
    """The first offset still there, and the offset after the last record."""

    begin: int
    end: int


class Committed(NamedTuple):
    """A committed group offset and the text that was committed with it."""

    offset: int
    metadata: str


class FetchError(RuntimeError):
    """The broker answered that a partition cannot be read from where we are."""


class Run(Protocol):
    """The records of offsets ``[first_offset, next_offset)`` of one partition, as the broker gave them.

    ``first_offset`` is where the run before it ended, so runs leave no hole; offsets inside may be missing where
    the log has none (transaction markers). ``offsets`` and ``timestamps`` (UTC ms) have one entry per record.
    Keys and headers are looked up only when asked for.
    """

    @property
    def source(self) -> Source: ...

    @property
    def first_offset(self) -> int: ...

    @property
    def next_offset(self) -> int: ...

    @property
    def offsets(self) -> Int64s: ...

    @property
    def timestamps(self) -> Int64s: ...

    def __len__(self) -> int: ...

    def values(self) -> Sequence[bytes | None] | Payloads:
        """The values of all records, as ``Codec.decode_batch`` takes them; None where there is none."""

    def key(self, row: int) -> bytes | None: ...

    def value(self, row: int) -> bytes | None: ...

    def headers(self, row: int) -> Headers: ...

    def part(self, first: int, after: int) -> Run:
        """The records of offsets ``[first, after)`` within this run."""


@dataclass(frozen=True, slots=True)
class ConfluentRun:
    """A run of confluent-kafka's messages."""

    source: Source
    first_offset: int
    next_offset: int
    offsets: Int64s
    timestamps: Int64s
    messages: Sequence[Any]

    def __len__(self) -> int:
        return len(self.messages)

    def values(self) -> list[bytes | None]:
        return [message.value() for message in self.messages]

    def key(self, row: int) -> bytes | None:
        key: bytes | None = self.messages[row].key()
        return key

    def value(self, row: int) -> bytes | None:
        value: bytes | None = self.messages[row].value()
        return value

    def headers(self, row: int) -> Headers:
        return tuple(self.messages[row].headers() or ())

    def part(self, first: int, after: int) -> ConfluentRun:
        low, high = (int(i) for i in np.searchsorted(self.offsets, (first, after)))
        return ConfluentRun(
            self.source,
            first,
            after,
            self.offsets[low:high],
            self.timestamps[low:high],
            self.messages[low:high],
        )


class Fetcher(Protocol):
    """What the engine needs of a source of records. ``kind`` is ``native`` or ``confluent-kafka``."""

    @property
    def kind(self) -> str: ...

    def assign(self, positions: Mapping[Source, int]) -> None:
        """Read exactly these partitions, each from its position; what was fetched before is forgotten."""

    def fetch(self, rows: int, seconds: float) -> list[Run]:
        """What is there, at most ``rows`` records, waiting ``seconds`` for the first. Runs of a partition follow
        each other without a hole. Raises FetchError when a position is not in the log."""

    def bounds(self, sources: Iterable[Source]) -> dict[Source, Bounds]:
        """Begin and end offsets, asked of the broker now. Any thread; blocks. Raises TimeoutError."""

    def committed(self, sources: Iterable[Source]) -> dict[Source, Committed]:
        """The group's committed offsets, without the partitions that have none. Any thread; blocks."""

    def close(self) -> None:
        """Stop fetching and free the connection."""


class ConfluentFetcher:
    """librdkafka's fetch by ``assign()``, a Python object per record."""

    kind = "confluent-kafka"

    def __init__(self, bootstrap: str, group: str, client_id: str) -> None:
        from confluent_kafka import Consumer
        from confluent_kafka.admin import AdminClient

        self._consumer: Any = Consumer(
            {
                **client_settings(bootstrap, client_id),
                "group.id": group,  # to read committed offsets; assign() never joins
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",  # a hole must stop us, not send us elsewhere
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "queued.min.messages": 200_000,
                "queued.max.messages.kbytes": 32_768,
                "fetch.queue.backoff.ms": 5,
                "fetch.wait.max.ms": 100,
                "fetch.error.backoff.ms": 100,
            }
        )
        self._admin: Any = AdminClient(client_settings(bootstrap, client_id))
        self._next: dict[Source, int] = {}

    def assign(self, positions: Mapping[Source, int]) -> None:
        from confluent_kafka import TopicPartition

        self._next = dict(positions)
        self._consumer.assign([TopicPartition(s.topic, s.partition, at) for s, at in positions.items()])

    def fetch(self, rows: int, seconds: float) -> list[Run]:
        # consume(n, t) returns after n messages or after t, whatever comes first. Waiting for one and then a
        # moment for those that come with it keeps the delay of a quiet topic at a moment.
        messages = self._consumer.consume(1, seconds)
        if messages and rows > 1:
            messages += self._consumer.consume(rows - 1, GATHER_SECONDS)
        grouped: dict[Source, list[Any]] = {}
        ends: dict[Source, int] = {}
        for message in messages:
            error = message.error()
            if error is None:
                source = Source(message.topic(), message.partition())
                found = grouped.get(source)
                if found is None:
                    grouped[source] = [message]
                else:
                    found.append(message)
            elif error.name() == "_PARTITION_EOF":
                ends[Source(message.topic(), message.partition())] = message.offset()
            elif error.name() in ("_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"):
                raise FetchError(
                    f"{message.topic()}[{message.partition()}]: offset {message.offset()} is not in the log: {error}; "
                    "records were deleted before they were read, or the topic was made anew"
                )
            elif error.fatal() or not (error.retriable() or error.name().startswith("_")):
                raise FetchError(f"{message.topic()}[{message.partition()}]: {error}")
        runs = [self._run(source, found) for source, found in grouped.items() if source in self._next]
        for source, end in ends.items():
            if source in self._next and end > self._next[source]:  # only markers between here and the end
                runs.append(self._run(source, [], end))
        return [run for run in runs if run.next_offset > run.first_offset]

    def _run(self, source: Source, messages: list[Any], end: int | None = None) -> ConfluentRun:
        first = self._next[source]
        offsets = np.fromiter((m.offset() for m in messages), np.int64, len(messages))
        if len(messages) and int(offsets[0]) < first:
            raise FetchError(
                f"{source.topic}[{source.partition}]: got offset {int(offsets[0])} after {first}"
            )
        stamps = np.fromiter((m.timestamp()[1] for m in messages), np.int64, len(messages))
        after = int(offsets[-1]) + 1 if end is None else end
        self._next[source] = after
        return ConfluentRun(source, first, after, offsets, stamps, messages)

    def bounds(self, sources: Iterable[Source]) -> dict[Source, Bounds]:
        from confluent_kafka import TopicPartition
        from confluent_kafka.admin import OffsetSpec

        wanted = list(sources)
        if not wanted:
            return {}
        answers = []
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):
            asked = {TopicPartition(s.topic, s.partition): spec for s in wanted}
            answers.append(self._admin.list_offsets(asked, request_timeout=LOOK_UP_SECONDS))
        begin, end = (
            {
                Source(tp.topic, tp.partition): future.result(LOOK_UP_SECONDS).offset
                for tp, future in answer.items()
            }
            for answer in answers
        )
        return {source: Bounds(begin[source], end[source]) for source in wanted}

    def committed(self, sources: Iterable[Source]) -> dict[Source, Committed]:
        from confluent_kafka import TopicPartition

        asked = [TopicPartition(s.topic, s.partition) for s in sources]
        if not asked:
            return {}
        found: dict[Source, Committed] = {}
        for tp in self._consumer.committed(asked, timeout=LOOK_UP_SECONDS):
            if tp.error is not None:
                raise FetchError(f"committed offset of {tp.topic}[{tp.partition}]: {tp.error}")
            if tp.offset >= 0:
                found[Source(tp.topic, tp.partition)] = Committed(tp.offset, tp.metadata or "")
        return found

    def close(self) -> None:
        self._consumer.close()


def open_fetcher(bootstrap: str, group: str, client_id: str, kind: str = "auto") -> Fetcher:
    """The fetcher of that ``kind``: ``native``, ``confluent``, or ``auto`` for native where it is built.

    Raises ValueError for another word, and RuntimeError when ``native`` is asked for and not built.
    """
    if kind not in ("auto", "native", "confluent"):
        raise ValueError(f"fetcher kind {kind!r} is none of auto, native, confluent")
    if kind == "native":
        raise RuntimeError("the native fetch is not built; run `make native`")
    return ConfluentFetcher(bootstrap, group, client_id)


def wall_clock() -> int:
    """UTC milliseconds now."""
    return time.time_ns() // 1_000_000
