"""``python -m benchmarks bad-input``: what 1 % of garbage headers, and of damaged bodies, cost the product's worker.

The same events, clean and with every hundredth followed by a bad record, in turns in one run. The totals must be the
clean ones, and every bad record must be a dead letter with its bytes.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.measure import Measured
from benchmarks.roster import CONTENDERS
from benchmarks.throughput import RESULTS, SPOILS, Input, course
from schemas.catalogue import DEAD_LETTER_SUFFIX
from schemas.records import read_topics

#: Least part of the clean throughput that must be left.
BARS = {"headers": 0.9, "bodies": 1 / 3}


def main(events: int, runs: int) -> dict[str, Any]:
    """Run, print, write; returns the result."""
    contenders = [CONTENDERS[name] for name in ("nadi", "nadi-native") if CONTENDERS[name].available()]
    found: dict[tuple[str, str], list[Measured]] = {}
    with course() as place:
        for _ in range(runs):
            for contender in contenders:
                for spoiled in ("", *SPOILS):
                    measured = place.run(
                        contender, events, spoiled, lambda left: check_letters(place.bootstrap, left)
                    )
                    found.setdefault((contender.name, spoiled), []).append(measured)
                    what = f"1 % bad {spoiled}" if spoiled else "clean"
                    right = "right" if measured.totals_ok else "WRONG"
                    print(
                        f"{contender.name:<14}{what:<16}{measured.events_per_s:>12,.0f} events/s  totals {right}",
                        flush=True,
                    )
    result: dict[str, Any] = {"machine": machine(), "events": events, "runs": runs, "rows": []}
    for (name, spoiled), rows in found.items():
        clean = statistics.median(row.events_per_s for row in found[name, ""])
        speed = statistics.median(row.events_per_s for row in rows)
        wanted = BARS.get(spoiled, 1.0)
        row = {
            "name": name, "bad": spoiled or "none", "events_per_s": round(speed), "of_clean": round(speed / clean, 3),
            "wanted": round(wanted, 3), "reached": speed / clean >= wanted, "totals_ok": all(r.totals_ok for r in rows),
        }  # fmt: skip
        result["rows"].append(row)
        print(f"{name} with bad {spoiled or 'nothing'}: {row['of_clean']:.2f} of clean (wanted {wanted:.2f})")
    RESULTS.mkdir(exist_ok=True)
    Path(RESULTS / "bad_input.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return result


def check_letters(bootstrap: str, left: Input) -> None:
    """Compare the dead letters with the bad records of the input, byte for byte. Raises AssertionError."""
    letters: dict[tuple[int, int], bytes | None] = {}
    for message in read_topics(bootstrap, [left.topic + DEAD_LETTER_SUFFIX]):
        headers = dict(message.headers())
        place = (int(headers["dlq.original.partition"]), int(headers["dlq.original.offset"]))
        assert place not in letters, f"{place} is a dead letter twice"
        letters[place] = message.value()
    records = found = 0
    for message in read_topics(bootstrap, [left.topic]):
        records += 1
        place = (message.partition(), message.offset())
        if place in letters:
            found += 1
            assert letters[place] == message.value(), f"{place} is not what it was"
    bad = records - left.events
    assert found == len(letters) == bad, (
        f"{bad} bad records, {len(letters)} dead letters, {found} of them known"
    )
