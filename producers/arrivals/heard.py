"""When each source was heard in the last days, read from the topics: events and heartbeats, whoever sent them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from schemas import records
from schemas.catalogue import DOMAINS, HEARTBEATS
from schemas.settings import KafkaSettings

DAY_MS = 86_400_000
WINDOW_DAYS = 31
#: Instants are kept in steps of five minutes: far less than any source may be silent.
STEP_MS = 300_000
#: How old an answer may be before the topics are asked again.
FRESH_SECONDS = 5.0


class Heard:
    """Reads everything of the window once, and after that only what is new, when somebody asks. Safe between threads."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._lock = threading.Lock()
        self._after: dict[records.Partition, int] | None = None
        self._asked = 0.0
        self._steps: dict[str, set[int]] = {}
        self._last: dict[str, int] = {}

    def refresh(self, now: int) -> None:
        """Read what is new; ``now`` is UTC ms. Blocks. Raises TimeoutError when the broker does not answer."""
        with self._lock:
            if time.monotonic() - self._asked < FRESH_SECONDS:
                return
            bootstrap, layout = self._kafka.bootstrap_servers, self._kafka.layout()
            names = [layout.topic(topic.name) for topic in (*DOMAINS.values(), HEARTBEATS)]
            first = now - WINDOW_DAYS * DAY_MS
            if self._after is None:
                live = layout.timestamps == "LogAppendTime"  # offsets do not follow the clock elsewhere
                places = records.partitions(bootstrap, names)
                self._after = records.since(bootstrap, places, first) if live else {}
            for message in records.read_topics(bootstrap, names, after=self._after):
                self._after[message.topic(), message.partition()] = message.offset() + 1
                at = message.timestamp()[1]
                if at >= first:
                    self.hear(_source(message.headers() or ()), at)
            self._asked = time.monotonic()

    def hear(self, source: str, at: int) -> None:
        """Take one record of a source, by its clock (UTC ms)."""
        self._steps.setdefault(source, set()).add(at // STEP_MS)
        self._last[source] = max(at, self._last.get(source, 0))

    def last(self, source: str) -> int | None:
        """The clock (UTC ms) at the last record of a source; None where it was not heard in the window."""
        return self._last.get(source)

    def times(self, source: str, since: int) -> list[int]:
        """When it was heard from an instant on (UTC ms, in steps of ``STEP_MS``), in order."""
        with self._lock:
            steps = self._steps.get(source, set())
            for old in [step for step in steps if step * STEP_MS < since - DAY_MS]:
                steps.discard(old)
            return sorted(step * STEP_MS for step in steps if step * STEP_MS >= since)


def _source(headers: Sequence[tuple[str, bytes | None]]) -> str:
    found = next((value for name, value in headers if name == "ce_source" and value), b"")
    return found.decode(errors="replace")
