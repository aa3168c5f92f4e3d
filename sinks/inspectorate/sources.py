"""What the page of two sources is given. Sinks know no profile's arrangements beyond names: who knows them compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

Status = Literal["agrees", "differs", "only-authoritative", "only-other"]
STATUSES: Mapping[Status, str] = {
    "agrees": "sama", "differs": "jumlah berbeda", "only-authoritative": "hanya di sumber yang berwenang",
    "only-other": "hanya di sumber lain",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact on which two sources do not agree: the values of its fields, what each says (None: nothing), and when the later
    of them happened (UTC ms)."""

    fact: tuple[str, ...]
    status: Status
    ours: int | None
    theirs: int | None
    at: int

    @property
    def difference(self) -> int:
        """What the other source says more."""
        return (self.theirs or 0) - (self.ours or 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sources about one kind of fact. ``fields`` are what a fact is known by, ``unit`` what is counted, ``counts`` facts by
    status, ``nameless`` events that name no fact; ``lines`` those that differ, not more than a page holds."""

    domain: str
    kind: str
    fields: tuple[str, ...]
    authoritative: str
    other: str
    since: date
    until: date | None
    unit: str
    counts: Mapping[Status, int]
    nameless: int
    lines: Sequence[Difference]

    @property
    def differing(self) -> int:
        """Facts on which they do not agree, shown or not."""
        return sum(number for status, number in self.counts.items() if status != "agrees")

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        lines = [asdict(line) | {"difference": line.difference} for line in self.lines]
        days = {"since": self.since.isoformat(), "until": self.until.isoformat() if self.until else None}
        return {**asdict(self), **days, "differing": self.differing, "lines": lines}


#: All comparisons of the profile; None where nobody answers in time.
Comparisons = Callable[[], Sequence[Comparison] | None]
