"""Alert records: the form that every rule's verdicts take on ``risk.alerts``."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from streams.domains.case import Event

EVIDENCE_LIMIT = 200


def alert_id(rule: str, subject: str, scope: str) -> str:
    """The id of everything a rule ever says about a subject; no version is in it."""
    return str(uuid5(NAMESPACE_URL, f"nadi:{rule}:{subject}:{scope}"))


def evidence(topic: str, partition: int, events: Sequence[Event]) -> dict[str, Any]:
    """The evidence fields: the latest 200 of the events, their number, and a digest over all ids in order."""
    return {
        "evidence": [
            {
                "topic": topic,
                "partition": partition,
                "offset": event.offset,
                "event_id": event.event_id,
                "occurred_at": event.occurred_at,
                "kind": event.kind,
            }
            for event in events[-EVIDENCE_LIMIT:]
        ],
        "evidence_total": len(events),
        "evidence_digest": sha256("".join(event.event_id for event in events).encode()).hexdigest(),
    }
