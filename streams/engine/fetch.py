"""Raw records of partitions, in offset order: the contract, and confluent-kafka's way to fill it.

A fetcher has no part in the consumer group's membership: Faust says which partitions are ours, the fetcher is
told where to start. It is used by one thread at a time, but for the look-ups, which any thread may call.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from schemas.dead_letters import Headers
from schemas.payloads import Payloads
from schemas.stranded import hearing
from streams.engine.chunk import Int64s
from streams.engine.client import client_settings
from streams.engine.source import Bounds, Committed, FetchError, Source

BUSY_ROWS = 256
GATHER_SECONDS = 0.005

__all__ = [
    "Bounds",
    "Committed",
    "ConfluentFetcher",
    "ConfluentRun",
    "FetchError",
    "Fetcher",
    "Run",
    "Source",
    "open_fetcher",
    "wall_clock",
]


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
        try:
            return tuple(self.messages[row].headers() or ())
        except (UnicodeDecodeError, SystemError):
            # A name is not UTF-8, which confluent-kafka cannot give (it even forgets to return its own error). Such
            # a record must still become a dead letter.
            return ()

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
        each other without a hole. Raises FetchError when a position is not in the log, StrandedError."""

    def close(self) -> None:
        """Stop fetching and free the connection."""


class ConfluentFetcher:
    """librdkafka's fetch by ``assign()``, a Python object per record."""

    kind = "confluent-kafka"

    def __init__(self, bootstrap: str, group: str, client_id: str) -> None:
        from confluent_kafka import Consumer

        self._consumer: Any = Consumer(fetch_settings(bootstrap, group, client_id))
        self._next: dict[Source, int] = {}

    def assign(self, positions: Mapping[Source, int]) -> None:
        from confluent_kafka import TopicPartition

        self._next = dict(positions)
        self._consumer.assign([TopicPartition(s.topic, s.partition, at) for s, at in positions.items()])

    def fetch(self, rows: int, seconds: float) -> list[Run]:
        # consume(n, t) returns after n messages or after t, whatever comes first. So: wait for one, take what is
        # there with it, and only where much is there wait a moment for more.
        messages = self._consumer.consume(1, seconds)
        if messages and rows > 1:
            messages += self._consumer.consume(rows - 1, 0)
            if BUSY_ROWS <= len(messages) < rows:
                messages += self._consumer.consume(rows - len(messages), GATHER_SECONDS)
        errors = [message.error() for message in messages]
        ends: dict[Source, int] = {}
        if any(error is not None for error in errors):
            for message, error in zip(messages, errors, strict=True):
                if error is not None and (end := _end_of_log(message, error)) is not None:
                    ends[Source(message.topic(), message.partition())] = end
            messages = [m for m, error in zip(messages, errors, strict=True) if error is None]
        runs = [self._run(source, found) for source, found in _grouped(messages).items()]
        for source, end in ends.items():
            if source in self._next and end > self._next[source]:  # only markers between here and the end
                runs.append(self._run(source, [], end))
        return [run for run in runs if run is not None and run.next_offset > run.first_offset]

    def _run(self, source: Source, messages: list[Any], end: int | None = None) -> ConfluentRun | None:
        first = self._next.get(source)
        if first is None:
            return None
        count = len(messages)
        if count and messages[-1].offset() - messages[0].offset() + 1 == count:  # they only grow: no hole
            offsets = np.arange(messages[0].offset(), messages[0].offset() + count, dtype=np.int64)
        else:
            offsets = np.fromiter((m.offset() for m in messages), np.int64, count)
        if count and int(offsets[0]) < first:
            raise FetchError(
                f"{source.topic}[{source.partition}]: got offset {int(offsets[0])} after {first}"
            )
        stamps = np.fromiter((m.timestamp()[1] for m in messages), np.int64, count)
        after = int(offsets[-1]) + 1 if end is None else end
        self._next[source] = after
        return ConfluentRun(source, first, after, offsets, stamps, messages)

    def close(self) -> None:
        self._consumer.close()


def _grouped(messages: list[Any]) -> dict[Source, list[Any]]:
    """The messages of each source, in their order; they come in long stretches of one source."""
    partitions = [message.partition() for message in messages]
    topics = [message.topic() for message in messages]
    if partitions and partitions.count(partitions[0]) == topics.count(topics[0]) == len(messages):
        return {Source(topics[0], partitions[0]): messages}
    grouped: dict[Source, list[Any]] = {}
    for topic, partition, message in zip(topics, partitions, messages, strict=True):
        grouped.setdefault(Source(topic, partition), []).append(message)
    return grouped


def _end_of_log(message: Any, error: Any) -> int | None:
    """The offset where the log was found to end, when that is what the error says. Raises FetchError for what
    librdkafka does not mend by itself."""
    if error.name() == "_PARTITION_EOF":
        end: int = message.offset()
        return end
    if error.name() in ("_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"):
        raise not_in_log(Source(message.topic(), message.partition()), message.offset(), str(error))
    if error.fatal() or not (error.retriable() or error.name().startswith("_")):
        raise FetchError(f"{message.topic()}[{message.partition()}]: {error}")
    return None


def not_in_log(source: Source, offset: int, reason: str) -> FetchError:
    """The error of a position that the log does not have."""
    return FetchError(
        f"{source.topic}[{source.partition}]: offset {offset} is not in the log: {reason}; "
        "records were deleted before they were read, or the topic was made anew"
    )


def fetch_settings(bootstrap: str, group: str, client_id: str) -> dict[str, Any]:
    """librdkafka settings of every fetcher."""
    return {
        **client_settings(bootstrap, client_id),
        **hearing(),
        "group.id": group,  # assign() never joins
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # a hole must stop us, not send us elsewhere
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "queued.min.messages": 1_000_000,  # the bytes below are the bound
        "queued.max.messages.kbytes": 65_536,
        "fetch.queue.backoff.ms": 2,
        # The broker gathers for a moment: thirty chunks a second cost a fraction of a chunk for every record.
        "fetch.min.bytes": 1_000_000,
        "fetch.wait.max.ms": 30,
        "fetch.error.backoff.ms": 100,
    }


def open_fetcher(bootstrap: str, group: str, client_id: str, kind: str = "auto") -> Fetcher:
    """The fetcher of that ``kind``: ``native``, ``confluent``, or ``auto`` for native where it is built.

    Raises ValueError for another word, and RuntimeError when ``native`` is asked for and cannot be had.
    """
    from streams.engine.native_fetch import NativeFetcher, native_library

    if kind not in ("auto", "native", "confluent"):
        raise ValueError(f"fetcher kind {kind!r} is none of auto, native, confluent")
    library = native_library() if kind != "confluent" else None
    if library is not None:
        return NativeFetcher(library, bootstrap, group, client_id)
    if kind == "native":
        raise RuntimeError("the native fetch is not built, or NADI_NATIVE=0; run `make native`")
    return ConfluentFetcher(bootstrap, group, client_id)


def wall_clock() -> int:
    """UTC milliseconds now."""
    return time.time_ns() // 1_000_000
