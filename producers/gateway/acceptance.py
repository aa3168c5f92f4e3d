"""The decision about each event of a request: new, a repeat, or the same number with another payload."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitoring.metrics import PUBLISHED
from producers.access.caller import Caller, Signed
from producers.gateway import marks
from producers.gateway.checking import Checked
from producers.gateway.columns import Encoder
from producers.gateway.index import Index, Place, key_of
from producers.gateway.problems import Problem
from producers.gateway.writing import Flight, Outgoing, Writer
from schemas import cloudevents
from schemas.catalogue import SANDBOX

_ACCEPTED = PUBLISHED.labels("gateway", "accepted")


class Receipt(NamedTuple):
    """What the sender keeps: where its event stands. ``replayed`` says that it stood there already."""

    id: str
    source: str
    event_id: str
    place: Place
    replayed: bool = False


Answer = Receipt | Problem


@dataclass(frozen=True, slots=True)
class Delivery:
    """What belongs to a request as a whole. ``body_hash``: SHA-256 of the body as sent; ``now``: UTC ms."""

    caller: Caller
    signed: Signed | None
    body_hash: bytes
    now: int


class _Event(NamedTuple):
    number: int
    checked: Checked
    key: bytes
    topic: str
    value: bytes
    hash: bytes


class Acceptance:
    """Takes checked events to Kafka, each once. Runs in the event loop; ``answer_seconds`` is the longest wait."""

    def __init__(self, index: Index, writer: Writer, encoder: Encoder, answer_seconds: float) -> None:
        self._index, self._writer, self._encoder = index, writer, encoder
        self._seconds = answer_seconds
        self._under_way: dict[bytes, bytes] = {}

    async def accept(self, events: Sequence[Checked | Problem], delivery: Delivery) -> list[Answer]:
        """The answer to each event, in order; those that are new are on Kafka when this returns, or their answer is a
        503: then they may get there yet, and the same event sent again is answered by what became of it."""
        answers: list[Answer | None] = [event if isinstance(event, Problem) else None for event in events]
        known, coming = self._sorted(events, delivery)
        fresh: list[_Event] = []
        again: list[tuple[_Event, bytes]] = []
        first: dict[bytes, _Event] = {}
        for event in coming:
            stored = known.get(event.key)
            earlier = first.get(event.key)
            if stored is not None:
                same = stored.hash == event.hash
                answers[event.number] = _receipt(event, stored, True) if same else Problem("payload-differs")
            elif earlier is not None:
                if earlier.hash == event.hash:
                    again.append((event, event.key))
                else:
                    answers[event.number] = Problem("payload-differs")
            elif event.key in self._under_way:
                same = self._under_way[event.key] == event.hash
                answers[event.number] = Problem("in-progress" if same else "payload-differs")
            elif self._writer.stuck:
                answers[event.number] = Problem("kafka-away")
            else:
                first[event.key] = event
                fresh.append(event)
        if fresh:
            await self._write(fresh, delivery, answers)
        for event, key in again:
            original = answers[first[key].number] if key in first else Problem("in-progress")
            answers[event.number] = (
                original._replace(replayed=True) if isinstance(original, Receipt) else original
            )
        return [answer if answer is not None else Problem("kafka-away") for answer in answers]

    def compare(
        self, events: Sequence[Checked], delivery: Delivery, hashes: dict[bytes, bytes]
    ) -> list[Problem | None]:
        """What would be refused for what stands under its id already, or for an earlier event of the same whole: ``hashes``
        by key are those seen so far, and these are added. Writes nothing."""
        known, coming = self._sorted(events, delivery)
        found: list[Problem | None] = [None] * len(events)
        for event in coming:
            stored = known.get(event.key)
            before = stored.hash if stored is not None else hashes.setdefault(event.key, event.hash)
            if before != event.hash:
                found[event.number] = Problem("payload-differs")
        return found

    def _sorted(
        self, events: Sequence[Checked | Problem], delivery: Delivery
    ) -> tuple[dict[bytes, Place], list[_Event]]:
        """The events as they would be written, in the order they came; and what is known of them."""
        by_topic: dict[str, list[tuple[int, Checked]]] = {}
        for number, event in enumerate(events):
            if isinstance(event, Checked):
                by_topic.setdefault(event.contract.topic.name, []).append((number, event))
        prefix = SANDBOX if delivery.caller.sandbox else ""
        sha256 = hashlib.sha256
        coming = [
            _Event(
                number, checked, key_of(checked.data.event_id, prefix + checked.data.source), prefix + topic, value,
                sha256(value).digest(),
            )
            for topic, those in by_topic.items()
            for (number, checked), value in zip(
                those, self._encoder.encode(those[0][1].contract, [c.data for _, c in those]), strict=True
            )
        ]  # fmt: skip
        if len(by_topic) > 1:
            coming.sort()
        return self._index.find([event.key for event in coming]), coming

    async def _write(self, fresh: list[_Event], delivery: Delivery, answers: list[Answer | None]) -> None:
        for event in fresh:
            self._under_way[event.key] = event.hash
        own = marks.of_request(delivery.caller, delivery.signed, delivery.body_hash, delivery.now)
        trace = cloudevents.new_traceparent().encode()
        now, opd = delivery.now, delivery.caller.opd
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[None] = loop.create_future()

        def enough() -> None:
            if not arrived.done():
                arrived.set_result(None)

        def landed(flight: Flight) -> None:
            rows = []
            for event, where in zip(fresh, flight.places, strict=True):
                del self._under_way[event.key]
                if isinstance(where, str):
                    answers[event.number] = Problem(
                        "kafka-away" if where == "queue full" else "kafka-refused"
                    )
                    continue
                place = Place(event.hash, event.topic, *where, now, opd)
                rows.append((event.key, place))
                answers[event.number] = _receipt(event, place, False)
            _ACCEPTED.inc(len(rows))
            self._index.add(rows)
            enough()

        self._writer.write([_message(event, own, trace, self._writer.event_time) for event in fresh], landed)
        longest = loop.call_later(self._seconds, enough)
        await arrived
        longest.cancel()


def _message(event: _Event, own: list[tuple[str, bytes]], trace: bytes, event_time: bool) -> Outgoing:
    checked = event.checked
    data, topic = checked.data, checked.contract.topic
    at = data.occurred_at
    given = checked.traceparent
    headers = cloudevents.of(
        data.event_id, data.source, data.kind, at, topic.name, given.encode() if given else trace
    )
    headers.append((marks.HASH, event.hash))
    headers += event.checked.notes
    headers += own
    key = "|".join([str(getattr(data, field)) for field in topic.key]).encode()
    return event.topic, key, event.value, headers, at if event_time else 0


def _receipt(event: _Event, place: Place, replayed: bool) -> Receipt:
    data = event.checked.data
    return Receipt(event.checked.given_id, data.source, data.event_id, place, replayed)


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000
