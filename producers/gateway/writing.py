"""Onto Kafka: many events of one request, and one word when the broker has them all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog

from producers.client import open_producer
from schemas.settings import KafkaSettings
from schemas.stranded import hearing

#: librdkafka goes on trying for ever: an event whose answer was 503 is not given up while its fate is unknown.
FOR_EVER = {"message.timeout.ms": 0, "linger.ms": 1, "log_level": 2, "socket.keepalive.enable": True}
STUCK_SECONDS = 2.0
ASK_SECONDS = 0.001
IDLE_SECONDS = 0.5
QUIET_SECONDS = 10.0
"""How often an error that repeats is logged."""

#: Topic of the catalogue, key, value, headers, timestamp (UTC ms; 0 for the clock's).
Outgoing = tuple[str, bytes, bytes, list[tuple[str, bytes]], int]

log: Any = structlog.get_logger(__name__)


class Flight:
    """Events of one request on their way. ``places`` are (partition, offset) or, where the broker refused one, why."""

    __slots__ = ("_done", "_left", "places", "since")

    def __init__(self, count: int, done: Callable[[Flight], None]) -> None:
        self.places: list[tuple[int, int] | str] = [""] * count
        self.since = time.monotonic()
        self._left = count
        self._done = done

    def settle(self, number: int, error: Any, message: Any) -> None:
        """What the broker says of one event."""
        self.places[number] = error.str() if error is not None else (message.partition(), message.offset())
        self._left -= 1
        if not self._left:
            self._done(self)


class Writer:
    """One idempotent producer, used in the event loop alone: the loop itself asks for the broker's answers, since a thread
    that did would take the interpreter from it at every answer.

    ``failed`` is called when the producer can no longer promise its order, or has lost its brokers: the process must end.
    """

    def __init__(
        self, kafka: KafkaSettings, loop: asyncio.AbstractEventLoop, failed: Callable[[str], None]
    ) -> None:
        self._layout = kafka.layout()
        self._loop = loop
        self._failed = failed
        self._flights: dict[Flight, None] = {}
        self._said = -QUIET_SECONDS
        self._producer = open_producer(
            kafka, "nadi-gateway", error_cb=self._error, **FOR_EVER, **hearing(failed)
        )
        self._next = loop.call_later(IDLE_SECONDS, self._ask)

    @property
    def stuck(self) -> bool:
        """Whether the broker has left something unanswered for longer than it ever should."""
        oldest = next(iter(self._flights), None)
        return oldest is not None and time.monotonic() - oldest.since > STUCK_SECONDS

    def write(
        self,
        events: Sequence[Outgoing],
        landed: Callable[[Flight], None],
    ) -> Flight:
        """Send events in order; ``landed`` is called in the loop once all
        are answered, however late."""

        def done(flight: Flight) -> None:
            self._flights.pop(flight, None)
            landed(flight)

        flight = Flight(len(events), done)
        if not self._flights:
            self._next.cancel()
            self._next = self._loop.call_later(ASK_SECONDS, self._ask)
        self._flights[flight] = None
        produce, topic_of, settle = self._producer.produce, self._layout.topic, flight.settle
        full = False  # then no later event of the request may overtake one of its key
        for number, (topic, key, value, headers, timestamp) in enumerate(events):
            heard = partial(settle, number)
            try:
                if not full:
                    produce(
                        topic_of(topic), value, key, on_delivery=heard, timestamp=timestamp, headers=headers
                    )
            except BufferError:
                full = True
            if full:
                self._loop.call_soon(heard, _Full, None)
        return flight

    def close(self, timeout: float = 5.0) -> None:
        """Wait a little for what is under way, and stop."""
        self._next.cancel()
        self._producer.flush(timeout)

    @property
    def event_time(self) -> bool:
        """Whether records carry the event's own time: where a past period is replayed."""
        return self._layout.timestamps == "CreateTime"

    def _ask(self) -> None:
        try:
            self._producer.poll(0)
        finally:
            self._next = self._loop.call_later(ASK_SECONDS if self._flights else IDLE_SECONDS, self._ask)

    def _error(self, error: Any) -> None:
        if error.fatal():
            self._failed(f"the producer cannot go on: {error.str()}")
        elif time.monotonic() - self._said > QUIET_SECONDS:
            self._said = time.monotonic()
            log.warning("kafka", error=error.str())


class _Full:
    """Stands for librdkafka's error where its queue is full."""

    @staticmethod
    def str() -> str:
        return "queue full"
