"""A profile put into force while `nadi up` runs: the workers start again with it; a refused one changes nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.running import Running
from infra.settings import PROFILES

FILE = "permit_types.toml"


def pids(running: Running) -> dict[str, int]:
    return {name: part["pid"] for name, part in running.record()["parts"].items()}


def profile_of(running: Running, part: str) -> Path:
    return Path(psutil.Process(pids(running)[part]).environ()["NADI_PROFILE"])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    stack = Running(tmp_path, "--set", "kafka.partitions=1")
    left: dict[str, int] = {}
    try:
        stack.wait_healthy()
        yield stack
        left = pids(stack)
    finally:
        stack.stop()
    assert left
    assert not any(psutil.pid_exists(pid) for pid in left.values())


def test_workers_start_again_with_what_was_put_into_force(running: Running, tmp_path: Path) -> None:
    began = profile_of(running, "stream-0")
    assert began.parent == running.data / "profiles"
    before = pids(running)

    running.edit(FILE, lambda text: text.replace("working_days = 28", "working_days = 27", 1))
    code, said = running.nadi("profile", "activate")
    assert (code, said["ok"], said["restarted"]) == (0, True, True)
    after = pids(running)
    for part in ("stream-0", "wallboard", "inspectorate"):
        assert after[part] != before[part]
        assert profile_of(running, part) == Path(said["copy"]) != began
    for part in ("kafka", "clickhouse", "sink"):
        assert after[part] == before[part]

    running.edit(FILE, lambda text: text.replace('first = "TEKNIS"', 'first = "kind:issued"', 1))
    code, refused = running.nadi("profile", "activate")
    assert (code, refused["ok"]) == (1, False)
    assert {problem["file"] for problem in refused["problems"]} == {FILE}
    other = shutil.copytree(PROFILES / "contoh", tmp_path / "lain")
    code, refused = running.nadi("profile", "activate", str(other))
    assert code == 1
    assert "yang berjalan memakai profil" in refused["problems"][0]["message"]
    time.sleep(1.0)
    assert pids(running) == after
    code, said_before = running.nadi("profile", "history")
    assert [item["hash"] for item in said_before["activations"]] == [said["hash"]]
    assert profile_of(running, "stream-0") == Path(said["copy"])
