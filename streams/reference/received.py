"""One record as it was received."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

#: (metric, dimension, value, local day)
Figure = tuple[str, str, str, str]


class Received(NamedTuple):
    """A decoded record with its place and its record timestamp (UTC ms)."""

    record: dict[str, Any]
    partition: int
    offset: int
    timestamp: int


def add(
    found: Counter[Figure], metric: str, day: str, amount: int, dimensions: dict[str, str | None]
) -> None:
    """Add to the total and to every dimension that has a value."""
    found[(metric, "total", "", day)] += amount
    for dimension, value in dimensions.items():
        if value:
            found[(metric, dimension, value, day)] += amount
