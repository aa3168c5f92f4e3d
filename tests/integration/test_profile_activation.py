"""A profile put into force while `nadi up` runs: the workers start again with it; a refused one changes nothing."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

NADI = [sys.executable, "-m", "infra.cli"]
CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
PORTS = (
    "ports.kafka",
    "ports.controller",
    "ports.clickhouse",
    "ports.metrics",
    "wallboard.port",
    "inspectorate.port",
)
SECONDS = 180


class Running:
    """`nadi up` on a folder of its own, with a copy of the profile contoh beside it."""

    def __init__(self, folder: Path) -> None:
        self.source = Path(shutil.copytree(CONTOH, folder / "contoh"))
        self.data = folder / "data"
        self.options = ["--profile", str(self.source), "--data-dir", str(self.data)]
        free = [word for port in PORTS for word in ("--set", f"{port}=0")]
        command = [*NADI, *self.options, *free, "--set", "kafka.partitions=1", "up"]
        with (folder / "up.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def nadi(self, *words: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [*NADI, *self.options, *words, "--json"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    def parts(self) -> dict[str, dict[str, Any]]:
        record = self.data / "run" / "stack.json"
        return json.loads(record.read_text())["parts"] if record.exists() else {}

    def pids(self) -> dict[str, int]:
        return {name: part["pid"] for name, part in self.parts().items()}

    def profile_of(self, part: str) -> Path:
        return Path(psutil.Process(self.parts()[part]["pid"]).environ()["NADI_PROFILE"])

    def edit(self, old: str, new: str) -> None:
        path = self.source / "permit_types.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    stack = Running(tmp_path)
    try:
        deadline = time.monotonic() + SECONDS
        while not (parts := stack.parts()) or not all(part["healthy"] for part in parts.values()):
            assert stack.process.poll() is None, (tmp_path / "up.log").read_text()
            assert time.monotonic() < deadline, parts
            time.sleep(0.2)
        yield stack
    finally:
        pids = stack.pids()
        stack.process.send_signal(signal.SIGTERM)
        stack.process.wait(60)
    assert not any(psutil.pid_exists(pid) for pid in pids.values())


def test_workers_start_again_with_what_was_put_into_force(running: Running, tmp_path: Path) -> None:
    began = running.profile_of("stream-0")
    assert began.parent == running.data / "profiles"
    before = running.pids()

    running.edit("working_days = 28", "working_days = 27")
    code, said = running.nadi("profile", "activate")
    assert (code, said["ok"], said["restarted"]) == (0, True, True)
    after = running.pids()
    for part in ("stream-0", "wallboard", "inspectorate"):
        assert after[part] != before[part]
        assert running.profile_of(part) == Path(said["copy"]) != began
    for part in ("kafka", "clickhouse", "sink"):
        assert after[part] == before[part]

    running.edit('first = "TEKNIS"', 'first = "kind:issued"')
    code, refused = running.nadi("profile", "activate")
    assert (code, refused["ok"]) == (1, False)
    assert {problem["file"] for problem in refused["problems"]} == {"permit_types.toml"}
    other = shutil.copytree(CONTOH, tmp_path / "lain")
    code, refused = running.nadi("profile", "activate", str(other))
    assert code == 1
    assert "yang berjalan memakai profil" in refused["problems"][0]["message"]
    time.sleep(1.0)
    assert running.pids() == after
    code, said_before = running.nadi("profile", "history")
    assert [item["hash"] for item in said_before["activations"]] == [said["hash"]]
    assert running.profile_of("stream-0") == Path(said["copy"])
