"""Plants in documents of money and people: in three strengths, beside what looks alike, and nothing else changes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from producers.plants import INNOCENT, PAPERS, STRENGTHS, Ground, sow
from producers.plants.ground import Recorder
from producers.plants.papers import PaperPlant
from producers.plants.s01 import Silent
from producers.simulator import Simulator
from schemas.catalogue import DOMAINS
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import LockFileIds

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
FIRST, YEARS, SEED, POPULATION, EVENTS = 2024, 2, 5, 30_000, 2_500
STREAMS = ("budget", "revenue", "population", "activities")
#: Permits too: a fee that is not in the books shows in the permit.
MADE = (*STREAMS, "permits")


@dataclass(frozen=True)
class Run:
    ground: Ground
    records: dict[str, tuple[str, dict[str, Any]]]
    arrivals: list[int]


def run(profile: Profile, *, plants: bool) -> Run:
    ground = Ground(profile, SEED, POPULATION, FIRST, YEARS)
    on_paper = [plant for plant in sow(ground, EVENTS) if isinstance(plant, (PaperPlant, Silent, Recorder))]
    simulator = Simulator(profile, SEED, POPULATION, on_paper if plants else ())
    simulator.streams = tuple(stream for stream in simulator.streams if stream.domain in MADE)
    sent = list(simulator.years(FIRST, YEARS))
    return Run(ground, {s.record["event_id"]: (s.domain, s.record) for s in sent}, [s.at for s in sent])


@pytest.fixture(scope="module")
def planted() -> Run:
    return run(Profile.load(CONTOH), plants=True)


@pytest.fixture(scope="module")
def honest() -> Run:
    return run(Profile.load(CONTOH), plants=False)


def test_every_rule_is_planted_in_three_strengths_and_shows_in_documents(planted: Run) -> None:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for entry in planted.ground.ledger.planted:
        if entry.rule != "S01":
            found[entry.rule].add(entry.strength)
            assert entry.shown
            assert entry.shown <= planted.records.keys(), entry.rule
    assert found == {kind.RULE: set(STRENGTHS) for kind in PAPERS if kind.YEARS <= YEARS}


def test_every_innocent_explanation_happens(planted: Run) -> None:
    names = {f"{kind.__module__.rpartition('.')[2]}/{kind.__name__}" for kind in INNOCENT}
    happened = planted.ground.ledger.innocent
    assert set(happened) == names
    assert min(happened.values()) >= len(STRENGTHS)  # each variant of each


def test_nothing_changes_but_what_a_plant_had_in_its_hands(honest: Run, planted: Run) -> None:
    ledger = planted.ground.ledger
    changed = {
        name
        for name in honest.records.keys() | planted.records.keys()
        if honest.records.get(name) != planted.records.get(name)
    }
    assert changed <= ledger.papers
    assert ledger.changed <= len(changed) + 1


def test_three_of_a_kind_change_no_more_than_they_are_said_to(planted: Run) -> None:
    events: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry in planted.ground.ledger.planted:
        events[entry.rule][entry.strength] = max(entry.events, events[entry.rule][entry.strength])
    for kind in PAPERS:
        assert sum(events[kind.RULE].values()) <= kind.COST, kind.RULE


def test_what_is_planted_fits_the_contracts_and_is_in_order(planted: Run) -> None:
    codecs = {name: Codec(DOMAINS[name].schema, LockFileIds.load()) for name in MADE}
    for name in planted.ground.ledger.papers & planted.records.keys():
        domain, record = planted.records[name]
        codecs[domain].encode(record)
    assert planted.arrivals == sorted(planted.arrivals)
