"""Facts that a deployment settles once, for ever: where schema ids come from, and whether its data is simulated.

They stand on the topic ``nadi.deployment``, whose records are never deleted: the first record of a key is the
fact, so two processes that settle it at the same time agree.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from schemas.catalogue import DEPLOYMENT_TOPIC, Layout

SCHEMA_IDS = "schema_ids"  # "lock-file" or "registry URL"
ORIGIN = "origin"  # "live" or "simulated"
SWITCH = "switch-to-set-"  # and its number: tasks may go on from what was computed anew under it; "yes"

LIVE = "live"
SIMULATED = "simulated"


class DeploymentMismatchError(RuntimeError):
    """The deployment has settled another value."""


def read(bootstrap: str, layout: Layout, timeout: float = 10.0) -> dict[str, str]:
    """The facts settled so far. Raises TimeoutError when the broker does not answer."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "nadi-deployment-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,  # the end of the partition is answered at once
        }
    )
    facts: dict[str, str] = {}
    try:
        consumer.list_topics(
            layout.topic(DEPLOYMENT_TOPIC), timeout
        )  # or the first fetch waits half a second
        consumer.assign([TopicPartition(layout.topic(DEPLOYMENT_TOPIC), 0, OFFSET_BEGINNING)])
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is None:
                continue
            if message.error():
                if message.error().name() == "_PARTITION_EOF":
                    return facts
                continue
            facts.setdefault(message.key().decode(), message.value().decode())
    except KafkaException as error:
        raise TimeoutError(f"broker {bootstrap} did not answer within {timeout:.0f} s: {error}") from error
    finally:
        consumer.close()
    raise TimeoutError(f"broker {bootstrap} did not answer within {timeout:.0f} s")


def chosen_set(facts: Mapping[str, str]) -> int:
    """The last set that was chosen to go on from; 0 for none."""
    return max((int(key.removeprefix(SWITCH)) for key in facts if key.startswith(SWITCH)), default=0)


def settle(bootstrap: str, layout: Layout, key: str, value: str) -> None:
    """Settle a fact, or check it. Raises DeploymentMismatchError when another value stands."""
    standing = read(bootstrap, layout)
    if key not in standing:
        _write(bootstrap, layout, key, value)
        standing = read(bootstrap, layout)
    if standing[key] != value:
        raise DeploymentMismatchError(
            f"this deployment settled {key} = {standing[key]!r} at its first use; {value!r} cannot be mixed in. "
            "Use a stack of its own (--data-dir) for the other kind"
        )


def _write(bootstrap: str, layout: Layout, key: str, value: str) -> None:
    from confluent_kafka import Producer

    producer: Any = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 3})
    producer.produce(layout.topic(DEPLOYMENT_TOPIC), key=key.encode(), value=value.encode())
    if producer.flush(10):
        raise TimeoutError(f"broker {bootstrap} did not take the record of {key}")
