"""Worker, sink, wallboard and inspectorate as processes on the test broker and engine. All parts are real."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from clickhouse_stack import free_port, wait_for

from infra.settings import resolve_profile
from producers.client import Publisher
from schemas.profile import Profile
from schemas.settings import KafkaSettings
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.settings import ClickHouseSettings

PARTS = ("stream", "sink", "wallboard", "inspectorate")
DAY_MS = 86_400_000


@dataclass
class BoardStack:
    """One set of topics, one database, and the processes on them; ``folder`` keeps their logs."""

    kafka: KafkaSettings
    engine_url: str
    folder: Path
    wall_port: int = field(default_factory=free_port)
    desk_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.profile = Profile.load(resolve_profile("contoh"))
        self.clickhouse = ClickHouseSettings(
            url=self.engine_url,
            database=f"board_{uuid.uuid4().hex[:8]}",
            group=f"{self.kafka.topic_prefix}sink",
        )
        client = connect(self.clickhouse)
        migrate(client, self.clickhouse.database)
        client.close()

    @property
    def wall(self) -> str:
        return f"http://127.0.0.1:{self.wall_port}"

    @property
    def desk(self) -> str:
        return f"http://127.0.0.1:{self.desk_port}"

    def start(self, *parts: str) -> None:
        for part in parts or PARTS:
            extra = ["--http-port", "0"] if part in {"stream", "sink"} else []
            with (self.folder / f"{part}.log").open("ab") as log:
                self.processes[part] = subprocess.Popen(
                    [sys.executable, "-m", "infra.cli", "run", part, *extra],
                    cwd=self.folder,
                    env={**os.environ, **self._environment()},
                    stdout=log,
                    stderr=log,
                )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of ``nadi`` on this stack, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "infra.cli", *words],
            cwd=self.folder,
            env={**os.environ, **self._environment()},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def _environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "NADI_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "NADI_KAFKA__TOPIC_PREFIX": self.kafka.topic_prefix,
            "NADI_CLICKHOUSE__URL": self.clickhouse.url,
            "NADI_CLICKHOUSE__DATABASE": self.clickhouse.database,
            "NADI_CLICKHOUSE__GROUP": self.clickhouse.group,
            "NADI_STREAMS__GROUP": f"{self.kafka.topic_prefix}workers",
            "NADI_STREAMS__SESSION_TIMEOUT_S": "6",
            "NADI_WALLBOARD__PORT": str(self.wall_port),
            "NADI_INSPECTORATE__PORT": str(self.desk_port),
            "NADI_DATA_DIR": str(self.folder / "data"),
        }

    def wait_ready(self) -> None:
        wait_for("the wallboard has a picture", lambda: self._answers(f"{self.wall}/readyz"), 200)
        wait_for("the inspectorate answers", lambda: self._answers(f"{self.desk}/readyz"), 200)

    @staticmethod
    def _answers(url: str) -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self, part: str) -> None:
        process = self.processes.pop(part)
        if process.poll() is None:
            process.kill()
        process.wait(10)

    def close(self) -> None:
        for part in list(self.processes):
            self.kill(part)

    def tile(self, name: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.wall}/api/snapshot", timeout=10, trust_env=False).json()
        return next(tile for tile in answer["tiles"] if tile["id"] == name)

    def publish(self, domain: str, *records: dict[str, Any]) -> None:
        with Publisher(self.kafka, origin="simulated") as publisher:
            for record in records:
                publisher.publish(domain, {"event_id": str(uuid.uuid4()), "simulated": True, **record})
            publisher.flush()

    def receipt(self, amount: int) -> dict[str, Any]:
        source = next(s for s in self.profile.sources.values() if s.domain == "revenue")
        return {
            "source": source.id,
            "opd": source.opd,
            "occurred_at": time.time_ns() // 1_000_000,
            "kind": "receipt",
            "cash_office": next(iter(self.profile.cash_offices)),
            "account": "4.1.01.06.07.0001",
            "amount": amount,
        }

    def late_permit(self, case: str, *, permit_type: str, unit: str, days: int = 90) -> dict[str, Any]:
        source = next(s for s in self.profile.sources.values() if s.domain == "permits")
        return {
            "source": source.id,
            "opd": source.opd,
            "occurred_at": time.time_ns() // 1_000_000 - days * DAY_MS,
            "kind": "accepted",
            "case_id": case,
            "permit_type": permit_type,
            "unit": unit,
        }


def eventually(what: str, check: Callable[[], bool], seconds: float = 60.0) -> None:
    """As wait_for, but a page or a table that is not there yet is no failure."""

    def quiet() -> bool:
        try:
            return check()
        except (httpx.HTTPError, StopIteration, KeyError):
            return False

    wait_for(what, quiet, seconds)
