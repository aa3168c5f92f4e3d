"""What the gateway's answer to a batch means for its events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: Refusals that are about the sender's own settings, not about an event: every event would meet them.
OUR_SETTINGS = "source-not-allowed"
#: The whole body cannot be read: some event in it is JSON to us and none to the gateway.
SPOILT = "body-not-json"


class Outgoing(NamedTuple):
    """One event to be sent: its number where it waits, its id and source, and all of it in JSON (UTF-8)."""

    seq: int
    id: str
    source: str
    body: bytes


class StoppedError(RuntimeError):
    """The gateway refuses this sender, whatever it sends; the message (Bahasa Indonesia) says what to mend."""


@dataclass(slots=True)
class Verdict:
    """``sent`` are numbers of events with a receipt, ``refused`` numbers with a reason; all others wait. ``wait`` is
    seconds that the gateway asked for; ``why`` says why any wait; ``fewer``: send fewer at once,
    until the one is found that the gateway cannot take."""

    sent: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    wait: float | None = None
    why: str = ""
    fewer: bool = False


def judge(events: Sequence[Outgoing], status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """The verdict on a batch from the answer to it. Nothing counts as sent without its own receipt.

    Raises StoppedError where sending again would end the same way.
    """
    document = _object(body)
    wait = _seconds(headers.get("retry-after"))
    if status in (202, 207):
        return _by_item(events, document, wait)
    if status == 413 or (status == 400 and _code(document) == SPOILT):
        if len(events) == 1:
            return Verdict(refused=[(events[0].seq, _said(document, status))])
        return Verdict(why=_said(document, status), fewer=True)
    if status in (408, 409, 425, 429) or status >= 500:
        return Verdict(wait=wait, why=_said(document, status))
    raise StoppedError(_said(document, status))


def _by_item(events: Sequence[Outgoing], document: Mapping[str, Any], wait: float | None) -> Verdict:
    items = document.get("items")
    if not isinstance(items, list) or len(items) != len(events):
        return Verdict(why="jawaban gerbang tidak dapat dibaca", wait=wait)
    verdict = Verdict(wait=wait)
    for event, found in zip(events, items, strict=True):
        item = _dict(found)
        status, problem = item.get("status"), _dict(item.get("problem"))
        if status == 202:
            receipt = _dict(item.get("receipt"))
            if receipt.get("id") == event.id and receipt.get("source") == event.source:
                verdict.sent.append(event.seq)
            else:
                verdict.why = f"tanda terima untuk {event.id} tidak cocok"
        elif isinstance(status, int) and 400 <= status < 500 and status not in (401, 408, 409, 425, 429):
            if _code(problem) == OUR_SETTINGS:
                raise StoppedError(_said(problem, status))
            verdict.refused.append((event.seq, _said(problem, status)))
        else:
            verdict.why = _said(problem, status)
    return verdict


def _code(problem: Mapping[str, Any]) -> str:
    return str(problem.get("type", "")).rpartition("#")[2]


def _said(problem: Mapping[str, Any], status: Any) -> str:
    """A problem (RFC 9457) in one line: status, title, what to do, and the fields that are wrong."""
    parts = [str(problem.get("title") or "gerbang menjawab tanpa keterangan")]
    if problem.get("detail"):
        parts.append(str(problem["detail"]))
    errors = (_dict(error) for error in problem.get("errors") or ())
    parts += [f"{error.get('pointer', '')}: {error.get('detail', '')}" for error in errors]
    return f"{status} " + " | ".join(parts)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        return _dict(json.loads(body))
    except ValueError:
        return {}


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
