"""A whole stack of its own (`nadi up`) for benchmarks and tests that look at it from outside."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.settings import PROFILES

NADI = [sys.executable, "-m", "infra.cli"]
PORTS = (
    "ports.kafka", "ports.controller", "ports.clickhouse", "ports.metrics", "wallboard.port", "inspectorate.port",
    "gateway.port",
)  # fmt: skip
READY_SECONDS = 180.0

Figures = dict[tuple[str, ...], int]


class Running:
    """`nadi up` on a folder of its own, with a copy of the profile contoh beside it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.source = Path(shutil.copytree(PROFILES / "contoh", folder / "contoh"))
        self.data = folder / "data"
        self.log = folder / "up.log"
        self._words = ["--profile", str(self.source), "--data-dir", str(self.data)]
        free = [word for port in PORTS for word in ("--set", f"{port}=0")]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*NADI, *self._words, *free, *options, "up"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def record(self) -> dict[str, Any]:
        """The record of what runs; empty before it is there."""
        path = self.data / "run" / "stack.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def wait_healthy(self) -> None:
        """Until every part is. Raises RuntimeError."""
        deadline = time.monotonic() + READY_SECONDS
        while not (parts := self.record().get("parts")) or not all(p["healthy"] for p in parts.values()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nadi up is not ready: {self.log.read_text()}")
            time.sleep(0.2)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command on the same folder, with ``--json``."""
        return subprocess.Popen(
            [*NADI, *self._words, *words, "--json"],
            stdout=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def nadi(self, *words: str, seconds: float = 900) -> tuple[int, Any]:
        """Run a command to its end: exit code and answer."""
        process = self.start(*words)
        said, _ = process.communicate(timeout=seconds)
        return process.returncode, json.loads(said or "{}")

    def wall(self) -> Figures:
        """Every figure of the wallboard, by metric, dimension, value and day. Raises OSError while it is away."""
        values = self.record().get("values")
        if not values:
            raise ConnectionError("the record is being written")
        port = values["wallboard.port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/totals", timeout=10) as answer:
            return {tuple(row[:4]): row[4] for row in json.load(answer)}

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """Change a file of the profile's folder; nothing that runs notices. Raises RuntimeError where it is left as it is."""
        path = self.source / file
        text = path.read_text(encoding="utf-8")
        changed = change(text)
        if changed == text:
            raise RuntimeError(f"{path} has nothing to change")
        path.write_text(changed, encoding="utf-8")

    def stop(self) -> None:
        """Ctrl-C, and wait."""
        self.process.terminate()
        self.process.wait(60)
