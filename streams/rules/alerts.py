"""Alert records: the form that every rule's verdicts take on ``risk.alerts``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Standing:
    """The revisions of one alert so far: its last record, and what it said."""

    last: dict[str, Any] = field(default_factory=dict)

    def revise(self, record: dict[str, Any], levels: Sequence[str]) -> dict[str, Any] | None:
        """The next revision for what a rule says now, or None when it says nothing new.

        A higher level than the standing one escalates; anything else stands as raised.
        """
        said = ("level", "level_at", "due_at", "unit", "observed", "evidence_digest")
        last, stands = self.last, bool(self.last) and self.last["status"] != "withdrawn"
        if stands and all(last[name] == record[name] for name in said):
            return None
        status = "raised"
        if stands:
            rise = levels.index(record["level"]) - levels.index(last["level"])
            status = "escalated" if rise > 0 else last["status"] if rise == 0 else "raised"
        self.last = {**record, "status": status, "revision": last.get("revision", 0) + 1}
        return self.last

    def withdraw(self, reason: str, clock: int) -> dict[str, Any] | None:
        """The revision that takes a standing alert back, or None when none stands."""
        if not self.last or self.last["status"] == "withdrawn":
            return None
        revision = self.last["revision"] + 1
        self.last = {
            **self.last,
            "status": "withdrawn",
            "withdrawn_reason": reason,
            "revision": revision,
            "clock": clock,
        }
        return self.last
