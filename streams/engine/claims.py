"""Taking a task over: claim it, read its state log, build its lanes where the predecessor stood. Blocks; any thread."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from msgspec.structs import replace

from schemas.catalogue import REGENCY_TOPIC, STATE_TOPIC, Layout
from schemas.repeats import Repeats
from streams.engine.alerts import Alerts
from streams.engine.clock import ClockRule
from streams.engine.fetch import Bounds, Source
from streams.engine.head_start import chosen, fits
from streams.engine.lane import Earlier, Lane, PositionError
from streams.engine.look_ups import LookUps
from streams.engine.processor import ALERTS, TOTALS, Processor
from streams.engine.regency import DOMAIN, WHOLE, Inbox, RegencyProcessor, RegencyTask
from streams.engine.state_group import LaneState
from streams.engine.state_log import Recovered, read
from streams.engine.store import Store
from streams.engine.task import About, CaseTask, Task
from streams.engine.totals import Totals
from streams.engine.transaction import Transactions

#: The number of the regency task; case tasks have their partition's.
REGENCY = -1

log: Any = structlog.get_logger("streams.claims")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task that is ours, the producer that proves it, and where its state log is."""

    task: Task
    transactions: Transactions
    log: Source


@dataclass(frozen=True, slots=True)
class Claims:
    """What every claim of a deployment needs. ``make`` builds an empty processor of a domain and partition, and
    ``make_regency`` that of the regency task, where there is one; ``topics`` are catalogue topics by domain, and
    ``readable`` those that the regency task may read besides;
    ``profile_hash`` and a processor's version are its fingerprint; ``snapshot_bytes`` of groups go before the next
    snapshot; ``rehearsed`` is a set that tasks go on from though it was not chosen (head_start.py)."""

    bootstrap: str
    layout: Layout
    look_ups: LookUps
    make: Callable[[str, int], Processor]
    make_regency: Callable[[], RegencyProcessor] | None
    topics: Mapping[str, str]
    readable: Mapping[str, str]
    rule: ClockRule
    group: str
    about: About
    profile_hash: str
    snapshot_bytes: int
    rehearsed: int | None = None

    def sources(self, number: int) -> dict[str, Source]:
        """The source partitions of a case task by domain."""
        return {domain: Source(self.layout.topic(topic), number) for domain, topic in self.topics.items()}

    def columns(self) -> dict[str, tuple[str, ...] | None]:
        """The fields that the case tasks read, by domain; None for all."""
        return {domain: self.make(domain, 0).columns for domain in self.topics}

    def take(self, number: int, wanted: Callable[[], bool]) -> Claimed:
        """Claim a task by its number. Raises FencedError, WriteError, StateGroupError, PositionError, TimeoutError."""
        if number != REGENCY:
            return self.case(number, wanted)
        if self.make_regency is None:
            raise PositionError("the regency task is assigned, but nothing is to be computed in it")
        return self.regency(self.make_regency, wanted)

    def case(self, number: int, wanted: Callable[[], bool]) -> Claimed:
        """Claim case task ``number``. Raises FencedError, WriteError, StateGroupError, PositionError, TimeoutError."""
        log = self.log_of(number)
        with self._claim(f"nadi-case-{number}", log, wanted) as (transactions, recovered):
            return Claimed(self.case_task(number, recovered), transactions, log)

    def regency(self, make: Callable[[], RegencyProcessor], wanted: Callable[[], bool]) -> Claimed:
        """Claim the regency task. Raises as ``case``."""
        log = self.log_of(REGENCY)
        with self._claim("nadi-regency", log, wanted) as (transactions, recovered):
            return Claimed(self.regency_task(make, recovered), transactions, log)

    def log_of(self, number: int) -> Source:
        """The state log of a task."""
        if number == REGENCY:
            return Source(self.layout.topic(REGENCY_TOPIC), 0)
        return Source(self.layout.topic(STATE_TOPIC), number)

    def case_task(self, number: int, recovered: Recovered) -> CaseTask:
        """Case task ``number`` as its state log says. Raises StateGroupError, PositionError, TimeoutError."""
        sources = self.sources(number)
        bounds = self.look_ups.bounds(sources.values())
        beside = cache(lambda: self._beside(number))  # looked for only where something is computed anew
        anew: set[str] = set()
        lanes = {
            self.topics[domain]: self._lane(domain, source, bounds[source], recovered, beside, anew)
            for domain, source in sources.items()
        }
        self._prime(list(lanes.values()))
        return CaseTask(number, lanes, recovered, self.about, frozenset(anew), self.snapshot_bytes)

    def regency_task(self, make: Callable[[], RegencyProcessor], recovered: Recovered) -> RegencyTask:
        """The regency task as its state log says. Raises as ``case_task``."""
        processor = make()
        wanted_topics = {
            domain: topic for domain, topic in self.readable.items() if domain in processor.reads
        }
        places = {
            Source(self.layout.topic(topic), number): (topic, domain)
            for domain, topic in wanted_topics.items()
            for number in range(self.layout.partitions)
        }
        bounds = self.look_ups.bounds(places)
        states = recovered.header.lanes if recovered.header is not None else {}
        fingerprint = fingerprint_of(DOMAIN, processor.version, self.profile_hash)
        same = WHOLE not in states or states[WHOLE].fingerprint == fingerprint
        beside = None if same else self._beside(REGENCY)
        begun = self._vector(
            beside, recovered, fingerprint, (f"{t}/{s.partition}" for s, (t, _) in places.items())
        )
        inboxes = {}
        for source, (topic, domain) in places.items():
            name = f"{topic}/{source.partition}"
            state = states.get(name)
            if state is not None and domain not in self.topics:  # it is kept for days only
                state = replace(state, position=max(state.position, bounds[source].begin))
            if state is not None:
                _check(source, state, bounds[source])
            inboxes[name] = Inbox(
                source, topic, domain, begin=bounds[source].begin, end=bounds[source].end,
                state=state if same else begun.get(name),
            )  # fmt: skip
        earlier = _restore(processor.stores, recovered, beside if begun else None, DOMAIN, 0, same=same)
        self._prime(list(inboxes.values()))
        return RegencyTask(
            inboxes, processor, recovered, self.about, rule=self.rule, group=self.group, fingerprint=fingerprint,
            earlier=earlier, snapshot_bytes=self.snapshot_bytes, clock=begun[WHOLE].clock if begun else 0,
        )  # fmt: skip

    def _beside(self, number: int) -> Recovered | None:
        """What the chosen set has of a task."""
        topic = REGENCY_TOPIC if number == REGENCY else STATE_TOPIC
        return chosen(self.bootstrap, self.layout, self.log_of(number), topic, self.rehearsed)

    def _vector(
        self, beside: Recovered | None, recovered: Recovered, fingerprint: str, inputs: Iterable[str]
    ) -> dict[str, LaneState]:
        """Where the chosen set stands in the whole and every input; empty where it does not fit."""
        whole = fits(beside, recovered.header, WHOLE, fingerprint)
        if whole is None:
            return {}
        found = {name: fits(beside, recovered.header, name, "") for name in inputs}
        if any(state is None for state in found.values()):
            return {}
        return {WHOLE: whole, **{name: state for name, state in found.items() if state is not None}}

    @contextmanager
    def _claim(
        self, name: str, state_log: Source, wanted: Callable[[], bool]
    ) -> Iterator[tuple[Transactions, Recovered]]:
        """The claim itself, and then what the predecessor left; given back when what follows fails."""
        transactions = Transactions(self.bootstrap, self.layout.owner(name))
        try:
            transactions.claim(wanted)
            recovered = read(self.bootstrap, state_log)
            yield transactions, recovered
        except BaseException:
            transactions.close()
            raise
        recovered.parts.clear()
        group = recovered.header.number if recovered.header is not None else 0
        log.info("task claimed", task=name, group=group)

    def _lane(
        self, domain: str, source: Source, bounds: Bounds, recovered: Recovered,
        beside: Callable[[], Recovered | None], anew: set[str],
    ) -> Lane:  # fmt: skip
        topic, processor = self.topics[domain], self.make(domain, source.partition)
        fingerprint = fingerprint_of(domain, processor.version, self.profile_hash)
        state = recovered.header.lanes.get(topic) if recovered.header is not None else None
        if state is not None:
            _check(source, state, bounds)
        same = state is None or state.fingerprint == fingerprint
        begun = None if same else fits(beside(), recovered.header, topic, fingerprint)
        earlier = _restore(
            processor.stores, recovered, beside() if begun else None, domain, state.position if state else 0, same=same
        )  # fmt: skip
        if earlier is not None:
            anew.add(domain)
            since = begun.position if begun else bounds.begin
            log.info(
                "computing anew", topic=topic, partition=source.partition, since=since, until=earlier.position
            )
        return Lane(
            source, topic, processor, rule=self.rule, group=self.group, fingerprint=fingerprint,
            begin=bounds.begin, end=bounds.end, state=state, earlier=earlier, head_start=begun,
        )  # fmt: skip

    def _prime(self, inputs: Sequence[Lane | Inbox]) -> None:
        """Let every input read its window of repeats again before it goes on; see schemas/repeats.py for its length."""
        window = Repeats()
        begun = [item for item in inputs if item.position > 0]
        live = self.layout.timestamps == "LogAppendTime"
        since = {item.source: item.published_at - window.min_ms for item in begun if live}
        by_time = self.look_ups.at_time(since)
        for item in begun:
            oldest = item.position - window.max_rows
            start = min(item.position - window.min_rows, by_time.get(item.source, oldest))
            item.prime_from(max(item.begin, oldest, start))


