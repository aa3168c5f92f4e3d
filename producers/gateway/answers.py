"""Receipts and problems as HTTP answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from starlette.responses import Response

from producers.access.caller import Left
from producers.gateway.acceptance import Answer, Receipt
from producers.gateway.index import Place
from producers.gateway.problems import MEDIA_TYPE, Problem

JSON = "application/json"


def problem(of: Problem, extra: dict[str, str] | None = None) -> Response:
    """One refusal."""
    return Response(of.encoded(), of.status, {**of.headers(), **(extra or {})}, MEDIA_TYPE)


def place(of: Place) -> dict[str, Any]:
    """Where an event stands."""
    return {
        "topic": of.topic,
        "partition": of.partition,
        "offset": of.offset,
        "sha256": of.hash.hex(),
        "received_at": _text(of.at),
    }


@lru_cache(1024)
def _text(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def receipt(of: Receipt) -> dict[str, Any]:
    """What the sender keeps of one event."""
    at = of.place
    return {
        "id": of.id, "source": of.source, "event_id": of.event_id, "topic": at.topic, "partition": at.partition,
        "offset": at.offset, "sha256": at.hash.hex(), "received_at": _text(at.at),
    }  # fmt: skip


def single(answer: Answer, extra: dict[str, str]) -> Response:
    """The answer to a request with one event."""
    if isinstance(answer, Problem):
        return problem(answer, extra)
    if answer.replayed:
        extra = {**extra, "Idempotency-Replayed": "true"}
    return Response(msgspec.json.encode(receipt(answer)), 202, extra, JSON)


def batch(answers: Sequence[Answer], ids: Sequence[str], extra: dict[str, str]) -> Response:
    """The answers to a batch, in order: 202 where all were taken, 207 where some were not, 503 where none was and the
    broker is why."""
    items: list[dict[str, Any]] = []
    taken = 0
    for answer, given in zip(answers, ids, strict=True):
        if isinstance(answer, Problem):
            items.append({"status": answer.status, "id": given, "problem": answer.document()})
        else:
            taken += 1
            items.append({"status": 202, "replayed": answer.replayed, "receipt": receipt(answer)})
    refused = [answer for answer in answers if isinstance(answer, Problem)]
    away = next((answer for answer in refused if answer.status == 503), None)
    if away is not None and not taken:
        body = {**away.document(), "items": items}
        return Response(msgspec.json.encode(body), 503, {**away.headers(), **extra}, MEDIA_TYPE)
    if away is not None:
        extra = {**away.headers(), **extra}
    body = {"accepted": taken, "refused": len(refused), "items": items}
    return Response(msgspec.json.encode(body), 207 if refused else 202, extra, JSON)


def limits(left: Left) -> dict[str, str]:
    """What is left of the quota, as headers."""
    return {
        "RateLimit-Limit": str(left.limit),
        "RateLimit-Remaining": str(left.remaining),
        "RateLimit-Reset": str(left.resets_in),
    }
