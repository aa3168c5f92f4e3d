"""Stream workers by fork: one process imports everything once, and every worker it starts is a copy of it.

Importing costs a worker two seconds of processor time, more than all the rest of its start. The nursery itself opens
no connection, so that no thread of a library that minds is there to be lost in a fork. It is told on its standard
input, one JSON document a line, and says on its standard output which worker ended, and how.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
TURN_SECONDS = 0.02


@dataclass
class Worker:
    """A worker process. ``code`` is its exit code once it ended, the negative signal number after a signal."""

    pid: int
    index: int
    log: Path
    failpoint: str = ""
    code: int | None = None
    killed: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def alive(self) -> bool:
        return self.code is None

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.alive:
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.killed = True
        self.signal(signal.SIGKILL)
        self.wait(20)

    def tell_where(self) -> None:
        """Let it write into its log where all its threads stand."""
        self.signal(signal.SIGUSR1)
        time.sleep(0.5)

    def wait(self, seconds: float) -> int | None:
        """The exit code, None when it has not ended after so many seconds."""
        self.ended.wait(seconds)
        return self.code


class Nursery:
    """Starts workers. ``environment`` is added to that of the nursery's process."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", **(environment or {})}
        self._workers: dict[int, Worker] = {}
        self._started: list[int] = []
        self._heard = threading.Condition()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self._environment},
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, name="nursery", daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers.values():
            if worker.alive:
                worker.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._listener.join(5)

    def start(self, index: int, options: dict[str, Any], log: Path, failpoint: str = "") -> Worker:
        """Start worker ``index``; ``options`` as ``_run`` takes them."""
        wanted = {"index": index, "options": options, "log": str(log), "failpoint": failpoint}
        assert self._process.stdin is not None
        with self._heard:
            self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
            self._process.stdin.flush()
            if not self._heard.wait_for(lambda: self._started or self._process.poll() is not None, 60):
                raise TimeoutError("the nursery does not answer")
            if not self._started:
                raise RuntimeError(f"the nursery ended with code {self._process.returncode}")
            worker = Worker(self._started.pop(), index, log, failpoint)
            self._workers[worker.pid] = worker
            self._heard.notify_all()
        return worker

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            with self._heard:
                if "started" in said:
                    self._started.append(said["started"])
                    self._heard.notify_all()
                    self._heard.wait_for(lambda: not self._started, 60)
                else:
                    worker = self._workers.pop(said["ended"])
                    worker.code = said["code"]
                    worker.ended.set()
        with self._heard:
            self._heard.notify_all()


def _run(index: int, options: dict[str, Any], log: str, failpoint: str) -> int:
    """A worker's life, in the copy; its exit code."""
    from monitoring import failpoints
    from schemas.settings import KafkaSettings
    from streams.settings import StreamSettings
    from streams.worker import run
    from tests.faults.events import profile

    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for given, number in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(given, number)
    faulthandler.register(signal.SIGUSR1)
    os.environ["NADI_FAILPOINT"] = failpoint
    importlib.reload(
        failpoints
    )  # it reads its variable at its import, and every place calls this very module
    print(f"worker {index} pid {os.getpid()} failpoint {failpoint!r} at {time.time():.3f}", flush=True)
    try:
        run(
            KafkaSettings.model_validate(options["kafka"]),
            StreamSettings.model_validate(options["streams"]),
            profile(),
            index=index,
            data_dir=Path(options["data_dir"]),
            http_port=0,
        )
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001  (an edge: a copy must never return into its parent's loop)
        import traceback

        traceback.print_exc()
        return 1
    return 0


def _import_all() -> None:
    """Everything a worker will need, and nothing that opens a connection or starts threads that a fork loses."""
    for name in (
        "confluent_kafka.admin", "pyarrow.compute", "polars", "pyruhvro", "fastavro", "faust", "aiokafka.consumer",
        "faust.transport.drivers.aiokafka", "streams.worker", "streams.domains", "streams.engine.app",
        "streams.engine.native_fetch", "monitoring.server", "tests.faults.events",
    ):  # fmt: skip
        importlib.import_module(name)
    import faust

    from streams.domains import PROCESSORS
    from streams.engine.processor import Context
    from tests.faults.events import DAY, START, Events, profile

    Events("codecs", simulated=True).next(0)
    for make in PROCESSORS.values():
        make(Context(profile()))
    for since in (START, time.time_ns() // 1_000_000):  # holidays are slow to find out, and remembered
        profile().calendar.elapsed(since - 60 * DAY, since + 400 * DAY)
    assert faust.App
    gc.collect()
    gc.freeze()  # so that a copy's collector does not write to every page


def _say(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def main() -> None:
    """Fork on demand until the standard input ends; then kill what is left."""
    _import_all()
    children: set[int] = set()
    waiting = b""
    while True:
        ready, _, _ = select.select([0], [], [], TURN_SECONDS if children else 1.0)
        if ready:
            data = os.read(0, 1 << 16)
            if not data:
                break
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                wanted = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    os._exit(_run(**wanted))
                children.add(pid)
                _say(started=pid)
        for pid in list(children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                children.discard(pid)
                _say(ended=pid, code=os.waitstatus_to_exitcode(status))
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
