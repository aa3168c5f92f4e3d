"""Kills of the sink and of the embedded ClickHouse under load, and the comparison of tables and topics afterwards."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "sinks"))

from clickhouse_rows import full_record
from clickhouse_stack import EngineProcess, SinkStack, wait_for

from schemas.catalogue import AGGREGATES, PERMITS
from schemas.codec import Codec
from schemas.registry import open_ids
from sinks.clickhouse.audit import audit
from sinks.clickhouse.freshness import Freshness, freshness

FAILPOINTS = (
    "before-letters",
    "before-intent",
    "after-intent",
    "during-insert",
    "after-insert",
    "after-commit",
)
#: System calls of the engine, and the highest count at which it is killed (counted by thread).
CALLS = {"/^rename": 2, "/^write": 12, "/^mkdir": 1, "/^openat": 20}
VALUES = AGGREGATES["permits"].name
BROKEN = b"\x01broken"
SECONDS = 120.0
CALL_SECONDS = 15.0

Places = set[tuple[int, int]]
"""partition, offset"""


@dataclass
class Counts:
    """What was done and found. ``differences`` are rows, letters and values that are not as the topics say."""

    sink_kills: int = 0
    engine_kills: int = 0
    events: int = 0
    comparisons: int = 0
    differences: int = 0
    first: str = ""

    def differ(self, what: str, wrong: Any) -> None:
        """Note what differs; the first is kept in words."""
        if wrong:
            self.differences += len(wrong)
            self.first = self.first or f"{what}: {sorted(wrong)[:5]}"

    def __str__(self) -> str:
        return (
            f"sink: {self.sink_kills + self.engine_kills} kills ({self.sink_kills} of the sink, {self.engine_kills} of "
            f"ClickHouse), {self.events} events, {self.comparisons} comparisons, {self.differences} differences"
            + (f": {self.first}" if self.first else "")
        )


@dataclass
class Load:
    """Events arriving all the time: one in fifty is broken, one in twenty a repeat; and values of rising versions."""

    stack: SinkStack
    random: random.Random
    per_second: float = 200.0
    newest: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._codec = Codec("aggregates", open_ids())
        self._values = self.stack.layout.topic(VALUES)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        self.stack.flush()

    def _run(self) -> None:
        recent: list[bytes] = []
        version = 0
        while not self._stop.wait(0.05):
            for _ in range(int(self.per_second * 0.05)):
                draw = self.random.random()
                if draw < 0.02:
                    value = BROKEN
                elif draw < 0.07 and recent:
                    value = self.random.choice(recent)
                else:
                    value = self.stack.codec.encode(self.stack.event())
                    recent = [*recent[-200:], value]
                self.stack.publish(self.random.randrange(4), value)
            version += 1
            name = f"k{self.random.randrange(20)}"
            record = full_record("aggregates", full=True) | {
                "value": name,
                "version": version,
                "amount": version,
            }
            self.stack.producer.produce(self._values, value=self._codec.encode(record), partition=0)
            self.newest[name] = version


class Faults:
    """One sink and one engine on topics of their own, and what is done to them, drawn by the seed."""

    def __init__(self, stack: SinkStack, engine: EngineProcess, seed: int, folder: Path) -> None:
        self.stack = stack
        self.engine = engine
        self.counts = Counts()
        self.random = random.Random(seed)  # noqa: S311
        self._folder = folder
        self._sink: subprocess.Popen[bytes] | None = None

    def actions(self, kills: int) -> list[tuple[str, str]]:
        """Who is killed, and where: every place as often as any other, in an order of its own."""
        every = [("sink", name) for name in (*FAILPOINTS, "any moment")]
        every += [("both", self.random.choice(FAILPOINTS)), ("engine", "any moment")]
        if shutil.which("strace"):
            every += [("engine", call) for call in CALLS]
        drawn: list[tuple[str, str]] = []
        while len(drawn) < (kills or len(every)):
            drawn += self.random.sample(every, len(every))
        return drawn[: kills or len(every)]

    def do(self, who: str, where: str) -> None:
        """One kill, two where both die; whoever is needed for the next one is started then."""
        self._run_engine()
        if who == "engine":
            self.run_sink()
            self._kill_engine(where)
        elif where == "any moment":
            self.run_sink()
            time.sleep(self.random.uniform(0, 1))
            self._kill_sink()
        else:
            self._kill_sink()
            self._sink = self.stack.start(f"{where}:{self.random.randrange(4)}")
            assert self._sink.wait(SECONDS) == -signal.SIGKILL, f"the sink never came to {where}"
            self.counts.sink_kills += 1
        if who == "both":
            self.engine.kill()
            self.counts.engine_kills += 1

    def _run_engine(self) -> None:
        if self.engine.process is None or self.engine.process.poll() is not None:
            self.engine.start()

    def run_sink(self) -> None:
        """Start a sink that nothing kills, unless it runs, and wait until it goes on: events have to be arriving."""
        if self._runs():
            return
        before = self.progress()
        self._sink = self.stack.start()

        def goes_on() -> bool:
            self._sink_lives()
            return self.progress() > before

        wait_for("the sink goes on", goes_on, SECONDS)

    def progress(self) -> int:
        """How many events can be queried."""
        return sum(p.queryable for p in self._fresh(PERMITS.name))

    def _runs(self) -> bool:
        return self._sink is not None and self._sink.poll() is None

    def _fresh(self, topic: str) -> list[Freshness]:
        stack = self.stack
        return freshness(stack.bootstrap, stack.layout, stack.settings.group, [topic])

    def _kill_sink(self) -> None:
        if self._sink is not None and self._runs():
            self._sink.kill()
            self._sink.wait(10)
            self.counts.sink_kills += 1

    def _kill_engine(self, where: str) -> None:
        """At any moment, or at one of its system calls; where it does not come to that call, at that moment."""
        process = self.engine.process
        assert process is not None
        if where == "any moment":
            time.sleep(self.random.uniform(0, 1))
        else:
            when = self.random.randint(1, CALLS[where])
            inject = f"inject={where}:signal=SIGKILL:when={when}"
            command = ["strace", "-f", "-qq", "-o", str(self._folder / "calls"), "-p", str(process.pid)]
            tracer = subprocess.Popen(
                [*command, "-e", f"trace={where}", "-e", inject], stderr=subprocess.DEVNULL
            )
            try:
                process.wait(CALL_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            finally:
                tracer.kill()
                tracer.wait(10)
        self.engine.kill()
        self.counts.engine_kills += 1

    def compare(self) -> None:
        """Wait until the tables have what the topics have now, and compare all of it."""
        self._run_engine()
        if not self._runs():
            self._sink = self.stack.start()
        goal = self._caught_up(PERMITS.name)
        letters = self._caught_up(PERMITS.dead_letters)
        self.counts.comparisons += 1
        self._compare_events(goal)
        self._compare_letters(letters)
        for place in audit(
            self.stack.client, self.stack.settings.database, self.stack.settings.group, [PERMITS]
        ):
            if not place.ok and place.missing:
                continue  # a letter above the goal is not there yet; up to the goal all was just compared
            self.counts.differ("audit", [] if place.ok else [str(place)])

    def _caught_up(self, topic: str) -> dict[int, int]:
        """The topic's ends as they are now, once the sink has passed them."""
        goal = {p.partition: p.end for p in self._fresh(topic)}

        def there() -> bool:
            self._sink_lives()
            return all(p.queryable >= goal[p.partition] for p in self._fresh(topic))

        wait_for(f"{topic} is queryable", there, SECONDS)
        return goal

    def _sink_lives(self) -> None:
        assert self._runs(), "the sink ended by itself"

    def _compare_events(self, goal: dict[int, int]) -> None:
        """Rows, marks and refused offsets against the topic, read anew."""
        rows: set[tuple[int, int, str, bool]] = set()
        refused: Places = set()
        seen: set[tuple[int, str]] = set()
        for partition, offset, value in self._read(self.stack.topic, goal):
            if value == BROKEN:
                refused.add((partition, offset))
                continue
            event_id = self.stack.codec.decode(value)["event_id"]
            rows.add((partition, offset, event_id, (partition, event_id) in seen))
            seen.add((partition, event_id))
        self.counts.events = len(rows) + len(refused)
        stored = [
            row
            for row in self.stack.query(
                "SELECT _partition, _offset, event_id, is_repeat FROM {db}.permits_steps"
            )
            if row[1] < goal[row[0]]
        ]
        self.counts.differ("twice in the table", list(range(len(stored) - len(set(stored)))))
        self.counts.differ("rows", rows ^ set(stored))
        told = {
            (partition, offset)
            for partition, offset in self.stack.query(
                "SELECT original_partition, original_offset FROM {db}.dead_letters "
                f"WHERE original_topic = '{PERMITS.name}'"
            )
            if offset < goal[partition]
        }
        self.counts.differ("dead letters", refused ^ told)

    def _compare_letters(self, goal: dict[int, int]) -> None:
        """Every record of the dead letters' topic is one row."""
        wanted = [(partition, offset) for partition, end in goal.items() for offset in range(end)]
        stored = [
            row
            for row in self.stack.query(
                f"SELECT _partition, _offset FROM {{db}}.dead_letters WHERE _topic = '{PERMITS.dead_letters}'"
            )
            if row[1] < goal[row[0]]
        ]
        self.counts.differ("rows of dead letters", set(wanted) ^ set(stored))
        self.counts.differ("letters twice", list(range(len(stored) - len(set(stored)))))

    def compare_values(self, newest: dict[str, int]) -> None:
        """The highest version of every value, once all is published."""
        self._caught_up(VALUES)
        stored = dict(self.stack.query("SELECT value, version FROM {db}.aggregates FINAL"))
        self.counts.differ("values", set(newest.items()) ^ set(stored.items()))

    def _read(self, topic: str, goal: dict[int, int]) -> list[tuple[int, int, bytes]]:
        from confluent_kafka import Consumer, TopicPartition

        consumer: Any = Consumer({"bootstrap.servers": self.stack.bootstrap, "group.id": uuid.uuid4().hex})
        left = {partition: end for partition, end in goal.items() if end}
        consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
        found = []
        try:
            while left:
                for message in consumer.consume(10_000, 1.0):
                    assert message.error() is None, message.error()
                    partition, offset = message.partition(), message.offset()
                    if offset < goal[partition]:
                        found.append((partition, offset, message.value()))
                    if offset >= goal[partition] - 1:
                        left.pop(partition, None)
        finally:
            consumer.close()
        return found
