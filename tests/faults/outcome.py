"""What came of one scenario."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.compare import Findings


@dataclass
class Outcome:
    """``kills`` by what was killed and where; ``ended`` counts exit codes of workers that stopped by themselves and were
    started again; ``measured`` are seconds until progress."""

    kills: Counter[str] = field(default_factory=Counter)
    found: Findings = field(default_factory=Findings)
    ended: Counter[str] = field(default_factory=Counter)
    measured: list[float] = field(default_factory=list)
