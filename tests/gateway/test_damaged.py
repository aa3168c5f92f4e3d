"""FUZZ damaged requests among valid ones, over raw sockets: no valid event is lost, none enters under another department's
name, and every answer is of the table. `make fuzz` sends a hundred thousand; the ordinary run some hundreds."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from damage import MANY, OPD, OTHER, Damage, good
from raw_http import Connection, Reply, Sending, request
from real_gateway import RealGateway, real_gateway

from infra.access.issuing import Wish, add
from producers.access import log
from producers.access.caller import Quota
from producers.gateway.contracts import PUBLISHABLE
from producers.gateway.problems import TABLE
from schemas.codec import Codec
from schemas.records import read_topics
from schemas.registry import LockFileIds
from tests.producers.access_ground import DAY_MS, issue, profile

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
FUZZ = int(os.environ.get("FUZZ", "800"))
SEED = int(os.environ.get("SEED", "7"))
SENDERS = 16
VALID = 0.25
"""How many of the requests between the damaged ones are valid."""
AMPLE = Quota(1e9, 10**9, 10**15, 500)
AGAIN_SECONDS = 60.0
#: 503 is the broker's doing, not the request's.
ANSWERS = {202, 207, 503} | {entry.status for entry in TABLE.values() if entry.status < 500}


class Sender(threading.Thread):
    """Sends its share: ``valid`` are the ids of events that were sent whole and valid, ``accepted`` those with a receipt."""

    def __init__(self, port: int, keys: dict[str, str], seed: int, count: int) -> None:
        super().__init__()
        self._draw = random.Random(seed)  # noqa: S311
        self._damage = Damage(self._draw, keys)
        self._connection, self._count = Connection(port), count
        self.valid: set[str] = set()
        self.accepted: set[str] = set()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        ways = list(self._damage.ways.items())
        damaged = 0
        while damaged < self._count:
            if self._draw.random() < VALID:
                self._send_valid()
            else:
                damaged += 1
                name, make = self._draw.choice(ways)
                sending = make()
                self._note(name, sending, self._connection.send(sending))
        self._connection.close()

    def _send_valid(self) -> None:
        events = [good(self._draw) for _ in range(self._draw.choice((1, 1, 1, 5)))]
        one = len(events) == 1
        body = json.dumps(events[0] if one else events).encode()
        headers = self._damage.headers() if one else self._damage.headers(MANY)
        deadline = time.monotonic() + AGAIN_SECONDS
        while True:  # as a sender should: 503 is no refusal
            reply = self._connection.send(Sending(request(body, headers)))
            if reply.status not in (409, 503) or time.monotonic() > deadline:
                break
            self._note("valid", Sending(b""), reply)
            time.sleep(0.2)
        self.valid |= {event["id"] for event in events}
        if reply.status != 202:
            self.wrong.append(f"a valid request: {reply.status} {reply.body[:300]!r}")
        self._note("valid", Sending(b""), reply)

    def _note(self, way: str, sending: Sending, reply: Reply) -> None:
        self.answers[way, reply.status] += 1
        if reply.status == 0:
            return
        text = reply.body
        # What is no HTTP is answered by the server itself, before the gateway sees it.
        if reply.status not in ANSWERS or not (reply.documented or reply.status == 400):
            self.wrong.append(f"{way}: {reply.status} {text[:300]!r} to {sending.raw[:600]!r}")
        elif reply.documented and reply.status in (202, 207):
            found = json.loads(text)
            items = [item.get("receipt") for item in found["items"]] if "items" in found else [found]
            self.accepted |= {receipt["event_id"] for receipt in items if receipt}


def test_no_valid_event_is_lost_and_none_has_another_name(kafka: Any, tmp_path: Path) -> None:
    settings = kafka.settings(kafka.layout())
    made = {"own": add(settings, profile(), Wish(OPD, quota=AMPLE))[0]}
    made["other"] = add(settings, profile(), Wish(OTHER, types=("id.go.nadi.*",), quota=AMPLE))[0]
    now = time.time_ns() // 1_000_000
    made["expired"], _, entry = issue(now - 2 * DAY_MS, expires_at=now - DAY_MS)
    log.write(settings, entry)
    owners = {made["own"].key_id: OPD, made["other"].key_id: OTHER}
    with real_gateway(settings, tmp_path, body_bytes=1_000_000) as gateway:
        keys = {name: key.key for name, key in made.items()}
        senders = [Sender(gateway.port, keys, SEED + n, FUZZ // SENDERS) for n in range(SENDERS)]
        begun = time.monotonic()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        seconds = time.monotonic() - begun
        _check(gateway, owners, senders, seconds)


def _check(gateway: RealGateway, owners: dict[str, str], senders: list[Sender], seconds: float) -> None:
    wrong = [text for sender in senders for text in sender.wrong]
    answers = sum((sender.answers for sender in senders), Counter[tuple[str, int]]())
    valid = set().union(*(sender.valid for sender in senders))
    accepted = set().union(*(sender.accepted for sender in senders))
    found = _on_kafka(gateway, owners)
    by_status = Counter[int]()
    for (way, status), count in answers.items():
        by_status[status] += 0 if way == "valid" else count
    print(
        f"{by_status.total()} damaged requests in {seconds:.0f} s, by answer: {dict(sorted(by_status.items()))} (0: none); "
        f"{len(valid)} valid events sent, {len(valid & set(found))} found; {len(found)} on Kafka"
    )
    print({f"{way} {status}": count for (way, status), count in sorted(answers.items())})
    assert not wrong, (len(wrong), wrong[:5])
    assert by_status.total() == FUZZ // SENDERS * SENDERS
    assert gateway.process.poll() is None
    assert valid <= accepted <= set(found)
    assert set(found.values()) == {1}, "an event stands twice"
    broken = [line for line in gateway.lines() if line["level"] in ("error", "critical")]
    assert not broken, broken[:3]
    assert "Traceback" not in gateway.log.read_text("utf-8")


def _on_kafka(gateway: RealGateway, owners: dict[str, str]) -> Counter[str]:
    """How often each event stands; all of them in the name of the department whose key sent it."""
    layout, found = gateway.kafka.layout(), Counter[str]()
    for name, topic in PUBLISHABLE.items():
        codec = Codec(topic.schema, LockFileIds.load())
        for message in read_topics(gateway.kafka.bootstrap_servers, [layout.topic(name)]):
            headers, event = dict(message.headers()), codec.decode(message.value())
            owner = owners[headers["nadi_key"].decode()]
            assert headers["nadi_opd"].decode() == event["opd"] == owner, (headers, event)
            assert headers["ce_source"].decode() == event["source"], (headers, event)
            assert event["source"].startswith(f"/opd/{owner}/"), event
            assert headers["ce_id"].decode() == event["event_id"]
            found[event["event_id"]] += 1
    return found
