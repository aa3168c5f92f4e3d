"""What a broker says of a log is taken for that only when it says something."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import KafkaException

from schemas.catalogue import REVENUE
from streams.engine.look_ups import LookUps, checked
from streams.engine.source import Bounds, FetchError, Source


def bounds_once_led(look_ups: LookUps, sources: list[Source]) -> dict[Source, Bounds]:
    """The bounds as soon as every partition has a leader: one of a topic that was just made has none yet."""
    for _ in range(50):
        try:
            return look_ups.bounds(sources)
        except KafkaException:
            time.sleep(0.2)
    return look_ups.bounds(sources)


@pytest.mark.kafka
def test_bounds_of_a_log(kafka: Any) -> None:
    layout = kafka.layout()
    source = Source(layout.topic(REVENUE.name), 1)
    look_ups = LookUps(kafka.bootstrap, "c")
    assert bounds_once_led(look_ups, [source]) == {source: Bounds(0, 0)}
    look_ups.close()


@pytest.mark.kafka
def test_offsets_by_time_and_after_a_deletion(kafka: Any) -> None:
    from confluent_kafka import Producer

    layout = kafka.layout(timestamps="CreateTime")
    source, empty = (Source(layout.topic(REVENUE.name), partition) for partition in (0, 1))
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for number in range(10):
        producer.produce(source.topic, b"x", partition=0, timestamp=1_700_000_000_000 + number)
    assert producer.flush(20) == 0
    look_ups = LookUps(kafka.bootstrap, "c")
    look_ups.delete_before(source, 4)
    assert bounds_once_led(look_ups, [source, empty]) == {source: (4, 10), empty: (0, 0)}
    assert look_ups.at_time({source: 1_700_000_000_007, empty: 0}) == {source: 7}
    assert look_ups.at_time({source: 1_800_000_000_000}) == {}
    assert look_ups.bounds([]) == {}
    look_ups.close()


@pytest.mark.parametrize("bounds", [Bounds(-1001, 213), Bounds(0, -1001), Bounds(-1, -1), Bounds(5, 4)])
def test_bounds_that_are_none_are_refused(bounds: Bounds) -> None:
    with pytest.raises(FetchError, match="does not say"):
        checked(Source("t", 0), bounds)
    assert checked(Source("t", 0), Bounds(3, 7)) == Bounds(3, 7)
