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
        attempt = 1 + sum(1 for name, _ in self.headers if name == "dlq.attempt")
        message = self.message.encode()[:MESSAGE_LIMIT].decode(errors="ignore")
        ours = {
            "dlq.original.topic": self.topic,
            "dlq.original.partition": str(self.partition),
            "dlq.original.offset": str(self.offset),
            "dlq.original.timestamp": str(self.timestamp),
            "dlq.error.class": self.reason,
            "dlq.error.message": message,
            "dlq.error.stage": self.stage,
            "dlq.consumer.group": self.group,
            "dlq.service.version": _version(),
            "dlq.attempt": str(attempt),
            "dlq.first_failed_at": str(self.failed_at),
            "__connect.errors.topic": self.topic,
            "__connect.errors.partition": str(self.partition),
            "__connect.errors.offset": str(self.offset),
            "__connect.errors.exception.class.name": self.reason,
            "__connect.errors.exception.message": message,
        }
        return [*self.headers, *((name, text.encode()) for name, text in ours.items())]
