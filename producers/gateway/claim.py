"""One gateway a deployment: whoever started last has it, and the one before hears so within a heartbeat.

The claim is the one partition of ``nadi.deployment``, held by a static member of a consumer group: a process with the
same instance id takes it over at once, also from one that was killed, and the broker fences the other. Nothing is read
or written under it. See docs/decisions/0022-one-gateway.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from schemas.catalogue import DEPLOYMENT_TOPIC
from schemas.settings import KafkaSettings
from schemas.stranded import hearing

HEARTBEAT_SECONDS = 0.5
#: After it, whoever had the claim before has heard that it lost it.
GRACE_SECONDS = 3 * HEARTBEAT_SECONDS
SESSION_SECONDS = 10.0


class Claim:
    """Calls back from a thread of its own: ``gained`` when this process has the claim (again), ``paused`` when the broker
    did not hear of it for too long, ``fenced`` when another process took it, or the broker cannot be asked, for good."""

    def __init__(
        self,
        kafka: KafkaSettings,
        gained: Callable[[], None],
        paused: Callable[[], None],
        fenced: Callable[[str], None],
    ) -> None:
        from confluent_kafka import Consumer

        layout = kafka.layout()
        self._gained, self._paused, self._fenced = gained, paused, fenced
        self._closing = threading.Event()
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap_servers, "group.id": layout.owner("nadi-gateway"),
                "group.instance.id": "gateway", "enable.auto.commit": False, "auto.offset.reset": "latest",
                "session.timeout.ms": int(SESSION_SECONDS * 1000), "log_level": 0,
                "heartbeat.interval.ms": int(HEARTBEAT_SECONDS * 1000), **hearing(fenced),
            }
        )  # fmt: skip
        self._consumer.subscribe(
            [layout.topic(DEPLOYMENT_TOPIC)],
            on_assign=self._assigned,
            on_revoke=self._gone,
            on_lost=self._gone,
        )
        self._thread = threading.Thread(target=self._keep, name="gateway-claim", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give it back."""
        self._closing.set()
        self._thread.join(5)

    def _assigned(self, _consumer: Any, partitions: list[Any]) -> None:
        if partitions:
            self._gained()

    def _gone(self, _consumer: Any, _partitions: list[Any]) -> None:
        if not self._closing.is_set():
            self._paused()

    def _keep(self) -> None:
        from confluent_kafka import KafkaException

        while not self._closing.is_set():
            try:
                message = self._consumer.poll(0.2)
            except KafkaException as error:
                self._fenced(f"another gateway took the claim: {error}")
                break
            trouble = message.error() if message is not None else None
            if trouble is not None and (
                trouble.fatal() or trouble.name() in ("FENCED_INSTANCE_ID", "_FATAL")
            ):
                self._fenced(f"another gateway took the claim: {trouble.str()}")
                break
        self._consumer.close()
