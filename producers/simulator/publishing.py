"""The simulated regency onto Kafka: one year, a resumable history, or live."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from producers.client import Publisher
from producers.simulator.live import Live
from producers.simulator.simulator import Simulator, Unfinished
from schemas.catalogue import HEARTBEATS
from schemas.settings import KafkaSettings

if TYPE_CHECKING:
    from schemas.profile import Profile

log = structlog.get_logger(__name__)

Progress = Callable[[int], None]
BATCH = 2_000
HEARTBEAT_S = 10.0
DAY_MS = 86_400_000


def simulate_year(
    kafka: KafkaSettings,
    profile: Profile,
    year: int,
    population: int = 300_000,
    seed: int = 1,
    progress: Progress = lambda _: None,
) -> dict[str, int]:
    """Publish a whole year in order of time; returns events by domain. ``progress`` hears the count so far.

    Raises DeploymentMismatchError on a stack with a live publisher, SimulationRefusedError for a real profile.
    """
    simulator = Simulator(profile, seed, population)
    counts: Counter[str] = Counter()
    with Publisher(kafka, origin="simulated") as publisher:
        for number, (domain, record) in enumerate(simulator.year(year), 1):
            publisher.publish(domain, record, trusted=True)
            counts[domain] += 1
            if number % BATCH == 0:
                progress(number)
    progress(counts.total())
    return dict(counts)


@dataclass
class Position:
    """How far a stack's history is loaded; kept in a file, so that a restart goes on where it stopped.

    Events between two saves may be sent twice, with equal ids: they are repeats and count once.
    """

    seed: int
    population: int
    start: int
    end: int
    sent: int = 0
    complete: bool = False

    @classmethod
    def load(cls, path: Path) -> Position | None:
        """The position in a file, None where there is none."""
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.new")
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(path)


def simulate_live(
    kafka: KafkaSettings,
    profile: Profile,
    position_file: Path,
    stop: threading.Event,
    *,
    rate: float = 10.0,
    population: int = 30_000,
    seed: int = 1,
    progress: Progress = lambda _: None,
) -> int:
    """Load the history of this year once, then publish ``rate`` events a second until ``stop`` is set.

    Returns the events sent. A history that was begun keeps its seed, population and end. Heartbeats of all sources
    come every ten seconds, also while the history is loading.
    """
    now = int(time.time() * 1000)
    position = Position.load(position_file) or Position(seed, population, now - DAY_MS, now)
    simulator = Simulator(profile, position.seed, position.population)
    with Publisher(kafka, origin="simulated") as publisher:
        unfinished = _load_history(publisher, simulator, position, position_file, stop, progress)
        live = Live(simulator, unfinished, began=now)
        _beat(publisher, live)
        next_beat = time.monotonic() + HEARTBEAT_S
        due = time.monotonic()
        while not stop.is_set():
            if time.monotonic() >= next_beat:
                _beat(publisher, live)
                next_beat += HEARTBEAT_S
            domain, record = live.next(int(time.time() * 1000))
            publisher.publish(domain, record, trusted=True)
            progress(publisher.published)
            due += 1.0 / rate
            wait = due - time.monotonic()
            if wait > 0:
                stop.wait(wait)
            elif wait < -5.0:
                due = time.monotonic()  # we were asleep: no flood afterwards
        return publisher.published


def _load_history(
    publisher: Publisher,
    simulator: Simulator,
    position: Position,
    path: Path,
    stop: threading.Event,
    progress: Progress,
) -> list[Unfinished]:
    """Send what is not sent yet; the whole history is made again, because the live stream goes on from its end."""
    unfinished: list[Unfinished] = []
    done = position.sent
    for number, (domain, record) in enumerate(
        simulator.history(position.start, position.end, unfinished=unfinished), 1
    ):
        if number <= done or position.complete:
            continue
        if stop.is_set():
            break
        publisher.publish(domain, record, trusted=True)
        position.sent = number
        if number % (BATCH * 5) == 0:
            publisher.flush()
            position.save(path)
            progress(number)
    publisher.flush()
    position.complete = position.complete or not stop.is_set()
    position.save(path)
    log.info("history loaded", events=position.sent, open=len(unfinished), complete=position.complete)
    return unfinished


def _beat(publisher: Publisher, live: Live) -> None:
    for record in live.beats(int(time.time() * 1000)):
        publisher.publish(HEARTBEATS.name, record, trusted=True)
