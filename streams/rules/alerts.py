"""Alert records: the form that every rule's findings take on ``risk.alerts``."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from streams.cases.events import Events, event_texts
from streams.cases.words import Words

EVIDENCE_LIMIT = 200


@lru_cache(maxsize=50_000)
def alert_id(rule: str, subject: str, scope: str) -> str:
    """The id of everything a rule ever says about a subject; no version is in it."""
    return str(uuid5(NAMESPACE_URL, f"nadi:{rule}:{subject}:{scope}"))


def digest_of(events: Events) -> str:
    """A digest over the ids of events, in their order (hexadecimal SHA-256)."""
    return sha256("".join(event_texts(events)).encode()).hexdigest()


def evidence(topic: str, events: Events, words: Words, digest: str) -> dict[str, Any]:
    """The evidence fields: the latest 200 of the events, their number, and the digest over all."""
    shown = events[-EVIDENCE_LIMIT:]
    return {
        "evidence": [
            {
                "topic": topic,
                "partition": partition,
                "offset": offset,
                "event_id": event_id,
                "occurred_at": at,
                "kind": words.text(kind),
            }
            for partition, offset, event_id, at, kind in zip(
                shown["partition"].tolist(),
                shown["offset"].tolist(),
                event_texts(shown),
                shown["at"].tolist(),
                shown["kind"].tolist(),
                strict=True,
            )
        ],
        "evidence_total": len(events),
        "evidence_digest": digest,
    }
