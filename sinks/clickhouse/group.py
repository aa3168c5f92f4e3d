"""The sink's consumer group on Kafka: clients, committed standings, and what to do when the broker is away."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from schemas.catalogue import DEAD_LETTER_SUFFIX
from schemas.dead_letters import DeadLetter
from schemas.records import LEADERLESS
from schemas.settings import EXACT_PRODUCER
from schemas.stranded import hearing
from sinks.clickhouse.intent import IntentError, Standing, read
from sinks.clickhouse.store import StoppingError

log: Any = structlog.get_logger("clickhouse.group")

#: The position asked for is not on the topic: going on would skip records.
HOPELESS = frozenset({"_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"})
#: The broker is away or busy, or a partition's leader moves; the same request is repeated.
AWAY = frozenset(
    {
        "_TRANSPORT",
        "_TIMED_OUT",
        "_WAIT_COORD",
        "_ALL_BROKERS_DOWN",
        "_RESOLVE",
        "REQUEST_TIMED_OUT",
        "COORDINATOR_NOT_AVAILABLE",
        "COORDINATOR_LOAD_IN_PROGRESS",
        "NOT_COORDINATOR",
        "NETWORK_EXCEPTION",
        *LEADERLESS,
    }
)
LETTER_SECONDS = 60.0
#: Then the connection itself is in doubt: the sink ends, and its successor makes a new one.
ANSWER_SECONDS = 120.0

Assigned = tuple[str, int]
"""cluster topic, partition"""


def consumer(bootstrap: str, name: str) -> Any:
    """The consumer: a static member that commits by hand and never resets its position by itself."""
    from confluent_kafka import Consumer

    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": name,
            "group.instance.id": f"{name}-0",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "session.timeout.ms": 10_000,
            "max.poll.interval.ms": 600_000,
            "fetch.min.bytes": 200_000,  # an insert waits longer than this anyway
            "fetch.wait.max.ms": 100,
            "max.partition.fetch.bytes": 4194304,
            "fetch.queue.backoff.ms": 10,  # not a second: with full queues the next fetch would come too late
            "topic.metadata.refresh.interval.ms": 60_000,
            **hearing(),
        }
    )


def producer(bootstrap: str) -> Any:
    """The producer of dead letters."""
    from confluent_kafka import Producer

    return Producer({"bootstrap.servers": bootstrap, **EXACT_PRODUCER, "linger.ms": 1})


def commit(client: Any, standings: Mapping[Assigned, Standing], stopping: Callable[[], bool]) -> None:
    """Commit standings; returns when the group has them. Raises KafkaException when they are no longer ours."""
    from confluent_kafka import TopicPartition

    offsets = [
        TopicPartition(topic, partition, standing.position, metadata=standing.metadata())
        for (topic, partition), standing in standings.items()
    ]

    def attempt() -> None:
        from confluent_kafka import KafkaException

        for answer in client.commit(offsets=offsets, asynchronous=False):
            if answer.error is not None:
                raise KafkaException(answer.error)

    _until_answered("commit", attempt, stopping)


def standings(client: Any, places: Sequence[Any], stopping: Callable[[], bool]) -> dict[Assigned, Standing]:
    """Where the group stands on each of these partitions (confluent-kafka TopicPartitions). Raises IntentError."""
    answers: list[Any] = []

    def attempt() -> None:
        answers[:] = client.committed(places, timeout=10)

    _until_answered("reading committed offsets", attempt, stopping)
    return {(place.topic, place.partition): read(place.offset, place.metadata) for place in answers}


def with_earliest(
    client: Any, found: Mapping[Assigned, Standing], stopping: Callable[[], bool]
) -> dict[Assigned, tuple[Standing, int]]:
    """Each standing with the first offset that is still on the topic."""
    from confluent_kafka import TopicPartition

    placed: dict[Assigned, tuple[Standing, int]] = {}

    def attempt() -> None:
        for place, standing in found.items():
            if place not in placed:
                placed[place] = standing, client.get_watermark_offsets(TopicPartition(*place), timeout=10)[0]

    _until_answered("reading the topics' first offsets", attempt, stopping)
    return placed


def not_before(place: str, standing: Standing, earliest: int, *, expires: bool) -> Standing:
    """The standing, moved to the first offset that exists where records are let go by design. Raises IntentError
    where records that must be kept are gone."""
    if standing.position >= earliest:
        return standing
    if expires or standing.position == 0:
        log.warning(
            "records expired before they were stored",
            partition=place,
            from_offset=standing.position,
            to=earliest,
        )
        return replace(standing, position=earliest)
    raise IntentError(
        f"{place}: offsets {standing.position} to {earliest - 1} are gone from the topic and were never stored. "
        "Check the topic's retention; set the group's offset by hand to go on without them"
    )


def send(client: Any, letters: Sequence[DeadLetter]) -> None:
    """Write dead letters, each beside its topic, in its partition; returns when the broker has them all. Raises
    RuntimeError otherwise: nothing may be committed past a letter that is not written."""
    failures: list[str] = []

    def delivered(error: Any, _message: Any) -> None:
        if error is not None:
            failures.append(error.str())

    for letter in letters:
        client.produce(
            letter.topic + DEAD_LETTER_SUFFIX,
            key=letter.key,
            value=letter.value,
            partition=letter.partition,
            timestamp=letter.timestamp,
            headers=letter.all_headers(),
            on_delivery=delivered,
        )
        client.poll(0)
    if letters and (client.flush(LETTER_SECONDS) or failures):
        raise RuntimeError(f"{len(letters)} dead letters could not be written: {failures[:1] or 'no answer'}")


def _until_answered(what: str, attempt: Callable[[], None], stopping: Callable[[], bool]) -> None:
    from confluent_kafka import KafkaException

    wait, deadline = 0.1, time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            attempt()
        except KafkaException as error:
            if error.args[0].name() not in AWAY or time.monotonic() > deadline:
                raise
            if stopping():
                raise StoppingError(f"stopped while the broker did not answer: {what}") from error
            log.warning("the broker does not answer, trying again", what=what, error=error.args[0].str())
            time.sleep(wait)
            wait = min(2.0, wait * 2)
        else:
            return
