"""A gateway in a process of its own, and a client of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from infra.embedded import ports
from schemas.settings import KafkaSettings

PROCESS = Path(__file__).with_name("gateway_process.py")
ROOT = Path(__file__).parents[2]
READY_SECONDS = 120.0


class Running:
    """One gateway process; ``kill`` is kill -9."""

    program = PROCESS

    def __init__(
        self,
        kafka: KafkaSettings,
        log: Path,
        *,
        tokens: Path | None = None,
        environment: dict[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self.environment = environment
        self.kafka, self._settings, self._log, self._tokens = kafka, settings, log, tokens
        self.port = ports.free()[0]
        self.start()

    def start(self, *, wait: bool = True) -> None:
        words = [
            str(self.port),
            self.kafka.model_dump_json(),
            json.dumps(self._settings),
            str(self._log),
            str(self._tokens or ""),
        ]
        self.process = subprocess.Popen(
            [sys.executable, str(self.program), *words],
            cwd=ROOT,
            stderr=self._log.open("a"),
            env=self.environment,
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        deadline = time.monotonic() + READY_SECONDS
        while wait and not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(self._log.read_text())
            time.sleep(0.05)

    def ready(self) -> bool:
        try:
            return self.http.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def send(
        self, body: Any, key: str = "2.18.01", *, path: str = "/v1/events", **headers: str
    ) -> httpx.Response:
        many = isinstance(body, list)
        media = "application/cloudevents-batch+json" if many else "application/cloudevents+json"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(
            path, content=content, headers={"authorization": f"Bearer {key}", "content-type": media, **given}
        )


@contextmanager
def running(kafka: Any, folder: Path, **settings: Any) -> Iterator[Running]:
    """One gateway on topics of its own, with its log in ``folder``."""
    made = Running(kafka.settings(kafka.layout()), folder / "log", **settings)
    try:
        yield made
    finally:
        made.kill()
