"""What a set of topics says after faults, against the plain reference computed from the same topics.

Five questions: do the aggregates add up to the reference, and did their versions only grow; does the state log hold the
same and end where the topics end; do exactly the right alerts stand, each with growing revisions; is every damaged
record a dead letter once, byte for byte, and nothing else; and is every offset one or the other. Intermediate values
are held to the reference too, at versions drawn by the seed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.verify.alerts import of_cases
from schemas.catalogue import AGGREGATES, ALERTS, DOMAINS, STATE_TOPIC, Layout
from schemas.codec import Codec
from schemas.dead_letters import split
from schemas.records import read
from schemas.registry import open_ids
from schemas.version import unpack
from streams.domains import PROCESSORS
from streams.engine import state_log
from streams.engine.fetch import Source
from streams.engine.processor import Context, Processor
from streams.engine.state_group import Header
from streams.reference import alerts, compute
from tests.faults.events import Sent, profile
from tests.faults.load import NUMBER

Figure = tuple[str, str, str, str]
Place = tuple[str, int, int]
Event = tuple[dict[str, Any], int, int, int]
CUTS = 2
#: As many differences of one sort are told in words; the rest is only counted.
TOLD = 5


@dataclass
class Findings:
    """What was compared, and what differed. ``events`` are records of the domain topics."""

    events: int = 0
    repeats: int = 0
    letters: int = 0
    aggregates: int = 0
    alerts: int = 0
    comparisons: int = 0
    differences: int = 0
    told: list[str] = field(default_factory=list)
    _sorts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def same(self, what: str, found: object, wanted: object) -> None:
        """One comparison; ``what`` begins with its sort and a colon."""
        self.comparisons += 1
        if found != wanted:
            self.wrong(f"{what}: found {found!r}, wanted {wanted!r}")

    def wrong(self, words: str) -> None:
        sort = words.partition(":")[0]
        self.differences += 1
        self._sorts[sort] += 1
        if self._sorts[sort] <= TOLD:
            self.told.append(words[:600])

    def same_rows(self, what: str, found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> None:
        """As many comparisons as there are keys."""
        for key in found.keys() | wanted.keys():
            self.same(f"{what} {key}", found.get(key), wanted.get(key))

    def add(self, other: Findings) -> None:
        for name in ("events", "repeats", "letters", "aggregates", "alerts", "comparisons", "differences"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.told.extend(other.told)


@dataclass(frozen=True, slots=True)
class Said:
    """One record of an aggregates topic."""

    version: int
    amount: int
    as_of: int


def compare(
    bootstrap: str,
    layout: Layout,
    *,
    delivered: Mapping[tuple[str, int], int],
    damaged: Mapping[bytes, Sent],
    event_clock: bool,
    seed: str,
) -> Findings:
    """All comparisons of one set of topics. No worker runs any more, and every one ended cleanly after its last commit.

    ``delivered`` and ``damaged`` are what the load knows. Raises TimeoutError when the broker does not answer,
    StateGroupError when a state log cannot be read.
    """
    found = Findings()
    draw = random.Random(f"cuts {seed}")  # noqa: S311
    topics = read_all(bootstrap, layout)
    headers, processors = _recovered(bootstrap, layout, event_clock)
    for domain, topic in DOMAINS.items():
        name = layout.topic(topic.name)
        events, rows = _events(topics[name], domain, damaged, found)
        for partition in range(layout.partitions):
            numbers = rows.numbers[partition]
            found.same(f"records: {name}[{partition}]", len(numbers), delivered.get((name, partition), 0))
            lane = headers[partition].lanes[topic.name] if partition in headers else None
            found.same(f"position: {name}[{partition}]", lane.position if lane else 0, rows.count[partition])
        clocks = {p: header.lanes[topic.name].clock for p, header in headers.items()}
        _letters(topics[layout.topic(topic.dead_letters)], rows.damaged, found)
        said = _said(topics[layout.topic(AGGREGATES[domain].name)], topic.name, found)
        wanted = compute(domain, events, profile(), clocks, event_clock)
        sums: dict[Figure, int] = defaultdict(int)
        for (figure, _), values in said.items():
            sums[figure] += max(values, key=lambda v: v.version).amount
        found.same_rows(f"aggregates: {domain}", _nonzero(sums), wanted)
        for partition in range(layout.partitions):
            state = processors[partition][domain].totals.snapshot()
            topic_says = {
                f: max(v, key=lambda s: s.version).amount for (f, p), v in said.items() if p == partition
            }
            found.same_rows(
                f"state: {domain}[{partition}]", {tuple(k): v for k, v in state.items()}, topic_says
            )
        for _ in range(CUTS):
            _cut(draw, domain, said, events, event_clock, found)
        if domain == "permits":
            standing = alerts(events, profile(), clocks, event_clock)
            _alerts(topics[layout.topic(ALERTS.name)], standing, processors, found)
    return found


def read_all(bootstrap: str, layout: Layout) -> dict[str, list[Any]]:
    """Every committed record by cluster topic, in the order of each partition."""
    names = [layout.topic(t.name) for t in (*DOMAINS.values(), *AGGREGATES.values(), ALERTS)]
    names += [layout.topic(t.dead_letters) for t in DOMAINS.values()]
    by_topic: dict[str, list[Any]] = {name: [] for name in names}
    for message in read(bootstrap, {(n, p): None for n in names for p in range(layout.partitions)}):
        by_topic[message.topic()].append(message)
    return by_topic


def _recovered(
    bootstrap: str, layout: Layout, event_clock: bool
) -> tuple[dict[int, Header], dict[int, dict[str, Processor]]]:
    """The last header of each task's state log, and fresh processors that took its rows over."""
    headers, processors = {}, {}
    for number in range(layout.partitions):
        recovered = state_log.read(bootstrap, Source(layout.topic(STATE_TOPIC), number))
        mine = {d: make(Context(profile(), event_clock, number)) for d, make in PROCESSORS.items()}
        for part in recovered.parts:
            mine[part.domain].stores[part.store].restore(part.batch)
        processors[number] = mine
        if recovered.header is not None:
            headers[number] = recovered.header
    return headers, processors


