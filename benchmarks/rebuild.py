"""``python -m benchmarks rebuild``: a year computed anew beside what is live, and put in its place, while events arrive.

A whole stack (`nadi up`) gets a simulated year and then live events at an even pace. A dated parameter is changed in the
profile's folder, and `nadi rebuild --yes` does the rest. Meanwhile the wallboard's own totals are asked for as often as it
answers: of the days that nothing new happens on, they must be those from before or those from after, in every domain, never a part
of each, and none may be missing. At the end `nadi state verify` compares everything with the plain reference. Writes
``results/rebuild.json``.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.running import Figures, Running

RESULTS = Path(__file__).parent / "results"
BAR_SECONDS = 300.0
YEAR = 2025
#: The year's records carry the time at which they happened, so that every one of its midnights is judged again.
EVENT_TIME = ("--set", "kafka.timestamps=CreateTime")
#: For how long the past must not have changed before it is watched.
STILL_SECONDS = 15.0
#: How many figures of a fault are shown.
EXAMPLES = 5
#: What is changed: every standard of service is halved, as of its beginning.
FILE, STANDARD = "permit_types.toml", re.compile(r"(working_days = )(\d+)")


def shorten(running: Running) -> None:
    """Halve every standard of service in the profile's folder."""
    running.edit(
        FILE, lambda text: STANDARD.sub(lambda found: f"{found[1]}{max(1, int(found[2]) // 2)}", text)
    )


class Watch(threading.Thread):
    """Asks the wallboard over and over; keeps each picture of the days before ``until`` that differs from the last."""

    def __init__(self, running: Running, until: str) -> None:
        super().__init__(daemon=True)
        self._running, self._until = running, until
        self.pictures: list[Figures] = []
        self.asked = self.away = 0
        self.longest_away = 0.0
        self.ended = threading.Event()

    def picture(self) -> Figures:
        """The figures of those days. Raises OSError while the wallboard is away."""
        return {key: value for key, value in self._running.wall().items() if key[3] < self._until}

    def run(self) -> None:
        last = time.monotonic()
        while not self.ended.is_set():
            try:
                picture = self.picture()
            except OSError:
                self.away += 1
                self.ended.wait(0.05)
                continue
            self.longest_away = max(self.longest_away, time.monotonic() - last)
            last = time.monotonic()
            self.asked += 1
            if not self.pictures or self.pictures[-1] != picture:
                self.pictures.append(picture)
            self.ended.wait(0.05)


def wrong(pictures: list[Figures]) -> list[str]:
    """Where a picture shows neither what stood at first nor what stands at last, by domain, with figures that do: what
    one task after the other publishes must not be seen in parts."""
    first, last = (_by_domain(picture) for picture in (pictures[0], pictures[-1]))
    return [
        f"picture {number} of {len(pictures)}: {domain}: {_seen(shown, first.get(domain, {}), last.get(domain, {}))}"
        for number, picture in enumerate(pictures)
        for domain, shown in _by_domain(picture).items()
        if shown not in (first.get(domain), last.get(domain))
    ]


def _seen(shown: Figures, *ends: Figures) -> str:
    """How many figures differ from each end, and some of the end that is nearer: there, in the first picture, in the last."""
    off: list[set[tuple[str, ...]]] = [
        {key for key in shown.keys() | end.keys() if shown.get(key) != end.get(key)} for end in ends
    ]
    nearer = min(off, key=len)
    some = [
        f"{'|'.join(key)} {shown.get(key)} ({', '.join(str(end.get(key)) for end in ends)})"
        for key in sorted(nearer)[:EXAMPLES]
    ]
    return f"{' and '.join(str(len(keys)) for keys in off)} differ from the first and the last: {'; '.join(some)}"


def _by_domain(picture: Figures) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    for key, value in picture.items():
        found.setdefault(key[0].partition(".")[0], {})[key] = value
    return found


