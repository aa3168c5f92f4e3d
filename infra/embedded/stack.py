"""Which parts a deployment needs, and how each is started: the only place that knows embedded from given."""

from __future__ import annotations

import shutil
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from infra.embedded import kafka, ports
from infra.embedded.supervisor import Part, Supervisor
from infra.settings import Settings, resolve_profile
from infra.signals import leave_when_told
from producers.settings import GatewaySettings
from schemas import deployment
from schemas.catalogue import create_topics
from schemas.profile import Profile
from schemas.registry import open_ids
from sinks.settings import InspectorateSettings, WallboardSettings

#: The step that ends a bounded input.
INPUT = "input"


class Stack:
    """The parts of one deployment on one data folder.

    ``settings`` has every address filled in: what was 0 or empty is chosen when the stack is made.
    ``profile_source`` is the folder of which ``settings.profile`` is a copy, for whoever looks at the record.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        demo: bool = False,
        simulated: bool | None = None,
        embedded_only: bool = False,
        profile_source: Path | None = None,
        tell: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        given_kafka = bool(settings.kafka.bootstrap_servers) and not embedded_only
        given_clickhouse = bool(settings.clickhouse.url) and not embedded_only
        self.settings = _addressed(settings, given_kafka, given_clickhouse)
        self.embedded_kafka = not given_kafka
        self.embedded_clickhouse = not given_clickhouse
        self.demo = demo
        self.simulated = demo if simulated is None else simulated
        self.folder = settings.data_dir.absolute()
        self.profile_source = profile_source or resolve_profile(settings.profile)
        self.supervisor = Supervisor(self.folder, [], self._about(), tell)
        self._temporary = False
        self._watching: threading.Thread | None = None
        self._stopped = threading.Event()

    @classmethod
    def temporary(
        cls,
        settings: Settings,
        profile: Profile,
        *,
        partitions: int = 4,
        workers: int = 1,
        keep: bool = False,
    ) -> Self:
        """A stack of its own for a past period: free ports, event time, everything embedded, deleted at the end."""
        folder = (
            settings.data_dir.absolute() / f"sementara-{time.strftime('%Y%m%d-%H%M%S')}-{ports.free()[0]}"
        )
        changed = settings.with_values(
            {
                "data_dir": folder,
                "profile": str(profile.path),
                "kafka.bootstrap_servers": "",
                "kafka.topic_prefix": "",
                "kafka.partitions": partitions,
                "kafka.replication": 1,
                "kafka.timestamps": "CreateTime",
                "kafka.schema_registry_url": "",
                "clickhouse.url": "",
                "streams.clock": "event",
                "streams.workers": workers,
                "wallboard.port": 0,
                "wallboard.today": "data",
                "inspectorate.port": 0,
                "gateway.port": 0,
                **{f"ports.{name}": 0 for name in ("kafka", "controller", "clickhouse", "metrics")},
            }
        )
        stack = cls(changed, embedded_only=True)
        stack._temporary = not keep
        return stack

    def __enter__(self) -> Self:
        """Also a stack that nobody watches ends its parts, and is deleted where it is temporary, when it is told to end."""
        leave_when_told()
        self.supervisor.claim()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def parts(self) -> list[Part]:
        """Every part of the running deployment."""
        return [
            *self.broker_parts(),
            *self.clickhouse_parts(),
            *self.worker_parts(),
            *self.page_parts(),
            self.gateway_part(),
            *([self.simulator_part()] if self.demo else []),
        ]

    def start_broker(self) -> None:
        """The broker and its topics, blocking."""
        self._start(self.broker_parts())

    def start_bounded(self, until: int) -> None:
        """The broker and its topics, blocking, and workers that get ready meanwhile and begin at ``input_complete``.

        They take what is on the topics then as the whole input, and move every clock to ``until`` (UTC ms) at its end.
        """
        broker = self.broker_parts()
        self.supervisor.add([*broker, *self.worker_parts(until, after=("topics", INPUT))])
        self.supervisor.wait_healthy([part.name for part in broker], 90)

    def input_complete(self) -> None:
        """Everything is published: the workers of a bounded run begin."""
        self.supervisor.marker(INPUT).touch()

    def start_workers(self, until: int | None = None) -> None:
        """The stream workers; with ``until`` (UTC ms) what is on the topics now is the whole input."""
        self._start(self.worker_parts(until), wait=False)

    def start_clickhouse(self) -> None:
        """The ClickHouse engine, its tables and the sink, blocking."""
        self._start(self.clickhouse_parts())

    def start_wallboard(self) -> None:
        """The pages, blocking."""
        self._start(self.page_parts())

    def check_alive(self) -> None:
        """Raise StackError, with the end of its log, when a part has died."""
        self.supervisor.check_alive()

    def stop(self) -> None:
        """Stop all parts, and delete the folder of a temporary stack."""
        if not self._stopped.is_set():
            self._stopped.set()
            self.supervisor.stop()
            if self._temporary:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, parts: list[Part], *, wait: bool = True) -> None:
        self.supervisor.add(parts)
        names = [part.name for part in parts]
        if wait:
            self.supervisor.wait_healthy(names, 90)
        else:
            deadline = time.monotonic() + 10
            while any(self.supervisor.states[n].phase in {"waiting", "preparing"} for n in names):
                self.supervisor.tick()
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)

    def broker_parts(self) -> list[Part]:
        """The embedded broker, and the topics on whichever broker it is."""
        settings = self.settings
        found: list[Part] = []
        if self.embedded_kafka:
            broker = kafka.BrokerFolder(
                self.folder / "kafka", settings.ports.kafka, settings.ports.controller
            )
            found.append(
                Part(
                    "kafka",
                    kafka.command(broker) if _jars_present() else ["false"],
                    prepare=lambda: _prepare_broker(broker),
                    healthy=lambda: kafka.is_ready(broker.bootstrap),
                    url=broker.bootstrap,
                )
            )
        return [*found, Part("topics", needs=tuple(p.name for p in found), prepare=self._make_topics)]

    def clickhouse_parts(self) -> list[Part]:
        """The embedded engine, its tables, and the sink that fills them."""
        settings = self.settings
        found: list[Part] = []
        if self.embedded_clickhouse:
            address = f"http://{ports.LOCAL}:{settings.ports.clickhouse}/ping"
            found.append(
                Part(
                    "clickhouse",
                    _nadi("run", "clickhouse"),
                    self._environment(),
                    healthy=lambda: _answers(address),
                    url=settings.clickhouse.url,
                )
            )
        tables = Part("tables", needs=tuple(p.name for p in found), prepare=self._make_tables)
        port = self.metrics_port(settings.streams.workers)
        sink = Part(
            "sink",
            self._run("sink", "--http-port", str(port), after=("tables", "topics")),
            self._environment(),
            needs=("tables", "topics"),
            eager=True,
            healthy=lambda: _answers(f"http://{ports.LOCAL}:{port}/readyz"),
            working=lambda: _answers(f"http://{ports.LOCAL}:{port}/healthz"),
            url=f"http://{ports.LOCAL}:{port}/metrics",
        )
        return [*found, tables, sink]

    def worker_parts(self, until: int | None = None, after: tuple[str, ...] = ("topics",)) -> list[Part]:
        """The stream workers; they work when the steps ``after`` are done."""
        environment = self._environment()
        if until is not None:
            environment["NADI_STREAMS__UNTIL"] = str(until)
        return [self._worker(index, environment, after) for index in range(self.settings.streams.workers)]

    def _worker(self, index: int, environment: dict[str, str], after: tuple[str, ...]) -> Part:
        port = self.metrics_port(index)
        return Part(
            f"stream-{index}",
            self._run("stream", "--index", str(index), "--http-port", str(port), after=after),
            environment,
            needs=("topics",),
            eager=True,
            healthy=lambda: _answers(f"http://{ports.LOCAL}:{port}/readyz"),
            working=lambda: _answers(f"http://{ports.LOCAL}:{port}/healthz"),
            url=f"http://{ports.LOCAL}:{port}/metrics",
        )

    def page_parts(self) -> list[Part]:
        """The wallboard and the inspectorate's pages."""
        found = []
        for name, own in (
            ("wallboard", self.settings.wallboard),
            ("inspectorate", self.settings.inspectorate),
        ):
            address = _address(own)
            found.append(
                Part(
                    name,
                    self._run(name, after=("tables", "topics")),
                    self._environment(),
                    needs=("tables", "topics"),
                    eager=True,
                    healthy=partial(_answers, f"{address}/readyz"),
                    working=partial(_answers, f"{address}/healthz"),
                    url=f"{address}/",
                )
            )
        return found

    def gateway_part(self) -> Part:
        """Where departments send their events."""
        address = _address(self.settings.gateway)
        return Part(
            "gateway",
            self._run("gateway", after=("topics",)),
            self._environment(),
            needs=("topics",),
            eager=True,
            healthy=lambda: _answers(f"{address}/ready"),
            working=lambda: _answers(f"{address}/healthz"),
            url=f"{address}/docs",
        )

    def simulator_part(self) -> Part:
        """The demonstration's departments."""
        command = self._run("simulator", after=("topics",))
        return Part("simulator", command, self._environment(), needs=("topics",), eager=True)

    def use_profile(self, folder: Path) -> None:
        """Run with another profile: every part that reads one stops and starts again; broker and tables go on. Pages go
        on until the workers have published what the profile changes."""
        self.settings = self.settings.with_values({"profile": str(folder)})
        workers = self.worker_parts()
        about = {"profile": str(folder)}
        others = [self.gateway_part(), *([self.simulator_part()] if self.demo else [])]
        self.supervisor.renew([*workers, *others], about)
        self.supervisor.renew(self.page_parts(), about, after=tuple(part.name for part in workers))

    def metrics_port(self, index: int) -> int:
        """The metrics port of worker ``index``; the sink's comes after the last worker's."""
        return self.settings.ports.metrics + index

    def _run(self, name: str, *options: str, after: tuple[str, ...]) -> list[str]:
        waits = [word for step in after for word in ("--after", str(self.supervisor.marker(step)))]
        return _nadi("run", *waits, name, *options)

    def _environment(self) -> dict[str, str]:
        return self.settings.environment()

    def _about(self) -> dict[str, Any]:
        return {
            "kafka": self.settings.kafka.bootstrap_servers,
            "clickhouse": self.settings.clickhouse.url,
            "wallboard": self.settings.wallboard.port,
            "inspectorate": self.settings.inspectorate.port,
            "gateway": self.settings.gateway.port,
            "values": {
                key: value
                for key, value in self.settings.values().items()
                if key.partition(".")[0]
                in {"kafka", "clickhouse", "wallboard", "inspectorate", "gateway", "ports", "streams"}
            },
            "profile": str(resolve_profile(self.settings.profile)),
            "profile_source": str(self.profile_source.resolve()),
        }

    def _make_topics(self) -> None:
        from confluent_kafka.admin import AdminClient

        settings = self.settings.kafka
        create_topics(
            AdminClient({"bootstrap.servers": settings.bootstrap_servers, "log_level": 0}), settings.layout()
        )
        origin = open_ids(settings.schema_registry_url).origin
        deployment.settle(settings.bootstrap_servers, settings.layout(), deployment.SCHEMA_IDS, origin)
        if self.simulated:
            deployment.settle(
                settings.bootstrap_servers, settings.layout(), deployment.ORIGIN, deployment.SIMULATED
            )

    def _make_tables(self) -> None:
        from sinks.clickhouse.client import connect
        from sinks.clickhouse.migrate import migrate

        client = connect(self.settings.clickhouse)
        try:
            migrate(client, self.settings.clickhouse.database)
        finally:
            client.close()


