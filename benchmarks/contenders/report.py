"""What a contender says of itself: one JSON line when it has its first record."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What the runner tells a contender: ``input`` holds ``events`` events, totals go to ``output``.

    ``group`` and ``folder`` are new for every run, so nothing is left of an earlier one.
    """

    bootstrap: str
    input: str
    partitions: int
    output: str
    group: str
    events: int
    folder: str

    @classmethod
    def read(cls) -> Options:
        """From the first argument, as JSON."""
        return cls(**json.loads(sys.argv[1]))


def first_record(cpu_before: float | None = None) -> None:
    """Say that the first record is here: the clock runs from now. ``cpu_before`` are the CPU seconds used so far,
    without it those of this process."""
    used = cpu_seconds() if cpu_before is None else cpu_before
    line = json.dumps({"first_record_at": time.time(), "cpu_before": used})
    os.write(1, line.encode() + b"\n")


def cpu_seconds() -> float:
    """User and system time of this process."""
    used = os.times()
    return used.user + used.system
