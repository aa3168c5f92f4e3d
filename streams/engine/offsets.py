"""Questions to the broker about offsets, beside what a fetcher answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.engine.client import client_settings
from streams.engine.fetch import Source

LOOK_UP_SECONDS = 10.0


def at_time(bootstrap: str, times: Mapping[Source, int]) -> dict[Source, int]:
    """The first offset whose timestamp is at or after a time (UTC ms), by source; sources without one are left out.
    Blocks. Raises KafkaException, TimeoutError."""
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import OffsetSpec

    if not times:
        return {}
    asked = {
        TopicPartition(s.topic, s.partition): OffsetSpec.for_timestamp(max(0, at)) for s, at in times.items()
    }
    admin = _admin(bootstrap)  # its answers come only while it lives
    answers = admin.list_offsets(asked, request_timeout=LOOK_UP_SECONDS)
    found = {
        Source(tp.topic, tp.partition): future.result(LOOK_UP_SECONDS).offset
        for tp, future in answers.items()
    }
    return {source: offset for source, offset in found.items() if offset >= 0}


def delete_before(bootstrap: str, source: Source, offset: int) -> None:
    """Delete the records of a partition before an offset. Blocks. Raises KafkaException, TimeoutError."""
    from confluent_kafka import TopicPartition

    asked = [TopicPartition(source.topic, source.partition, offset)]
    admin = _admin(bootstrap)
    for future in admin.delete_records(asked, request_timeout=LOOK_UP_SECONDS).values():
        future.result(LOOK_UP_SECONDS)


def _admin(bootstrap: str) -> Any:
    from confluent_kafka.admin import AdminClient

    return AdminClient(client_settings(bootstrap, "nadi-offsets"))
