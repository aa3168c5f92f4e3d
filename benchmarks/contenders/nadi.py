"""The product: one or more stream workers as ``nadi run stream`` starts them, with the benchmark's processor.

    python -m benchmarks.contenders.nadi FETCH WORKERS OPTIONS

FETCH is ``native`` or ``confluent``; without native fetch nothing native is used. Exactly once: outputs, state and
positions in one transaction; repeats are recognised.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.contenders.report import cpu_seconds, first_record


def main() -> None:
    """One worker runs in this process, more of them in processes of their own."""
    fetch, workers, text = sys.argv[1:4]
    os.environ["NADI_NATIVE"] = "1" if fetch == "native" else "0"
    if workers == "1":
        work(fetch, 0, json.loads(text))
    else:
        lead(fetch, int(workers), text)


def work(fetch: str, index: int, options: Mapping[str, Any]) -> None:
    """Run worker ``index`` until it is told to stop."""
    from benchmarks import worker

    prefix = options["input"].removesuffix("revenue.receipts")
    more = {"prefix": prefix, "fetch": fetch, "processor": "bench"}
    worker.work({**options, **more}, index, FirstRecord)


class FirstRecord:
    """A fetcher that says when it has given its first record: it is asked for one alone before it goes on."""

    def __init__(self, fetcher: Any) -> None:
        self._fetcher = fetcher
        self._begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fetcher, name)

    def fetch(self, rows: int, seconds: float) -> list[Any]:
        """As the fetcher's own."""
        if self._begun:
            found: list[Any] = self._fetcher.fetch(rows, seconds)
            return found
        found = self._fetcher.fetch(1, seconds)
        if found:
            self._begun = True
            first_record()
        return found


def lead(fetch: str, workers: int, text: str) -> None:
    """Start the workers; the first record of any of them is that of all, with the CPU seconds of all."""
    command = [sys.executable, "-m", "benchmarks.contenders.nadi", "worker", fetch]
    running = [
        subprocess.Popen([*command, str(index), text], stdout=subprocess.PIPE) for index in range(workers)
    ]
    raise SystemExit(_relay(running))


def _relay(running: list[subprocess.Popen[bytes]]) -> int:
    import selectors

    import psutil

    with selectors.DefaultSelector() as waiting:
        for process in running:
            waiting.register(process.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        (ready, _), *_ = waiting.select()
        if not ready.fileobj.readline():  # type: ignore[union-attr]
            return 1  # it ended without a record
        used = (psutil.Process(process.pid).cpu_times() for process in running)
        first_record(cpu_before=cpu_seconds() + sum(cpu.user + cpu.system for cpu in used))
    return max(process.wait() for process in running)


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        work(sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4]))
    else:
        main()
