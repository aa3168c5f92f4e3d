"""kill -9 of any one process of a running stack, with the simulator running: it comes back and the totals are right.

CI runs one round of every part; ``make faults KILLS=n SEED=s`` runs n kills of parts drawn by the seed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

NADI = str(Path(sys.executable).with_name("nadi"))
PARTS = ("kafka", "stream-0", "clickhouse", "sink", "wallboard", "inspectorate")
KILLS = int(os.environ.get("KILLS", "0"))
SEED = int(os.environ.get("SEED", "1"))
RECOVERY_SECONDS = 240


class Running:
    """A stack of its own with the simulator, in a folder of its own on free ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options = ["--data-dir", str(folder)]
        ports = (
            "ports.kafka",
            "ports.controller",
            "ports.clickhouse",
            "ports.metrics",
            "wallboard.port",
            "inspectorate.port",
            "gateway.port",
        )
        self.free = [option for port in ports for option in ("--set", f"{port}=0")]
        self.process: subprocess.Popen[bytes] | None = None

    def up(self, but_not: dict[str, int] | None = None) -> None:
        with (self.folder.parent / "up.log").open("ab") as log:
            command = [NADI, *self.options, *self.free, "up", "--demo"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait_healthy(but_not)

    def nadi(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [NADI, *self.options, *words], capture_output=True, text=True, timeout=180, check=False
        )

    def status(self) -> dict[str, Any]:
        done = self.nadi("status", "--json")
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return {"parts": []}

    def parts(self) -> dict[str, dict[str, Any]]:
        return {part["name"]: part for part in self.status()["parts"]}

    def wait_healthy(self, but_not: dict[str, int] | None = None) -> None:
        """Until every part is healthy, and none is still the process it was."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while time.monotonic() < deadline:
            parts = self.parts()
            healthy = set(PARTS) <= set(parts) and all(part["healthy"] for part in parts.values())
            if healthy and all(parts[name]["pid"] != pid for name, pid in (but_not or {}).items()):
                return
            time.sleep(0.5)
        pytest.fail(f"not healthy after {RECOVERY_SECONDS} s: {self.parts()}\n{self.log()}")

    def log(self) -> str:
        return (self.folder.parent / "up.log").read_text("utf-8", "replace")[-4000:]

    def kill(self, part: str) -> None:
        pid = self.parts()[part]["pid"]
        assert pid, f"{part} does not run before it is killed\n{self.log()}"
        os.kill(pid, signal.SIGKILL)
        self.wait_healthy({part: pid})

    def pids(self) -> list[int]:
        return [part["pid"] for part in self.parts().values()]

    def down(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(60) in (0, -signal.SIGTERM, 143), self.log()
        self.process = None

    def verify(self) -> None:
        """Hold the simulator still, and compare topics, table and board with the reference."""
        simulator = self.parts()["simulator"]["pid"]
        os.kill(simulator, signal.SIGSTOP)
        try:
            deadline = time.monotonic() + RECOVERY_SECONDS
            while (
                done := self.nadi("state", "verify", "--json")
            ).returncode != 0 and time.monotonic() < deadline:
                time.sleep(2)  # what was on its way has yet to arrive
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        finally:
            os.kill(simulator, signal.SIGCONT)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    stack = Running(tmp_path_factory.mktemp("faults") / "data")
    stack.folder.mkdir()
    stack.up()
    yield stack
    stack.down()


def alive(pids: list[int]) -> list[int]:
    return [p for p in pids if psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE]


@pytest.mark.timeout(900)
def test_any_part_comes_back_and_the_totals_are_right(running: Running) -> None:
    drawn = random.Random(SEED)  # noqa: S311
    victims = [drawn.choice(PARTS) for _ in range(KILLS)] if KILLS else list(PARTS)
    for number, part in enumerate(victims, 1):
        print(f"kill {number} of {len(victims)}: {part}", flush=True)
        running.kill(part)
        time.sleep(drawn.uniform(0, 2))
    running.verify()


@pytest.mark.timeout(900)
def test_a_killed_supervisor_leaves_no_orphan_at_the_next_start(running: Running) -> None:
    assert running.process is not None
    before = {name: part["pid"] for name, part in running.parts().items()}
    running.process.kill()
    running.process.wait()
    assert alive(list(before.values())), "the parts outlive their supervisor until the next start"
    running.up(but_not=before)
    assert alive(list(before.values())) == []
    running.verify()


@pytest.mark.timeout(600)
def test_a_clean_stop_leaves_nothing_behind(running: Running) -> None:
    before = running.pids()
    running.down()
    assert alive(before) == []
