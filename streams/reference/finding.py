"""What a permit rule says of a case."""

from __future__ import annotations

from typing import NamedTuple

FOUND, NOT_FOUND = "found", "not_found"
ALERTING = ("breach", "severe")


class Finding(NamedTuple):
    """``level`` is warning, breach or severe; ``context`` and ``page`` are never alerts. ``at`` (UTC ms) is since when
    it holds."""

    level: str
    at: int
    observed: float
    threshold: float


#: A reason why the rule makes no statement, or what it finds by scope, the lower level first; empty: nothing.
Answer = str | list[tuple[str, Finding]]