@contextmanager
def arriving(running: Running, rate: float, simulator: Any) -> Iterator[list[int]]:
    """Live events at an even pace inside the block; the list has how many there were at its end."""
    from infra.settings import Settings
    from producers.client import Publisher
    from producers.simulator.live import Live

    kafka = (
        Settings.load()
        .with_values(
            {key: value for key, value in running.record()["values"].items() if key.startswith("kafka.")}
        )
        .kafka
    )
    ended, sent = threading.Event(), [0]

    def publish() -> None:
        live = Live(simulator, [], began=int(time.time() * 1000))
        with Publisher(kafka, origin="simulated") as publisher:
            begun = time.monotonic()
            while not ended.is_set():
                domain, record = live.next(int(time.time() * 1000))
                publisher.publish(domain, record, trusted=True)
                sent[0] += 1
                ended.wait(max(0.0, begun + sent[0] / rate - time.monotonic()))

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        ended.set()
        thread.join(60)


def fill(running: Running, population: int) -> tuple[int, Any]:
    """Publish a simulated year, and wait until it is computed; how many events, and the simulator."""
    from infra.settings import Settings
    from producers.simulator import Simulator, simulate_year
    from schemas.profile import Profile

    profile = Profile.load(running.source)
    kafka = (
        Settings.load()
        .with_values(
            {key: value for key, value in running.record()["values"].items() if key.startswith("kafka.")}
        )
        .kafka
    )
    counts = simulate_year(kafka, profile, YEAR, population)
    settle(running)
    return sum(counts.values()), Simulator(profile, 1, population)


def steady(watch: Watch, seconds: float = 120.0) -> None:
    """Until the past stands still: sources that were silent since the year's end speak again, and what waited for them is
    judged."""
    deadline, since, before = time.monotonic() + seconds, time.monotonic(), watch.picture()
    while time.monotonic() < min(deadline, since + STILL_SECONDS):
        time.sleep(1.0)
        if (now := watch.picture()) != before:
            since, before = time.monotonic(), now


def settle(running: Running, seconds: float = 900) -> None:
    """Until every task has applied all that is on the topics. Raises RuntimeError."""
    deadline = time.monotonic() + seconds
    while True:
        _, said = running.nadi("state", "tasks")
        lags = [one["lag"] for task in said for one in task["inputs"].values()]
        if lags and not sum(lags):
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"the workers are {sum(lags)} events behind")
        time.sleep(1.0)


def _unverified(report: dict[str, Any]) -> dict[str, Any]:
    """What a comparison with the reference found, cut to some examples; empty where it found nothing."""
    found = {name: report[name] for name in ("differences", "alerts", "audit") if report[name]}
    return (
        {"domain": report["domain"]} | {n: [len(v), *v[:EXAMPLES]] for n, v in found.items()} if found else {}
    )


def main(population: int = 60_000, rate: float = 1_000.0) -> dict[str, Any]:
    """Run, print, write; returns the result."""
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="nadi-bench-") as folder:
        running = Running(Path(folder), *EVENT_TIME)
        try:
            running.wait_healthy()
            events, simulator = fill(running, population)
            print(f"{events:,} events of a year are live", flush=True)
            shorten(running)
            watch = Watch(running, f"{YEAR}-12-31")
            with arriving(running, rate, simulator) as sent:
                steady(watch)
                watch.start()
                begun = time.monotonic()
                code, said = running.nadi("rebuild", "--from", f"{YEAR}-01-01", "--yes")
                took = time.monotonic() - begun
                time.sleep(10.0)
            watch.ended.set()
            watch.join(20)
            settle(running)
            verified, reports = running.nadi("state", "verify")
        finally:
            running.stop()
    pictures = len(watch.pictures)
    seen_wrong = wrong(watch.pictures)
    result = {
        "machine": machine(), "events": events, "rate": rate, "live_events": sent[0], "seconds": round(took, 1),
        "bar": BAR_SECONDS, "code": code, "switched": said.get("switched"), "counts": said.get("counts"),
        "stages": said.get("seconds"),
        "pictures": pictures, "asked": watch.asked, "longest_away_s": round(watch.longest_away, 2),
        "wrong": seen_wrong, "verified": verified == 0, "unverified": [_unverified(one) for one in reports if _unverified(one)],
        "reached": took <= BAR_SECONDS and bool(said.get("switched")) and pictures > 1 and not seen_wrong and verified == 0,
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "rebuild.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))
    return result
