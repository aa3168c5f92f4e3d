"""``python -m benchmarks latency``: how old an event is when its output can be read, and when it can be queried.

Open loop: events are due at an even pace whatever the answers, and an event's age counts from the instant it was
due, not from when it was sent. Real processes on one machine, twice: with the broker beside the stream worker, and
then with ClickHouse's engine and the sink too; each time beside the probe that publishes and watches (probe.py).
Writes ``results/latency.json``.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import environment
from benchmarks.machine import machine
from infra.embedded.stack import Stack
from infra.settings import Settings
from schemas.catalogue import AGGREGATES, REVENUE

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
PORTS = (
    "ports.kafka",
    "ports.controller",
    "ports.clickhouse",
    "ports.metrics",
    "wallboard.port",
    "inspectorate.port",
    "gateway.port",
)
#: Milliseconds that must not be reached: (which stack, what, percentile, bar).
BARS = (
    ("broker_and_worker", "output", "p50", 50.0),
    ("broker_and_worker", "output", "p99", 250.0),
    ("everything", "queryable", "p99", 1500.0),
)


def main(rate: int, seconds: int, fetch: str = "auto") -> dict[str, Any]:
    """Measure on both stacks, write the result."""
    found = {
        name: _measure(rate, seconds, fetch, whole=name == "everything")
        for name in ("broker_and_worker", "everything")
    }
    result = {"machine": machine(), "rate": rate, "seconds": seconds, "fetch": fetch, **found}
    result["bars"] = [
        {
            "measure": f"{what} {cut}",
            "beside": stack,
            "wanted_ms": bar,
            "ms": found[stack][what][cut],
            "reached": found[stack][what][cut] < bar,
        }
        for stack, what, cut, bar in BARS
    ]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latency.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    for stack, measures in found.items():
        for what in ("output", "queryable"):
            if what in measures:
                cuts = {key: value for key, value in measures[what].items() if key != "hdr"}
                ages = ", ".join(f"{key} {value} ms" for key, value in cuts.items())
                print(f"{stack.replace('_', ' ')}: publish to {what}: {ages}")
    for bar in result["bars"]:
        reached = "reached" if bar["reached"] else "NOT REACHED"
        print(f"{bar['measure']}: {bar['ms']} ms (under {bar['wanted_ms']:.0f} wanted) {reached}")
    return result


def _measure(rate: int, seconds: int, fetch: str, whole: bool) -> dict[str, Any]:
    """Start a stack, measure on it, stop it."""
    with tempfile.TemporaryDirectory(prefix="nadi-bench-") as folder:
        flags = {"data_dir": Path(folder), "streams.fetch": fetch, **dict.fromkeys(PORTS, 0)}
        with Stack(Settings.load(flags), embedded_only=True, simulated=True) as stack:
            stack.start_broker()
            stack.start_workers()
            if whole:
                stack.start_clickhouse()
            workers = [f"stream-{index}" for index in range(stack.settings.streams.workers)]
            stack.supervisor.wait_healthy(workers, 90)
            found = _probe(stack.settings, rate, seconds, whole)
            stack.check_alive()
    return found


def _probe(settings: Settings, rate: int, seconds: int, whole: bool) -> dict[str, Any]:
    layout = settings.kafka.layout()
    options = {
        "bootstrap": settings.kafka.bootstrap_servers,
        "topic": layout.topic(REVENUE.name),
        "output": layout.topic(AGGREGATES["revenue"].name),
        "sink_group": settings.clickhouse.group if whole else "",
        "partitions": settings.kafka.partitions,
        "rate": rate,
        "seconds": seconds,
    }
    done = subprocess.run(
        [str(environment.python()), "-m", "benchmarks.probe", json.dumps(options)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=True, text=True,
        timeout=seconds + 240,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found
