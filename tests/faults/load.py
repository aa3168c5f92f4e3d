"""A thread that publishes seeded events at a steady rate until it is told to stop, through whatever fails meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from schemas.catalogue import DOMAINS, Layout
from schemas.settings import EXACT_PRODUCER
from tests.faults.events import Events, Sent

NUMBER = "number"


class Load:
    """``rate`` events a second. ``delivered`` counts acknowledged records by cluster topic and partition; ``damaged``
    holds every record that must become a dead letter, by its number. The header ``number`` tells a record that a
    producer had to send twice, which a killed broker may keep twice, from one that the load repeats."""

    def __init__(self, bootstrap: str, layout: Layout, seed: str, rate: float) -> None:
        from confluent_kafka import Producer

        self.layout = layout
        self.rate = rate
        self.events = Events(seed, simulated=layout.timestamps == "CreateTime")
        self.delivered: dict[tuple[str, int], int] = {}
        self.damaged: dict[bytes, Sent] = {}
        self._number = 0
        self.errors: list[str] = []
        self._producer: Any = Producer(
            {
                "bootstrap.servers": bootstrap,
                **EXACT_PRODUCER,
                "message.timeout.ms": 0,  # for ever: a broker that is away loses nothing
                "reconnect.backoff.max.ms": 500,
                "linger.ms": 5,
                "log_level": 0,
            }
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    @property
    def count(self) -> int:
        """Records acknowledged so far."""
        return sum(self.delivered.values())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(60)

    def stop(self) -> None:
        """No more events; returns when every one is acknowledged. Raises TimeoutError."""
        self._stop.set()
        self._thread.join(10)
        if self._producer.flush(90):
            raise TimeoutError("the broker does not take the last events")

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self._publish(self.events.next(time.time_ns() // 1_000_000))
            due += 1.0 / self.rate
            wait = due - time.monotonic()
            self._producer.poll(0)
            if wait > 0:
                self._stop.wait(wait)
            elif wait < -1.0:  # we were kept waiting: no flood afterwards
                due = time.monotonic()

    def _publish(self, sent: Sent) -> None:
        topic = self.layout.topic(DOMAINS[sent.domain].name)
        self._number += 1
        number = str(self._number).encode()
        sent = replace(sent, headers=[*sent.headers, (NUMBER, number)])

        def delivered(error: Any, message: Any) -> None:
            if error is not None:
                self.errors.append(f"{topic}: {error}")
                return
            place = (message.topic(), message.partition())
            self.delivered[place] = self.delivered.get(place, 0) + 1
            if sent.damage:
                self.damaged[number] = sent

        while not self._stop.is_set():
            try:
                self._producer.produce(
                    topic,
                    sent.value,
                    sent.key,
                    headers=sent.headers,
                    timestamp=sent.timestamp,
                    on_delivery=delivered,
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                return
