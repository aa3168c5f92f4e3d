"""What a domain must provide: pure state and a few verbs. The engine knows nothing else of a domain.

A processor owns the state of one domain in one partition. It does no input or output and never reads a clock:
the engine feeds it chunks in offset order and tells it the time. Whatever way the input is cut into chunks, the
values after the last one are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from schemas.profile import Profile
from streams.engine.chunk import Chunk


class Key(NamedTuple):
    """Identity of an aggregate within one source partition; ``local_day`` is YYYY-MM-DD."""

    metric: str
    dimension: str
    value: str
    local_day: str


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that the processor cannot take: its index in the chunk's columns, an error class, and why."""

    row: int
    reason: str
    message: str


@dataclass(slots=True)
class Outputs:
    """What changed. ``aggregates`` are absolute values of this partition, ``alerts`` are records of
    ``risk.alerts`` without ``published_at``, of which only the last revision per alert_id is kept."""

    aggregates: dict[Key, int] = field(default_factory=dict)
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)

    def update(self, other: Outputs) -> None:
        """Take over what came later."""
        self.aggregates.update(other.aggregates)
        self.alerts.update(other.alerts)
        self.errors.extend(other.errors)


@dataclass(frozen=True, slots=True)
class Context:
    """What a processor may know beside its events. ``lateness_ms`` is added to a deadline before it is judged:
    the sources' declared lateness live, zero where the event's own time is the clock."""

    profile: Profile
    event_clock: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)


class Processor(Protocol):
    """The verbs of a domain."""

    domain: str
    version: str

    def process(self, chunk: Chunk) -> Outputs:
        """Apply one chunk. Before each row the clock becomes max(clock, its timestamp) and what is due fires.

        Must not block, must not keep the chunk. A row it cannot take is reported in ``errors`` and leaves the
        state as it was; any other exception stops the task.
        """

    def advance(self, clock: int) -> Outputs:
        """Move the clock of an idle partition to ``clock`` (UTC ms) and fire what is due by then."""

    def next_due(self) -> int | None:
        """When the next deadline is due (UTC ms, lateness included), or None. Called often; must be cheap."""

    def snapshot(self) -> dict[Key, int]:
        """All aggregate values of this partition, for verification and export."""
