"""What the pages show, as plain values: texts are Bahasa Indonesia, times are the regency's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from producers.access.caller import Caller, RefusedError
from producers.arrivals import mending, words
from producers.arrivals.compliance import DAYS, WORDS, Row
from producers.arrivals.mailbox import Item, Opened
from producers.dead_letters.marks import is_open
from producers.gateway import answers
from producers.gateway.contracts import PUBLISHABLE
from producers.gateway.examples import cloud_event
from producers.gateway.gateway import Gateway
from producers.gateway.index import RETENTION_MS
from producers.gateway.refusals import DAY_MS, KEPT, KEPT_DAYS, Refused
from producers.gateway.trail import Accepted
from producers.redaction import mask
from schemas.profile import Profile

_STATES = {
    "open": "terbuka",
    "sending": "sedang dikirim ulang",
    "replayed": "dikirim ulang oleh Diskominfo",
    "dropped": "disisihkan oleh Diskominfo",
    "mended": "sudah diperbaiki dan dikirim",
}


def arrivals(
    gateway: Gateway, profile: Profile, caller: Caller, opd: str, version: str, url: str, now: int
) -> dict[str, Any]:
    """What arrived and what was refused of a department; for an operator, the departments to choose from too."""
    sandbox = True if caller.sandbox else None
    zone, trail = profile.timezone, gateway.trail
    department = profile.departments.get(opd)
    since = max(trail.refusals.since, now - KEPT_DAYS * DAY_MS)
    found: dict[str, Any] = {
        "version": version,
        "opd": opd,
        "name": department.name if department else opd or "Pengirim yang tidak dikenal",
        "key": caller.key_id,
        "operator": caller.operator,
        "sandbox": caller.sandbox,
        "signed": caller.signed,
        "accepted_since": words.when(now - RETENTION_MS, zone),
        "refused_since": words.when(since, zone),
        "most": KEPT,
        "accepted": [_accepted(one, profile) for one in trail.accepted(opd, sandbox=sandbox)],
        "refused": [_refused(one, profile) for one in trail.refusals.of(opd, sandbox=sandbox)],
        "curl": "" if caller.operator else curl(gateway, profile, caller, url),
    }
    if caller.operator:
        found["departments"] = [
            {"opd": code, "name": f"{code} {one.short}"} for code, one in profile.departments.items()
        ]
    return found


def curl(gateway: Gateway, profile: Profile, caller: Caller, url: str) -> str:
    """A line that sends one valid event of the caller's own, with the key from its ``.env``; empty where it may send none."""
    declared = [s for s in profile.sources.values() if s.opd == caller.opd]
    wished = [(s.id, topic) for s in declared for topic in PUBLISHABLE.values() if topic.domain == s.domain]
    wished += [(p.rstrip("/") + "/uji", topic) for p in caller.sources for topic in PUBLISHABLE.values()]
    for source, topic in wished:
        event = cloud_event(topic.name, str(uuid.uuid4())) | {"source": source}
        try:
            gateway.access.permits(caller, source, event["type"])
        except RefusedError:
            continue
        text = json.dumps(event, ensure_ascii=False)
        return (
            f"curl -sS -X POST '{url}/v1/events' \\\n"
            '  -H "Authorization: Bearer $NADI_KEY" \\\n'
            "  -H 'Content-Type: application/cloudevents+json' \\\n"
            f"  --data '{text}'"
        )
    return ""


def letter(item: Item, profile: Profile) -> dict[str, Any]:
    """One line of the table of dead letters."""
    one, why = item.letter, words.why(item.letter.reason)
    return {
        "place": str(one.place),
        "at": words.when(one.written_at, profile.timezone),
        "source": mask(one.source),
        "reason": why.reason,
        "advice": why.advice,
        "message": mask(one.message),
        "open": is_open(item.mark),
        "mend": why.mend and is_open(item.mark),
        "state": _STATES[item.mark.action if item.mark else "open"],
        "because": mask(item.mark.because) if item.mark and item.mark.action == "mended" else "",
    }


def opened(of: Opened, profile: Profile) -> dict[str, Any]:
    """A letter with its event as far as it can be read."""
    event = mending.event_of(of)
    return {
        **letter(of.item, profile),
        "event": json.dumps(event, ensure_ascii=False, indent=2, default=str),
        "stopped": mask(of.inside.stopped),
        "new_id": mending.new_id(of),
    }


def compliance(rows: Sequence[Row], profile: Profile, since: int, now: int) -> dict[str, Any]:
    """The table of who reports in time."""
    zone = profile.timezone
    return {
        "at": words.when(now, zone),
        "days": DAYS,
        "refused_since": words.when(max(since, now - KEPT_DAYS * DAY_MS), zone),
        "rows": [
            {
                "opd": row.opd,
                "department": row.department,
                "source": row.source,
                "name": row.name,
                "last": words.when(row.last, zone),
                "expected_by": words.when(row.expected_by, zone),
                "state": row.state,
                "state_text": WORDS[row.state],
                "share": share(row),
                "refused": "–" if row.refused is None else f"{row.refused:,}".replace(",", "."),
            }
            for row in rows
        ],
    }


def share(row: Row) -> str:
    """Share of days on time with what it is of: ``95,2% (20 dari 21 hari)``."""
    if row.share is None:
        return "–"
    percent = f"{row.share * 100:.1f}".replace(".", ",").removesuffix(",0")
    return f"{percent}% ({row.on_time} dari {row.days} hari)"


def _accepted(one: Accepted, profile: Profile) -> dict[str, Any]:
    return {
        "at": words.when(one.at, profile.timezone),
        "id": one.event_id,
        "source": one.source,
        "type": one.type,
        "subject": one.subject,
        "sandbox": one.sandbox,
        "receipt": answers.place(one.place),
    }


def _refused(one: Refused, profile: Profile) -> dict[str, Any]:
    return {
        "at": words.when(one.at, profile.timezone),
        "key": one.key_id,
        "id": one.id,
        "source": one.source,
        "type": one.type,
        "sandbox": one.sandbox,
        "code": one.problem["type"].rpartition("#")[2],
        **{name: one.problem.get(name) for name in ("status", "title", "detail", "errors")},
    }
