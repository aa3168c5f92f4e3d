"""What a comparison finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

Progress = Callable[[str, int, int], None]
Figure = tuple[str, str, str, str]


class Cell(NamedTuple):
    """The newest value of one key in one source partition."""

    amount: int
    version: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure on which state, topic, table, wallboard and reference are not one; None where it is not looked at."""

    metric: str
    dimension: str
    value: str
    local_day: str
    state: int
    topic: int | None
    table: int | None
    wallboard: int | None
    reference: int


@dataclass(frozen=True, slots=True)
class AlertDifference:
    """One alert that the state, ``risk.alerts`` and the reference do not say alike, each in a few words; None where it
    does not stand."""

    alert_id: str
    subject: str
    scope: str
    state: str | None
    topic: str | None
    reference: str | None


@dataclass(slots=True)
class Report:
    """What one domain's comparison found.

    ``behind`` are events that no task has committed yet; ``moving`` says that values changed while they were compared;
    ``same_profile`` is false when a task computed with another profile than this comparison. ``audit`` names the
    partitions of the domain's topic whose offsets are not each one row or one dead letter in the table, or whose
    repeats are counted.
    """

    domain: str
    events: int = 0
    repeats: int = 0
    refused: int = 0
    behind: int = 0
    figures: int = 0
    standing_alerts: int = 0
    table: str = "compared"
    wallboard: str = "compared"
    moving: bool = False
    same_profile: bool = True
    differences: list[Difference] = field(default_factory=list)
    alerts: list[AlertDifference] = field(default_factory=list)
    audit: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything that was compared is one, and every offset accounted for."""
        return not (self.differences or self.alerts or self.audit)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
