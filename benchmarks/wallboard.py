"""Publish to wallboard on a stack of its own; the measuring is in latency_wallboard.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import machine

HERE = Path(__file__).parent
RESULTS = HERE / "results"
NADI = str(Path(sys.executable).with_name("nadi"))
PORTS = (
    "ports.kafka",
    "ports.controller",
    "ports.clickhouse",
    "ports.metrics",
    "wallboard.port",
    "inspectorate.port",
    "gateway.port",
)
START_SECONDS = 180


def main() -> int:
    """Start a stack, measure on it, stop it."""
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="nadi-bench-") as folder:
        options = ["--data-dir", folder, *(word for port in PORTS for word in ("--set", f"{port}=0"))]
        with (Path(folder) / "up.log").open("wb") as log:
            stack = subprocess.Popen([NADI, *options, "up"], stdout=log, stderr=log)
            try:
                wait_healthy(folder)
                environment = {**os.environ, "NADI_DATA_DIR": folder}
                done = subprocess.run(
                    [sys.executable, str(HERE / "latency_wallboard.py")],
                    env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=600,
                )  # fmt: skip
            finally:
                stack.terminate()
                stack.wait(60)
    result = {"machine": machine(), **json.loads(done.stdout)}
    (RESULTS / "latency_wallboard.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))
    return 0


def wait_healthy(folder: str) -> None:
    """Until the stack in ``folder`` is healthy. Raises TimeoutError with the end of its log."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if (
            subprocess.run(
                [NADI, "--data-dir", folder, "status", "--json"], capture_output=True, check=False
            ).returncode
            == 0
        ):
            return
        time.sleep(1)
    raise TimeoutError((Path(folder) / "up.log").read_text("utf-8", "replace")[-2000:])
