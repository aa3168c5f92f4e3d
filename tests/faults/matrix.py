"""The kill matrix: ``python -m tests.faults.matrix --kills 1000 --seed 1``; the last line is a summary with counts.

Kills are dealt out over the kinds by their shares. Each scenario has topics of its own and ends with a comparison with
the plain reference. The same seed strikes in the same order with the same events; what the machine makes of it differs.
Exit code 1 when anything differed or did not go on. Nothing runs any more when the program ends.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.embedded.kafka import BrokerError
from tests.faults.ground import Ground, LeftOutError
from tests.faults.kinds import KINDS
from tests.faults.outcome import Outcome


@dataclass
class Totals:
    """All outcomes so far."""

    seed: int
    outcome: Outcome = field(default_factory=Outcome)
    scenarios: int = 0
    failed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.scenarios += 1
        self.outcome.kills.update(outcome.kills)
        self.outcome.ended.update(outcome.ended)
        self.outcome.found.add(outcome.found)
        self.outcome.measured.extend(outcome.measured)

    @property
    def good(self) -> bool:
        return not self.failed and not self.outcome.found.differences and self.outcome.found.comparisons > 0

    def as_json(self) -> dict[str, Any]:
        found = self.outcome.found
        return {
            "seed": self.seed,
            "scenarios": self.scenarios,
            "kills": self.outcome.kills.total(),
            "by_kind": dict(sorted(self.outcome.kills.items())),
            "ended_by_themselves": dict(sorted(self.outcome.ended.items())),
            "events": found.events,
            "repeats": found.repeats,
            "dead_letters": found.letters,
            "aggregates": found.aggregates,
            "alerts": found.alerts,
            "comparisons": found.comparisons,
            "differences": found.differences,
            "failed": self.failed,
            "left_out": self.left_out,
            "again": self.again,
            "slowest_progress_s": round(max(self.outcome.measured, default=0.0), 1),
            "good": self.good,
        }

    def line(self) -> str:
        said = self.as_json()
        kinds = ", ".join(f"{name} {count}" for name, count in said["by_kind"].items())
        return (
            f"faults: {'OK' if self.good else 'FAILED'} seed={self.seed} scenarios={self.scenarios} "
            f"kills={said['kills']} ({kinds}) events={said['events']} repeats={said['repeats']} "
            f"dead_letters={said['dead_letters']} aggregates={said['aggregates']} alerts={said['alerts']} "
            f"comparisons={said['comparisons']} differences={said['differences']} failed={len(self.failed)} again={len(self.again)}"
        )


def plan(kills: int, seed: int, only: str = "") -> list[tuple[str, int, int]]:
    """(kind, number of the scenario within it, kills) in the order of the run. Every kind has at least one kill when
    there are as many kills as kinds."""
    shares = {only: 100} if only else {name: share for name, (_, share, _) in KINDS.items()}
    whole = sum(shares.values())
    wanted = {name: max(1, kills * share // whole) for name, share in shares.items()}
    largest = max(wanted, key=lambda name: wanted[name])
    wanted[largest] = max(0, wanted[largest] + kills - sum(wanted.values()))
    scenarios: list[tuple[str, int, int]] = []
    for name, mine in wanted.items():
        per = KINDS[name][2]
        parts = enumerate(range(0, mine, per), 1)
        scenarios.extend((name, number, min(per, mine - done)) for number, done in parts)
    random.Random(f"order {seed}").shuffle(scenarios)  # noqa: S311
    return scenarios


def _draw(seed: int, kind: str, number: int) -> random.Random:
    return random.Random(f"{seed}/{kind}/{number}")  # noqa: S311


def run(kills: int, seed: int, folder: Path, only: str = "") -> Iterator[tuple[str, Totals]]:
    """Run the plan; after each scenario a line of what happened, and the totals so far.

    A broker that does not come back says nothing about Nadi: such a scenario starts once more, and the summary counts it.
    """
    totals = Totals(seed)
    scenarios = plan(kills, seed, only)
    with Ground(folder) as ground:
        for done, (kind, number, mine) in enumerate(scenarios, 1):
            began = time.monotonic()
            try:
                try:
                    outcome = KINDS[kind][0](ground, _draw(seed, kind, number), mine)
                except BrokerError as error:
                    totals.again.append(f"{kind} {number}: {error}")
                    yield f"{kind} {number} again, on new brokers: {error}", totals
                    ground.keep_logs()
                    ground.forget_brokers()
                    outcome = KINDS[kind][0](ground, _draw(seed, kind, number), mine)
            except LeftOutError as error:
                totals.left_out.append(f"{kind} {number}: {error}")
                yield f"{kind} {number} left out: {error}", totals
                continue
            except Exception as error:  # noqa: BLE001  (an edge: the run goes on, and says so at its end)
                totals.failed.append(f"{kind} {number}: {type(error).__name__}: {error}")
                ground.keep_logs()
                ground.forget_brokers()
                yield f"{kind} {number} FAILED\n{traceback.format_exc()}", totals
                continue
            totals.add(outcome)
            if outcome.found.differences:
                ground.keep_logs()
            words = [
                f"{done}/{len(scenarios)} {kind} {number}: {outcome.kills.total()} kills, "
                f"{outcome.found.events} events, {outcome.found.comparisons} comparisons, "
                f"{outcome.found.differences} differences, {time.monotonic() - began:.0f} s, "
                f"{totals.outcome.kills.total()} kills so far",
                *outcome.found.told,
            ]
            if outcome.ended:
                words.append(f"ended by themselves: {dict(outcome.ended)}")
            yield "\n  ".join(words), totals
            ground.renew()


def main() -> int:
    """Parse the command line, run, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted(KINDS), default="")
    parser.add_argument(
        "--folder", type=Path, help="where logs of failed scenarios stay; a new one by default"
    )
    parser.add_argument("--json", action="store_true", help="the summary as JSON")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything that was started is ended
    folder = given.folder or Path(tempfile.mkdtemp(prefix="nadi-faults-"))
    totals = Totals(given.seed)
    try:
        for line, totals in run(given.kills, given.seed, folder, given.only):  # noqa: B007
            print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
    except (KeyboardInterrupt, SystemExit):
        totals.failed.append("stopped before its end")
    for failed in totals.failed:
        print(f"failed: {failed}")
    print(json.dumps(totals.as_json()) if given.json else totals.line(), flush=True)
    return 0 if totals.good else 1


if __name__ == "__main__":
    sys.exit(main())
