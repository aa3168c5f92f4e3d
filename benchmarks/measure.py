"""Runs one contender and takes its time: one rule for all.

The clock runs from the contender's first fetched record, which it reports itself (report.py), until the last of
its output can be read by a read_committed consumer. What comes before, from the start of the process, is the
start-up and stands apart. The end of the output is seen by asking the broker for its last stable offsets every
few milliseconds, so nobody's output has to be read while the clock runs; the totals are compared afterwards, and
a contender whose totals are not right has no result.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.roster import Contender
from benchmarks.totals import READERS
from benchmarks.workload import PARTITIONS, Totals

ROOT = Path(__file__).parents[1]
POLL_SECONDS = 0.02
LOOK_SECONDS = 0.5
QUIET_SECONDS = 2.0
STALLED_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: seconds from the first record to the end of the output, and before it; CPU seconds (user and
    system, of the process and its children) in both; peak resident memory in MB."""

    events: int
    seconds: float
    start_seconds: float
    cpu_s: float
    start_cpu_s: float
    peak_mb: int
    totals_ok: bool

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds


class ContenderError(RuntimeError):
    """A contender died or stalled; the message has the end of its log."""


def run(
    contender: Contender, bootstrap: str, topic: str, output: str, events: int, wanted: Totals, name: str
) -> Measured:
    """Run it once on ``topic``. ``name`` is new for every run. Raises ContenderError."""
    folder = Path(tempfile.mkdtemp(prefix=f"bench-{contender.name}-"))
    options = {
        "bootstrap": bootstrap,
        "input": topic,
        "partitions": PARTITIONS,
        "output": output,
        "group": name,
        "events": events,
        "folder": str(folder),
    }
    command = [*contender.command(), json.dumps(options)]
    log = folder / "log"
    with log.open("wb") as errors, (folder / "said").open("wb") as said:
        started = time.time()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=errors, cwd=ROOT, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    try:
        watch = _Watch(process, bootstrap, output)
        while True:
            watch.until_quiet()
            ok = READERS[contender.totals](bootstrap, output) == wanted
            if ok or process.poll() is not None or watch.stalled():
                break
        line = _said(folder / "said")
        if line is None:
            raise ContenderError(f"{contender.name} took no record:\n{_tail(log)}")
        if not ok:
            print(f"{contender.name}: wrong totals; the end of its log:\n{_tail(log)}")
        return Measured(
            events=events,
            seconds=watch.ended - line["first_record_at"],
            start_seconds=line["first_record_at"] - started,
            cpu_s=watch.cpu - line["cpu_before"],
            start_cpu_s=line["cpu_before"],
            peak_mb=watch.peak // 2**20,
            totals_ok=ok,
        )
    finally:
        _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


class _Watch:
    """The end of a contender's output, and what it had used by then."""

    def __init__(self, process: subprocess.Popen[bytes], bootstrap: str, output: str) -> None:
        from confluent_kafka.admin import AdminClient

        self._process = process
        self._family = [psutil.Process(process.pid)]
        self._looked = 0.0
        self._admin: Any = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._output = output
        self._end: dict[int, int] = {}
        self.ended = time.time()
        self.cpu = 0.0
        self.peak = 0

    def until_quiet(self) -> None:
        """Until the output has not grown for a while and is not empty, or the process has ended."""
        while True:
            asked = time.time()
            end = self._stable_end()
            if end != self._end:
                self._end, self.ended = end, asked
                self.cpu = max(self.cpu, sum(map(_cpu_of, self._family)))
            self._look(asked)
            alive = self._process.poll() is None
            quiet = asked - self.ended > QUIET_SECONDS
            if not alive and asked - self.ended > 0.5:
                return
            if quiet and (any(self._end.values()) or self.stalled()):
                return
            time.sleep(POLL_SECONDS)

    def stalled(self) -> bool:
        """Whether the output has not grown for so long that it will not."""
        return time.time() - self.ended > STALLED_SECONDS

    def _stable_end(self) -> dict[int, int]:
        from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
        from confluent_kafka.admin import OffsetSpec

        try:
            known = self._end or self._admin.list_topics(self._output, 5).topics[self._output].partitions
            asked = {TopicPartition(self._output, p): OffsetSpec.latest() for p in known}
            answer = self._admin.list_offsets(
                asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=5
            )
            return {tp.partition: future.result(5).offset for tp, future in answer.items()}
        except (KafkaException, KeyError):
            return self._end  # the contender has not made its topic yet

    def _look(self, now: float) -> None:
        """Who belongs to it and how much memory they hold, a few times a second: looking costs too."""
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._family = [self._family[0], *_children(self._family[0])]
            self.peak = max(self.peak, sum(map(_memory_of, self._family)))


def _cpu_of(process: psutil.Process) -> float:
    """CPU seconds so far, with those of its children that have ended."""
    try:
        used = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(used.user + used.system + used.children_user + used.children_system)


def _memory_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return found


def _said(path: Path) -> dict[str, Any] | None:
    for line in path.read_text("utf-8", "replace").splitlines():
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    return None


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-3000:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it and all its children; it has nothing to say any more."""
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, number)
            process.wait(seconds)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(5)
