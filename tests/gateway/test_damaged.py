"""Damaged requests, FUZZ of them: no valid event among them is lost, none enters under another department's name."""

from __future__ import annotations

import json
import os
import random
import uuid
from collections import Counter
from typing import Any

import httpx
import pytest
from gateway_running import Running

from producers.gateway.contracts import PUBLISHABLE
from producers.gateway.examples import cloud_event
from schemas.records import read_topics

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
FUZZ = int(os.environ.get("FUZZ", "3000"))
EACH = 20


def good(draw: random.Random) -> dict[str, Any]:
    made = cloud_event("permits.steps", str(uuid.UUID(int=draw.getrandbits(128), version=4)))
    return {**made, "data": {**made["data"], "case_id": f"K-{draw.randrange(99)}"}}


def spoilt(draw: random.Random) -> Any:
    """One event with something wrong, or in another department's name."""
    event = good(draw)
    match draw.randrange(9):
        case 0:
            event["data"]["opd"] = "5.02.02"
        case 1:
            event["source"] = "/opd/5.02.02/kas"
        case 2:
            event["type"] = draw.choice(
                ("", "x", "id.go.nadi.risk.alerts.x.v1", "id.go.nadi.permits.steps.X.v1")
            )
        case 3:
            event["data"][draw.choice(("case_id", "fee_paid", "zzz"))] = draw.choice(
                (None, [], {}, 2**80, 1.5)
            )
        case 4:
            event.pop(draw.choice(("id", "source", "type", "specversion", "time", "data")))
        case 5:
            event["data"] = draw.choice((None, 1, "x", [], {}))
        case 6:
            event["time"] = draw.choice(("", "kemarin", "2026-13-01T00:00:00Z", "2026-11-28T00:00:00", 5))
        case 7:
            event["data"]["event_id"] = str(uuid.uuid4())
        case 8:
            return draw.choice((None, 1, "x", [], [[]], True))
    return event


def torn(body: bytes, draw: random.Random) -> bytes:
    """Bytes cut, turned, doubled."""
    raw = bytearray(body)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(raw))
        match draw.randrange(3):
            case 0:
                raw[at] ^= 1 << draw.randrange(8)
            case 1:
                del raw[at : at + draw.randint(1, 50)]
            case 2:
                raw[at:at] = raw[at : at + draw.randint(1, 50)]
        raw = raw or bytearray(b"[")
    return bytes(raw)


def test_no_valid_event_is_lost_and_none_has_another_name(gateway: Running) -> None:
    draw = random.Random(7)  # noqa: S311
    wanted: set[str] = set()
    statuses: Counter[int] = Counter()
    sent = 0
    while sent < FUZZ:
        sent += EACH
        items = [good(draw) if draw.random() < 0.3 else spoilt(draw) for _ in range(EACH)]
        body = json.dumps(items).encode()
        if draw.random() < 0.5:
            answer = gateway.send(torn(body, draw), content_type="application/cloudevents-batch+json")
        else:
            answer = gateway.send(items)
            assert answer.status_code in (202, 207), answer.text
            for item, found in zip(items, answer.json()["items"], strict=True):
                if found["status"] == 202:
                    wanted.add(item["id"])
        statuses[answer.status_code] += 1
        assert answer.status_code in (202, 207, 400, 401, 403, 413, 415, 422), answer.text
        assert isinstance(answer, httpx.Response)
        rest = [i for i in items if isinstance(i, dict) and _is_good(i)]
        if answer.status_code == 207 and answer.request.content == body:
            assert {i["id"] for i in rest} <= wanted, "a valid event was refused"
    layout = gateway.kafka.layout()
    topics = [layout.topic(name) for name in PUBLISHABLE]
    found_ids: Counter[str] = Counter()
    for message in read_topics(gateway.kafka.bootstrap_servers, topics):
        headers = dict(message.headers())
        assert headers["nadi_opd"] == b"2.18.01", headers
        assert headers["ce_source"].startswith(b"/opd/2.18.01/"), headers
        assert b"5.02.02" not in (message.value() or b"")
        found_ids[headers["ce_id"].decode()] += 1
    assert wanted <= set(found_ids)
    assert max(found_ids.values()) == 1
    assert statuses[207] > FUZZ / EACH / 5


def _is_good(event: dict[str, Any]) -> bool:
    """Whether nothing was done to an event."""
    made = cloud_event("permits.steps", str(event.get("id", "")))
    same = {**made, "data": {**made["data"], "case_id": None}}
    data = event.get("data")
    if not isinstance(data, dict) or not str(data.get("case_id", "")).startswith("K-"):
        return False
    return same == {**event, "data": {**data, "case_id": None}}
