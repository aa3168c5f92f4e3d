"""Kinds of kills that are tests of their own, run as such: the sink with ClickHouse, and the whole stack."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.faults.ground import Ground, LeftOutError
from tests.faults.outcome import Outcome

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SINK, STACK = HERE / "test_sink_kills.py", HERE / "test_kill.py"
_COUNTS = re.compile(r"(\d+) kills.*?(\d+) events, (\d+) comparisons, (\d+) differences")


def sink(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """The sink and the embedded ClickHouse die at their steps and system calls, and the disk fills up."""
    outcome = Outcome()
    said = _run(SINK, kills, draw, {"NADI_TEST_BOOTSTRAP": ground.one.bootstrap}, outcome)
    for done, events, comparisons, differences in _COUNTS.findall(said):
        outcome.kills["sink"] += int(done)
        outcome.found.events += int(events)
        outcome.found.comparisons += int(comparisons)
        outcome.found.differences += int(differences)
    return outcome


def stack(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """Any process of a whole stack with its simulator; topics, tables and wallboard are compared at the end."""
    outcome = Outcome()
    _run(STACK, kills, draw, {}, outcome)
    outcome.kills["stack"] += kills
    outcome.found.comparisons += 1
    return outcome


def _run(file: Path, kills: int, draw: random.Random, more: dict[str, str], outcome: Outcome) -> str:
    """Run one file of tests; a failure is a difference. Returns what it said."""
    if not file.exists():
        raise LeftOutError(f"{file.name} is not there")
    environment = {**os.environ, **more, "KILLS": str(kills), "SEED": str(draw.getrandbits(31))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "--timeout=7200",
        str(file),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as tests:  # fmt: skip
        try:
            said, _ = tests.communicate()
        except BaseException:  # the matrix was told to stop: so are the tests, which end what they started
            tests.send_signal(signal.SIGINT)
            tests.communicate()
            raise
    if tests.returncode:
        outcome.found.wrong(f"{file.name}: exit code {tests.returncode}: …{said[-3000:]}")
    return said
