"""The state logs: where every task stands, and what its groups add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas import records
from schemas.catalogue import REGENCY_TOPIC, STATE_TOPIC
from schemas.settings import KafkaSettings
from streams.engine.claims import REGENCY
from streams.engine.state_group import (
    GROUP,
    SNAPSHOT,
    SNAPSHOT_PART,
    Header,
    Piece,
    StateGroupError,
    header_of,
)
from streams.engine.state_log import Recovered, Wanted, fold

Progress = Callable[[int, int], None]

#: A last group of many parts begins further back than the first step; None is the whole log.
STEPS = (64, 4096, None)
#: A log that its owner shortened while it was read is read again.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class TaskLog:
    """One task's state log; the regency task has the number REGENCY. ``bytes`` are those of the records it holds; ``snapshot_at`` is when the last whole
    snapshot was frozen (UTC ms), None where there is none. ``header`` is None for a task that never committed."""

    task: int
    header: Header | None
    bytes: int
    snapshot_at: int | None


def _place(kafka: KafkaSettings, task: int) -> records.Partition:
    topic, partition = (REGENCY_TOPIC, 0) if task == REGENCY else (STATE_TOPIC, task)
    return kafka.layout().topic(topic), partition


def _places(kafka: KafkaSettings) -> dict[records.Partition, int]:
    """The case tasks' logs, and the task that each belongs to."""
    found = records.partitions(kafka.bootstrap_servers, [kafka.layout().topic(STATE_TOPIC)])
    return {place: place[1] for place in found}


def headers(kafka: KafkaSettings) -> dict[int, Header]:
    """The last header of every case task that has committed, from the ends of the logs. Raises TimeoutError."""
    return _last_headers(kafka, _places(kafka))


def regency_header(kafka: KafkaSettings) -> Header | None:
    """The last header of the regency task, None before its first commit. Raises TimeoutError."""
    return _last_headers(kafka, {_place(kafka, REGENCY): REGENCY}).get(REGENCY)


def _last_headers(kafka: KafkaSettings, places: Mapping[records.Partition, int]) -> dict[int, Header]:
    found: dict[int, Header] = {}
    known = {p: b for p, b in records.bounds(kafka.bootstrap_servers, places).items() if b[1] > b[0]}
    for step in STEPS:
        starts = {
            place: begin if step is None else max(begin, end - step)
            for place, (begin, end) in known.items()
            if places[place] not in found
        }
        for message in records.read(kafka.bootstrap_servers, starts):
            piece = Piece.read(message.headers(), message.value())
            if piece.kind == GROUP:
                found[places[message.topic(), message.partition()]] = header_of(piece)
    return found


def survey(kafka: KafkaSettings, progress: Progress = lambda _done, _total: None) -> list[TaskLog]:
    """Every task's log, without taking its rows apart. Raises TimeoutError."""
    places = {**_places(kafka), _place(kafka, REGENCY): REGENCY}
    topics = dict.fromkeys(topic for topic, _ in places)
    size: defaultdict[int, int] = defaultdict(int)
    last: dict[int, Header] = {}
    frozen: dict[int, int] = {}
    parts: defaultdict[tuple[int, int], int] = defaultdict(int)
    for message in records.read_topics(kafka.bootstrap_servers, topics, progress):
        task = places[message.topic(), message.partition()]
        piece = Piece.read(message.headers(), message.value())
        size[task] += len(piece.value)
        if piece.kind == SNAPSHOT_PART:
            parts[task, piece.number] += 1
        elif piece.kind == SNAPSHOT:
            header = header_of(piece)
            if parts[task, piece.number] == header.parts:
                frozen[task] = header.at
        elif piece.kind == GROUP:
            last[task] = header_of(piece)
    return [
        TaskLog(task, last.get(task), size[task], frozen.get(task))
        for task in places.values()
        if task != REGENCY or task in last
    ]


def recover(kafka: KafkaSettings, task: int, wanted: Wanted = lambda _domain, _store: True) -> Recovered:
    """What one task's log adds up to now, as far as its rows are wanted; only their bytes are counted. Raises
    StateGroupError, TimeoutError."""
    place = _place(kafka, task)
    if place not in records.partitions(kafka.bootstrap_servers, [place[0]]):
        return Recovered()  # the regency task's log comes with the first worker that has one
    for attempt in range(1, ATTEMPTS + 1):
        found = records.read(kafka.bootstrap_servers, {place: None})
        pieces = [(m.offset(), _slim(Piece.read(m.headers(), m.value()), wanted)) for m in found]
        try:
            return fold(pieces, wanted)
        except StateGroupError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError


def _slim(piece: Piece, wanted: Wanted) -> Piece:
    """A record without rows that nobody wants: a log may be larger than the memory of whoever looks at a part of it."""
    if piece.kind in (GROUP, SNAPSHOT) or wanted(*piece.name.split("/", 1)):
        return piece
    return piece._replace(value=b"")


def tasks(kafka: KafkaSettings) -> list[int]:
    """The case tasks of the deployment. Raises TimeoutError."""
    return list(_places(kafka).values())
