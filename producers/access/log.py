"""The topic ``nadi.access``: written one entry at a time, read to its end, and followed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from producers.access.entries import Entry
from schemas.catalogue import ACCESS_TOPIC, create_topics
from schemas.settings import EXACT_PRODUCER, KafkaSettings
from schemas.stranded import StrandedError, hearing

POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 30.0
_LOG = logging.getLogger(__name__)


class AccessLogError(RuntimeError):
    """The broker did not give or take what stands on ``nadi.access``; the message says which."""


def write(kafka: KafkaSettings, entry: Entry) -> None:
    """Append one entry, durably; the topic is created where it is missing. Raises AccessLogError."""
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient

    create_topics(AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 2}), kafka.layout())
    failed: list[str] = []
    producer: Any = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, **EXACT_PRODUCER, "log_level": 2, "linger.ms": 0}
    )
    producer.produce(
        kafka.layout().topic(ACCESS_TOPIC),
        key=entry.subject.encode(),
        value=entry.encoded(),
        on_delivery=lambda error, _message: failed.append(error.str()) if error else None,
    )
    if producer.flush(TIMEOUT_SECONDS) or failed:
        raise AccessLogError(
            f"broker {kafka.bootstrap_servers} did not take {entry.kind} of {entry.subject}: "
            f"{failed[0] if failed else 'no answer'}; nothing was changed"
        )


def read(kafka: KafkaSettings, take: Callable[[Entry], None]) -> None:
    """Give every entry to ``take``, the oldest first. Raises AccessLogError when the broker falls silent."""
    with Follower(kafka, take) as follower:
        follower.catch_up()


class Follower:
    """Reads ``nadi.access`` from its beginning: ``catch_up`` to the end, then, with ``start``, in a thread for ever.

    ``take`` is called in the order of the topic, by one thread at a time. While the broker is away what was read holds;
    ``heard`` is when the topic was last known to be read to its end (monotonic seconds). Use it as a context manager.
    """

    def __init__(self, kafka: KafkaSettings, take: Callable[[Entry], None]) -> None:
        from confluent_kafka import OFFSET_BEGINNING

        self._bootstrap = kafka.bootstrap_servers
        self._topic = kafka.layout().topic(ACCESS_TOPIC)
        self._take = take
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.heard = 0.0
        self._next = OFFSET_BEGINNING
        self._consumer = self._connected()

    def catch_up(self, timeout: float = TIMEOUT_SECONDS) -> None:
        """Read to where the topic ends now. Raises AccessLogError."""
        deadline = time.monotonic() + timeout
        while not self._step():
            if time.monotonic() > deadline:
                raise AccessLogError(
                    f"broker {self._bootstrap} did not give {self._topic} to its end within {timeout:.0f} s; is it "
                    "running, and was the topic created (`nadi up`, `nadi opd add`)?"
                )

    def start(self) -> None:
        """Follow the topic from here on."""
        self._thread = threading.Thread(target=self._follow, name="nadi-access", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _connected(self) -> Any:
        """A consumer that goes on where the last one was."""
        from confluent_kafka import Consumer, TopicPartition

        consumer: Any = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "nadi-access-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,
                "reconnect.backoff.max.ms": 500,
                "log_level": 2,
                **hearing(),
            }
        )
        consumer.assign([TopicPartition(self._topic, 0, self._next)])
        return consumer

    def _follow(self) -> None:
        while not self._stop.is_set():
            self._step()

    def _step(self) -> bool:
        """Take what comes next; whether the end was reached."""
        try:
            message = self._consumer.poll(POLL_SECONDS)
        except StrandedError as error:
            _LOG.warning("%s: %s", self._topic, error)
            self._consumer.close()
            self._consumer = self._connected()
            return False
        if message is None:
            return False
        if message.error():
            if message.error().name() == "_PARTITION_EOF":
                self.heard = time.monotonic()
                return True
            return False
        self._next = message.offset() + 1
        try:
            self._take(Entry.parse(message.key(), message.value()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # a record that this version cannot read must not hold back a revocation after it
            _LOG.error("%s offset %d left aside: %s", self._topic, message.offset(), type(error).__name__)
        return False
