"""What a broker says of a log is taken for that only when it says something."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import KafkaException

from schemas.catalogue import REVENUE
from streams.engine.look_ups import LookUps, checked
from streams.engine.source import Bounds, FetchError, Source


@pytest.mark.kafka
def test_bounds_of_a_log(kafka: Any) -> None:
    layout = kafka.layout()
    source = Source(layout.topic(REVENUE.name), 1)
    look_ups = LookUps(kafka.bootstrap, "g", "c")
    for _ in range(50):  # a topic that was just made has no leader yet
        try:
            found = look_ups.bounds([source])
            break
        except KafkaException:
            time.sleep(0.2)
    assert found == {source: Bounds(0, 0)}
    look_ups.close()


@pytest.mark.parametrize("bounds", [Bounds(-1001, 213), Bounds(0, -1001), Bounds(-1, -1), Bounds(5, 4)])
def test_bounds_that_are_none_are_refused(bounds: Bounds) -> None:
    with pytest.raises(FetchError, match="does not say"):
        checked(Source("t", 0), bounds)
    assert checked(Source("t", 0), Bounds(3, 7)) == Bounds(3, 7)
