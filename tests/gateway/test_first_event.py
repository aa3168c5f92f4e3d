"""A vendor's first day: a key from ``nadi opd add``, the examples of the guide as they stand, and the wallboard."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.running import Running
from producers.gateway.examples import cloud_event, snippets

TOPIC = "revenue.receipts"
SENT = cloud_event(TOPIC)
#: How each example is run; what has no program here is skipped by name.
PROGRAMS = {"curl": ["bash"], "php": ["php"], "java": ["java"], "python": [sys.executable]}
SUFFIX = {"curl": "kirim.sh", "php": "kirim.php", "java": "Kirim.java", "python": "kirim.py"}
WALL_SECONDS = 60.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("stack"))
    try:
        running.wait_healthy()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def key(stack: Running) -> str:
    """What ``nadi opd add`` prints for the department of the example."""
    code, made = stack.nadi("opd", "add", SENT["source"].split("/")[2])
    assert code == 0
    return str(made["key"])


def send(language: str, text: str, folder: Path) -> dict[str, Any]:
    """Run an example as a vendor does; its answer."""
    program = PROGRAMS[language]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    file = folder / SUFFIX[language]
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([*program, file], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout[done.stdout.index("{") :])  # type: ignore[no-any-return]


def received(stack: Running) -> int:
    """Rupiah that the wallboard shows as received, of all days."""
    return sum(value for key, value in stack.wall().items() if key[:2] == ("revenue.received", "total"))


@pytest.mark.parametrize("language", PROGRAMS)
def test_an_example_runs_as_it_stands_and_its_event_is_on_the_wallboard(
    stack: Running, key: str, language: str, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{stack.record()['values']['gateway.port']}"
    text = snippets(TOPIC, url, key)[language]
    before = received(stack)
    fresh = text.replace(SENT["id"], str(uuid.uuid4()))
    receipt = send(language, fresh, tmp_path)
    assert receipt["topic"].endswith(TOPIC)
    again = send(language, fresh, tmp_path)
    assert (again["partition"], again["offset"]) == (receipt["partition"], receipt["offset"])
    deadline = time.monotonic() + WALL_SECONDS
    while received(stack) != before + SENT["data"]["amount"]:
        assert time.monotonic() < deadline, f"the wall shows {received(stack)}, {before} before"
        time.sleep(0.2)
