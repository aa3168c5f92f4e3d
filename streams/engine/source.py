"""A partition as a source of records, and what a broker says of it."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """One partition of one topic, by the topic's name on the cluster."""

    topic: str
    partition: int


class Bounds(NamedTuple):
    """The first offset still there, and the offset after the last record."""

    begin: int
    end: int


class Committed(NamedTuple):
    """A committed group offset and the text that was committed with it."""

    offset: int
    metadata: str


class FetchError(RuntimeError):
    """The broker answered that a partition cannot be read from where we are."""