def fingerprint_of(domain: str, version: str, profile_hash: str) -> str:
    """What stands for the code of a processor and a profile."""
    return hashlib.sha256(f"{domain}\0{version}\0{profile_hash}".encode()).hexdigest()[:16]


def _restore(
    stores: Mapping[str, Store], recovered: Recovered, beside: Recovered | None, domain: str, position: int, *, same: bool
) -> Earlier | None:  # fmt: skip
    """Take over the rows of a domain; where other code or another profile made them, those of the set ``beside``, and
    of the predecessor only what was published."""
    taken = recovered if same else beside
    for part in taken.parts if taken is not None else ():
        if part.domain == domain:
            stores[part.store].restore(part.batch)
    if same:
        return None
    totals, alerts = published(recovered, domain)
    return Earlier(position, list(totals), alerts.records())


def published(recovered: Recovered, domain: str) -> tuple[Totals, Alerts]:
    """What a task has said of a domain, as its state log has it."""
    totals, alerts = Totals(), Alerts()
    for part in recovered.parts:
        if part.domain == domain and part.store == TOTALS:
            totals.restore(part.batch)
        elif part.domain == domain and part.store == ALERTS:
            alerts.restore(part.batch)
    return totals, alerts


def _check(source: Source, state: LaneState, bounds: Bounds) -> None:
    if not bounds.begin <= state.position <= bounds.end:
        raise PositionError(
            f"{source.topic}[{source.partition}]: the state ends at offset {state.position}, the log has "
            f"{bounds.begin} to {bounds.end}. The topic was made anew or records were deleted unread: delete the state "
            "topic to compute everything again from what the log has"
        )
