"""What scenarios share, made when first asked for: brokers, nurseries, a shifted clock."""

from __future__ import annotations

import contextlib
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.faults.clock_shift import ClockShift, compiler
from tests.faults.cluster import Cluster
from tests.faults.nursery import Nursery
from tests.faults.scenario import Scenario

#: A broker that made and deleted so many sets of topics is replaced.
SCENARIOS_PER_BROKER = 25


class LeftOutError(RuntimeError):
    """This kind of fault cannot be made here; says what is missing."""


@dataclass
class Ground:
    """Inside a ``with`` block; ``folder`` keeps only the logs of scenarios that failed."""

    folder: Path
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _one: Cluster | None = None
    _three: Cluster | None = None
    _nursery: Nursery | None = None
    _shifted: tuple[Nursery, ClockShift] | None = None
    _clusters: int = 0
    _scenarios: int = 0
    _since: int = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forget_brokers()
        self._open.close()

    @property
    def one(self) -> Cluster:
        """One broker, also behind a proxy."""
        if self._one is None:
            self._one = self._cluster(1, proxied=True)
        return self._one

    @property
    def three(self) -> Cluster:
        """Three brokers."""
        if self._three is None:
            self._three = self._cluster(3, proxied=False)
        return self._three

    @property
    def nursery(self) -> Nursery:
        if self._nursery is None:
            self._nursery = self._open.enter_context(Nursery())
        return self._nursery

    @property
    def shifted(self) -> tuple[Nursery, ClockShift]:
        """A nursery whose workers see another wall clock. Raises LeftOutError without a C compiler."""
        if compiler() is None:
            raise LeftOutError("no C compiler (cc), so no clock can be shifted")
        if self._shifted is None:
            shift = ClockShift(self.folder / "clock")
            self._shifted = self._open.enter_context(Nursery(shift.environment)), shift
        return self._shifted

    def forget_brokers(self) -> None:
        """End the brokers; the next scenario starts new ones."""
        for cluster in (self._one, self._three):
            if cluster is not None:
                cluster.__exit__(None, None, None)
        self._one = self._three = None
        self._since = 0

    def scenario(
        self, draw: random.Random, bootstrap: str = "", nursery: Nursery | None = None, **options: Any
    ) -> Scenario:
        """A scenario on one broker unless ``bootstrap`` says otherwise; its events are seeded by the next draw."""
        self._scenarios += 1
        self._since += 1
        return Scenario(
            bootstrap or self.one.bootstrap,
            nursery or self.nursery,
            self.folder / f"scenario-{self._scenarios}",
            str(draw.getrandbits(64)),
            **options,
        )

    def keep_logs(self) -> None:
        """What the brokers said and have on disk, into the folder of the last scenario: to be read when it differed."""
        for cluster in (self._one, self._three):
            for node in cluster.nodes if cluster is not None else ():
                kept = self.folder / f"scenario-{self._scenarios}" / node.broker.folder.name
                for log in node.broker.folder.rglob("*.log"):
                    if log.stat().st_size:
                        place = kept / log.relative_to(node.broker.folder)
                        place.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy(log, place)

    def renew(self) -> None:
        """Between two scenarios: replace brokers that have had many."""
        if self._since >= SCENARIOS_PER_BROKER:
            self.forget_brokers()

    def _cluster(self, size: int, *, proxied: bool) -> Cluster:
        self._clusters += 1
        cluster = Cluster(self.folder / f"cluster-{self._clusters}", size, proxied)
        cluster.__enter__()
        return cluster
