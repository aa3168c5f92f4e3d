"""One set of fresh topics under load, the workers that compute it, and the comparison at its end."""

from __future__ import annotations

import pickle
import shutil
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from schemas.catalogue import DOMAINS, Layout, Timestamps, create_topics
from schemas.records import ends
from schemas.settings import KafkaSettings
from streams.settings import StreamSettings
from tests.faults.compare import Findings, compare, read_all
from tests.faults.load import Load
from tests.faults.nursery import Nursery, Worker

SETTLE_SECONDS = 90.0
STOP_SECONDS = 20.0
SESSION_SECONDS = 6.0
#: Small, so that snapshots and deletes come every few seconds.
SNAPSHOT_BYTES = 40_000


class FaultError(AssertionError):
    """The engine did not do what it must; says what, and where the logs of the workers are."""


@dataclass
class Scenario:
    """Inside a ``with`` block. ``bootstrap`` is where the load and the comparison go, ``through`` where the workers go."""

    bootstrap: str
    nursery: Nursery
    folder: Path
    seed: str
    timestamps: Timestamps = "LogAppendTime"
    partitions: int = 2
    replication: int = 1
    rate: float = 50.0
    through: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    #: Workers that ended by themselves and were started again, as a supervisor does.
    ended: Counter[str] = field(default_factory=Counter)
    workers: dict[int, Worker] = field(default_factory=dict)
    kept: bool = False

    def __enter__(self) -> Self:
        from confluent_kafka import Consumer

        self.layout = Layout(f"f{uuid.uuid4().hex[:8]}.", self.partitions, self.replication, self.timestamps)
        self.folder.mkdir(parents=True, exist_ok=True)
        create_topics(self._admin(), self.layout)
        self._offsets: Any = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": self.group,
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )
        self.load = Load(self.bootstrap, self.layout, self.seed, self.rate)
        self.load.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers.values():
            worker.kill()
        self.load.__exit__(kind, error, trace)
        self._offsets.close()
        if error is None:
            self._admin().delete_topics(list(self.layout.configurations()), operation_timeout=10)
            if not self.kept:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _admin(self) -> Any:
        from confluent_kafka.admin import AdminClient

        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    @property
    def event_clock(self) -> bool:
        return self.timestamps == "CreateTime"

    @property
    def group(self) -> str:
        return f"{self.layout.prefix}workers"

    # ---- workers

    def start(self, index: int = 0, failpoint: str = "", **streams: Any) -> Worker:
        """Start worker ``index`` (the one before it has ended)."""
        kafka = KafkaSettings(
            bootstrap_servers=self.through or self.bootstrap,
            topic_prefix=self.layout.prefix,
            partitions=self.partitions,
            replication=self.replication,
            timestamps=self.timestamps,
        )
        usual = {"session_timeout_s": SESSION_SECONDS, "snapshot_bytes": SNAPSHOT_BYTES}
        settings = StreamSettings(
            group=self.group,
            clock="event" if self.event_clock else "record",
            **{**usual, **self.options, **streams},
        )
        options = {
            "kafka": kafka.model_dump(),
            "streams": settings.model_dump(),
            "data_dir": str(self.folder),
        }
        log = self.folder / f"worker-{index}.log"
        worker = self.nursery.start(index, options, log, failpoint)
        self.workers[index] = worker
        return worker

    def stop(self, index: int) -> None:
        """SIGTERM: the worker ends in plan. Raises FaultError when it does not."""
        worker = self.workers.pop(index)
        worker.signal(signal.SIGTERM)
        code = worker.wait(STOP_SECONDS)
        if code is None:
            worker.tell_where()
            worker.kill()
            raise FaultError(f"worker {index} did not end {STOP_SECONDS:.0f} s after SIGTERM; {worker.log}")
        self.note(worker)

    def tend(self) -> None:
        """Start again what ended by itself."""
        for index, worker in list(self.workers.items()):
            if not worker.alive:
                self.note(worker)
                self.start(index)

    def note(self, worker: Worker) -> None:
        """Remember why a worker ended when nobody killed it."""
        if worker.code and not worker.killed:
            self.ended[_reason(worker)] += 1
            kept = self.folder.parent / f"ended-{self.folder.name}"
            kept.mkdir(exist_ok=True)
            shutil.copy(worker.log, kept / f"{self.ended.total()}-{worker.log.name}")

    # ---- waiting

    def committed(self) -> dict[tuple[str, int], int]:
        """The group's offset of every source partition; empty where the broker does not say."""
        from confluent_kafka import KafkaException, TopicPartition

        topics = [self.layout.topic(topic.name) for topic in DOMAINS.values()]
        asked = [TopicPartition(topic, p) for topic in topics for p in range(self.partitions)]
        try:
            found = self._offsets.committed(asked, timeout=5)
        except KafkaException:
            return {}
        return {(tp.topic, tp.partition): max(tp.offset, 0) for tp in found}

    def passed(self, wanted: Mapping[tuple[str, int], int]) -> bool:
        """Whether every partition is committed up to an offset at least."""
        done = self.committed()
        return bool(done) and all(done[place] >= offset for place, offset in wanted.items())

    def ends(self) -> dict[tuple[str, int], int]:
        """Where every source partition ends; empty where the broker does not say."""
        topics = [self.layout.topic(topic.name) for topic in DOMAINS.values()]
        try:
            return ends(self.bootstrap, [(topic, p) for topic in topics for p in range(self.partitions)])
        except TimeoutError:
            return {}

    def lag(self) -> int:
        """Published records that the group has not committed; -1 where the broker does not say."""
        done = self.committed()
        return (
            sum(self.load.delivered.get(place, 0) - offset for place, offset in done.items()) if done else -1
        )

    def finished(self) -> bool:
        """Whether the group has committed the end of every partition."""
        done = self.committed()
        return bool(done) and done == self.ends()

    def behind(self) -> str:
        """Where the group's offsets are not the ends of the log, or those not what the load knows, in words."""
        done, last, sent = self.committed(), self.ends(), self.load.delivered
        wrong = {
            f"{place[0]}[{place[1]}]": (done.get(place), end, sent.get(place, 0))
            for place, end in last.items()
            if not done.get(place) == end == sent.get(place, 0)
        }
        return f"(committed, end, published) of {len(wrong)} partitions: {wrong}, errors of the load: {self.load.errors}"

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Until the condition holds. Workers that end meanwhile are started again. Raises FaultError."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.tend()
            if time.monotonic() > deadline:
                for worker in self.workers.values():
                    worker.tell_where()
                raise FaultError(f"{what} not within {seconds:.0f} s; {self.behind()}; {self.folder}")
            time.sleep(0.1)

    def wait_near(self, rows: int, seconds: float = SETTLE_SECONDS) -> None:
        """Until the workers are at most so many records behind the load."""
        self.wait(lambda: 0 <= self.lag() <= rows, seconds, f"a lag of {rows} records")

    def settle(self) -> Findings:
        """End the load, let the workers finish, end them, compare."""
        self.load.stop()
        self.tend()
        self.wait(self.finished, SETTLE_SECONDS, "the end of the topics")
        for index in list(self.workers):
            self.stop(index)
        found = compare(
            self.bootstrap,
            self.layout,
            delivered=self.load.delivered,
            damaged=self.load.damaged,
            event_clock=self.event_clock,
            seed=self.seed,
        )
        for error in self.load.errors:
            found.wrong(f"load: {error}")
        if found.differences:
            self._keep(found)
        return found

    def _keep(self, found: Findings) -> None:
        """Everything that is needed to understand differences, in the folder, which then stays."""
        self.kept = True
        (self.folder / "differences.txt").write_text("\n".join(found.told) + "\n")
        records = [
            (m.topic(), m.partition(), m.offset(), m.timestamp()[1], m.key(), m.value(), m.headers())
            for messages in read_all(self.bootstrap, self.layout).values()
            for m in messages
        ]
        damage = {number: sent.damage for number, sent in self.load.damaged.items()}
        (self.folder / "topics.pickle").write_bytes(pickle.dumps({"records": records, "damage": damage}))


def _reason(worker: Worker) -> str:
    """Why a worker stopped itself, in its own words."""
    said = [line for line in worker.log.read_text(errors="replace").splitlines() if "worker stops" in line]
    return f"code {worker.code}: {said[-1].partition('reason=')[2][:160] if said else 'it does not say'}"
