"""Dead letters: the record as it came, byte for byte, with the reason in its headers.

Header names follow the guide of the project and repeat Kafka Connect's, so that common tools understand them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version as package_version

MESSAGE_LIMIT = 1024

Headers = Sequence[tuple[str, bytes | None]]

#: The first header a letter adds; where it stands last, the newest letter's own headers begin.
OURS_BEGIN = "dlq.original.topic"
ATTEMPT = "dlq.attempt"
FIRST_FAILED_AT = "dlq.first_failed_at"
REPLAY_OF = "dlq.replay.of"
REPLAY_RUN = "dlq.replay.run"


@cache
def _version() -> str:
    return package_version("nadi")


@dataclass(frozen=True, slots=True)
class DeadLetter:
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
    headers: Headers = field(default_factory=tuple)

    def all_headers(self) -> list[tuple[str, bytes | None]]:
        """The original headers, untouched and first, then ours."""
        attempt = 1 + sum(1 for name, _ in self.headers if name == ATTEMPT)
        message = self.message.encode()[:MESSAGE_LIMIT].decode(errors="ignore")
        ours = {
            OURS_BEGIN: self.topic,
            "dlq.original.partition": str(self.partition),
            "dlq.original.offset": str(self.offset),
            "dlq.original.timestamp": str(self.timestamp),
            "dlq.error.class": self.reason,
            "dlq.error.message": message,
            "dlq.error.stage": self.stage,
            "dlq.consumer.group": self.group,
            "dlq.service.version": _version(),
            ATTEMPT: str(attempt),
            FIRST_FAILED_AT: _first_failure(self.headers) or str(self.failed_at),
            "__connect.errors.topic": self.topic,
            "__connect.errors.partition": str(self.partition),
            "__connect.errors.offset": str(self.offset),
            "__connect.errors.exception.class.name": self.reason,
            "__connect.errors.exception.message": message,
        }
        return [*self.headers, *((name, text.encode()) for name, text in ours.items())]


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


def _first_failure(headers: Headers) -> str:
    """When a replayed record failed the first time; empty for one that was never replayed."""
    return next(
        (value.decode() for name, value in headers if name == FIRST_FAILED_AT and value and value.isdigit()),
        "",
    )
