"""Do the workers keep up? A worker that rebuilds its state commits nothing while newer events wait."""

from __future__ import annotations

import time
from typing import Any

from schemas.catalogue import DOMAINS
from schemas.settings import KafkaSettings
from sinks.wallboard.wording import count

PATIENCE_SECONDS = 4.0
STREAM_GROUP = "nadi-streams"


class Progress:
    """Compares what the workers committed with the ends of the domain topics; asked about once a second."""

    def __init__(self, kafka: KafkaSettings, group: str = STREAM_GROUP) -> None:
        from confluent_kafka import Consumer

        self._kafka = kafka
        self._consumer: Any = Consumer(
            {"bootstrap.servers": kafka.bootstrap_servers, "group.id": group, "enable.auto.commit": False}
        )
        self._behind_since: float | None = None
        self._last = -1

    def look(self) -> tuple[str, str]:
        """(LANGSUNG or TERTUNDA, why). Raises KafkaException when the broker is away."""
        from confluent_kafka import TopicPartition

        layout = self._kafka.layout()
        asked = [
            TopicPartition(layout.topic(t.name), p)
            for t in DOMAINS.values()
            for p in range(self._kafka.partitions)
        ]
        done = behind = 0
        for place in self._consumer.committed(asked, timeout=5):
            _low, high = self._consumer.get_watermark_offsets(place, timeout=5, cached=False)
            committed = max(place.offset, 0)
            done += committed
            behind += max(0, high - committed)
        now = time.monotonic()
        if not behind or done > self._last:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        self._last = max(done, self._last)
        if self._behind_since is not None and now - self._behind_since >= PATIENCE_SECONDS:
            return "TERTUNDA", f"pengolah menyusun ulang; {count(behind)} kejadian menunggu"
        return "LANGSUNG", ""

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()
