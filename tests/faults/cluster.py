"""One broker or three from the embedded Kafka, to be killed, frozen and cut off.

Every node is broker and controller. With ``proxied`` each has a second listener that advertises the address of a proxy of
its own: clients that start from ``proxied_bootstrap`` are told the proxies' addresses and no other, so that all they send and
get passes there, while clients of ``bootstrap`` and the brokers among themselves do not notice.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from infra.embedded import kafka as embedded
from infra.embedded import ports
from tests.faults.proxy import Proxy

HEAP_MB = 256
READY_SECONDS = 90.0
#: A dead broker is noticed, and its partitions are led by others, after about this long.
SESSION_MS = 3000


@dataclass
class Node:
    """One broker and controller. ``number`` is its node id, from 1."""

    number: int
    broker: embedded.BrokerFolder
    proxied_port: int
    proxy: Proxy | None
    process: subprocess.Popen[bytes] | None = None
    paused: bool = False

    @property
    def running(self) -> bool:
        """Whether its process lives and is not frozen."""
        return self.process is not None and self.process.poll() is None and not self.paused

    @property
    def log(self) -> Path:
        return self.broker.folder / "kafka.log"

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                embedded.command(self.broker, HEAP_MB),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.broker.folder,
            )

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)


@dataclass
class Cluster:
    """``nodes`` (1 or 3) nodes inside a ``with`` block; the folder is removed after it.

    Topics should be made with ``Layout(replication=cluster.size)``; with three nodes a write needs two of them.
    """

    folder: Path
    size: int = 3
    proxied: bool = False
    nodes: list[Node] = field(default_factory=list)
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def bootstrap(self) -> str:
        """All nodes, directly."""
        return ",".join(node.broker.bootstrap for node in self.nodes)

    @property
    def proxied_bootstrap(self) -> str:
        """All nodes, each behind its proxy."""
        return ",".join(proxy.bootstrap for proxy in self.proxies)

    @property
    def proxies(self) -> list[Proxy]:
        """In the order of the nodes; empty unless ``proxied``."""
        return [node.proxy for node in self.nodes if node.proxy is not None]

    # ---- faults

    def kill(self, number: int) -> None:
        """kill -9 of one node."""
        node = self._node(number)
        node.signal(signal.SIGKILL)
        assert node.process is not None
        node.process.wait(10)
        node.paused = False

    def pause(self, number: int) -> None:
        """SIGSTOP: the node keeps its connections and answers nothing."""
        self._node(number).signal(signal.SIGSTOP)
        self._node(number).paused = True

    def resume(self, number: int) -> None:
        """SIGCONT after ``pause``."""
        self._node(number).signal(signal.SIGCONT)
        self._node(number).paused = False

    def restart(self, number: int) -> None:
        """Start a node that was killed, and wait until it answers."""
        node = self._node(number)
        assert not node.running, f"node {number} runs"
        node.start()
        embedded.wait_ready(node.broker.bootstrap, READY_SECONDS, node.process)

    def kill_leader(self, topic: str, partition: int) -> int:
        """kill -9 of the node that leads a partition; returns its number."""
        leader = self.leader(topic, partition)
        self.kill(leader)
        return leader

    # ---- what is

    def leader(self, topic: str, partition: int) -> int:
        """The number of the node that leads a partition; -1 for none."""
        return int(self._metadata(topic).topics[topic].partitions[partition].leader)

    def wait_led(self, seconds: float = 60.0) -> None:
        """Until every partition is led by a running node."""
        alive = {node.number for node in self.nodes if node.running}
        self._wait(lambda p: p.leader in alive, seconds, "without a running leader")

    def wait_in_sync(self, seconds: float = 90.0) -> None:
        """Until every replica of every partition is in sync, and so all nodes run."""
        self._wait(lambda p: set(p.isrs) == set(p.replicas) and p.leader in p.isrs, seconds, "not in sync")

    def _wait(self, good: Callable[[Any], bool], seconds: float, what: str) -> None:
        from confluent_kafka import KafkaException

        deadline = time.monotonic() + seconds
        wrong: list[str] = ["no answer"]
        while time.monotonic() < deadline:
            with contextlib.suppress(KafkaException):
                topics = self._metadata().topics
                wrong = [
                    f"{t.topic}[{p.id}] leader {p.leader} in sync {p.isrs}"
                    for t in topics.values()
                    for p in t.partitions.values()
                    if not good(p)
                ]
                if not wrong:
                    return
            time.sleep(0.2)
        raise TimeoutError(f"{len(wrong)} partitions {what} after {seconds:.0f} s: {wrong[:5]}")

    def _metadata(self, topic: str | None = None) -> Any:
        """As a running node sees it; a client of its own, because an old one may remember a dead leader."""
        from confluent_kafka.admin import AdminClient

        running = ",".join(node.broker.bootstrap for node in self.nodes if node.running)
        return AdminClient({"bootstrap.servers": running, "log_level": 0}).list_topics(topic, timeout=5)

    def _node(self, number: int) -> Node:
        return self.nodes[number - 1]

    # ---- life

    def __enter__(self) -> Self:
        try:
            self._prepare()
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                embedded.wait_ready(node.broker.bootstrap, READY_SECONDS, node.process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self) -> None:
        taken = ports.free(3 * self.size)
        for index in range(self.size):
            port, controller, behind = taken[3 * index : 3 * index + 3]
            broker = embedded.BrokerFolder(self.folder / f"node-{index + 1}", port, controller)
            proxy = self._open.enter_context(Proxy(behind)) if self.proxied else None
            self.nodes.append(Node(index + 1, broker, behind, proxy))
        cluster = embedded.cluster_id()
        for node in self.nodes:
            embedded.prepare(node.broker, self._settings(node), cluster, quorum="")

    def _settings(self, node: Node) -> dict[str, str]:
        local, broker = ports.LOCAL, node.broker
        settings = embedded.configuration(broker)
        del settings["controller.quorum.bootstrap.servers"]
        copies = str(min(3, self.size))
        least = "2" if self.size > 2 else "1"
        if node.proxy is not None:
            settings["listeners"] += f",PROXIED://{local}:{node.proxied_port}"
            settings["advertised.listeners"] += f",PROXIED://{node.proxy.bootstrap}"
            settings["listener.security.protocol.map"] += ",PROXIED:PLAINTEXT"
        return settings | {
            "node.id": str(node.number),
            "controller.quorum.voters": ",".join(
                f"{n.number}@{local}:{n.broker.controller_port}" for n in self.nodes
            ),
            "controller.quorum.election.timeout.ms": "1000",
            "controller.quorum.fetch.timeout.ms": "2000",
            "broker.session.timeout.ms": str(SESSION_MS),
            "broker.heartbeat.interval.ms": "500",
            "replica.lag.time.max.ms": "5000",
            "unclean.leader.election.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": least,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": least,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": least,
        }

    def _stop(self) -> None:
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                node.process.kill()
                node.process.wait(10)
        self._open.close()
