"""The intent: which offsets the sink is about to write, kept in the metadata of its committed offset.

The state of one partition is its committed offset and an intent. Without an intent everything below the offset is in
the table. With ``[first, last]`` the rows of that range may be there, all, some or none of them: the table says which.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass


class IntentError(RuntimeError):
    """The committed offset and the table contradict each other."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Offsets ``first`` to ``last`` (both included) are about to be written, for the ``attempt``-th time."""

    first: int
    last: int
    attempt: int = 1

    def encode(self) -> str:
        """As commit metadata."""
        return json.dumps({"first": self.first, "last": self.last, "attempt": self.attempt})

    def again(self) -> Intent:
        """The next attempt, under a token of its own."""
        return Intent(self.first, self.last, self.attempt + 1)


def decode(metadata: str | None) -> Intent | None:
    """The intent in commit metadata; None where there is none."""
    if not metadata:
        return None
    try:
        value = json.loads(metadata)
        return Intent(int(value["first"]), int(value["last"]), int(value["attempt"]))
    except (ValueError, KeyError, TypeError) as error:
        raise IntentError(
            f"commit metadata {metadata!r} is no intent of ours; who else commits for this group?"
        ) from error


def token(topic: str, partition: int, intent: Intent) -> str:
    """The deduplication token of one attempt: it guards an insert still in flight in a living engine, nothing more."""
    return f"{topic}:{partition}:{intent.first}-{intent.last}#{intent.attempt}"


def check_position(place: str, committed: int, intent: Intent | None, newest_row: int | None) -> None:
    """Refuse to go on where the group's offset is lost or behind the table: resetting would write rows twice.

    ``committed`` is the group's offset, negative when it has none; ``newest_row`` the highest offset in the table.
    """
    if newest_row is None:
        return
    limit = max(committed, intent.last + 1 if intent else 0)
    if newest_row >= limit:
        raise IntentError(
            f"{place}: the table holds offset {newest_row}, the group stands at {max(committed, 0)}. The group's offset "
            "was lost or set back: set it to the table's highest offset + 1, never reset it"
        )


def missing(consumed: Iterable[int], held: Iterable[int]) -> list[int]:
    """Offsets that were consumed and are not in the table. Topics written in transactions have holes in their offsets,
    so only what was consumed can be missing."""
    known = set(held)
    return [offset for offset in consumed if offset not in known]
