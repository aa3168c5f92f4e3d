"""The sink's group while a partition has no leader: it asks again instead of ending."""

import uuid
from typing import Any

import pytest

from sinks.clickhouse import group
from sinks.clickhouse.intent import Standing
from sinks.clickhouse.store import StoppingError


def test_a_first_offset_is_asked_for_until_the_partition_has_a_leader(kafka: Any) -> None:
    """An answer of no leader left the assignment's callback as an error that is no exception and ended the process."""
    from confluent_kafka.admin import NewTopic

    topic = f"late-{uuid.uuid4().hex[:8]}"
    admin = kafka.admin()
    client = group.consumer(kafka.bootstrap, f"group-of-{topic}")
    found = {(topic, partition): Standing(0) for partition in range(3)}
    asked = []

    def create_when_refused() -> bool:
        asked.append(topic)
        if len(asked) == 2:
            admin.create_topics([NewTopic(topic, 3, 1)])[topic].result(20)
        return False

    try:
        with pytest.raises(StoppingError, match="first offsets"):
            group.with_earliest(client, found, lambda: True)
        placed = group.with_earliest(client, found, create_when_refused)
    finally:
        client.close()
    assert placed == {place: (Standing(0), 0) for place in found}
    assert len(asked) >= 2
