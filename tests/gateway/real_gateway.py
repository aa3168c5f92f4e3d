"""The gateway as `nadi up` runs it: `nadi run gateway` with real keys, the contoh profile and a JSON log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.embedded import ports
from infra.settings import PROFILES
from schemas.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
READY_SECONDS = 90.0


@dataclass
class RealGateway:
    """A running one; ``process`` may be looked at, and is ended by the ``with`` block."""

    kafka: KafkaSettings
    port: int
    http: httpx.Client
    log: Path
    process: subprocess.Popen[bytes]

    def lines(self) -> list[dict[str, Any]]:
        """What it logged, one JSON object a line."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]


@contextmanager
def real_gateway(kafka: KafkaSettings, folder: Path, **settings: Any) -> Iterator[RealGateway]:
    """Start one and wait until it accepts; ``settings`` are those of the section ``gateway``."""
    port = ports.free()[0]
    sections = {"kafka": kafka.model_dump(exclude_none=True), "gateway": {"port": port, **settings}}
    chosen = {
        f"NADI_{section}__{name}".upper(): str(value)
        for section, values in sections.items()
        for name, value in values.items()
    }
    environment = {
        **os.environ, **chosen, "PYTHONPATH": str(ROOT), "NADI_LOG_JSON": "1", "NADI_DATA_DIR": str(folder / "data"),
        "NADI_PROFILE": str(PROFILES / "contoh"),
    }  # fmt: skip
    log = folder / "gateway.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli", "run", "gateway"], cwd=ROOT, env=environment, stderr=said
        )
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not _ready(http):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield RealGateway(kafka, port, http, log, process)
    finally:
        process.kill()
        process.wait()
        http.close()


def _ready(http: httpx.Client) -> bool:
    try:
        return http.get("/ready").status_code == 200
    except httpx.TransportError:
        return False
