"""What a task has computed since its last commit, and what a commit takes along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.dead_letters import DeadLetter
from streams.engine.fetch import Source
from streams.engine.processor import Key, Outputs

AGE_SAMPLES = 32


@dataclass(frozen=True, slots=True)
class Change:
    """The absolute value of one aggregate key; the fields are those of ``aggregates.avsc``."""

    amount: int
    version: int
    as_of: int
    published_at: int
    simulated: bool


@dataclass(slots=True)
class Pending:
    """Outputs not yet on Kafka: the newest value per key, the last revision per alert, every dead letter.

    ``published`` are record timestamps (UTC ms) of some of the rows in it, for the delay people see. ``rows``
    counts rows by outcome: accepted, repeat, refused, failed.
    """

    aggregates: dict[Key, Change] = field(default_factory=dict)
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def take_over(
        self, outputs: Outputs, *, version: int, as_of: int, published_at: int, simulated: bool
    ) -> None:
        """Add what a processor put out; later values replace earlier ones of the same key."""
        for key, amount in outputs.aggregates.items():
            self.aggregates[key] = Change(amount, version, as_of, published_at, simulated)
        for alert_id, alert in outputs.alerts.items():
            self.alerts[alert_id] = {**alert, "published_at": published_at}

    def count(self, outcome: str, rows: int) -> None:
        if rows:
            self.rows[outcome] = self.rows.get(outcome, 0) + rows

    def sample(self, timestamps: list[int]) -> None:
        """Remember some publish times, evenly over the rows."""
        self.published.extend(timestamps[:: max(1, len(timestamps) // AGE_SAMPLES)])

    def __bool__(self) -> bool:
        return bool(self.aggregates or self.alerts or self.letters or self.rows)


@dataclass(frozen=True, slots=True)
class Commit:
    """One step of a task to be made durable: first its outputs, then its position.

    ``position`` is None while nothing may be committed (rebuilding, or held back at the end of a bounded
    input); ``metadata`` stands beside the position in the group (rebuild number and fingerprint).
    """

    source: Source
    topic: str
    domain: str
    pending: Pending
    position: int | None
    metadata: str
