"""``python -m benchmarks deadline``: how soon a passed deadline is an alert that a reader has, among open permits.

The product's worker, with the case tasks and the regency task and all permit rules, computes the open permits from a
real broker on the wall clock. Then permits that bring their own due date fall due over half a minute, twice: while
nothing else arrives, so that only the idle clock moves (streams/engine/clock.py), and while steps of the other permits
come at an even pace. An alert's age counts from its deadline plus the lateness of its source to the instant at which a
read_committed consumer of ``risk.alerts`` has it. Each must come exactly once. Writes ``results/deadline.json``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.course import PARTITIONS, SOURCE, Course, Record, kill, permit, until
from benchmarks.machine import machine
from infra.embedded.kafka import Broker
from infra.settings import resolve_profile
from schemas.catalogue import ALERTS, PERMITS, REGENCY_TOPIC
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.records import ends, read
from schemas.registry import open_ids
from streams.engine.state_group import GROUP, LaneState, Piece, header_of

RESULTS = Path(__file__).parent / "results"
#: Seconds in which every alert must be there.
BAR_SECONDS = 2.0
#: Permits that fall due in each mode, over so many seconds, the first so many after they are published.
DUE, SPREAD_SECONDS, LEAD_SECONDS = 300, 30.0, 10.0
#: Events a second where other events arrive.
RATE = 500
#: How long an alert is waited for, and how long the topic is watched for one that comes twice.
LATEST_SECONDS, TWICE_SECONDS = 60.0, 2.0
#: Records from the end of the regency task's state log among which its last header is.
TAIL = 500

Seen = list[tuple[float, Record]]


def main(open_permits: int, fetch: str = "auto") -> Record:
    """Measure in both modes, write the result. Raises RuntimeError for an alert that is missing or too many."""
    lateness = Profile.load(resolve_profile("contoh")).lateness_ms(SOURCE)
    with (
        tempfile.TemporaryDirectory(prefix="nadi-bench-") as folder,
        Broker(Path(folder) / "kafka") as broker,
    ):
        log = Path(folder) / "worker.log"
        place = Course(
            broker.bootstrap, "deadline", "permits", "permits", fetch, Path(folder) / "worker", regency=True
        )
        print(f"publishing {open_permits:,} permits", flush=True)
        place.fill(permit(number) for number in range(open_permits))
        begun = time.time()
        process = place.start(log)
        try:
            place.wait_done(process, log)
            computed = time.time() - begun
            worker = psutil.Process(process.pid)
            until(lambda: regency_has(place) == open_permits, process, log, 300, 1.0)
            full = worker.memory_info().rss
            print(f"computed after {computed:.1f} s, {full / 2**20:.0f} MB resident", flush=True)
            with watching(place) as seen:
                modes = {
                    mode: measure(place, process, log, open_permits, lateness, seen, busy=mode == "busy")
                    for mode in ("idle", "busy")
                }
            after = worker.memory_info().rss
        finally:
            kill(process)
    result = {
        "machine": machine(), "fetch": fetch, "open_permits": open_permits, "tasks": ["case", "regency"],
        "lateness_s": lateness / 1000, "computed_s": round(computed, 1), "rss_mb": round(full / 2**20),
        "rss_after_mb": round(after / 2**20), "modes": modes, "bars": bars(modes),
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "deadline.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    for bar in result["bars"]:
        reached = "reached" if bar["reached"] else "NOT REACHED"
        print(f"{bar['measure']}: {bar['s']} s (under {BAR_SECONDS} wanted) {reached}")
    return result


def regency_has(place: Course) -> int:
    """How many permit events the regency task has applied, by the last header on its state log: it commits no offset."""
    log = (place.layout.topic(REGENCY_TOPIC), 0)
    start = max(0, ends(place.bootstrap, [log])[log] - TAIL)
    pieces = (Piece.read(m.headers(), m.value()) for m in read(place.bootstrap, {log: start}))
    lanes: Mapping[str, LaneState] = {}
    for piece in pieces:
        if piece.kind == GROUP:
            lanes = header_of(piece).lanes
    return sum(state.position for name, state in lanes.items() if name.startswith(PERMITS.name))


def measure(
    place: Course, process: subprocess.Popen[bytes], log: Path, open_permits: int, lateness: int, seen: Seen, *,
    busy: bool,
) -> Record:  # fmt: skip
    """Let permits fall due, with other events or without; the ages of their alerts."""
    load = os.getloadavg()[0]
    first = time.time() + LEAD_SECONDS
    due = deadlines(open_permits + DUE * busy, first)
    place.fill({**permit(number), "due_at": at} for number, at in due.items())
    place.wait_done(process, log)
    if time.time() > first:
        raise RuntimeError("the permits were not computed before the first of them fell due")
    last = first + SPREAD_SECONDS + lateness / 1000
    events = place.fill(paced(open_permits, last + BAR_SECONDS)) if busy else 0

    subjects = {permit(number)["case_id"]: at for number, at in due.items()}

    def done() -> bool:
        return (
            subjects.keys() <= {alert["subject"] for _, alert in seen} or time.time() > last + LATEST_SECONDS
        )

    until(done, process, log, LATEST_SECONDS + 2 * SPREAD_SECONDS, 0.1)
    time.sleep(TWICE_SECONDS)
    found = np.array(ages(subjects, lateness, seen))
    p50, p99 = np.percentile(found, (50, 99)).tolist()
    row = {
        "alerts": len(found), "other_events": events, "p50_s": round(p50, 3), "p99_s": round(p99, 3),
        "max_s": round(float(found.max()), 3), "load_before": round(load, 1),
        "load_after": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    print(f"{'busy' if busy else 'idle'}: {json.dumps(row)}", flush=True)
    return row


def deadlines(number: int, first: float) -> dict[int, int]:
    """The deadlines (UTC ms) of permits from ``number`` on: at uneven instants, so that they keep no step with the ticks
    of the idle clock, over the seconds after ``first`` (Unix seconds)."""
    rng = random.Random(number)
    return {number + i: round((first + rng.uniform(0, SPREAD_SECONDS)) * 1000) for i in range(DUE)}


def paced(open_permits: int, end: float) -> Iterator[Record]:
    """A step of one open permit after the other, at an even pace until ``end`` (Unix seconds)."""
    begun, number = time.time(), 0
    while (at := begun + number / RATE) < end:
        time.sleep(max(0.0, at - time.time()))
        yield {**permit(number % open_permits), "kind": "started"}
        number += 1


@contextmanager
def watching(place: Course) -> Iterator[Seen]:
    """All alerts, each with the instant (Unix seconds) at which a reader of what is committed has it, as they come."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    codec = Codec(ALERTS.schema, open_ids(""))
    consumer: Any = Consumer(
        {
            "bootstrap.servers": place.bootstrap,
            "group.id": "benchmark-reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    topic = place.layout.topic(ALERTS.name)
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
    seen: Seen = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            messages = [m for m in consumer.consume(1_000, 0.01) if m.error() is None]
            now = time.time()
            rows = codec.decode_batch([m.value() for m in messages]).columns.to_pylist()
            seen.extend((now, row) for row in rows)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
        consumer.close()


def ages(due: Mapping[str, int], lateness: int, seen: Iterable[tuple[float, Record]]) -> list[float]:
    """Seconds from each permit's deadline (UTC ms) plus the lateness (ms) to its alert. Raises RuntimeError for an alert
    that is missing, came twice, or came before its time."""
    came: dict[str, list[float]] = {permit: [] for permit in due}
    for at, alert in seen:
        if alert["rule"] == "P01" and alert["level"] == "breach" and alert["subject"] in came:
            came[alert["subject"]].append(at - (due[alert["subject"]] + lateness) / 1000)
    wrong = {permit: found for permit, found in came.items() if len(found) != 1 or found[0] < 0}
    if wrong:
        some = dict(islice(wrong.items(), 5))
        raise RuntimeError(f"not one alert in time for {len(wrong)} of {len(due)} permits (ages): {some}")
    return [found[0] for found in came.values()]


def bars(modes: Mapping[str, Record]) -> list[Record]:
    """What the figures are held to."""
    return [
        {
            "measure": f"deadline to alert, {mode}, the slowest of {row['alerts']}",
            "wanted_s": BAR_SECONDS,
            "s": row["max_s"],
            "reached": row["max_s"] < BAR_SECONDS,
        }
        for mode, row in modes.items()
    ]
