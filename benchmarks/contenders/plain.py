"""The form of a contender's totals: lines ``dimension|value|day|scope|sum|count`` as text, one or more a record.

``scope`` is empty, or names the part of the input that a partial sum is over; readers add the scopes. A later
line of the same dimension, value, day and scope replaces the earlier one, so they must share a partition.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

DAY_MS = 86_400_000
ZONE_MS = 7 * 3_600_000
EPOCH = datetime.date(1970, 1, 1)
_days: dict[int, str] = {}


def local_day(occurred_at: int) -> str:
    """UTC ms to the local day, YYYY-MM-DD."""
    number = (occurred_at + ZONE_MS) // DAY_MS
    day = _days.get(number)
    if day is None:
        _days[number] = day = (EPOCH + datetime.timedelta(days=number)).isoformat()
    return day


def publish(producer: Any, topic: str, totals: Iterable[tuple[tuple[str, str, str], list[int]]]) -> None:
    """Write totals with a confluent-kafka producer and wait until the broker has them."""
    for (dimension, value, day), (amount, count) in totals:
        key = f"{dimension}|{value}|{day}"
        producer.produce(topic, f"{key}||{amount}|{count}", key)
    if left := producer.flush(60):
        raise RuntimeError(f"{left} totals were not written to {topic}")
