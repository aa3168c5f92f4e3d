"""The ways in which a scenario is struck. Each takes so many kills and returns what was killed and what was found."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable

from schemas.catalogue import AGGREGATES, ALERTS, DOMAINS, STATE_TOPIC, Timestamps
from tests.faults import suites
from tests.faults.ground import Ground
from tests.faults.outcome import Outcome
from tests.faults.scenario import SESSION_SECONDS, Scenario

#: Failpoints of the engine, and after how many passes at most they strike.
POINTS = {
    "stream.after-fetch": 25,
    "stream.after-decode": 25,
    "stream.after-process": 25,
    "stream.after-claim": 1,
    "stream.state-part": 120,
    "stream.output": 200,
    "stream.letter": 3,
    "stream.before-commit": 20,
    "stream.after-commit": 20,
    "stream.offset-commit": 10,
    "stream.snapshot": 12,
    "stream.delete": 1,
}
#: A point that was not reached by then is given up for a kill at that moment.
POINT_SECONDS = 30.0
PROGRESS_SECONDS = 30.0
CHURN_SECONDS = 10.0


Kind = Callable[[Ground, random.Random, int], Outcome]


def _timestamps(draw: random.Random) -> Timestamps:
    return draw.choice(("LogAppendTime", "CreateTime"))


def _finish(scenario: Scenario, outcome: Outcome) -> Outcome:
    outcome.found = scenario.settle()
    outcome.ended = scenario.ended
    return outcome


def points(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """One or two workers, each started to die at a point of its own; every point comes before one comes again."""
    outcome = Outcome()
    with ground.scenario(draw, timestamps=_timestamps(draw)) as scenario:
        order: list[str] = []

        def start(index: int) -> None:
            if not order:
                order.extend(POINTS)
                draw.shuffle(order)
            name = order.pop()
            scenario.start(index, f"{name}:{draw.randint(0, POINTS[name])}")

        for index in range(draw.choice((1, 2))):
            start(index)
        since = time.monotonic()
        while outcome.kills.total() < kills:
            for index, worker in list(scenario.workers.items()):
                if worker.code is None and time.monotonic() - since > POINT_SECONDS:
                    worker.kill()
                    outcome.kills["unreached"] += 1
                elif worker.code is None:
                    continue
                elif worker.code == -signal.SIGKILL:
                    outcome.kills[worker.failpoint.partition(":")[0]] += 1
                else:
                    scenario.note(worker)
                since = time.monotonic()
                if outcome.kills.total() < kills:
                    start(index)
            time.sleep(0.02)
        for worker in scenario.workers.values():
            worker.kill()
        for index in scenario.workers:
            scenario.start(index)
        return _finish(scenario, outcome)


def moments(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """kill -9 at any moment of a worker's life; now and then one ends in plan, or stays away past its session."""
    outcome = Outcome()
    with ground.scenario(draw, timestamps=_timestamps(draw)) as scenario:
        count = draw.choice((1, 2))
        for index in range(count):
            scenario.start(index)
        while outcome.kills["moment"] < kills:
            time.sleep(draw.choice((draw.uniform(0, 1), draw.uniform(1, 5))))
            scenario.tend()
            index = draw.randrange(count)
            if draw.random() < 0.15:
                scenario.stop(index)
            else:
                scenario.workers[index].kill()
                outcome.kills["moment"] += 1
            if count > 1 and draw.random() < 0.1:
                time.sleep(SESSION_SECONDS + 2)
            scenario.start(index)
        return _finish(scenario, outcome)


