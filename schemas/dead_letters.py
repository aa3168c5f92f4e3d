"""Dead letters: the record as it came, byte for byte, with the reason in its headers.

Header names follow the guide of the project and repeat Kafka Connect's, so that common tools understand them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version as package_version
from typing import NamedTuple

MESSAGE_LIMIT = 1024

Header = tuple[str, bytes | None]
Headers = Sequence[Header]

#: The first header a letter adds; where it stands last, the newest letter's own headers begin.
OURS_BEGIN = "dlq.original.topic"
ATTEMPT = "dlq.attempt"
FIRST_FAILED_AT = "dlq.first_failed_at"
REPLAY_OF = "dlq.replay.of"
REPLAY_RUN = "dlq.replay.run"


@cache
def _version() -> str:
    return package_version("nadi")


# What many letters have in common is made once: in our words, and in Connect's.
@lru_cache(256)
def _place(topic: str, partition: int) -> tuple[Headers, Headers]:
    topic_bytes, partition_bytes = topic.encode(), b"%d" % partition
    return (
        ((OURS_BEGIN, topic_bytes), ("dlq.original.partition", partition_bytes)),
        (("__connect.errors.topic", topic_bytes), ("__connect.errors.partition", partition_bytes)),
    )


@lru_cache(256)
def _cause(reason: str, message: str, stage: str, group: str) -> tuple[Headers, Headers]:
    error, text = reason.encode(), message.encode()[:MESSAGE_LIMIT].decode(errors="ignore").encode()
    return (
        (
            ("dlq.error.class", error),
            ("dlq.error.message", text),
            ("dlq.error.stage", stage.encode()),
            ("dlq.consumer.group", group.encode()),
            ("dlq.service.version", _version().encode()),
        ),
        (
            ("__connect.errors.exception.class.name", error),
            ("__connect.errors.exception.message", text),
        ),
    )


class DeadLetter(NamedTuple):
    """One record that could not be processed, and why.

    ``topic`` is the cluster's topic name; ``timestamp`` and ``failed_at`` are UTC milliseconds; ``stage`` is
    decode, accept, process or insert; ``group`` the consumer group that gave up on it.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    reason: str
    message: str
    stage: str
    group: str
    failed_at: int
    headers: Headers = ()

    def all_headers(self) -> list[Header]:
        """The original headers, untouched and first, then ours."""
        place, connect_place = _place(self.topic, self.partition)
        cause, connect_cause = _cause(self.reason, self.message, self.stage, self.group)
        attempt = 1 + [name for name, _ in self.headers].count(ATTEMPT)
        offset = b"%d" % self.offset
        return [
            *self.headers,
            *place,
            ("dlq.original.offset", offset),
            ("dlq.original.timestamp", b"%d" % self.timestamp),
            *cause,
            (ATTEMPT, b"%d" % attempt),
            (FIRST_FAILED_AT, _first_failure(self.headers) or b"%d" % self.failed_at),
            *connect_place,
            ("__connect.errors.offset", offset),
            *connect_cause,
        ]


def split(headers: Headers | None) -> tuple[list[tuple[str, bytes | None]], dict[str, str]]:
    """The headers of the record as it came, and what the newest letter says, by name.

    A replayed record that failed again carries earlier attempts among its own headers; ours stand last. A record
    that is no letter gives all its headers and an empty mapping.
    """
    found = list(headers or ())
    begin = max((at for at, (name, _) in enumerate(found) if name == OURS_BEGIN), default=len(found))
    return found[:begin], {name: (value or b"").decode(errors="replace") for name, value in found[begin:]}


def replayed_headers(headers: Headers, place: str, run: str) -> list[tuple[str, bytes | None]]:
    """Headers for sending a letter's record to its topic again: those it came with, then the attempt so far.

    ``headers`` are the letter's, ``place`` is ``topic/partition/offset`` of the original record, ``run`` identifies
    the replay. The attempts stay, so that the next letter counts them.
    """
    original, ours = split(headers)
    kept = {name: ours[name] for name in (ATTEMPT, FIRST_FAILED_AT) if name in ours}
    added = {**kept, REPLAY_OF: place, REPLAY_RUN: run}
    return [*original, *((name, text.encode()) for name, text in added.items())]


def _first_failure(headers: Headers) -> bytes:
    """When a replayed record failed the first time; empty for one that was never replayed."""
    return next(
        (value for name, value in headers if name == FIRST_FAILED_AT and value and value.isdigit()), b""
    )
