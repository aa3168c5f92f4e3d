"""The slice of the kill matrix that CI runs, and how long partitions stand still when a worker stops or dies."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator

import pytest

from schemas.catalogue import AGGREGATES
from schemas.records import read
from tests.faults import kinds
from tests.faults.ground import Ground
from tests.faults.matrix import plan
from tests.faults.outcome import Outcome
from tests.faults.scenario import Scenario

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(900)]

IN_PLAN_SECONDS, KILLED_SECONDS = 10.0, 20.0
#: What holds its partitions goes on: as long as a busy machine may need for one commit.
UNTOUCHED_SECONDS = 5.0


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with Ground(tmp_path_factory.mktemp("faults")) as made:
        yield made


def hold(outcome: Outcome) -> None:
    """Nothing differs, and something was compared."""
    assert not outcome.found.differences, "\n".join(outcome.found.told)
    assert outcome.found.events > 100
    assert outcome.found.comparisons > 1000


def test_kills_at_every_point_of_the_engine(ground: Ground) -> None:
    outcome = kinds.points(ground, random.Random("points"), len(kinds.POINTS))  # noqa: S311
    hold(outcome)
    assert outcome.kills.total() == len(kinds.POINTS)
    assert len(outcome.kills) > len(kinds.POINTS) // 2, outcome.kills


def test_a_worker_that_slept_past_its_session(ground: Ground) -> None:
    hold(kinds.zombies(ground, random.Random("zombie"), 1))  # noqa: S311


def test_a_network_that_stands_still(ground: Ground) -> None:
    hold(kinds.network(ground, random.Random("network"), 2))  # noqa: S311


def test_a_leader_of_three_brokers_dies(ground: Ground) -> None:
    ground.forget_brokers()
    hold(kinds.leaders(ground, random.Random("leader"), 1))  # noqa: S311
    ground.forget_brokers()


def test_partitions_resume_and_the_others_never_stop(ground: Ground) -> None:
    """Measured on the aggregates topics, which carry the broker's time: the longest silence of every task."""
    draw = random.Random("handover")  # noqa: S311
    with ground.scenario(draw, partitions=4, rate=200.0, options={"session_timeout_s": 10.0}) as scenario:
        scenario.start(0)
        for how, limit in (("stopped", IN_PLAN_SECONDS), ("killed", KILLED_SECONDS)):
            (scenario.folder / "worker-1.log").unlink(missing_ok=True)
            scenario.start(1)
            scenario.wait(
                lambda: all(len(tasks_of(scenario, index)) == 2 for index in (0, 1)), 60, "two tasks each"
            )
            scenario.wait_near(200)
            gone = tasks_of(scenario, 1)
            since = time.time()
            if how == "stopped":
                scenario.stop(1)
            else:
                scenario.workers.pop(1).kill()
            scenario.wait(lambda: len(tasks_of(scenario, 0)) == 4, 60, "all tasks at the one that is left")
            time.sleep(2)
            silence = longest_silences(scenario, since - 1)
            moved = {task: seconds for task, seconds in silence.items() if task in gone}
            untouched = {task: seconds for task, seconds in silence.items() if task not in gone}
            print(f"{how}: silent for {moved} s where they moved, {untouched} s elsewhere")
            assert max(moved.values()) < limit, silence
            assert max(untouched.values()) < UNTOUCHED_SECONDS, silence
        assert not scenario.settle().differences


def tasks_of(scenario: Scenario, index: int) -> set[int]:
    """The case tasks that a worker says are its own; the regency task is -1."""
    log = scenario.folder / f"worker-{index}.log"
    said = re.findall(r"tasks.*?=.*?\[([-\d, ]*)\]", log.read_text() if log.exists() else "")
    return {task for task in map(int, said[-1].split(",")) if task >= 0} if said and said[-1] else set()


def longest_silences(scenario: Scenario, since: float) -> dict[int, float]:
    """Task to the longest time in seconds between two of its records on the aggregates topics from ``since``."""
    topics = [scenario.layout.topic(topic.name) for topic in AGGREGATES.values()]
    times: dict[int, list[float]] = {task: [] for task in range(scenario.partitions)}
    for message in read(scenario.bootstrap, {(t, p): None for t in topics for p in times}):
        at = message.timestamp()[1] / 1000
        if at > since:
            times[message.partition()].append(at)
    now = time.time()
    return {
        task: round(max(b - a for a, b in zip([since, *sorted(mine)], [*sorted(mine), now], strict=True)), 2)
        for task, mine in times.items()
    }


def test_a_plan_deals_out_every_kill_to_every_kind() -> None:
    for kills in (len(kinds.KINDS), 100, 1000):
        dealt = plan(kills, 3)
        assert sum(mine for _, _, mine in dealt) == kills
        assert {name for name, _, _ in dealt} == set(kinds.KINDS)
    assert plan(100, 3) == plan(100, 3) != plan(100, 4)
    assert {name for name, _, _ in plan(5, 1, "clock")} == {"clock"}
