"""What a key did lately, for its owner: the last events accepted, and what was refused last. In memory only."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from producers.gateway.acceptance import Answer, Receipt
from producers.gateway.problems import Problem

LAST = 20


@dataclass(slots=True)
class Seen:
    """Since the gateway started: how many were accepted, repeated, and refused by code; and the last of them."""

    counts: Counter[str] = field(default_factory=Counter)
    last: Receipt | None = None
    errors: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LAST))


class History:
    """What was seen of each key."""

    def __init__(self) -> None:
        self._keys: dict[str, Seen] = {}
        self._turned_away: dict[str, deque[dict[str, Any]]] = {}

    def of(self, key_id: str) -> Seen:
        return self._keys.setdefault(key_id, Seen())

    def refuse(self, key_id: str, problem: Problem, now: int) -> None:
        """Remember a request that was refused as a whole."""
        seen = self.of(key_id)
        seen.counts[problem.code] += 1
        seen.errors.append({"at": now, "id": "", **problem.document()})

    def turn_away(self, opd: str, key_id: str, problem: Problem, now: int) -> None:
        """Remember a key of a department that was not let in: expired, revoked, or from another address."""
        kept = self._turned_away.setdefault(opd, deque(maxlen=LAST))
        kept.append({"at": now, "key": key_id, **problem.document()})

    def turned_away(self, opd: str) -> list[dict[str, Any]]:
        """A department's keys that were not let in lately, for whoever holds another key of it."""
        return list(self._turned_away.get(opd, ()))

    def note(self, key_id: str, answers: list[Answer], ids: list[str], now: int) -> None:
        """Remember the answers to one request; ``ids`` are the senders' own."""
        seen = self.of(key_id)
        for answer, given in zip(answers, ids, strict=True):
            if isinstance(answer, Problem):
                seen.counts[answer.code] += 1
                seen.errors.append({"at": now, "id": given, **answer.document()})
            else:
                seen.counts["replayed" if answer.replayed else "accepted"] += 1
                seen.last = answer
