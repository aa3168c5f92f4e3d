"""Seeded events of all five domains as offices send them: late, corrected, repeated, and about one in fifty damaged."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from schemas.catalogue import DOMAINS
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import open_ids
from tests.streams.domain_rows import SOURCE, record
from tests.streams.domain_rows import profile as small_regency

HOUR = 3_600_000
DAY = 24 * HOUR
YEAR = 365 * DAY
#: 2026-01-01 00:00 in Jakarta, where simulated time begins.
START = 1_767_200_400_000
OPDS = ("1.01", "1.02")
VILLAGES = (None, "99.01.01.2001", "99.01.01.2002", "33.01.01.2001")
REPEATED, DAMAGED, CORRECTED = 0.04, 0.02, 0.08
#: Events of one case or book before the next one begins, so that no key grows for ever.
EVENTS_PER_KEY = 40

Headers = list[tuple[str, bytes | None]]


@cache
def profile() -> Profile:
    """The regency of the domain tests; its source is never late, so that live deadlines are judged at once."""
    regency = small_regency()
    return replace(regency, sources={SOURCE: replace(regency.sources[SOURCE], lateness_minutes=0)})


@dataclass(frozen=True, slots=True)
class Sent:
    """One record to publish. ``timestamp`` is UTC ms, 0 for the broker's; ``damage`` says why it must become a dead
    letter, and is empty where it must not."""

    domain: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int = 0
    damage: str = ""


class Events:
    """An endless stream. With ``simulated`` time rises by minutes an event from ``START``, otherwise ``now`` (UTC ms)
    of each call of ``next`` is when the event arrives."""

    def __init__(self, seed: str, *, simulated: bool) -> None:
        self._draw = random.Random(seed)  # noqa: S311
        self._simulated = simulated
        self._clock = self._now = START
        self._codecs: Mapping[str, Codec] = {
            d: Codec(topic.schema, open_ids()) for d, topic in DOMAINS.items()
        }
        self._number = 0
        self._before: dict[str, list[dict[str, Any]]] = {domain: [] for domain in DOMAINS}

    def stream(self, now: int) -> Iterator[Sent]:
        """For ever, at one instant."""
        while True:
            yield self.next(now)

    def next(self, now: int) -> Sent:
        draw = self._draw
        if self._simulated:
            self._clock += draw.randrange(20 * 60_000)
            now = self._clock
        self._now = now
        domain = draw.choice(tuple(DOMAINS))
        stamp = now if self._simulated else 0
        before = self._before[domain]
        if before and draw.random() < REPEATED:
            again = draw.choice(before[-200:])
            return self._sent(domain, again if draw.random() < 0.5 else _altered(again), stamp)
        self._number += 1
        key = self._number // (EVENTS_PER_KEY * 5 * 8) * 8 + draw.randrange(8)
        event = record(
            domain,
            source=SOURCE,
            opd=draw.choice(OPDS),
            event_id=str(uuid.UUID(int=draw.getrandbits(128), version=4)),
            occurred_at=now - int(draw.expovariate(1 / (40 * HOUR))) + draw.choice((0, 0, 0, 20 * HOUR)),
            **getattr(self, f"_{domain}")(draw, key),
        )
        earlier = [e for e in before[-40:] if DOMAINS[domain].key_of(e) == DOMAINS[domain].key_of(event)]
        if earlier and draw.random() < CORRECTED:
            event["corrects"] = draw.choice(earlier)["event_id"]
        if draw.random() < DAMAGED:
            return self._damaged(domain, event, stamp, now)
        before.append(event)
        del before[:-400]
        return self._sent(domain, event, stamp)

    def _sent(self, domain: str, event: dict[str, Any], stamp: int) -> Sent:
        key = DOMAINS[domain].key_of(event)
        return Sent(domain, key, self._codecs[domain].encode(event), _headers(event), stamp)

    def _damaged(self, domain: str, event: dict[str, Any], stamp: int, now: int) -> Sent:
        """Something that decoding, acceptance or the domain refuses, whatever the rest of the stream is."""
        draw = self._draw
        good = self._sent(domain, event, stamp)
        assert good.value is not None
        ruined: dict[str, bytes | None] = {
            "magic": b"\x07" + good.value[1:],
            "schema": b"\x00\x7f\xff\xff\xff" + good.value[5:],
            "cut": good.value[: -draw.randrange(1, len(good.value) - 5)],
            "long": good.value + b"!",
            "head": good.value[:3],
            "text": good.value.replace(event["event_id"].encode(), b"\xff" * 36),
            "null": None,
            "nothing": b"",
        }
        wrong: dict[str, dict[str, Any]] = {
            "id": {"event_id": "not-an-id"},
            "owner": {"opd": ""},
            "ahead": {"occurred_at": now + 3 * YEAR},
            "time": {"occurred_at": -5_000_000_000_000},
        }
        damage = draw.choice((*ruined, *wrong))
        headers: Headers = [
            *good.headers,
            ("twice", b"1"),
            ("twice", b"\xfe"),
            ("empty", b""),
            ("none", None),
        ]
        if damage in ruined:
            key = draw.choice((good.key, None, b"\xff\x00"))
            return Sent(domain, key, ruined[damage], headers, stamp, damage)
        value = self._codecs[domain].encode({**event, **wrong[damage]})
        return Sent(domain, good.key, value, headers, stamp, damage)

    # ---- the domains' own fields

    def _revenue(self, draw: random.Random, key: int) -> dict[str, Any]:
        return {
            "kind": draw.choice(
                ("receipt",) * 4 + ("void", "assessment", "deposit", "opening_balance", "new")
            ),
            "cash_office": f"K{key}",
            "account": draw.choice(("4.1.01.01", "4.1.02", "4.2.01", "41", "")),
            "amount": draw.randrange(1_000_000),
            "channel": draw.choice(("cash", "qris")),
            "village": draw.choice(VILLAGES),
            "assessment_id": draw.choice((None, "A1")),
            "reduction": draw.randrange(1000),
            "penalty": draw.randrange(1000),
            "measure": draw.choice(("received", "assessed", "deposited", "arrears")),
        }

    def _budget(self, draw: random.Random, key: int) -> dict[str, Any]:
        plan = [draw.randrange(1000) for _ in range(12)] if draw.random() < 0.2 else []
        return {
            "kind": draw.choice(
                ("ceiling", "ceiling", "sp2d", "sp2d", "accounting", "return", "reversal", "spm")
            ),
            "fiscal_year": draw.choice((2025, 2026)),
            "program": draw.choice(("", "P1")),
            "activity": "P1.2",
            "sub_activity": f"P1.2.{key}",
            "account": draw.choice(("5.1", "5.2")),
            "amount": draw.randrange(1_000_000),
            "disbursement_type": draw.choice(("UP", "GU", "TU", "LS")),
            "ceiling_stage": draw.choice(("RKPD", "APBD", "SHIFT", "APBD-P", None)),
            "monthly_plan": plan,
            "fund": draw.choice((None, "DAU")),
        }

    def _population(self, draw: random.Random, key: int) -> dict[str, Any]:
        return {
            "kind": draw.choice(("birth", "death", "move", "correction")),
            "family_card_token": f"F{key}",
            "status": draw.choice(("reported", "registered")),
            "report_id": draw.choice((None, "r")),
            "village": draw.choice(VILLAGES),
            "origin_village": draw.choice(VILLAGES),
            "destination_village": draw.choice(VILLAGES),
            "persons": draw.randrange(9),
        }

    def _activities(self, draw: random.Random, key: int) -> dict[str, Any]:
        return {
            "kind": draw.choice(("progress", "progress", "handover", "new")),
            "fiscal_year": draw.choice((2025, 2026)),
            "sub_activity": f"S{key}",
            "physical_bp": draw.randrange(10_000),
            "planned_bp": draw.choice((None, draw.randrange(10_000))),
        }

    def _permits(self, draw: random.Random, key: int) -> dict[str, Any]:
        soon = self._now + (draw.randrange(-100, 200) * HOUR if self._simulated else draw.randrange(15_000))
        kinds = ("submitted", "accepted", "started", "started", "finished", "returned", "resubmitted", "new")
        return {
            "kind": draw.choice(kinds) if draw.random() < 0.9 else draw.choice(("issued", "closed")),
            "case_id": f"C{key}-{draw.randrange(4)}",
            "permit_type": draw.choice(("PBG", "PBG", "", "X")),
            "step": draw.choice((None, "berkas", "survei")),
            "unit": draw.choice((None, "LOKET", "PUPR")),
            "due_at": draw.choice((None, None, soon)),
        }


def _altered(event: dict[str, Any]) -> dict[str, Any]:
    """The same id with other contents, which must not count either."""
    return {**event, "kind": "new", "occurred_at": event["occurred_at"] + HOUR}


def _headers(event: dict[str, Any]) -> Headers:
    return [("ce_id", event["event_id"].encode()), ("ce_type", event["kind"].encode())]
