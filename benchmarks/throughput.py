"""``python -m benchmarks throughput``: everyone does the same work on the same topic, interleaved, in one run.

One broker of its own, the workload written to it once a size, then every contender in turn, ``runs`` times over.
Prints events/s and CPU seconds (median and range) and the ratios that the product has set itself, and writes
``results/throughput.json`` and ``results/throughput.svg``.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import load, measure, picture
from benchmarks.machine import machine
from benchmarks.roster import CONTENDERS, Contender
from benchmarks.workload import Totals
from infra.embedded.kafka import Broker
from schemas.catalogue import Layout, create_topics

RESULTS = Path(__file__).parent / "results"
DEFAULT_EVENTS = 2_000_000
BUSY = 0.5  # load average of the minute before


@dataclass(frozen=True, slots=True)
class Bar:
    """``ours`` must reach ``factor`` times ``theirs``; ``by_cpu`` compares events per CPU second."""

    ours: str
    theirs: str
    factor: float
    by_cpu: bool = False


BARS = (
    Bar("nadi", "raw-librdkafka", 0.4),
    Bar("nadi", "quix-stateful", 10),
    Bar("nadi", "faust-table", 100),
    Bar("nadi", "kafka-streams-eos", 1.2),
    Bar("nadi-native", "flink-datastream", 0.8),
    Bar("nadi-native", "flink-datastream", 1.0, by_cpu=True),
)


#: What bad input may be made of a value: another first byte, or a body that ends in the middle.
SPOILS: Mapping[str, Callable[[bytes], bytes]] = {
    "headers": lambda value: b"\x07" + value[1:],
    "bodies": lambda value: value[: len(value) // 2],
}


@dataclass(frozen=True, slots=True)
class Input:
    """A topic with the workload of one size, under a prefix of its own."""

    prefix: str
    events: int
    totals: Totals

    @property
    def topic(self) -> str:
        return f"{self.prefix}revenue.receipts"


class Course:
    """A broker with the inputs on it."""

    def __init__(self, bootstrap: str) -> None:
        from confluent_kafka.admin import AdminClient

        self.bootstrap = bootstrap
        self._admin: Any = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._inputs: dict[tuple[int, str], Input] = {}

    def input(self, events: int, spoiled: str = "") -> Input:
        """The input of that size, written at first use; ``spoiled`` names one of SPOILS, for none nothing is bad."""
        if (events, spoiled) not in self._inputs:
            prefix = f"bench-{events}{spoiled}."
            totals = load.load(self.bootstrap, f"{prefix}revenue.receipts", events, SPOILS.get(spoiled))
            self._inputs[events, spoiled] = Input(prefix, events, totals)
        return self._inputs[events, spoiled]

    def run(
        self,
        contender: Contender,
        events: int,
        spoiled: str = "",
        look: Callable[[Input], None] = lambda _: None,
    ) -> measure.Measured:
        """One run of a contender from nothing; ``look`` sees what it left before that is cleared away."""
        found = self.input(min(events, contender.most or events), spoiled)
        name = f"{contender.name}-{uuid.uuid4().hex[:8]}"
        output = f"totals.{name}"
        if contender.totals == "faust":
            output = f"{name}-totals-changelog"
        elif contender.totals == "nadi":
            output = f"{found.prefix}aggregates.revenue"
            create_topics(self._admin, Layout(found.prefix))
        else:
            load.create_topic(self.bootstrap, output)
        try:
            measured = measure.run(
                contender, self.bootstrap, found.topic, output, found.events, found.totals, name
            )
            look(found)
            return measured
        finally:
            self._clean()

    def _clean(self) -> None:
        """Delete all but the inputs, so that the next contender starts from nothing."""
        keep = {found.topic for found in self._inputs.values()}
        left = [t for t in self._admin.list_topics(timeout=10).topics if t not in keep and t[:2] != "__"]
        if left:
            for future in self._admin.delete_topics(left, operation_timeout=30).values():
                future.result(30)


@contextmanager
def course() -> Iterator[Course]:
    """A course on a broker of its own, deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="nadi-bench-") as folder, Broker(Path(folder)) as broker:
        yield Course(broker.bootstrap)