@dataclass
class Rows:
    """What a domain topic holds by partition: how many records, which numbers of the load, and where it is damaged."""

    count: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    numbers: dict[int, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    damaged: dict[Place, Sent] = field(default_factory=dict)


def _events(
    messages: list[Any], domain: str, damaged: Mapping[bytes, Sent], found: Findings
) -> tuple[list[Event], Rows]:
    """The records that count, and all there are. Raises DecodeError when a record cannot be read that was sent whole."""
    codec = Codec(DOMAINS[domain].schema, open_ids())
    seen: set[tuple[int, str]] = set()
    events: list[Event] = []
    rows = Rows()
    for message in messages:
        partition, offset = message.partition(), message.offset()
        number = dict(message.headers())[NUMBER]
        found.same(f"offsets: {message.topic()}[{partition}]", offset, rows.count[partition])
        rows.count[partition] += 1
        rows.numbers[partition].add(number)
        if number in damaged:
            rows.damaged[message.topic(), partition, offset] = damaged[number]
            continue
        event = codec.decode(message.value())
        if (partition, event["event_id"]) in seen:
            found.repeats += 1
            continue
        seen.add((partition, event["event_id"]))
        events.append((event, partition, offset, message.timestamp()[1]))
    found.events += len(messages)
    return events, rows


def _said(messages: list[Any], source: str, found: Findings) -> dict[tuple[Figure, int], list[Said]]:
    """All values of each key and partition; every one must have a higher version than the one before it in the log."""
    codec = Codec("aggregates", open_ids())
    said: dict[tuple[Figure, int], list[Said]] = defaultdict(list)
    for message in messages:
        e = codec.decode(message.value())
        found.same(f"source: {message.topic()}", e["source_topic"], source)
        key = ((e["metric"], e["dimension"], e["value"], e["local_day"]), e["source_partition"])
        values = said[key]
        if values and e["version"] <= values[-1].version:
            found.wrong(f"versions: {key} says {unpack(e['version'])} after {unpack(values[-1].version)}")
        values.append(Said(e["version"], e["amount"], e["as_of"]))
    found.comparisons += len(messages)
    found.aggregates += len(messages)
    return said


def _cut(
    draw: random.Random,
    domain: str,
    said: Mapping[tuple[Figure, int], list[Said]],
    events: list[Event],
    event_clock: bool,
    found: Findings,
) -> None:
    """What one partition said up to one version, against the reference of the records below that version's offset."""
    versions = sorted({(p, v.version, v.as_of) for (_, p), values in said.items() for v in values})
    if not versions:
        return
    partition, version, as_of = draw.choice(versions)
    then: dict[Figure, int] = {}
    for (figure, p), values in said.items():
        earlier = [v for v in values if p == partition and v.version <= version]
        if earlier:
            then[figure] = max(earlier, key=lambda v: v.version).amount
    below = unpack(version).next_offset
    mine = [event for event in events if event[1] == partition and event[2] < below]
    wanted = compute(domain, mine, profile(), {partition: as_of}, event_clock)
    found.same_rows(f"cut: {domain}[{partition}] at {unpack(version)}", _nonzero(then), wanted)


def _alerts(
    messages: list[Any],
    standing: Mapping[tuple[str, str, str], Any],
    processors: Mapping[int, Mapping[str, Processor]],
    found: Findings,
) -> None:
    """Revisions of each alert only grow (what changed twice within a commit is said once); what stands last is what
    must stand, on the topic and in the state."""
    codec = Codec(ALERTS.schema, open_ids())
    last: dict[str, dict[str, Any]] = {}
    for message in messages:
        alert = codec.decode(message.value())
        if not of_cases(alert):
            continue  # what the regency task says, once a day, is in tests/streams
        before = last.get(alert["alert_id"])
        found.comparisons += 1
        if before is not None and alert["revision"] <= before["revision"]:
            found.wrong(f"revisions: {alert['alert_id']} says {alert['revision']} after {before['revision']}")
        last[alert["alert_id"]] = alert
    found.alerts += len(messages)
    found.same_rows("alerts: topic", _standing(last), {scope: tuple(v) for scope, v in standing.items()})
    kept = {i: a for mine in processors.values() for i, a in mine["permits"].alerts.records().items()}
    found.same_rows("alerts: state", _standing(kept), {scope: tuple(v) for scope, v in standing.items()})
    found.same_rows(
        "alerts: revisions in the state",
        {i: (a["revision"], a["status"]) for i, a in kept.items()},
        {i: (a["revision"], a["status"]) for i, a in last.items()},
    )


def _standing(records: Mapping[str, dict[str, Any]]) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    names = ("level", "level_at", "unit", "observed", "threshold", "evidence_digest")
    return {
        (a["rule"], a["subject"], a["scope"]): tuple(a[name] for name in names)
        for a in records.values()
        if a["status"] != "withdrawn"
    }


def _letters(messages: list[Any], damaged: Mapping[Place, Sent], found: Findings) -> None:
    """Every damaged record once, with its key, value and headers as they were sent; nothing else."""
    times: dict[Place, int] = defaultdict(int)
    for message in messages:
        original, ours = split(message.headers())
        place = (
            ours["dlq.original.topic"],
            int(ours["dlq.original.partition"]),
            int(ours["dlq.original.offset"]),
        )
        times[place] += 1
        sent = damaged.get(place)
        if sent is not None:
            came = (message.key(), message.value(), original, message.partition())
            found.same(f"letter: {place}", came, (sent.key, sent.value, sent.headers, place[1]))
    found.same_rows("letters: times", times, dict.fromkeys(damaged, 1))
    found.letters += len(messages)


def _nonzero(amounts: Mapping[Figure, int]) -> dict[Figure, int]:
    return {figure: amount for figure, amount in amounts.items() if amount}
