"""What the engine asks a broker besides records. Any thread may ask; every question blocks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from streams.engine.client import client_settings
from streams.engine.source import Bounds, FetchError, Source

LOOK_UP_SECONDS = 10.0


class LookUps:
    """Over a connection of its own, made when first needed, and made anew after a failure: what it knows of leaders may
    be old then, and it would keep it for minutes."""

    def __init__(self, bootstrap: str, client_id: str) -> None:
        self._settings = client_settings(bootstrap, client_id)
        self._lock = threading.Lock()
        self._admin: Any = None

    def bounds(self, sources: Iterable[Source]) -> dict[Source, Bounds]:
        """Begin and end offsets, asked of the broker now. Raises KafkaException, TimeoutError, FetchError."""
        from confluent_kafka.admin import OffsetSpec

        wanted = list(sources)
        begin, end = self._offsets(
            *(dict.fromkeys(wanted, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
        )
        return {source: checked(source, Bounds(begin[source], end[source])) for source in wanted}

    def at_time(self, times: Mapping[Source, int]) -> dict[Source, int]:
        """The first offset whose timestamp is at or after a time (UTC ms), by source; sources without one are left out.
        Raises KafkaException, TimeoutError."""
        from confluent_kafka.admin import OffsetSpec

        (found,) = self._offsets(
            {source: OffsetSpec.for_timestamp(max(0, at)) for source, at in times.items()}
        )
        return {source: offset for source, offset in found.items() if offset >= 0}

    def delete_before(self, source: Source, offset: int) -> None:
        """Delete the records of a partition before an offset. Raises KafkaException, TimeoutError."""
        from confluent_kafka import TopicPartition

        asked = [TopicPartition(source.topic, source.partition, offset)]
        with self._asking() as admin:
            for future in admin.delete_records(asked, request_timeout=LOOK_UP_SECONDS).values():
                future.result(LOOK_UP_SECONDS)

    def close(self) -> None:
        with self._lock:
            self._admin = None

    def _offsets(self, *asked: Mapping[Source, Any]) -> list[dict[Source, int]]:
        """What the broker answers to several questions of an offset by source, all asked at once."""
        from confluent_kafka import TopicPartition

        if not any(asked):
            return [{} for _ in asked]
        with self._asking() as admin:
            answers = [
                admin.list_offsets(
                    {TopicPartition(s.topic, s.partition): spec for s, spec in question.items()},
                    request_timeout=LOOK_UP_SECONDS,
                )
                for question in asked
            ]
            return [
                {Source(tp.topic, tp.partition): f.result(LOOK_UP_SECONDS).offset for tp, f in answer.items()}
                for answer in answers
            ]

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """The client, held while it answers: its answers come only while it lives."""
        from confluent_kafka.admin import AdminClient

        with self._lock:
            if self._admin is None:
                self._admin = AdminClient(self._settings)
            admin = self._admin
        try:
            yield admin
        except Exception:
            with self._lock:
                self._admin = None
            raise


def checked(source: Source, bounds: Bounds) -> Bounds:
    """The bounds, when they are some: while a leader changes, an answer may hold -1001 and no error. Raises FetchError."""
    if not 0 <= bounds.begin <= bounds.end:
        raise FetchError(
            f"{source.topic}[{source.partition}]: the broker does not say where the log begins and ends"
        )
    return bounds
