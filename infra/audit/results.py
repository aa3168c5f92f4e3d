"""Reading back what the pipeline said about a log: standing alerts and dead letters, from the topics."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.settings import Settings
from infra.state.logs import regency_header
from infra.verify.published import Published, newest
from infra.verify.report import Cell, Figure
from schemas.catalogue import DAY_MS, DOMAINS
from schemas.records import Partition, read_topics
from schemas.settings import KafkaSettings
from streams.engine.regency import DOMAIN as REGENCY_DOMAIN
from streams.engine.regency import WHOLE

#: Kafka's errors while the coordinator of a group is being found (coordinator load in progress, not available, not it).
FINDING_COORDINATOR = (14, 15, 16)


def wait_until_committed(
    bootstrap: str,
    group: str,
    ends: Mapping[Partition, int],
    *,
    alive: Callable[[], None],
    progress: Callable[[int, int], None] = lambda *_: None,
    timeout: float = 3600.0,
) -> None:
    """Wait until a group has committed every end offset, and so flushed everything that follows from it.

    ``alive`` is called between looks and raises when a worker has died. Raises TimeoutError when nothing moved
    for ``timeout`` seconds.
    """
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    consumer: Any = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
    ends = {place: end for place, end in ends.items() if end > 0}
    total = sum(ends.values())
    best, since = -1, time.monotonic()
    try:
        while ends:
            alive()
            asked = [TopicPartition(topic, partition) for topic, partition in ends]
            try:
                answer = consumer.committed(asked, timeout=10)
            except KafkaException as error:
                if error.args[0].code() not in FINDING_COORDINATOR:
                    raise
                time.sleep(0.05)  # the group's coordinator is just being found
                continue
            committed = {(tp.topic, tp.partition): max(tp.offset, 0) for tp in answer}
            done = sum(min(offset, ends[key]) for key, offset in committed.items())
            progress(done, total)
            if done == total:
                return
            if done > best:
                best, since = done, time.monotonic()
            elif time.monotonic() - since > timeout:
                raise TimeoutError(f"the workers stand at {done} of {total} events for {timeout:.0f} s")
            time.sleep(0.05)
    finally:
        consumer.close()


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of a rule, in how many cases it found something, how many it judged, and how many it could not, by reason in
    Indonesian."""

    judged: int
    not_judged: dict[str, int]
    found: int = 0


def wait_until_compared(
    kafka: KafkaSettings,
    until: int,
    alive: Callable[[], None],
    progress: Callable[[int, int], None] = lambda *_: None,
    timeout: float = 3600.0,
) -> None:
    """Wait until the regency task's clock has passed ``until`` (UTC ms), so that cases were compared with their peers.

    Raises what ``alive`` raises, and TimeoutError when its clock stood still for ``timeout`` seconds.
    """
    best, since = -1, time.monotonic()
    while True:
        alive()
        header = regency_header(kafka)
        clock = header.lanes[WHOLE].clock if header is not None else 0
        if clock > until:
            return
        if clock > best:
            best, since = clock, time.monotonic()
            progress(clock // DAY_MS, until // DAY_MS)
        elif time.monotonic() - since > timeout:
            raise TimeoutError(f"the regency task stands at {clock} (UTC ms) of {until} for {timeout:.0f} s")
        time.sleep(0.2)


@dataclass(frozen=True, slots=True)
class Results:
    """``standing`` alerts (the highest revision each, withdrawn ones left out), in a fixed order, the number of dead
    letters by error class, and the coverage of the rules that the engine counts."""

    standing: list[dict[str, Any]]
    dead_letters: dict[str, int]
    coverage: dict[str, Coverage]


def read(settings: Settings, domain: str) -> Results:
    """What stands on the topics for one domain."""
    published = Published(domain, settings).read()
    dead: Counter[str] = Counter()
    topic = settings.kafka.layout().topic(DOMAINS[domain].dead_letters)
    for message in read_topics(settings.kafka.bootstrap_servers, [topic]):
        dead[dict(message.headers() or []).get("dlq.error.class", b"?").decode()] += 1
    standing = [alert for alert in published.alerts.values() if alert["status"] != "withdrawn"]
    standing.sort(key=lambda a: (a["rule"], a["subject"], a["scope"]))
    return Results(
        standing, dict(dead), {**coverage(domain, published.cells), **coverage_among_peers(settings)}
    )


def coverage_among_peers(settings: Settings) -> dict[str, Coverage]:
    """Coverage of the rules that the regency task judges."""
    return coverage(REGENCY_DOMAIN, newest(REGENCY_DOMAIN, settings))


def coverage(domain: str, cells: Mapping[Figure, Mapping[int, Cell]]) -> dict[str, Coverage]:
    """Coverage by rule, from the aggregates of streams.rules.coverage over all days and partitions."""
    found: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    not_judged: dict[str, Counter[str]] = defaultdict(Counter)
    for (metric, dimension, value, _day), parts in cells.items():
        amount = sum(cell.amount for cell in parts.values())
        if dimension == "rule" and metric in (f"{domain}.rules_found", f"{domain}.rules_not_found"):
            judged[value] += amount
            found[value] += amount if metric.endswith(".rules_found") else 0
        elif dimension == "reason" and metric == f"{domain}.rules_not_applicable":
            rule, _, reason = value.partition("|")
            not_judged[rule][reason] += amount
    return {
        rule: Coverage(judged[rule], {why: n for why, n in not_judged[rule].most_common() if n}, found[rule])
        for rule in sorted({*judged, *not_judged})
    }
