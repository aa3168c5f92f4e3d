"""Planted irregularities: few, the same for the same seed, in three strengths, and all of them in the ledger."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import producers.plants
from producers.plants import CASES, OFFICERS, ONE_IN, STRENGTHS, Ground, budget, sow
from producers.simulator import Simulator
from producers.simulator.simulator import Sent
from schemas.catalogue import DOMAINS, HEARTBEATS
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import LockFileIds

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
FIRST, YEARS, SEED, POPULATION = 2024, 2, 5, 60_000


@pytest.fixture(scope="module")
def contoh() -> Profile:
    return Profile.load(CONTOH)


@dataclass(frozen=True)
class Run:
    ground: Ground
    sent: list[Sent]

    @property
    def records(self) -> dict[str, dict[str, Any]]:
        return {s.record["event_id"]: s.record for s in self.sent if s.domain == "permits"}


def run(
    profile: Profile,
    events: int,
    *,
    population: int = POPULATION,
    all_streams: bool = False,
    plants: bool = True,
) -> Run:
    ground = Ground(profile, SEED, population, FIRST, YEARS)
    simulator = Simulator(profile, SEED, population, sow(ground, events) if plants else ())
    if not all_streams:
        simulator.streams = (simulator.permits, simulator.heartbeats)
    return Run(ground, list(simulator.years(FIRST, YEARS)))


@pytest.fixture(scope="module")
def honest(contoh: Profile) -> Run:
    return run(contoh, 0, plants=False)


@pytest.fixture(scope="module")
def planted(contoh: Profile) -> Run:
    """More than the budget, so that every plant has its turn."""
    return run(contoh, 1_200)


def test_a_plant_knows_no_rule() -> None:
    for path in Path(producers.plants.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert all(name.split(".")[0] not in ("streams", "sinks", "infra") for name in names), path


def test_every_plant_says_what_happened_and_where_that_is_written() -> None:
    for path in Path(producers.plants.__file__).parent.glob("[bkprs]??.py"):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert text.startswith(path.stem.upper() + ": ")
        assert "What happened: " in text
        assert "\nSource: " in text


def test_at_most_one_in_two_thousand_is_planted(contoh: Profile) -> None:
    done = run(contoh, budget(POPULATION, YEARS), all_streams=True)
    ledger = done.ground.ledger
    counted = sum(s.domain != HEARTBEATS.name for s in done.sent)
    assert abs(ledger.events - counted) <= ledger.changed
    assert 0 < ledger.changed * ONE_IN <= counted


def test_the_same_seed_plants_the_same_and_another_does_not(contoh: Profile) -> None:
    one, again = (run(contoh, 60, population=15_000) for _ in range(2))
    assert one.ground.ledger == again.ground.ledger
    assert one.sent == again.sent
    ground = Ground(contoh, SEED + 1, 15_000, FIRST, YEARS)
    simulator = Simulator(contoh, SEED + 1, 15_000, sow(ground, 60))
    assert list(simulator.years(FIRST, YEARS))
    assert ground.ledger.planted != one.ground.ledger.planted


def test_every_rule_is_planted_in_three_strengths(planted: Run) -> None:
    found = defaultdict(set)
    for entry in planted.ground.ledger.planted:
        found[entry.rule].add(entry.strength)
    expected = {kind.RULE for kind in (*CASES, *OFFICERS)} | {"S01"}
    assert expected - set(found) <= {"P08"}  # long queues are rare in a small regency
    assert set(found) <= expected
    partly = {rule for rule, strengths in found.items() if strengths != set(STRENGTHS)}
    assert partly <= {"P08", "P09", "P15", "P18"}  # so are busy officers


def test_nothing_changes_but_what_the_ledger_says(honest: Run, planted: Run) -> None:
    before, after = honest.records, planted.records
    guilty = planted.ground.ledger.taken
    changed: Counter[str] = Counter()
    for key in before.keys() | after.keys():
        if before.get(key) != after.get(key):
            changed[(before.get(key) or after[key])["case_id"]] += 1
    assert set(changed) <= guilty
    entries = {p.subject: p.events for p in planted.ground.ledger.planted if p.subject in guilty}
    late = {p.subject for p in planted.ground.ledger.planted if p.rule == "P11"}
    end = planted.ground.end
    for subject, events in entries.items():
        unseen = subject in late or any(
            r["occurred_at"] >= end - 200 * 86_400_000 for r in after.values() if r["case_id"] == subject
        )
        assert changed[subject] == events or unseen, subject


def test_a_case_is_planted_once_and_was_honest(planted: Run) -> None:
    ledger = planted.ground.ledger
    cases = [p.subject for p in ledger.planted if p.subject in ledger.taken]
    assert len(cases) == len(set(cases))
    assert not set(cases) & set(ledger.ordinary)


def test_a_silent_source_is_not_heard_and_loses_nothing(contoh: Profile) -> None:
    done = run(contoh, 60, population=15_000, all_streams=True)
    plain = run(contoh, 0, population=15_000, all_streams=True, plants=False)
    silences = [p for p in done.ground.ledger.planted if p.rule == "S01"]
    assert len(silences) == 3
    for silence in silences:
        assert silence.until is not None
        end = silence.until - 86_400_000
        heard = [s for s in done.sent if s.record["source"] == silence.subject]
        assert not [s for s in heard if silence.at <= s.at < end]
        ids = {s.record["event_id"] for s in heard if s.domain != HEARTBEATS.name}
        honest = {
            s.record["event_id"]
            for s in plain.sent
            if s.record["source"] == silence.subject and s.domain != HEARTBEATS.name
        }
        assert ids ^ honest <= done.ground.ledger.papers


def test_what_is_planted_fits_the_contract_and_is_in_order(planted: Run) -> None:
    codec = Codec(DOMAINS["permits"].schema, LockFileIds.load())
    for record in planted.records.values():
        if record["case_id"] in planted.ground.ledger.taken:
            codec.encode(record)
    times = [sent.at for sent in planted.sent]
    assert times == sorted(times)
    assert all(sent.at >= sent.record["occurred_at"] for sent in planted.sent)
