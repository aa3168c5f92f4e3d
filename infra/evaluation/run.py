"""One evaluation: a temporary stack on event time, a log or planted years through it, and the scores of the rules."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.embedded.stack import Stack
from infra.evaluation import reading
from infra.evaluation.known import known_rules
from infra.evaluation.mandates import with_mandates
from infra.evaluation.publishing import published
from infra.evaluation.scoring import Scores, score
from infra.risks.ranking import left_out
from infra.rules.states import States
from infra.settings import Settings
from producers.client import Publisher
from producers.history import read_history
from producers.log_files import read_log
from producers.mapping import load_mapping
from producers.plants import Ground, Ledger, budget, sow
from producers.simulator import Simulator
from schemas.profile import Profile
from streams.rules import rules

Say = Callable[[str, int, int], None]
TOLD_EVERY = 5_000
DAY_MS = 86_400_000
#: Simulated years end with one that is over and whose holidays are all decided: a broker takes nothing from the future.
LAST_YEAR = 2025


@dataclass(frozen=True, slots=True)
class Planted:
    """Simulated years with planted irregularities."""

    seed: int
    years: int
    population: int

    @property
    def first_year(self) -> int:
        return LAST_YEAR - self.years + 1


@dataclass(frozen=True, slots=True)
class Log:
    """A historic log of permits; nothing is known of what in it is true."""

    files: tuple[Path, ...]
    mapping: Path


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a run gave. ``observed`` are the rules that are not delivered, ``events`` the regency's without heartbeats."""

    over: Planted | Log
    scores: Scores
    observed: frozenset[str]
    cases: int
    events: int
    ledger: Ledger | None
    dead_letters: int
    seconds: dict[str, float]


def evaluate(
    over: Planted | Log,
    settings: Settings,
    profile: Profile,
    say: Say,
    *,
    partitions: int = 4,
    workers: int = 1,
) -> Evaluation:
    """Carry it out; ``say`` hears (stage, done, total).

    Raises SimulationRefusedError for a real profile with planted years, ValueError for a log that cannot be read,
    RuntimeError when a worker dies, TimeoutError when nothing moves.
    """
    if isinstance(over, Log):
        return _log(over, settings, profile, say, partitions, workers)
    with tempfile.TemporaryDirectory(prefix="nadi-evaluasi-") as folder:
        return _planted(over, settings, profile, Path(folder) / "profil", say, partitions, workers)


def _planted(
    over: Planted,
    settings: Settings,
    profile: Profile,
    folder: Path,
    say: Say,
    partitions: int,
    workers: int,
) -> Evaluation:
    begun = time.monotonic()
    ground = Ground(profile, over.seed, over.population, over.first_year, over.years)
    plants = sow(ground, budget(over.population, over.years))
    simulator = Simulator(profile, over.seed, over.population, plants)
    judged_by = with_mandates(profile, ground, folder)

    def publish(stack: Stack) -> None:
        last = 0
        with Publisher(stack.settings.kafka, origin="simulated") as publisher:
            for number, sent in enumerate(simulator.years(over.first_year, over.years), 1):
                publisher.publish(sent.domain, sent.record, timestamp=sent.at, trusted=True)
                last = sent.at
                if number % TOLD_EVERY == 0:
                    say("kirim", *_days(last, ground.begin, ground.end))
        say("kirim", *_days(ground.end, ground.begin, ground.end))

    found = _through(settings, judged_by, ground.end - 1, publish, say, partitions, workers)
    return _scored(
        over, settings, judged_by, found, ground.ledger, ground.ledger.cases, ground.ledger.events, begun
    )


def _log(
    over: Log, settings: Settings, profile: Profile, say: Say, partitions: int, workers: int
) -> Evaluation:
    begun = time.monotonic()
    history = read_history(
        "permits",
        map(read_log, over.files),
        load_mapping(over.mapping),
        profile.timezone,
        lambda n, total: say("baca", n, total),
    )

    def publish(stack: Stack) -> None:
        total = len(history.events)
        with Publisher(stack.settings.kafka, origin="live") as publisher:
            for number, record in enumerate(history.events, 1):
                publisher.publish("permits", record, trusted=True)  # typed by the mapping
                if number % TOLD_EVERY == 0 or number == total:
                    say("kirim", number, total)

    found = _through(settings, profile, history.last_occurred_at, publish, say, partitions, workers)
    return _scored(over, settings, profile, found, None, history.cases, history.rows, begun)


def _scored(
    over: Planted | Log, settings: Settings, profile: Profile, found: _Said, ledger: Ledger | None, cases: int, events: int,
    begun: float,
) -> Evaluation:  # fmt: skip
    """The scores of what was said, with the rules delivered that this regency has delivered."""
    observed = States(settings.data_dir).observed()
    scores = score(
        known_rules(), found.alerts, cases, ledger, found.outcomes,
        published=published(found.alerts, profile, left_out(rules(), observed)),
        if_all=published(found.alerts, profile),
    )  # fmt: skip
    return Evaluation(
        over, scores, observed, cases, events, ledger, found.dead_letters, _seconds(begun, found.pipeline)
    )


@dataclass(frozen=True, slots=True)
class _Said:
    alerts: list[dict[str, Any]]
    outcomes: dict[str, dict[str, int]]
    dead_letters: int
    pipeline: float


def _through(
    settings: Settings,
    profile: Profile,
    until: int,
    publish: Callable[[Stack], None],
    say: Say,
    partitions: int,
    workers: int,
) -> _Said:
    """Publish everything, let the workers begin, and read back what they said when they are done."""
    with Stack.temporary(settings, profile, partitions=partitions, workers=workers) as stack:
        stack.start_bounded(until)
        publish(stack)
        begun = time.monotonic()
        stack.input_complete()
        reading.follow(stack, until, say)
        bootstrap, layout = stack.settings.kafka.bootstrap_servers, stack.settings.kafka.layout()
        return _Said(
            reading.alerts(bootstrap, layout),
            reading.outcomes(stack.settings),
            sum(reading.dead_letters(bootstrap, layout).values()),
            time.monotonic() - begun,
        )


def _days(at: int, begin: int, end: int) -> tuple[int, int]:
    """Simulated days done, and all of them."""
    return (min(at, end) - begin) // DAY_MS, (end - begin) // DAY_MS


def _seconds(begun: float, pipeline: float) -> dict[str, float]:
    return {"total": round(time.monotonic() - begun, 1), "pipeline": round(pipeline, 1)}
