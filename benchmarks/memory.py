"""``python -m benchmarks memory``: what a simulated regency's year weighs in the five domains' state.

The simulator's year goes through encoding, decoding and the processors, in one process and without a broker. For each
domain: events, aggregate keys, bytes of every store as it is written to the state log, and megabytes that the process
gives back when the processor is let go. Writes ``results/memory.json``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.driving import resident_mb
from benchmarks.machine import machine
from infra.settings import resolve_profile
from producers.simulator.simulator import Simulator
from schemas.catalogue import DOMAINS
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import open_ids
from streams.domains import PROCESSORS
from streams.engine.chunk import Chunk
from streams.engine.processor import Context, Processor

RESULTS = Path(__file__).parent / "results"
CHUNK_ROWS = 10_000
YEAR = 2025


class Course:
    """One domain on its way into its processor."""

    def __init__(self, domain: str, processor: Processor) -> None:
        self.processor: Processor | None = processor
        self.events = 0
        self._topic = DOMAINS[domain].name
        self._codec = Codec(DOMAINS[domain].schema, open_ids(""))
        self._waiting: list[dict[str, Any]] = []

    def take(self, record: dict[str, Any]) -> None:
        """One event; processed with those before it when they are many."""
        self._waiting.append(record)
        if len(self._waiting) == CHUNK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Process what waits."""
        rows, self._waiting = self._waiting, []
        if not rows or self.processor is None:
            return
        decoded = self._codec.decode_batch([self._codec.encode(row) for row in rows])
        clocks = np.maximum.accumulate(np.array([row["occurred_at"] for row in rows], np.int64))
        offsets = np.arange(self.events, self.events + len(rows), dtype=np.int64)
        first, self.events = self.events, self.events + len(rows)
        self.processor.process(
            Chunk(self._topic, 0, first, self.events, decoded.columns, offsets, clocks, int(clocks[-1]))
        )
        for store in self.processor.stores.values():
            store.changes()

    def weigh(self) -> dict[str, Any]:
        """Counts and bytes; lets the processor go."""
        if self.processor is None:
            return {}
        stores = {name: sum(b.nbytes for b in s.freeze()) for name, s in self.processor.stores.items()}
        keys = len(self.processor.totals)
        before = resident_mb()
        self.processor = None
        return {
            "events": self.events,
            "keys": keys,
            "store_bytes": stores,
            "resident_mb": round(before - resident_mb(), 1),
        }


def main(population: int) -> dict[str, Any]:
    """Simulate, weigh, write the result."""
    profile = Profile.load(resolve_profile("contoh"))
    courses = {name: Course(name, make(Context(profile, True, 0))) for name, make in PROCESSORS.items()}
    for domain, record in Simulator(profile, population=population).year(YEAR):
        if domain in courses:
            courses[domain].take(record)
    for course in courses.values():
        course.flush()
    domains = {name: course.weigh() for name, course in courses.items()}
    total: dict[str, float] = defaultdict(float)
    for found in domains.values():
        total["events"] += found["events"]
        total["keys"] += found["keys"]
        total["totals_mb"] += found["store_bytes"]["totals"] / 2**20
        total["state_mb"] += sum(found["store_bytes"].values()) / 2**20
        total["resident_mb"] += found["resident_mb"]
    result = {"machine": machine(), "year": YEAR, "population": population, "domains": domains}
    result["total"] = {name: round(value, 1) for name, value in total.items()}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "memory.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    for name, found in domains.items():
        print(f"{name}: {found['events']} events, {found['keys']} keys, {found['resident_mb']} MB resident")
    print(
        f"together: {total['keys']:.0f} keys, {total['totals_mb']:.0f} MB of aggregates and "
        f"{total['state_mb']:.0f} MB of all state as written, {total['resident_mb']:.0f} MB resident"
    )
    return result
