"""Permit cases written by hand for the tests of the rules, in local time of a small regency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from domain_rows import SOURCE, profile, record

from schemas.profile import PermitType, Profile, Step
from streams.reference.daily_rules import DAILY_RULES, Answers
from streams.reference.finding import Finding
from streams.reference.permit_rules import Judged, judge
from streams.reference.received import Received
from streams.reference.register import Register

SINCE = date(2000, 1, 1)
ZONE = ZoneInfo("Asia/Jakarta")

#: (case, kind, local time, other fields); "arrives" is when the record was received, else when it happened.
Row = tuple[str, str, str, dict[str, Any]]


def ms(local: str) -> int:
    """UTC ms of a local time such as ``2026-02-02 09:00``."""
    return round(datetime.fromisoformat(local).replace(tzinfo=ZONE).timestamp() * 1000)


def row(case: str, kind: str, local: str, **fields: Any) -> Row:
    """One event of a case; ``officer``, ``applicant`` and ``agent`` are their tokens."""
    persons = ("officer", "applicant", "agent")
    return case, kind, local, {f"{k}_token" if k in persons else k: v for k, v in fields.items()}


def clock(minutes: int) -> str:
    """A time of the day so many minutes after 08:00; 200 minutes are all worked."""
    return f"{8 + minutes // 60:02d}:{minutes % 60:02d}"


def near(value: float) -> Any:
    """The value to two decimals or better."""
    return pytest.approx(value, abs=1e-4 if value < 1 else 1e-2)


def law(*steps: Step, **fields: Any) -> Profile:
    """The small regency with one permit type ``PBG``; deemed and incompatible are the type's, the rest the profile's."""
    of_type = {name: fields.pop(name) for name in ("deemed", "incompatible") if name in fields}
    kind = PermitType("PBG", "Persetujuan Bangunan Gedung", "PBG", steps, **of_type)
    return replace(profile(), permit_types={"PBG": kind}, _standards={}, _thresholds={}, **fields)


def judged(
    rows: Sequence[Row],
    until: str | int | Mapping[int, int],
    profile: Profile | None = None,
    event_clock: bool = True,
) -> Judged:
    """What the reference says at a local time."""
    clock = ms(until) if isinstance(until, str) else until
    return judge(events_of(rows), profile or law(), clock, event_clock)


def asked(rule: str, rows: Sequence[Row], day: str, profile: Profile | None = None) -> Answers:
    """What the reference answers when a day is frozen: findings by pair, None for a pair with too little to judge."""
    received = [Received(*event) for event in events_of(rows)]
    return DAILY_RULES[rule](Register(received, profile or law(), event_clock=True), day)


def events_of(rows: Sequence[Row]) -> list[tuple[dict[str, Any], int, int, int]]:
    """The records in order of arrival in one partition, with their timestamps."""
    events = []
    arrived = sorted(rows, key=lambda r: ms(r[3].get("arrives", r[2])))
    for offset, (case, kind, local, fields) in enumerate(arrived):
        stamp = ms(fields.get("arrives", local))
        own = {name: value for name, value in fields.items() if name != "arrives"}
        event = {
            "permit_type": "PBG",
            "source": SOURCE,
            "opd": "1.01",
            "event_id": str(UUID(int=offset)),
            **own,
        }
        events.append(
            (record("permits", case_id=case, kind=kind, occurred_at=ms(local), **event), 0, offset, stamp)
        )
    return events


def said(
    rule: str,
    rows: Sequence[Row],
    until: str | int | Mapping[int, int],
    profile: Profile | None = None,
    event_clock: bool = True,
) -> tuple[str, dict[str, Finding]]:
    """What a rule says of case ``C``: the outcome, and the findings by scope."""
    found = judged(rows, until, profile, event_clock)
    scopes = {scope: f for (r, subject, scope), f in found.findings.items() if (r, subject) == (rule, "C")}
    return found.outcomes[rule, "C"], scopes
