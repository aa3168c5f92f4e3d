"""The intent: which offsets the sink is about to write, kept in the metadata of its committed offset. Pure.

The state of one partition is its committed offset and that metadata: ``stored``, the highest offset that was ever
put into the table, and an open intent ``[first, last]``. Without an open intent the table holds everything below the
offset and nothing above. With one, the rows of its range may be there, all, some or none: the table says which.
``at`` is when the rows below the offset could all be queried (freshness.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

NOTHING = -1


class IntentError(RuntimeError):
    """The committed offset and the table contradict each other."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Offsets ``first`` to ``last`` (both included) may be in the table, after the ``attempt``-th time."""

    first: int
    last: int
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one partition stands: the next offset to take, what may lie above it, the highest offset stored, and
    since when all below could be queried (UTC ms, 0 for unknown)."""

    position: int
    open: Intent | None = None
    stored: int = NOTHING
    at: int = 0

    def begin(self, first: int, last: int) -> Standing:
        """About to write ``[first, last]``: what was open above stays open under the next attempt."""
        standing = self.open
        if standing is None or first > standing.last:
            return replace(self, position=first, open=Intent(first, last))
        return replace(
            self, position=first, open=Intent(first, max(last, standing.last), standing.attempt + 1)
        )

    def doubtful(self, first: int) -> bool:
        """Whether rows from ``first`` on may be in the table already, so that it must be asked."""
        return self.open is not None and first <= self.open.last

    def finish(self, last: int, stored: int, at: int = 0) -> Standing:
        """``[…, last]`` is in the table or in the dead letters since ``at``; ``stored`` is the highest offset among
        its rows."""
        rest = self.open if self.open is not None and self.open.last > last else None
        still = Intent(last + 1, rest.last, rest.attempt) if rest else None
        return Standing(last + 1, still, max(self.stored, stored), at)

    def metadata(self) -> str:
        """As commit metadata."""
        value: dict[str, int] = {"stored": self.stored, "at": self.at}
        if self.open is not None:
            value |= {"first": self.open.first, "last": self.open.last, "attempt": self.open.attempt}
        return json.dumps(value, separators=(",", ":"))


def read(offset: int, metadata: str | None) -> Standing:
    """The standing in a committed offset; offset negative where the group has none. Raises IntentError."""
    if offset < 0:
        return Standing(0)
    if not metadata:
        return Standing(offset)
    try:
        value = json.loads(metadata)
        opened = (
            Intent(int(value["first"]), int(value["last"]), int(value["attempt"]))
            if "first" in value
            else None
        )
        return Standing(offset, opened, int(value["stored"]), int(value.get("at", 0)))
    except (ValueError, KeyError, TypeError) as error:
        raise IntentError(
            f"commit metadata {metadata!r} is none of ours; who else commits for this group?"
        ) from error


def check(place: str, standing: Standing, newest: int | None) -> None:
    """Refuse to go on where group and table contradict each other: going on would lose rows or write them twice.

    ``newest`` is the highest offset in the table, None for none. Raises IntentError.
    """
    highest = NOTHING if newest is None else newest
    limit = max(standing.position, standing.open.last + 1 if standing.open else 0)
    if highest >= limit:
        raise IntentError(
            f"{place}: the table holds offset {highest}, the consumer group stands at {standing.position}. The group's "
            "offset was lost or set back: set it to the table's highest offset + 1, never to the beginning"
        )
    if highest < standing.stored:
        raise IntentError(
            f"{place}: offset {standing.stored} was stored, the table's highest is {highest if newest is not None else 'none'}. "
            "The table lost rows: restore it, or empty all tables and delete the consumer group to fill them again from Kafka"
        )


def token(topic: str, partition: int, intent: Intent) -> str:
    """The deduplication token of one attempt: it guards an insert still in flight in a living engine, nothing more."""
    return f"{topic}:{partition}:{intent.first}-{intent.last}#{intent.attempt}"
