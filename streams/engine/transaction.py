"""The transactional producer of one task: its claim to the task, and the only way anything leaves it.

``claim`` makes the broker abort what a predecessor left open and refuse whatever it still sends. ``write`` puts the
records of one commit on Kafka in one transaction and returns when it is committed. An aborted transaction is written
again with the same records; when it is unknown whether a commit took place, the same commit is asked for again. After
FencedError another owner has the task.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import structlog

from monitoring.failpoints import reached
from schemas.dead_letters import Headers
from schemas.settings import EXACT_PRODUCER
from streams.engine.client import client_settings

CLAIM_SECONDS = 60.0
WRITE_SECONDS = 120.0
ANSWER_SECONDS = 10.0
TRANSACTION_MS = 60_000
BULK_RECORDS = 1_000

log: Any = structlog.get_logger("streams.transaction")


class FencedError(RuntimeError):
    """Another owner claimed the task."""


class WriteError(RuntimeError):
    """A commit could not be completed in time; whether it took place is not known."""


class Record(NamedTuple):
    """One record to write; ``topic`` is the cluster's name. ``noted`` hears its offset before the commit."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    timestamp: int = 0
    headers: Headers = ()
    noted: Callable[[int], None] | None = None
    failpoint: str = ""


class Bulk(NamedTuple):
    """Records of one partition that differ in key and value alone; quicker to hand over than one by one."""

    topic: str
    partition: int
    keys: Sequence[bytes]
    values: Sequence[bytes]
    failpoint: str = ""


Output = Record | Bulk


class Transactions:
    """One transactional producer. Used by one thread at a time."""

    def __init__(self, bootstrap: str, transactional_id: str) -> None:
        from confluent_kafka import Producer

        self.id = transactional_id
        self._producer: Any = Producer(
            {
                **client_settings(bootstrap, transactional_id),
                "transactional.id": transactional_id,
                "transaction.timeout.ms": TRANSACTION_MS,
                **EXACT_PRODUCER,
                "compression.type": "lz4",
                "linger.ms": 0,
                "delivery.timeout.ms": TRANSACTION_MS - 5_000,
                "queue.buffering.max.kbytes": 262_144,
                "queue.buffering.max.messages": 2_000_000,
            }
        )
        self._closed = False

    def claim(self, wanted: Callable[[], bool] = lambda: True) -> None:
        """Become the owner. Raises FencedError, WriteError; stops trying once it is no longer ``wanted``."""
        self._until_answered(lambda: self._producer.init_transactions(ANSWER_SECONDS), CLAIM_SECONDS, wanted)
        reached("stream.after-claim")

    def write(self, records: Sequence[Output]) -> None:
        """All records in one committed transaction. Raises FencedError, WriteError."""
        from confluent_kafka import KafkaException

        deadline = time.monotonic() + WRITE_SECONDS
        while True:
            try:
                self._producer.begin_transaction()
                for record in records:
                    if isinstance(record, Bulk):
                        self._produce_bulk(record)
                    else:
                        self._produce(record)
                reached("stream.before-commit")
                self._until_answered(lambda: self._producer.commit_transaction(ANSWER_SECONDS), WRITE_SECONDS)
                reached("stream.after-commit")
                return
            except KafkaException as error:
                reason = error.args[0]
                if _fenced(reason):
                    raise FencedError(f"{self.id}: {reason}") from error
                if not reason.txn_requires_abort() or time.monotonic() > deadline:
                    raise WriteError(f"{self.id}: {reason}") from error
                log.warning("transaction aborted, writing it again", id=self.id, reason=str(reason))
                self._until_answered(lambda: self._producer.abort_transaction(ANSWER_SECONDS), WRITE_SECONDS)
                time.sleep(0.2)

    def close(self) -> None:
        """Give the connection back without another word: an open transaction is aborted by whoever claims next. Never
        raises: a producer that was fenced while it committed says so once more here."""
        from confluent_kafka import KafkaException

        if self._closed:
            return
        self._closed = True
        self._producer.purge(in_queue=True, in_flight=True, blocking=False)
        with warnings.catch_warnings():  # it aborts by itself, and warns where it cannot
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                self._producer.close(1.0)
            except KafkaException as error:
                log.info("producer closed", id=self.id, reason=str(error.args[0]))

    def _produce_bulk(self, bulk: Bulk) -> None:
        for first in range(0, len(bulk.values), BULK_RECORDS):
            if bulk.failpoint:
                reached(bulk.failpoint)
            part = slice(first, first + BULK_RECORDS)
            messages = [
                {"key": key, "value": value}
                for key, value in zip(bulk.keys[part], bulk.values[part], strict=True)
            ]
            taken = self._producer.produce_batch(bulk.topic, messages, bulk.partition)
            if taken < len(messages):  # the local queue is full: the others go one by one, and wait for room
                for message in messages:
                    if "_error" in message:
                        self._produce(Record(bulk.topic, message["key"], message["value"], bulk.partition))

    def _produce(self, record: Record) -> None:
        noted = record.noted

        def delivered(error: Any, message: Any) -> None:
            if error is None and noted is not None:
                noted(message.offset())

        options: dict[str, Any] = {"on_delivery": delivered} if noted is not None else {}
        if record.headers:
            options["headers"] = list(record.headers)
        if record.timestamp:
            options["timestamp"] = record.timestamp
        if record.failpoint:
            reached(record.failpoint)
        deadline = time.monotonic() + WRITE_SECONDS
        while True:
            try:
                self._producer.produce(
                    record.topic, key=record.key, value=record.value, partition=record.partition, **options
                )
            except BufferError:  # the local queue is full: let deliveries make room
                if time.monotonic() > deadline:
                    raise WriteError(
                        f"{record.topic}: no room for a record in {WRITE_SECONDS:.0f} s"
                    ) from None
                self._producer.poll(0.05)
            else:
                return

    def _until_answered(
        self, ask: Callable[[], None], seconds: float, wanted: Callable[[], bool] = lambda: True
    ) -> None:
        """Ask again while the broker is away: the same question, which goes on where it was."""
        from confluent_kafka import KafkaException

        deadline = time.monotonic() + seconds
        while True:
            try:
                ask()
            except KafkaException as error:
                reason = error.args[0]
                if _fenced(reason):
                    raise FencedError(f"{self.id}: {reason}") from error
                if not reason.retriable():
                    raise
                if not wanted():
                    raise FencedError(f"{self.id}: no longer wanted") from error
                if time.monotonic() > deadline:
                    raise WriteError(f"{self.id}: no answer in {seconds:.0f} s: {reason}") from error
                time.sleep(0.1)
            else:
                return


def _fenced(reason: Any) -> bool:
    return bool(reason.fatal()) or reason.name() in {"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"}
