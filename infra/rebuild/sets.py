"""The sets of a deployment: their numbers, and their topics."""

from __future__ import annotations

import re
from dataclasses import replace

from infra.settings import Settings
from schemas import deployment
from schemas.catalogue import STATE_TOPIC

WORKERS = "nadi-set-"


def open_set(settings: Settings) -> tuple[int, bool]:
    """The number of the set that is being computed or waits to be chosen, and whether it was begun already. Raises
    TimeoutError."""
    chosen, begun = _chosen(settings), _begun(settings)
    last = max(begun, default=0)
    return (last, True) if last > chosen else (max(chosen, last) + 1, False)


def settings_of(settings: Settings, number: int) -> Settings:
    """The settings of the workers of a set: topics and group of its own, everything else as it runs."""
    return settings.with_values(
        {
            "kafka.rebuild": number,
            "streams.group": f"{WORKERS}{number}",
            "data_dir": settings.data_dir.absolute() / "susun-ulang",
            "ports.metrics": 0,
        }
    )


def choose(settings: Settings, number: int) -> None:
    """Live tasks may go on from this set. For ever: a set with a higher number takes its place. Raises TimeoutError."""
    kafka = settings.kafka
    deployment.settle(kafka.bootstrap_servers, kafka.layout(), f"{deployment.SWITCH}{number}", "yes")


def delete(settings: Settings, up_to: int) -> None:
    """Delete the topics of sets up to a number; what is gone already is no error."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": settings.kafka.bootstrap_servers, "log_level": 0})
    layout = settings.kafka.layout()
    topics = [
        topic
        for number in _begun(settings)
        if number <= up_to
        for topic in replace(layout, rebuild=number).configurations()
    ]
    for deleted in admin.delete_topics(topics, operation_timeout=20).values() if topics else ():
        try:
            deleted.result(30)
        except KafkaException as error:
            if error.args[0].name() != "UNKNOWN_TOPIC_OR_PART":
                raise


def _chosen(settings: Settings) -> int:
    kafka = settings.kafka
    return deployment.chosen_set(deployment.read(kafka.bootstrap_servers, kafka.layout()))


def _begun(settings: Settings) -> list[int]:
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": settings.kafka.bootstrap_servers, "log_level": 0})
    name = re.compile(rf"{re.escape(settings.kafka.topic_prefix)}set(\d+)\.{re.escape(STATE_TOPIC)}")
    found = (name.fullmatch(topic) for topic in admin.list_topics(timeout=10).topics)
    return sorted(int(match[1]) for match in found if match)