def _addressed(settings: Settings, given_kafka: bool, given_clickhouse: bool) -> Settings:
    """The settings with every address chosen."""
    chosen: dict[str, Any] = {}
    numbers = {
        key: value
        for key, value in settings.values().items()
        if key.startswith("ports.") or key.endswith(".port")
    }
    wanted = [key for key, value in numbers.items() if value == 0]
    # metrics ports are a run of neighbours; the rest are single ports
    singles = [key for key in wanted if key != "ports.metrics"]
    chosen.update(zip(singles, ports.free(len(singles)), strict=True))
    if "ports.metrics" in wanted:
        taken = frozenset((numbers | chosen).values())
        chosen["ports.metrics"] = ports.free_run(settings.streams.workers + 1, besides=taken)
    if not given_kafka:
        port = chosen.get("ports.kafka", settings.ports.kafka)
        chosen["kafka.bootstrap_servers"] = f"{ports.LOCAL}:{port}"
    if not given_clickhouse:
        port = chosen.get("ports.clickhouse", settings.ports.clickhouse)
        chosen["clickhouse.url"] = f"http://{ports.LOCAL}:{port}"
    return settings.with_values(chosen)


def _address(of: WallboardSettings | InspectorateSettings | GatewaySettings) -> str:
    return f"http://{ports.LOCAL if of.host in ('0.0.0.0', '::') else of.host}:{of.port}"  # noqa: S104


def _nadi(*words: str) -> list[str]:
    return [sys.executable, "-m", "infra.cli", *words]


def _jars_present() -> bool:
    """Fetch the broker's jars now, in the foreground, where progress can be seen."""
    from infra.embedded import downloads

    return bool(downloads.kafka_jars())


def _prepare_broker(broker: kafka.BrokerFolder) -> None:
    for port in (broker.port, broker.controller_port):
        if not ports.is_free(port) and not ports.wait_until_free(port, 5):
            raise OSError(
                f"port {port} is held by {ports.holder(port) or 'another process'}; stop it, or choose another with "
                "--set ports.kafka=0 --set ports.controller=0 (0 takes a free one)"
            )
    kafka.prepare(broker)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  (our own address)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
