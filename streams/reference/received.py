"""One record as it was received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

#: (metric, dimension, value, local day)
Figure = tuple[str, str, str, str]


class Received(NamedTuple):
    """A decoded record with its place and its record timestamp (UTC ms)."""

    record: dict[str, Any]
    partition: int
    offset: int
    timestamp: int


def clocked(received: Iterable[Received]) -> list[Received]:
    """The records with the clock of their partition as timestamp, in the order of partitions and offsets."""
    clocks: dict[int, int] = {}
    found = []
    for event in sorted(received, key=lambda e: (e.partition, e.offset)):
        clocks[event.partition] = max(clocks.get(event.partition, event.timestamp), event.timestamp)
        found.append(event._replace(timestamp=clocks[event.partition]))
    return found


def add(
    found: Counter[Figure], metric: str, day: str, amount: int, dimensions: dict[str, str | None]
) -> None:
    """Add to the total and to every dimension that has a value."""
    found[(metric, "total", "", day)] += amount
    for dimension, value in dimensions.items():
        if value:
            found[(metric, dimension, value, day)] += amount
