"""What a fetcher asks a broker besides records; any thread may ask."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from streams.engine.client import client_settings
from streams.engine.source import Bounds, Committed, FetchError, Source

LOOK_UP_SECONDS = 10.0


class LookUps:
    """Bounds of logs and committed offsets of a group, over connections of its own, made when first needed."""

    def __init__(self, bootstrap: str, group: str, client_id: str) -> None:
        self._settings = client_settings(bootstrap, client_id)
        self._group = group
        self._lock = threading.Lock()
        self._admin: Any = None
        self._consumer: Any = None

    def bounds(self, sources: Iterable[Source]) -> dict[Source, Bounds]:
        """Begin and end offsets, asked of the broker now. Blocks. Raises TimeoutError, FetchError."""
        from confluent_kafka import TopicPartition
        from confluent_kafka.admin import AdminClient, OffsetSpec

        wanted = list(sources)
        if not wanted:
            return {}
        with self._lock:
            if self._admin is None:
                self._admin = AdminClient(self._settings)
            admin = self._admin
        try:
            answers = []
            for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):
                asked = {TopicPartition(s.topic, s.partition): spec for s in wanted}
                answers.append(admin.list_offsets(asked, request_timeout=LOOK_UP_SECONDS))
            begin, end = (
                {
                    Source(tp.topic, tp.partition): future.result(LOOK_UP_SECONDS).offset
                    for tp, future in answer.items()
                }
                for answer in answers
            )
        except Exception:
            with self._lock:  # what it knows of leaders may be old, and it would keep it for minutes
                self._admin = None
            raise
        return {source: checked(source, Bounds(begin[source], end[source])) for source in wanted}

    def committed(self, sources: Iterable[Source]) -> dict[Source, Committed]:
        """The group's committed offsets, without the partitions that have none. Blocks."""
        from confluent_kafka import Consumer, TopicPartition

        asked = [TopicPartition(s.topic, s.partition) for s in sources]
        if not asked:
            return {}
        with self._lock:
            if self._consumer is None:  # it never joins the group
                self._consumer = Consumer(
                    {**self._settings, "group.id": self._group, "enable.auto.commit": False}
                )
        found: dict[Source, Committed] = {}
        for tp in self._consumer.committed(asked, timeout=LOOK_UP_SECONDS):
            if tp.error is not None:
                raise FetchError(f"committed offset of {tp.topic}[{tp.partition}]: {tp.error}")
            if tp.offset >= 0:
                found[Source(tp.topic, tp.partition)] = Committed(tp.offset, tp.metadata or "")
        return found

    def close(self) -> None:
        with self._lock:
            if self._consumer is not None:
                self._consumer.close()
            self._consumer = self._admin = None


def checked(source: Source, bounds: Bounds) -> Bounds:
    """The bounds, when they are some: while a leader changes, an answer may hold -1001 and no error. Raises FetchError."""
    if not 0 <= bounds.begin <= bounds.end:
        raise FetchError(
            f"{source.topic}[{source.partition}]: the broker does not say where the log begins and ends"
        )
    return bounds
