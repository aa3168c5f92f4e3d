"""What must not come in, by name: refused with the documented answer, logged without a secret or a number, and seen by the
department whose key it was. Real keys, real HTTP, the gateway as `nadi up` runs it."""

from __future__ import annotations

import gzip
import http.client
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from real_gateway import RealGateway, real_gateway

from infra.access.issuing import Wish, add
from producers.access import log
from producers.access.credentials import Made
from producers.access.signatures import sign
from producers.gateway.contracts import PUBLISHABLE
from producers.gateway.examples import cloud_event
from producers.gateway.problems import MEDIA_TYPE
from schemas.records import read_topics
from tests.producers.access_ground import DAY_MS, issue, profile
from tests.producers.test_persons import NIK

pytestmark = pytest.mark.kafka
ROOT = Path(__file__).parents[2]
OPD, OTHER = "2.18.01", "5.02.02"
LIMIT = 100_000
DOCUMENTED = {
    (row.split("|")[1].strip(), row.split("|")[2].strip().strip("`"))
    for row in (ROOT / "docs" / "gerbang-kesalahan.md").read_text("utf-8").splitlines()
    if row.startswith("| ") and "`" in row
}


@dataclass
class Door:
    """A running gateway with four keys: of a department, one of it that must sign, one that has expired, and one of another
    department."""

    gateway: RealGateway
    keys: dict[str, Made]

    @property
    def http(self) -> httpx.Client:
        return self.gateway.http

    @property
    def log(self) -> Path:
        return self.gateway.log

    def send(self, key: str, body: bytes, **headers: str) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        media = {"content-type": "application/cloudevents+json"}
        return self.http.post("/v1/events", content=body, headers={**self.bearer(key), **media, **given})

    def signed(
        self, key: str, body: bytes, webhook_id: str = "", late: int = 0, by: str = ""
    ) -> dict[str, str]:
        """The headers of a signed request, of ``late`` seconds ago, by the signing key of ``by``."""
        at, number = int(time.time()) - late, webhook_id or f"msg_{uuid.uuid4().hex}"
        made = sign(self.keys[by or key].private, number, at, body)
        return {"webhook_id": number, "webhook_timestamp": str(at), "webhook_signature": made}

    def bearer(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[key].key}"}

    def me(self, key: str) -> Any:
        return self.http.get("/v1/me", headers=self.bearer(key)).json()

    def lines(self) -> list[dict[str, Any]]:
        return self.gateway.lines()

    def on_kafka(self) -> int:
        layout = self.gateway.kafka.layout()
        topics = [layout.topic(name) for name in PUBLISHABLE]
        return sum(1 for _ in read_topics(self.gateway.kafka.bootstrap_servers, topics))


