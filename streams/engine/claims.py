"""Taking a task over: claim it, read its state log, build its lanes where the predecessor stood. Blocks; any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from schemas.catalogue import Layout
from schemas.repeats import Repeats
from streams.engine.alerts import Alerts
from streams.engine.clock import ClockRule
from streams.engine.fetch import Bounds, Fetcher, Source
from streams.engine.lane import Earlier, Lane, PositionError
from streams.engine.offsets import at_time
from streams.engine.processor import ALERTS, TOTALS, Processor
from streams.engine.state_group import LaneState
from streams.engine.state_log import Recovered, read
from streams.engine.task import About, Task
from streams.engine.totals import Totals
from streams.engine.transaction import Transactions

log: Any = structlog.get_logger("streams.claims")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task that is ours, the producer that proves it, and where its state log is."""

    task: Task
    transactions: Transactions
    log: Source


@dataclass(frozen=True, slots=True)
class Claims:
    """What every claim of a deployment needs. ``make`` builds an empty processor of a domain and partition; ``topics`` are
    catalogue topics by domain; ``fingerprint`` of a processor stands for its code and the profile;
    ``snapshot_bytes`` of groups go before the next snapshot."""

    bootstrap: str
    layout: Layout
    state_topic: str
    fetcher: Fetcher
    make: Callable[[str, int], Processor]
    topics: Mapping[str, str]
    rule: ClockRule
    group: str
    about: About
    fingerprint: Callable[[Processor], str]
    snapshot_bytes: int

    def sources(self, number: int) -> dict[str, Source]:
        """The source partitions of a case task by domain."""
        return {domain: Source(self.layout.topic(topic), number) for domain, topic in self.topics.items()}

    def take(self, number: int, wanted: Callable[[], bool]) -> Claimed:
        """Claim case task ``number``. Raises FencedError, WriteError, StateGroupError, PositionError, TimeoutError."""
        transactions = Transactions(self.bootstrap, f"{self.layout.prefix}nadi-case-{number}")
        try:
            transactions.claim(wanted)
            source = Source(self.layout.topic(self.state_topic), number)
            recovered = read(self.bootstrap, source)
            sources = self.sources(number)
            bounds = self.fetcher.bounds(sources.values())
            anew: set[str] = set()
            lanes: dict[str, Lane] = {}
            for domain, place in sources.items():
                topic = self.topics[domain]
                lanes[topic] = self._lane(domain, topic, place, bounds[place], recovered, anew)
            self._prime(lanes)
            task = Task(number, lanes, recovered, self.about, frozenset(anew), self.snapshot_bytes)
        except BaseException:
            transactions.close()
            raise
        recovered.parts.clear()
        log.info(
            "task claimed", task=number, claim=task.claim, group=task.group, rebuilding=sorted(anew),
            positions={name: lane.position for name, lane in lanes.items()},
        )  # fmt: skip
        return Claimed(task, transactions, source)

    def _lane(
        self, domain: str, topic: str, source: Source, bounds: Bounds, recovered: Recovered, anew: set[str]
    ) -> Lane:
        processor = self.make(domain, source.partition)
        fingerprint = self.fingerprint(processor)
        state = recovered.header.lanes.get(topic) if recovered.header is not None else None
        earlier = None
        mine = [part for part in recovered.parts if part.domain == domain]
        if state is not None:
            _check(source, state, bounds)
        if state is None or state.fingerprint == fingerprint:
            for part in mine:
                processor.stores[part.store].restore(part.batch)
        else:
            anew.add(domain)
            totals, alerts = Totals(), Alerts()
            for part in mine:
                if part.store in (TOTALS, ALERTS):
                    (totals if part.store == TOTALS else alerts).restore(part.batch)
            earlier = Earlier(state.position, list(totals), alerts.records())
        return Lane(
            source, topic, processor, rule=self.rule, group=self.group, fingerprint=fingerprint,
            begin=bounds.begin, end=bounds.end, state=state, earlier=earlier,
        )  # fmt: skip

    def _prime(self, lanes: Mapping[str, Lane]) -> None:
        """Let every lane read its window of repeats again before it goes on; see schemas/repeats.py for its length."""
        window = Repeats()
        live = self.layout.timestamps == "LogAppendTime"
        since = {
            lane.source: lane.published_at - window.min_ms
            for lane in lanes.values()
            if lane.position > 0 and live
        }
        by_time = at_time(self.bootstrap, since)
        for lane in lanes.values():
            if lane.position > 0:
                start = min(
                    lane.position - window.min_rows, by_time.get(lane.source, lane.position - window.max_rows)
                )
                lane.prime_from(max(lane.begin, lane.position - window.max_rows, start))


def _check(source: Source, state: LaneState, bounds: Bounds) -> None:
    if not bounds.begin <= state.position <= bounds.end:
        raise PositionError(
            f"{source.topic}[{source.partition}]: the state ends at offset {state.position}, the log has "
            f"{bounds.begin} to {bounds.end}. The topic was made anew or records were deleted unread: delete the state "
            "topic to compute everything again from what the log has"
        )
