"""What a domain must provide: its stores and a few verbs. The engine knows nothing else of a domain.

A processor computes one domain in one source partition. It does no input or output and never reads a clock: the
engine feeds it chunks in offset order and tells it the time. All it remembers is in its stores; what it changes in
``totals`` and ``alerts`` is published. Whatever way the input is cut into chunks, the stores after the last one are
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from schemas.profile import Profile
from streams.engine.alerts import Alerts
from streams.engine.chunk import Chunk
from streams.engine.store import Store
from streams.engine.totals import Key, Totals

TOTALS, ALERTS = "totals", "alerts"


class RowError(NamedTuple):
    """One row that the processor cannot take: its index in the chunk's columns, an error class, and why."""

    row: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a processor may know beside its events: the profile, the partition it computes, and with ``event_clock``
    that the event's own time is the clock, so that no lateness is waited for."""

    profile: Profile
    event_clock: bool = False
    partition: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)


class Processor(Protocol):
    """The verbs of a domain.

    ``version`` changes with the meaning of its figures and rules: another one computes everything again from the
    topic. ``columns`` are the event's fields that it reads, beside those that every event has; None for all of them.
    """

    @property
    def domain(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...] | None: ...

    @property
    def totals(self) -> Totals: ...

    @property
    def alerts(self) -> Alerts: ...

    @property
    def stores(self) -> Mapping[str, Store]:
        """Everything durable by name; ``totals`` and ``alerts`` are among them."""

    def process(self, chunk: Chunk) -> list[RowError]:
        """Apply one chunk. Before each row the clock becomes that row's, and what is due by then fires.

        Must not block, must not keep the chunk. A row it cannot take is reported and leaves the stores as they were.
        Any other exception is taken back: the engine halves the chunk until the row is found, and sets it aside.
        """

    def advance(self, clock: int) -> None:
        """Move the clock of an idle partition to ``clock`` (UTC ms) and fire what is due by then."""

    def next_due(self) -> int | None:
        """When the next deadline is due (UTC ms, lateness included), or None. Called often; must be cheap."""


#: Makes the processor of a domain for one source partition.
Maker = Callable[[Context], Processor]

__all__ = ["ALERTS", "TOTALS", "Context", "Key", "Maker", "Processor", "RowError"]
