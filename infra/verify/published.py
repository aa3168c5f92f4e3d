"""What the tasks published of one domain: figures on its aggregates topic, alerts on ``risk.alerts``.

The topics are read twice, before the state logs and after them: what was there before must be in the state, and what
the state says must be there after. So a moving stack is compared exactly, and what is published meanwhile is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from infra.settings import Settings
from infra.verify.committed import Committed
from infra.verify.report import Cell, Figure, Progress
from schemas import records
from schemas.catalogue import AGGREGATES, ALERTS, Topic
from schemas.codec import Codec, DecodeError
from schemas.registry import open_ids


class Published:
    """``cells``: the highest version of each figure and partition, of equal ones the last. ``alerts``: the highest
    revision of each alert. Values that nobody can read are the sink's dead letters, and passed over."""

    def __init__(
        self, domain: str, settings: Settings, progress: Progress = lambda _key, _done, _total: None
    ) -> None:
        self.domain = domain
        self.cells: dict[Figure, dict[int, Cell]] = defaultdict(dict)
        self.alerts: dict[str, dict[str, Any]] = {}
        self.moving = False
        self._kafka = settings.kafka
        self._progress = progress
        self._after: dict[records.Partition, int] = {}
        self._values = self._topic(AGGREGATES[domain])
        self._sayings = self._topic(ALERTS)

    def _topic(self, topic: Topic) -> tuple[str, Codec]:
        ids = open_ids(self._kafka.schema_registry_url)
        return self._kafka.layout().topic(topic.name), Codec(topic.schema, ids)

    @property
    def whole(self) -> bool:
        """Whether none of the figures has expired yet."""
        servers = self._kafka.bootstrap_servers
        places = records.partitions(servers, [self._values[0]])
        return all(begin == 0 for begin, _ in records.bounds(servers, places).values())

    def read(self, committed: Committed | None = None) -> Published:
        """Read on to the end; with ``committed`` only what it includes counts. Raises TimeoutError."""
        for e in self._new(*self._values, "topik"):
            partition = e["source_partition"]
            if committed is not None and committed.later(partition, e["version"], e["as_of"]):
                self.moving = True
                continue
            figure = (e["metric"], e["dimension"], e["value"], e["local_day"])
            before = self.cells[figure].get(partition)
            if before is None or e["version"] >= before.version:
                self.cells[figure][partition] = Cell(e["amount"], e["version"])
        for alert in self._new(*self._sayings, "indikasi"):
            if alert["domain"] != self.domain:
                continue
            name = alert["alert_id"]
            if (
                committed is not None
                and alert["revision"] > committed.alerts.get(name, alert | {"revision": 0})["revision"]
            ):
                self.moving = True
                continue
            known = self.alerts.get(name)
            if known is None or alert["revision"] >= known["revision"]:
                self.alerts[name] = alert
        return self

    def _new(self, topic: str, codec: Codec, label: str) -> Iterator[dict[str, Any]]:
        def progress(done: int, total: int) -> None:
            self._progress(label, done, total)

        for message in records.read_topics(self._kafka.bootstrap_servers, [topic], progress, self._after):
            self._after[topic, message.partition()] = message.offset() + 1
            try:
                yield codec.decode(message.value())
            except DecodeError:
                continue


def newest(domain: str, settings: Settings) -> dict[Figure, dict[int, Cell]]:
    """The figures of a domain as they stand on its topic, by figure and partition. Raises TimeoutError."""
    return Published(domain, settings).read().cells
