"""The topic catalogue: every topic, what is in it, how it is keyed, how long it is kept.

Topics are created from here and from nowhere else. Partition counts of the domain topics are equal and fixed
at creation, because a case task owns the same partition number of each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

DAY_MS = 86_400_000
DEAD_LETTER_SUFFIX = ".dlq"
DEAD_LETTER_DAYS = 90

Timestamps = Literal["LogAppendTime", "CreateTime"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the bus.

    ``schema`` names the file in ``schemas/avro`` (without ``.avsc``); ``key`` are the value's fields that make
    the Kafka key, joined by ``|``; ``days`` is the retention, ``None`` for the regency's own schedule.
    """

    name: str
    schema: str
    key: tuple[str, ...]
    domain: str | None = None
    days: int | None = None
    single_partition: bool = False

    def key_of(self, record: Mapping[str, Any]) -> bytes:
        """The Kafka key of a value of this topic."""
        return "|".join(str(record[field]) for field in self.key).encode()

    @property
    def dead_letters(self) -> str:
        return self.name + DEAD_LETTER_SUFFIX


PERMITS = Topic("permits.steps", "permits.steps", ("case_id",), "permits")
REVENUE = Topic("revenue.receipts", "revenue.receipts", ("opd", "cash_office"), "revenue")
BUDGET = Topic("budget.disbursements", "budget.disbursements", ("opd", "sub_activity"), "budget")
POPULATION = Topic("population.changes", "population.changes", ("family_card_token",), "population")
ACTIVITIES = Topic("activity.progress", "activity.progress", ("opd", "sub_activity"), "activities")
HEARTBEATS = Topic("source.heartbeats", "source.heartbeats", ("source",), None, days=7)
ALERTS = Topic("risk.alerts", "risk.alerts", ("subject",))
DISPOSITIONS = Topic("risk.dispositions", "risk.dispositions", ("alert_id",))

#: The topics that departments publish to, by domain, in the order people name them.
DOMAINS: Mapping[str, Topic] = MappingProxyType(
    {t.domain: t for t in (PERMITS, REVENUE, BUDGET, POPULATION, ACTIVITIES) if t.domain}
)

#: What a task may read, by the name it has there: the domains, and what is heard of sources.
READABLE: Mapping[str, Topic] = MappingProxyType({**DOMAINS, "heartbeats": HEARTBEATS})

AGGREGATES: Mapping[str, Topic] = MappingProxyType(
    {
        domain: Topic(f"aggregates.{domain}", "aggregates", ("metric", "dimension", "value"), domain, days=7)
        for domain in (*DOMAINS, "regency")
    }
)

#: First record of each key wins; see schemas/deployment.py.
DEPLOYMENT_TOPIC = "nadi.deployment"

#: State logs of the case tasks: partition i belongs to task i. What is no longer needed is deleted by the task itself.
STATE_TOPIC = "nadi.state"
STATE_SEGMENT_BYTES = 64 * 2**20

#: State log of the regency task; who is assigned its one partition owns the task.
REGENCY_TOPIC = "nadi.regency"
STATE_LOGS = (STATE_TOPIC, REGENCY_TOPIC)

#: What people did with dead letters: key = place of the original record, the last mark of a key holds.
HANDLED_LETTERS_TOPIC = "nadi.dlq.handled"

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {t.name: t for t in (*DOMAINS.values(), HEARTBEATS, *AGGREGATES.values(), ALERTS, DISPOSITIONS)}
)


#: Stands before the topics of what senders only try out: no stream, sink or wall reads them.
SANDBOX = "uji."
SANDBOX_DAYS = 7


@dataclass(frozen=True, slots=True)
class Layout:
    """How the catalogue is laid out on one cluster.

    ``prefix`` stands before every topic name (tests share a broker); ``timestamps`` is LogAppendTime live and
    CreateTime where a past period is replayed, and then nothing expires. ``rebuild`` is the number of a set that is
    computed anew beside the live one (0): it reads the same events, says nothing, and has state logs of its own.
    """

    prefix: str = ""
    partitions: int = 4
    replication: int = 1
    timestamps: Timestamps = "LogAppendTime"
    retention_years: int = 10
    rebuild: int = 0

    def topic(self, name: str) -> str:
        own = f"set{self.rebuild}." if self.rebuild and name in STATE_LOGS else ""
        return self.prefix + own + name

    def owner(self, task: str) -> str:
        """The name by which a task is claimed on the cluster."""
        return self.prefix + (f"set{self.rebuild}." if self.rebuild else "") + task

    def base(self, topic: str) -> str:
        """The catalogue name of a topic on the cluster."""
        return topic.removeprefix(self.prefix)

    def configurations(self) -> dict[str, tuple[int, dict[str, str]]]:
        """Cluster topic name to (partitions, configuration), for everything that must exist of its own."""
        state = {**self._config(None), "segment.bytes": str(STATE_SEGMENT_BYTES)}
        wanted: dict[str, tuple[int, dict[str, str]]] = {
            self.topic(STATE_TOPIC): (self.partitions, state), self.topic(REGENCY_TOPIC): (1, state),
        }  # fmt: skip
        if self.rebuild:
            return wanted
        for topic in TOPICS.values():
            days = topic.days if topic.days is not None else self.retention_years * 365
            partitions = 1 if topic.single_partition else self.partitions
            wanted[self.topic(topic.name)] = (partitions, self._config(days))
            wanted[self.topic(topic.dead_letters)] = (partitions, self._config(DEAD_LETTER_DAYS))
        for topic in (*DOMAINS.values(), HEARTBEATS):
            wanted[self.topic(SANDBOX + topic.name)] = (1, self._config(SANDBOX_DAYS))
        wanted[self.topic(DEPLOYMENT_TOPIC)] = (1, self._config(None))
        wanted[self.topic(HANDLED_LETTERS_TOPIC)] = (1, self._config(self.retention_years * 365))
        return wanted

    def _config(self, days: int | None) -> dict[str, str]:
        keep_all = days is None or self.timestamps == "CreateTime"
        return {
            "cleanup.policy": "delete",
            "retention.ms": "-1" if keep_all else str((days or 0) * DAY_MS),
            "retention.bytes": "-1",
            "message.timestamp.type": self.timestamps,
            "message.timestamp.before.max.ms": str(2**63 - 1),
            "message.timestamp.after.max.ms": str(2**63 - 1),
            "min.insync.replicas": "2" if self.replication > 2 else "1",
        }


def create_topics(admin: Any, layout: Layout, timeout: float = 30.0) -> list[str]:
    """Create what is missing through a ``confluent_kafka.admin.AdminClient``; returns the names created.

    A domain topic that exists with another partition count raises ``ValueError``: the count is fixed.
    """
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import NewTopic

    existing = admin.list_topics(timeout=timeout).topics
    wanted = layout.configurations()
    for name, (partitions, _) in wanted.items():
        if name in existing and len(existing[name].partitions) != partitions:
            raise ValueError(
                f"topic {name} has {len(existing[name].partitions)} partitions, the settings say {partitions}; "
                "the count is fixed at creation: set kafka.partitions back, or start with an empty broker"
            )
    missing = [
        NewTopic(name, partitions, layout.replication, config=config)
        for name, (partitions, config) in wanted.items()
        if name not in existing
    ]
    if not missing:
        return []
    for future in admin.create_topics(missing, operation_timeout=timeout).values():
        try:
            future.result(timeout)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was first
                raise
    return [topic.topic for topic in missing]