def zombies(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """A worker sleeps past its session, another takes its tasks, and it wakes up; sometimes the other dies then."""
    outcome = Outcome()
    with ground.scenario(draw, timestamps=_timestamps(draw)) as scenario:
        scenario.start(0)
        scenario.start(1)
        scenario.wait_near(300)
        for _ in range(kills):
            index = draw.randrange(2)
            time.sleep(draw.uniform(0, 1.5))
            scenario.tend()
            sleeper, other = scenario.workers[index], scenario.workers[1 - index]
            sleeper.signal(signal.SIGSTOP)
            time.sleep(SESSION_SECONDS + draw.uniform(-1, 4))
            sleeper.signal(signal.SIGCONT)
            if draw.random() < 0.4:
                time.sleep(draw.uniform(0, 0.5))
                other.kill()
            time.sleep(draw.uniform(0, 2))
            outcome.kills["zombie"] += 1
        return _finish(scenario, outcome)


def network(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """Between workers and broker nothing passes for a while, everything is late, or connections are cut."""
    outcome = Outcome()
    with ground.scenario(
        draw, timestamps=_timestamps(draw), through=ground.one.proxied_bootstrap
    ) as scenario:
        proxy = ground.one.proxies[0]
        for index in range(draw.choice((1, 2))):
            scenario.start(index)
        scenario.wait_near(300)
        for _ in range(kills):
            what = draw.choice(("stall", "stall", "cut", "late"))
            if what == "stall":
                proxy.stall()
                time.sleep(draw.choice((draw.uniform(0, 3), draw.uniform(6, 12))))
                if draw.random() < 0.3:
                    draw.choice(list(scenario.workers.values())).kill()
                if draw.random() < 0.3:
                    proxy.cut()
                proxy.resume()
            elif what == "cut":
                for _ in range(draw.randint(1, 5)):
                    proxy.cut()
                    time.sleep(draw.uniform(0, 0.5))
            else:
                proxy.delay(draw.uniform(0.05, 0.5))
                time.sleep(draw.uniform(1, 4))
                proxy.delay(0)
            outcome.kills[f"network-{what}"] += 1
            scenario.tend()
            time.sleep(draw.uniform(0, 2))
        return _finish(scenario, outcome)


def brokers(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """The only broker is killed, and comes back; sometimes a worker dies meanwhile."""
    outcome = Outcome()
    with ground.scenario(draw, timestamps=_timestamps(draw)) as scenario:
        for index in range(draw.choice((1, 2))):
            scenario.start(index)
        scenario.wait_near(300)
        for _ in range(kills):
            time.sleep(draw.uniform(0, 2))
            ground.one.kill(1)
            if draw.random() < 0.3:
                draw.choice(list(scenario.workers.values())).kill()
            time.sleep(draw.uniform(0, 3))
            ground.one.restart(1)
            outcome.kills["broker"] += 1
            scenario.tend()
        return _finish(scenario, outcome)


def leaders(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """Three brokers: whoever leads a topic that matters is killed, or freezes, and comes back."""
    outcome = Outcome()
    cluster = ground.three
    with ground.scenario(
        draw, cluster.bootstrap, timestamps=_timestamps(draw), replication=cluster.size
    ) as scenario:
        names = [t.name for t in (*DOMAINS.values(), *AGGREGATES.values(), ALERTS)]
        led = [scenario.layout.topic(name) for name in (*names, STATE_TOPIC, STATE_TOPIC)]
        led += ["__transaction_state", "__consumer_offsets"] * 3
        for index in range(draw.choice((1, 2))):
            scenario.start(index)
        scenario.wait_near(300)
        for _ in range(kills):
            time.sleep(draw.uniform(0, 2))
            if draw.random() < 0.25:
                frozen = cluster.leader(draw.choice(led), draw.randrange(scenario.partitions))
                cluster.pause(frozen)
                time.sleep(draw.uniform(1, 6))
                cluster.resume(frozen)
            else:
                killed = cluster.kill_leader(draw.choice(led), draw.randrange(scenario.partitions))
                if draw.random() < 0.3:
                    draw.choice(list(scenario.workers.values())).kill()
                time.sleep(draw.uniform(0, 6))
                cluster.restart(killed)
            outcome.kills["leader"] += 1
            scenario.tend()
            cluster.wait_in_sync()
        return _finish(scenario, outcome)


def clock(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """The workers' wall clock jumps, ahead and back, by minutes and by days; sometimes a worker dies with it."""
    outcome = Outcome()
    nursery, shift = ground.shifted
    shift.set(0)
    with ground.scenario(draw, nursery=nursery, timestamps=_timestamps(draw)) as scenario:
        for index in range(draw.choice((1, 2))):
            scenario.start(index)
        scenario.wait_near(300)
        for _ in range(kills):
            time.sleep(draw.uniform(0.5, 3))
            shift.set(draw.choice((-1, 1)) * draw.choice((2, 90, 3_600, 86_400, 20 * 86_400)))
            if draw.random() < 0.4:
                draw.choice(list(scenario.workers.values())).kill()
            outcome.kills["clock"] += 1
            scenario.tend()
        time.sleep(1)
        shift.set(0)
        return _finish(scenario, outcome)


def churn(ground: Ground, draw: random.Random, kills: int) -> Outcome:
    """A worker joins or leaves every ten seconds; what was published before each change is done within half a minute."""
    outcome = Outcome()
    with ground.scenario(draw, timestamps=_timestamps(draw), partitions=4) as scenario:
        scenario.start(0)
        scenario.wait_near(300)
        for turn in range(kills):
            began = time.monotonic()
            if turn % 2:
                scenario.stop(1)
            else:
                scenario.start(1)
            wanted = dict(scenario.load.delivered)
            scenario.wait(
                lambda wanted=wanted: scenario.passed(wanted),  # type: ignore[misc]
                PROGRESS_SECONDS,
                f"progress after change {turn} of the workers",
            )
            outcome.measured.append(time.monotonic() - began)
            outcome.kills["churn"] += 1
            time.sleep(max(0.0, CHURN_SECONDS - (time.monotonic() - began)))
        return _finish(scenario, outcome)


#: Every kind with its share of a run (percent) and how many kills one scenario of it takes.
KINDS: dict[str, tuple[Kind, int, int]] = {
    "points": (points, 54, 24),
    "moments": (moments, 13, 20),
    "zombies": (zombies, 3, 4),
    "network": (network, 6, 6),
    "brokers": (brokers, 4, 4),
    "leaders": (leaders, 3, 6),
    "clock": (clock, 4, 8),
    "churn": (churn, 3, 30),
    "sink": (suites.sink, 7, 70),
    "stack": (suites.stack, 3, 30),
}
