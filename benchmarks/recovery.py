"""``python -m benchmarks recovery``: kill -9, start again; how long until the first output, and how much memory.

For each state: fill the topic, let a worker compute it, kill it, publish one event, start a worker, and wait until
a read_committed reader can see what the event changed. Three instants, in seconds from the start of the process:
``claim`` (the worker has claimed the last task and read its state), ``output``; and ``claim_to_output`` between.
Writes ``results/recovery.json``.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from benchmarks.course import Course, Record, kill, permit, receipt
from benchmarks.machine import machine
from infra.embedded.kafka import Broker

RESULTS = Path(__file__).parent / "results"
CLAIMED = re.compile(r"^(\S+) .*task claimed", re.MULTILINE)
#: Seconds to the first output with a million keys; MB of a worker with a million open permits.
BAR_SECONDS, BAR_MB = 5.0, 1000


@dataclass(frozen=True, slots=True)
class State:
    """What a worker must hold: ``keys`` aggregate keys, or open permits, made by one event each or two."""

    name: str
    domain: str
    processor: str
    keys: int

    def events(self) -> Iterator[Record]:
        """The events that make it."""
        if self.domain == "revenue":
            for number in range(self.keys // 2):  # a sum and a count each
                yield receipt(number)
        else:
            for number in range(self.keys):
                yield permit(number)


STATES = (
    State("10 k aggregate keys", "revenue", "bench", 10_000),
    State("100 k aggregate keys", "revenue", "bench", 100_000),
    State("1 M aggregate keys", "revenue", "bench", 1_000_000),
    State("1 M open permits", "permits", "permits", 1_000_000),
)


def measure(bootstrap: str, state: State, fetch: str, folder: Path) -> Record:
    """Fill, compute, kill, start again."""
    folder.mkdir()
    name = f"recovery-{state.domain}-{state.keys}"
    place = Course(bootstrap, name, state.domain, state.processor, fetch, folder)
    count = place.fill(state.events())
    first_log, log = folder / "first.log", folder / "second.log"
    begun = time.time()
    process = place.start(first_log)
    try:
        place.wait_done(process, first_log)
        computed = time.time() - begun
        time.sleep(2)
        full = psutil.Process(process.pid).memory_info().rss
    finally:
        kill(process)
    before = place.output()
    place.fill([receipt(1) if state.domain == "revenue" else permit(state.keys + 1)])
    begun = time.time()
    process = place.start(log)
    try:
        seen = place.wait_output(before, process, log)
        again = psutil.Process(process.pid).memory_info().rss
    finally:
        kill(process)
    claimed = [_instant(text) for text in CLAIMED.findall(log.read_text("utf-8", "replace"))]
    claim = max(claimed, default=seen)
    return {
        "state": state.name,
        "keys": state.keys,
        "events": count,
        "computed_s": round(computed, 1),
        "rss_mb": round(full / 2**20),
        "claim_s": round(claim - begun, 2),
        "output_s": round(seen - begun, 2),
        "claim_to_output_s": round(seen - claim, 2),
        "rss_after_mb": round(again / 2**20),
    }


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def main(fetch: str, only: list[str]) -> Record:
    """All states on one broker."""
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="nadi-bench-") as folder,
        Broker(Path(folder) / "kafka") as broker,
    ):
        for number, state in enumerate(STATES):
            if only and state.name not in only:
                continue
            rows.append(measure(broker.bootstrap, state, fetch, Path(folder) / f"worker-{number}"))
            print(json.dumps(rows[-1]), flush=True)
    result = {"machine": machine(), "fetch": fetch, "states": rows, "bars": bars(rows)}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "recovery.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return result


def bars(rows: list[Record]) -> list[Record]:
    """What the figures are held to."""
    found = []
    for row in rows:
        if row["state"] == "1 M aggregate keys":
            found.append(
                {
                    "measure": "process start to first output, 1 M keys",
                    "wanted_s": BAR_SECONDS,
                    "s": row["output_s"],
                    "reached": row["output_s"] < BAR_SECONDS,
                }
            )
        if row["state"] == "1 M open permits":
            most = max(row["rss_mb"], row["rss_after_mb"])
            found.append(
                {
                    "measure": "memory of a worker, 1 M open permits",
                    "wanted_mb": BAR_MB,
                    "mb": most,
                    "reached": most < BAR_MB,
                }
            )
    return found
