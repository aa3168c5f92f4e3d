"""A case task: partition i of every domain topic, one state log, and what a commit takes along. Nothing of Kafka.

The argument for exact results, to be checked line by line:

1. A lane applies every record of its partition once, in offset order (lane.py): its state is a function of the
   records before ``position`` and of the clock.
2. ``take`` hands out, in one step, the outputs since the last commit, the rows that changed in every store, and the
   positions they belong to. The caller writes all of it in one Kafka transaction. So the log has the old group with
   the old outputs or the new group with the new ones, whole.
3. Only the owner writes: the transactional id belongs to the task, and claiming it makes the broker refuse everything
   an earlier owner still sends (transaction.py). The new owner reads the state log after its claim.
4. The new owner takes over the rows and reads on from the positions of the last group (``Lane``); what its predecessor
   had processed beyond that left no trace. Nothing is missing, nothing comes twice.
5. One commit is under way at a time, and ``take`` is not called again before it succeeded or the worker gave up the
   task, so groups follow each other without a hole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from streams.engine.fetch import Committed, Source, wall_clock
from streams.engine.lane import Lane, Tally
from streams.engine.processor import ALERTS, TOTALS
from streams.engine.snapshots import Freeze, Snapshots
from streams.engine.state_group import Header, Part
from streams.engine.state_log import Recovered


@dataclass(frozen=True, slots=True)
class Said:
    """What one lane says in a commit: changed aggregates and alerts as columns, and what stands beside them."""

    lane: Lane
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


@dataclass(slots=True)
class About:
    """Who writes: stands in every header for people."""

    worker: str = ""
    fetch: str = ""
    profile: str = ""


class Task:
    """``number`` is the partition; ``lanes`` by catalogue topic; ``recovered`` is what the state log said."""

    def __init__(
        self,
        number: int,
        lanes: Mapping[str, Lane],
        recovered: Recovered,
        about: About,
        anew: frozenset[str] = frozenset(),
        snapshot_bytes: int = 16 * 2**20,
    ) -> None:
        self.number = number
        self.lanes = dict(lanes)
        last = recovered.header
        self.group = last.number if last is not None else 0
        self.claim = (last.claim if last is not None else 0) + 1
        self.snapshots = Snapshots(recovered, snapshot_bytes)
        self._about = about
        self._lanes_said = last.lanes if last is not None else {}
        self._claim_said = last.claim if last is not None else 0
        self._anew = set(anew)
        self._committed: dict[Source, int] = {}

    @property
    def live(self) -> bool:
        return all(lane.live for lane in self.lanes.values())

    def take(self) -> Commit | None:
        """Everything since the last ``take``, to be made durable; None when there is nothing."""
        parts: list[Part] = []
        said: list[Said] = []
        tallies: dict[str, Tally] = {}
        anew: list[str] = []
        for lane in self.lanes.values():
            if not lane.live:
                continue
            domain = lane.processor.domain
            if domain in self._anew:
                anew.append(domain)
            changed = self._changes(lane, whole=domain in self._anew)
            aggregates, alerts = changed.pop((domain, TOTALS), None), changed.pop((domain, ALERTS), None)
            if aggregates is not None or alerts is not None:
                said.append(
                    Said(
                        lane,
                        aggregates,
                        alerts,
                        lane.version(),
                        lane.clock,
                        lane.published_at,
                        lane.simulated,
                    )
                )
            for name, batch in ((TOTALS, aggregates), (ALERTS, alerts)):
                if batch is not None and domain not in self._anew:
                    parts.append(Part(domain, name, batch))
            if domain in self._anew:  # the whole, beside what is published of it
                parts.extend(Part(domain, n, b) for n, s in lane.processor.stores.items() for b in s.freeze())
            else:
                parts.extend(Part(*of, batch) for of, batch in changed.items())
            if lane.tally.rows:
                tallies[lane.topic], lane.tally = lane.tally, Tally()
        lanes = {topic: lane.state() for topic, lane in self.lanes.items()}
        self._anew.difference_update(anew)
        freeze = self._freeze() if self.live else None
        offsets = self._offsets()
        writes = bool(
            parts or tallies or anew or lanes != self._lanes_said or self._claim_said != self.claim or freeze
        )
        if not writes and not offsets:
            return None
        if writes:
            self.group += 1
        header = Header(
            self.group, self.claim, lanes, 0, self._about.worker, self._about.fetch, self._about.profile,
            wall_clock(), anew,
        )  # fmt: skip
        self._lanes_said, self._claim_said = lanes, self.claim
        if freeze is not None and freeze.header is None:
            freeze.header = header
        return Commit(header, parts, said, tallies, offsets, freeze, writes)

    def committed(self, offsets: Mapping[Source, Committed]) -> None:
        """These offsets are in the consumer group."""
        self._committed.update({source: at.offset for source, at in offsets.items()})

    @staticmethod
    def _changes(lane: Lane, *, whole: bool) -> dict[tuple[str, str], pa.RecordBatch]:
        """Changed rows by (domain, store); with ``whole`` only what is published, for the rest is frozen."""
        found = {}
        for name, store in lane.processor.stores.items():
            batch = store.changes()
            if batch is not None and (not whole or name in (TOTALS, ALERTS)):
                found[lane.processor.domain, name] = batch
        return found

    def _freeze(self) -> Freeze | None:
        """The snapshot that is under way, or a new one when it is time."""
        return self.snapshots.next(self._whole)

    def _whole(self) -> Iterator[Part]:
        frozen = [
            (lane.processor.domain, name, store.freeze())
            for lane in self.lanes.values()
            for name, store in lane.processor.stores.items()
        ]
        return (Part(domain, name, batch) for domain, name, batches in frozen for batch in batches)

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