def chosen(only: Sequence[str]) -> list[Contender]:
    """The contenders asked for; without ``only`` all that this machine is set up for. Raises ValueError."""
    if unknown := [name for name in only if name not in CONTENDERS]:
        raise ValueError(f"no contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    if only:
        return [CONTENDERS[name] for name in only]
    with_jvm = os.environ.get("JVM") == "1"
    return [c for c in CONTENDERS.values() if c.available() and (with_jvm or not c.needs_jvm)]


def main(events: int, only: Sequence[str], runs: int) -> dict[str, Any]:
    """Run, print, write; returns the result."""
    contenders = chosen(only)
    for contender in contenders:
        contender.command()  # environments and jars are made now, not while another runs
    load_before = os.getloadavg()[0]
    if load_before > BUSY:
        print(f"load average {load_before:.1f}: something else is running, the figures will be too low")
    found: dict[str, list[measure.Measured]] = {contender.name: [] for contender in contenders}
    with course() as place:
        place.input(events)
        for number in range(runs):
            for contender in contenders:
                try:
                    measured = place.run(contender, events)
                except measure.ContenderError as error:
                    print(error)
                    continue
                found[contender.name].append(measured)
                print(_line(contender.name, measured, number), flush=True)
    result: dict[str, Any] = {
        "machine": machine(),
        "events": events,
        "runs": runs,
        "load_before": round(load_before, 1),
        "contenders": [_row(CONTENDERS[name], rows) for name, rows in found.items() if rows],
    }
    result["bars"] = bars(result["contenders"])
    write(result, events)
    return result


def _row(contender: Contender, rows: list[measure.Measured]) -> dict[str, Any]:
    speeds = [row.events_per_s for row in rows]
    return {
        "name": contender.name,
        "events": rows[0].events,
        "events_per_s": round(statistics.median(speeds)),
        "range": [round(min(speeds)), round(max(speeds))],
        "cpu_s": round(statistics.median(row.cpu_s for row in rows), 2),
        "cpu_s_per_million": round(statistics.median(row.cpu_s / row.events * 1e6 for row in rows), 3),
        "start_s": round(statistics.median(row.start_seconds for row in rows), 2),
        "start_cpu_s": round(statistics.median(row.start_cpu_s for row in rows), 2),
        "peak_mb": max(row.peak_mb for row in rows),
        "durable": contender.durable,
        "totals_ok": all(row.totals_ok for row in rows),
    }


def bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ratios that can be told from these rows."""
    by_name = {row["name"]: row for row in rows if row["totals_ok"]}
    found = []
    for bar in BARS:
        if bar.ours in by_name and bar.theirs in by_name:
            ours, theirs = by_name[bar.ours], by_name[bar.theirs]
            ratio = (
                theirs["cpu_s_per_million"] / ours["cpu_s_per_million"]
                if bar.by_cpu
                else ours["events_per_s"] / theirs["events_per_s"]
            )
            found.append(
                {
                    "ours": bar.ours,
                    "theirs": bar.theirs,
                    "measure": "events per CPU second" if bar.by_cpu else "events/s",
                    "wanted": bar.factor,
                    "ratio": round(ratio, 2),
                    "reached": ratio >= bar.factor,
                }
            )
    return found


def write(result: dict[str, Any], events: int) -> None:
    """The JSON and the picture; other sizes than the usual stand in files of their own."""
    RESULTS.mkdir(exist_ok=True)
    suffix = "" if events == DEFAULT_EVENTS else f"-{events}"
    (RESULTS / f"throughput{suffix}.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    (RESULTS / f"throughput{suffix}.svg").write_text(picture.bars(result), "utf-8")
    for bar in result["bars"]:
        print(
            f"{bar['ours']} / {bar['theirs']}, {bar['measure']}: {bar['ratio']:.2f} (wanted {bar['wanted']}) "
            f"{'reached' if bar['reached'] else 'NOT REACHED'}"
        )


def _line(name: str, measured: measure.Measured, number: int) -> str:
    return (
        f"run {number + 1}  {name:<24}{measured.events_per_s:>12,.0f} events/s  {measured.cpu_s:7.2f} CPU s "
        f"for {measured.events:,} events (start {measured.start_seconds:.1f} s, {measured.start_cpu_s:.1f} CPU s)  "
        f"{measured.peak_mb:5} MB  totals {'right' if measured.totals_ok else 'WRONG'}"
    )
