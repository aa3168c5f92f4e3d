"""What the tasks have committed of one domain: where each partition stands, and its figures and alerts there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from infra.settings import Settings
from infra.state.logs import recover, tasks
from infra.verify.report import Figure, Progress
from schemas.catalogue import DOMAINS
from schemas.version import pack
from streams.engine import regency
from streams.engine.alerts import Alerts
from streams.engine.claims import REGENCY
from streams.engine.processor import ALERTS, TOTALS
from streams.engine.state_group import Header, LaneState
from streams.engine.state_log import Recovered
from streams.engine.totals import Totals


@dataclass(slots=True)
class Committed:
    """``lanes`` and ``headers`` by partition, ``figures`` summed over partitions, ``alerts`` the last revision of each
    by id, withdrawn ones too."""

    lanes: dict[int, LaneState] = field(default_factory=dict)
    headers: dict[int, Header] = field(default_factory=dict)
    figures: dict[Figure, int] = field(default_factory=lambda: defaultdict(int))
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def positions(self) -> dict[int, int]:
        """The next offset of each partition."""
        return {partition: lane.position for partition, lane in self.lanes.items()}

    def clocks(self) -> dict[int, int]:
        """The clock of each partition (UTC ms)."""
        return defaultdict(int, {partition: lane.clock for partition, lane in self.lanes.items()})

    def later(self, partition: int, version: int, as_of: int) -> bool:
        """Whether a value was published after this: by its version, or, at the same position, by its clock."""
        lane = self.lanes.get(partition)
        return lane is None or version > pack(lane.rebuild, lane.position, lane.tick) or as_of > lane.clock


def committed(domain: str, settings: Settings, progress: Progress) -> Committed:
    """Fold every task's log. Raises StateGroupError, TimeoutError."""
    found = Committed()

    def wanted(of: str, store: str) -> bool:
        return (of == domain and store in (TOTALS, ALERTS)) or (of == regency.DOMAIN and store == ALERTS)

    everyone = tasks(settings.kafka)
    for number, task in enumerate(everyone):
        progress("keadaan", number, len(everyone))
        recovered = recover(settings.kafka, task, wanted)
        if recovered.header is None:
            continue
        found.headers[task] = recovered.header
        lane = recovered.header.lanes.get(DOMAINS[domain].name)
        if lane is None:
            continue
        found.lanes[task] = lane
        totals, alerts = Totals(), Alerts()
        for part in recovered.parts:
            (totals if part.store == TOTALS else alerts).restore(part.batch)
        for key, amount in totals.snapshot().items():
            found.figures[key.metric, key.dimension, key.value, key.local_day] += amount
        found.alerts.update(alerts.records())
    found.alerts.update(_of_the_regency(domain, recover(settings.kafka, REGENCY, wanted)))
    progress("keadaan", len(everyone), len(everyone))
    return found


def _of_the_regency(domain: str, recovered: Recovered) -> dict[str, dict[str, Any]]:
    """The regency task's alerts of a domain, by id."""
    alerts = Alerts()
    for part in recovered.parts:
        alerts.restore(part.batch)
    return {name: alert for name, alert in alerts.records().items() if alert["domain"] == domain}
