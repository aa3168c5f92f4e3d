"""Reading a task's state log back: the last whole snapshot and the groups after it, in bulk.

Only after ``init_transactions`` has claimed the task is what is read here its last word: before, a predecessor may
still write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from streams.engine.client import client_settings
from streams.engine.fetch import Source
from streams.engine.state_group import (
    GROUP,
    PART,
    SNAPSHOT,
    SNAPSHOT_PART,
    Header,
    Part,
    Piece,
    StateGroupError,
    header_of,
    part_of,
)

SILENT_SECONDS = 30.0

#: Whether the rows of a store are wanted, by domain and name.
Wanted = Callable[[str, str], bool]


@dataclass(slots=True)
class Recovered:
    """What a state log says: the last header (None for an empty log), the rows in the order in which they are to be
    taken over, where the last two whole snapshots begin (offsets), and how many bytes follow the last one."""

    header: Header | None = None
    parts: list[Part] = field(default_factory=list)
    snapshots: list[int] = field(default_factory=list)
    bytes_since: int = 0
    bytes_snapshot: int = 0


def read(bootstrap: str, log: Source) -> Recovered:
    """Read one state log to its end. Raises StateGroupError, TimeoutError."""
    return fold(list(pieces(bootstrap, log)))


def fold(pieces: list[tuple[int, Piece]], wanted: Wanted = lambda _domain, _store: True) -> Recovered:
    """What (offset, record) pairs of a state log, in order, add up to: of the rows only those of ``wanted`` stores, by
    domain and name. Raises StateGroupError."""
    found = Recovered()
    parts: dict[int, list[tuple[int, Piece]]] = {}
    for offset, piece in pieces:
        if piece.kind == SNAPSHOT_PART:
            parts.setdefault(piece.number, []).append((offset, piece))
        elif piece.kind == SNAPSHOT:
            header, mine = header_of(piece), parts.get(piece.number, [])
            if len(mine) == header.parts:  # else its beginning was deleted, and a later one is whole
                found.header = header
                found.snapshots = [*found.snapshots[-1:], mine[0][0]]
    if found.header is not None:
        snapshot = [piece for _, piece in parts[found.header.number]]
        found.parts = list(_rows(snapshot, wanted))
        found.bytes_snapshot = sum(len(piece.value) for piece in snapshot)
    waiting: list[Piece] = []
    for _, piece in pieces:
        if piece.kind == PART:
            waiting.append(piece)
        elif piece.kind == GROUP:
            _take(found, piece, waiting, wanted)
            waiting = []
    return found


def _rows(pieces: list[Piece], wanted: Wanted) -> Iterator[Part]:
    return (part_of(piece) for piece in pieces if wanted(*piece.name.split("/", 1)))


def _take(found: Recovered, end: Piece, waiting: list[Piece], wanted: Wanted) -> None:
    """One group on top of what was found so far; a number that was taken already is skipped."""
    header = header_of(end)
    last = found.header.number if found.header is not None else None
    if last is not None and header.number <= last:
        return
    mine = [piece for piece in waiting if piece.number == header.number]
    if len(mine) != header.parts:
        raise StateGroupError(f"group {header.number} has {len(mine)} of {header.parts} parts")
    if header.number != (last or 0) + 1:
        raise StateGroupError(
            f"group {header.number} follows group {last}: the state log was cut in the wrong place"
        )
    parts = list(_rows(mine, wanted))
    if header.anew:
        found.parts = [part for part in found.parts if part.domain not in header.anew]
    found.parts.extend(parts)
    found.header = header
    found.bytes_since += sum(len(piece.value) for piece in mine) + len(end.value)


def pieces(bootstrap: str, log: Source) -> Iterator[tuple[int, Piece]]:
    """(offset, record) of everything committed on a state log, up to the end it has now."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    consumer: Any = Consumer(
        {
            **client_settings(bootstrap, "nadi-state-reader"),
            "group.id": "nadi-state-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            # where the log is shortened meanwhile, a later snapshot is whole; jumping to the end would lose it
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10,
            "fetch.queue.backoff.ms": 5,
            "queued.max.messages.kbytes": 262_144,
            "max.partition.fetch.bytes": 16 * 2**20,
        }
    )
    try:
        consumer.assign([TopicPartition(log.topic, log.partition, OFFSET_BEGINNING)])
        heard = time.monotonic()
        while True:
            for message in consumer.consume(64, 0.05):
                heard = time.monotonic()
                error = message.error()
                if error is None:
                    yield message.offset(), Piece.read(message.headers(), message.value())
                elif error.name() == "_PARTITION_EOF":
                    return
                elif error.fatal():
                    raise StateGroupError(f"{log.topic}[{log.partition}]: {error}")
            if time.monotonic() - heard > SILENT_SECONDS:
                raise TimeoutError(
                    f"{log.topic}[{log.partition}]: the broker sent nothing for {SILENT_SECONDS:.0f} s"
                )
    finally:
        consumer.close()
