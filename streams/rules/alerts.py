"""Alert records: the form that every rule's findings take on ``risk.alerts``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from streams.cases.events import Events, event_texts
from streams.cases.words import Words
from streams.rules.as_of import AsOf
from streams.rules.rule import Rule
from streams.rules.telling import Told

EVIDENCE_LIMIT = 200


@lru_cache(maxsize=50_000)
def alert_id(rule: str, subject: str, scope: str) -> str:
    """The id of everything a rule ever says about a subject; no version is in it."""
    return str(uuid5(NAMESPACE_URL, f"nadi:{rule}:{subject}:{scope}"))


def digest_of(events: Events) -> str:
    """A digest over the ids of events, in their order (hexadecimal SHA-256)."""
    return digest_of_ids(event_texts(events))


def digest_of_ids(event_ids: Iterable[str]) -> str:
    """The same of ids as text."""
    return sha256("".join(event_ids).encode()).hexdigest()


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


def record(
    rule: Rule, told: Told, *, subject: str, scope: str, opd: str, unit: str, proof: Mapping[str, Any], clock: int,
    parameters: Mapping[str, str], as_of: AsOf, permit_type: str | None = None, first_at: int | None = None,
    due_at: int | None = None, excluded: Sequence[str] = (), fence_id: str | None = None, mode: str = "live",
    simulated: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """A complete record of ``risk.alerts`` but for status, revision and publish time. ``proof`` are the fields of
    ``evidence``; ``as_of`` is what the values of ``parameters`` were read for. Raises ValueError for a rule that has no sentence."""
    if rule.sentence is None:
        raise ValueError(f"rule {rule.id} has no sentence")
    return {
        "alert_id": alert_id(rule.id, subject, scope),
        "rule": rule.id,
        "rule_version": rule.version,
        "domain": rule.domain,
        "level": told.level,
        "subject": subject,
        "scope": scope,
        "permit_type": permit_type,
        "opd": opd,
        "unit": unit,
        "level_at": told.at,
        "first_at": told.at if first_at is None else first_at,
        "due_at": due_at,
        "observed": told.observed,
        "threshold": told.threshold,
        "unit_of_measure": rule.unit_of_measure,
        "sentence": rule.sentence(told),
        "withdrawn_reason": None,
        **proof,
        "excluded": list(excluded),
        "parameters": {**parameters, **as_of.texts()},
        "fence_id": fence_id,
        "profile_hash": told.profile.hash,
        "clock": clock,
        "mode": mode,
        "simulated": simulated,
    }
