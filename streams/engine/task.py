"""What every task is, and the case task: partition i of every domain topic, one state log. Nothing of Kafka.

The argument for exact results, to be checked line by line:

1. A lane applies every record of its partition once, in offset order (lane.py): its state is a function of the
   records before ``position`` and of the clock.
2. ``take`` hands out, in one step, the outputs since the last commit, the rows that changed in every store, and the
   positions they belong to. The caller writes all of it in one Kafka transaction. So the log has the old group with
   the old outputs or the new group with the new ones, whole.
3. Only the owner writes: the transactional id belongs to the task, and claiming it makes the broker refuse everything
   an earlier owner still sends (transaction.py). The new owner reads the state log after its claim.
4. The new owner takes over the rows and reads on from the positions of the last group (claims.py); what its
   predecessor had processed beyond that left no trace. Nothing is missing, nothing comes twice.
5. One commit is under way at a time, and ``take`` is not called again before it succeeded or the worker gave up the
   task (committer.py), so groups follow each other without a hole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from streams.engine.fetch import Committed, Source, wall_clock
from streams.engine.lane import Lane, Tally
from streams.engine.processor import ALERTS, TOTALS
from streams.engine.snapshots import Freeze, Snapshots
from streams.engine.state_group import Header, LaneState, Part
from streams.engine.state_log import Recovered
from streams.engine.store import Store


@dataclass(frozen=True, slots=True)
class Said:
    """What one processor says in a commit: changed aggregates and alerts as columns, and what stands beside them.
    ``topic`` and ``partition`` are the source that stands in aggregates."""

    domain: str
    topic: str
    partition: int
    aggregates: pa.RecordBatch | None
    alerts: pa.RecordBatch | None
    version: int
    as_of: int
    published_at: int
    simulated: bool


@dataclass(frozen=True, slots=True)
class Commit:
    """One step of a task to be made durable in one transaction. ``offsets`` then follow in the consumer group."""

    header: Header
    parts: list[Part]
    said: list[Said]
    tallies: dict[str, Tally]
    offsets: dict[Source, Committed]
    freeze: Freeze | None = None
    writes: bool = True

    @property
    def rows(self) -> int:
        """How much there is to encode: changed rows and dead letters."""
        letters = sum(len(tally.letters) for tally in self.tallies.values())
        return sum(len(part.batch) for part in self.parts) + letters


@dataclass(frozen=True, slots=True)
class About:
    """Who writes: stands in every header for people."""

    worker: str = ""
    fetch: str = ""
    profile: str = ""


class Input(Protocol):
    """What a task reads: a lane, or an input of the regency task."""

    @property
    def source(self) -> Source: ...

    @property
    def topic(self) -> str: ...

    @property
    def live(self) -> bool: ...

    @property
    def expected(self) -> int:
        """Where the next batch must start."""

    def state(self) -> LaneState: ...


class Task(ABC):
    """A task: its inputs by name, its state log, and how a commit is sealed with a header. ``unfinished``: it applied a part
    of what it has, and goes on with the next commit."""

    def __init__(
        self,
        number: int,
        inputs: Mapping[str, Input],
        recovered: Recovered,
        about: About,
        anew: frozenset[str] = frozenset(),
        snapshot_bytes: int = 16 * 2**20,
    ) -> None:
        self.number = number
        self.unfinished = False
        self.inputs = dict(inputs)
        last = recovered.header
        self.group = last.number if last is not None else 0
        self.claim = (last.claim if last is not None else 0) + 1
        self.snapshots = Snapshots(recovered, snapshot_bytes)
        self._about = about
        self._said = (last.claim, last.lanes) if last is not None else (0, {})
        self._anew = set(anew)

    @property
    def live(self) -> bool:
        """Whether everything it computes is published."""
        return all(item.live for item in self.inputs.values())

    @property
    def anew(self) -> frozenset[str]:
        """The domains that are computed otherwise than before and not yet published."""
        return frozenset(self._anew)

    @abstractmethod
    def take(self) -> Commit | None:
        """Everything since the last ``take``, to be made durable; None when there is nothing."""

    @abstractmethod
    def stores(self) -> Iterator[tuple[str, str, Store]]:
        """Every store with its domain and name."""

    def committed(self, offsets: Mapping[Source, Committed]) -> None:  # noqa: B027  (not every task has offsets)
        """These offsets are handed on to the consumer group."""

    def _sealed(
        self, parts: list[Part], said: list[Said], tallies: dict[str, Tally], anew: list[str],
        offsets: dict[Source, Committed],
    ) -> Commit | None:  # fmt: skip
        """The commit with its header, or None when nothing of it is new."""
        states = {name: item.state() for name, item in self.inputs.items()}
        freeze = self.snapshots.next(self._whole) if self.live else None
        writes = bool(parts or tallies or anew or freeze or self._said != (self.claim, states))
        if not writes and not offsets:
            return None
        if writes:
            self.group += 1
            self._said = (self.claim, states)
        about = self._about
        header = Header(
            self.group, self.claim, states, 0, about.worker, about.fetch, about.profile, wall_clock(), anew
        )
        if freeze is not None and freeze.header is None:
            freeze.header = header
        return Commit(header, parts, said, tallies, offsets, freeze, writes)

    def _whole(self) -> Iterator[Part]:
        frozen = [(domain, name, store.freeze()) for domain, name, store in self.stores()]
        return (Part(domain, name, batch) for domain, name, batches in frozen for batch in batches)

    def _changes(
        self, domain: str, stores: Mapping[str, Store], parts: list[Part], anew: list[str]
    ) -> tuple[pa.RecordBatch | None, pa.RecordBatch | None]:
        """Add what changed in the stores of a domain to ``parts``: all rows when it was computed anew. Returns the
        changed aggregates and alerts, which are published too."""
        changed = {name: batch for name, store in stores.items() if (batch := store.changes()) is not None}
        if domain in self._anew:
            self._anew.discard(domain)
            anew.append(domain)
            parts.extend(
                Part(domain, name, batch) for name, store in stores.items() for batch in store.freeze()
            )
        else:
            parts.extend(Part(domain, name, batch) for name, batch in changed.items())
        return changed.get(TOTALS), changed.get(ALERTS)


class CaseTask(Task):
    """``number`` is the partition; ``lanes`` by catalogue topic."""

    def __init__(
        self, number: int, lanes: Mapping[str, Lane], recovered: Recovered, about: About,
        anew: frozenset[str] = frozenset(), snapshot_bytes: int = 16 * 2**20,
    ) -> None:  # fmt: skip
        super().__init__(number, lanes, recovered, about, anew, snapshot_bytes)
        self.lanes = dict(lanes)
        self._committed: dict[Source, int] = {}

    def stores(self) -> Iterator[tuple[str, str, Store]]:
        for lane in self.lanes.values():
            for name, store in lane.processor.stores.items():
                yield lane.processor.domain, name, store

    def take(self) -> Commit | None:
        parts: list[Part] = []
        said: list[Said] = []
        tallies: dict[str, Tally] = {}
        anew: list[str] = []
        for lane in self.lanes.values():
            if not lane.live:
                continue
            domain = lane.processor.domain
            aggregates, alerts = self._changes(domain, lane.processor.stores, parts, anew)
            if aggregates is not None or alerts is not None:
                said.append(
                    Said(
                        domain, lane.topic, lane.source.partition, aggregates, alerts, lane.version(), lane.clock,
                        lane.published_at, lane.simulated,
                    )
                )  # fmt: skip
            if lane.tally.rows:
                tallies[lane.topic], lane.tally = lane.tally, Tally()
        return self._sealed(parts, said, tallies, anew, self._offsets())

    def committed(self, offsets: Mapping[Source, Committed]) -> None:
        self._committed.update({source: at.offset for source, at in offsets.items()})

    def _offsets(self) -> dict[Source, Committed]:
        """Positions that the consumer group does not have yet. The end of a bounded input is held back until its clock
        reached ``until``, so that the group's offset says all is done; a partition without records commits nothing."""
        return {
            lane.source: Committed(lane.position, "")
            for lane in self.lanes.values()
            if lane.live
            and not lane.held_back
            and lane.position
            and self._committed.get(lane.source) != lane.position
        }