@pytest.fixture(scope="module")
def door(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    settings = kafka.settings(kafka.layout())
    keys = {
        name: add(settings, profile(), wish)[0]
        for name, wish in (
            ("own", Wish(OPD, "perizinan")), ("signing", Wish(OPD, "bertanda", signed=True)),
            ("other", Wish(OTHER, "kas", signed=True)),
        )
    }  # fmt: skip
    now = time.time_ns() // 1_000_000
    keys["expired"], _, entry = issue(now - 2 * DAY_MS, expires_at=now - DAY_MS)
    log.write(settings, entry)
    with real_gateway(settings, tmp_path_factory.mktemp("door"), body_bytes=LIMIT) as gateway:
        yield Door(gateway, keys)


def event(**data: Any) -> bytes:
    made = cloud_event("permits.steps", str(uuid.uuid4()))
    return json.dumps({**made, "data": {**made["data"], **data}}).encode()


def foreign_source(door: Door) -> httpx.Response:
    body = event()
    return door.send("other", body, **door.signed("other", body))


def foreign_department(door: Door) -> httpx.Response:
    return door.send("own", event(opd=OTHER))


def replayed_later(door: Door) -> httpx.Response:
    body = event()
    return door.send("signing", body, **door.signed("signing", body, late=301))


def replayed_with_another_time(door: Door) -> httpx.Response:
    body = event()
    headers = door.signed("signing", body)
    assert door.send("signing", body, **headers).status_code == 202
    return door.send("signing", body, **{**headers, "webhook_timestamp": str(int(time.time()) + 7)})


def replayed_with_another_key(door: Door) -> httpx.Response:
    body = event()
    return door.send("other", body, **door.signed("signing", body))


def replayed_id(door: Door) -> httpx.Response:
    body, other = event(), event()
    assert door.send("signing", body, **door.signed("signing", body, "msg_sama")).status_code == 202
    return door.send("signing", other, **door.signed("signing", other, "msg_sama"))


def changed_body(door: Door) -> httpx.Response:
    body = event(channel="online")
    return door.send("signing", body.replace(b"online", b"loket!"), **door.signed("signing", body))


def zip_bomb(door: Door) -> httpx.Response:
    return door.send("own", gzip.compress(b" " * 200_000_000), content_encoding="gzip")


def number_in_prose(door: Door) -> httpx.Response:
    return door.send("own", event(correction_reason=f"pemohon salah, seharusnya {NIK}"))


#: Name, what is tried, the documented answer, the key it is tried with.
TRIED = {
    "a second department's key for our source": (foreign_source, 403, "source-not-allowed", "other"),
    "our key in another department's name": (foreign_department, 403, "other-department", "own"),
    "an expired key": (lambda door: door.send("expired", event()), 401, "key-expired", "expired"),
    "a replayed signature, too late": (replayed_later, 401, "signature-time", "signing"),
    "a replayed signature, another time": (replayed_with_another_time, 401, "signature-wrong", "signing"),
    "a replayed signature, another key": (replayed_with_another_key, 401, "signature-wrong", "other"),
    "a replayed signature's id, another body": (replayed_id, 422, "signature-reused", "signing"),
    "a changed body": (changed_body, 401, "signature-wrong", "signing"),
    "no signature": (lambda door: door.send("signing", event()), 401, "signature-missing", "signing"),
    "an over-long body": (lambda door: door.send("own", b" " * (LIMIT + 1)), 413, "body-too-long", "own"),
    "a zip bomb": (zip_bomb, 413, "body-too-long", "own"),
    "a person's number in free text": (number_in_prose, 422, "fields", "own"),
}


@pytest.mark.parametrize("name", TRIED)
def test_it_is_refused_logged_and_seen(door: Door, name: str) -> None:
    attempt, status, code, key = TRIED[name]
    before = len(door.lines())
    answer = attempt(door)
    stored = door.on_kafka()
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE), answer.text
    document = answer.json()
    assert document["type"] == f"/docs/errors#{code}"
    assert (str(status), code) in DOCUMENTED
    assert NIK not in answer.text

    line = door.lines()[-1]
    assert len(door.lines()) > before
    assert line["level"] == "warning"
    assert line.get("code", next(iter(line.get("codes", ())), "")) == code
    assert line["key"] == door.keys[key].key_id
    assert line["opd"] == (OTHER if key == "other" else OPD)

    if key == "expired":
        seen = door.me("own")["keys_turned_away"][-1]
        assert seen["key"] == door.keys["expired"].key_id
        assert door.me("other")["keys_turned_away"] == []
    else:
        seen = door.me(key)["last_errors"][-1]
        assert door.me(key)["since_start"][code] >= 1
    assert (seen["type"], seen["status"]) == (document["type"], status)
    assert door.on_kafka() == stored


def test_a_retry_of_a_signed_request_is_answered_by_its_receipt(door: Door) -> None:
    body = event()
    headers = door.signed("signing", body)
    first = door.send("signing", body, **headers)
    stored = door.on_kafka()
    again = door.send("signing", body, **headers)
    assert first.status_code == again.status_code == 202
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    anew = door.send("signing", body, **door.signed("signing", body, headers["webhook_id"]))
    assert anew.json() == first.json()
    assert door.on_kafka() == stored


def test_a_department_sees_nothing_of_another(door: Door) -> None:
    receipt = door.send("own", event()).json()
    path = f"/v1/events/{receipt['event_id']}"
    assert door.http.get(path, headers=door.bearer("own")).status_code == 200
    assert door.http.get(path, headers=door.bearer("other")).status_code == 404
    assert {error["status"] for error in door.me("own")["last_errors"]}.isdisjoint({401})


def test_unknown_keys_are_logged_by_their_address(door: Door) -> None:
    answer = door.http.post("/v1/events", content=event(), headers={"authorization": "Bearer rahasia-orang"})
    assert answer.status_code == 401
    line = door.lines()[-1]
    assert (line["code"], line["key"], line["address"]) == ("key-unknown", "", "127.0.0.1")


def test_no_log_line_holds_a_secret_or_a_number(door: Door) -> None:
    said = door.log.read_text("utf-8")
    assert "request refused" in said
    for made in door.keys.values():
        assert made.key.partition(".")[2].rpartition(".")[2] not in said
        assert made.private not in said
    assert NIK not in said
    assert "rahasia-orang" not in said
    assert "v1a," not in said


@pytest.mark.parametrize("size", [LIMIT + 1, 20_000_000])
def test_a_client_that_sends_all_of_an_over_long_body_hears_why(door: Door, size: int) -> None:
    """As PHP and Python's own libraries do: they read nothing before they have written everything."""
    connection = http.client.HTTPConnection("127.0.0.1", door.gateway.port, timeout=60)
    media = {"content-type": "application/cloudevents+json"}
    connection.request("POST", "/v1/events", b" " * size, {**door.bearer("own"), **media})
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["type"] == "/docs/errors#body-too-long"
