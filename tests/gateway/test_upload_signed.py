"""Files of a key that must sign, through the gateway as it is deployed: right, changed, and sent again."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from real_gateway import RealGateway, real_gateway
from test_uploads import table

from infra.access.issuing import Wish, add
from producers.access.credentials import Made, make
from producers.access.signatures import matches, sign, signed_text
from producers.gateway import marks
from schemas.records import read_topics
from tests.producers.access_ground import OPD, profile

pytestmark = pytest.mark.kafka
DONE_SECONDS = 60.0
KNOWN_SECONDS = 30.0


@pytest.fixture(scope="module")
def gateway(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGateway]:
    settings = kafka.settings(kafka.layout())
    with real_gateway(settings, tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="module")
def key(gateway: RealGateway) -> Made:
    """A key that must sign, once the gateway knows it."""
    made, _ = add(gateway.kafka, profile(), Wish(OPD, signed=True))
    deadline = time.monotonic() + KNOWN_SECONDS
    while gateway.http.get("/v1/me", headers=bearer(made)).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return made


def bearer(key: Made) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.key}"}


def signature(private: str, body: bytes, *, id_: str = "", at: int = 0) -> dict[str, str]:
    id_, at = id_ or f"msg_{uuid.uuid4().hex}", at or int(time.time())
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(private, id_, at, body),
    }


def upload(gateway: RealGateway, key: Made, body: bytes, given: dict[str, str]) -> httpx.Response:
    return gateway.http.post(
        "/v1/files",
        params={"domain": "permits", "name": "izin.csv"},
        content=body,
        headers={**bearer(key), "Content-Type": "text/csv", **given},
    )


def published(gateway: RealGateway, key: Made, answer: httpx.Response) -> dict[str, Any]:
    report: dict[str, Any] = answer.json()
    deadline = time.monotonic() + DONE_SECONDS
    while report.get("status") not in ("published", "refused"):
        assert time.monotonic() < deadline, report
        time.sleep(0.1)
        report = gateway.http.get(f"/v1/files/{report['job']}", headers=bearer(key)).json()
    return report


def standing(gateway: RealGateway) -> list[dict[str, bytes]]:
    """The headers of every event on the topic, the oldest request first."""
    topic = gateway.kafka.layout().topic("permits.steps")
    found = [dict(m.headers()) for m in read_topics(gateway.kafka.bootstrap_servers, [topic])]
    return sorted(found, key=lambda headers: (headers[marks.RECEIVED_AT], headers["ce_id"]))


def test_a_signed_file_is_published_with_its_signature(gateway: RealGateway, key: Made) -> None:
    before, body = len(standing(gateway)), table(3)
    report = published(gateway, key, upload(gateway, key, body, signature(key.private, body)))
    assert (report["status"], report["published"]) == ("published", 3), report
    new = standing(gateway)[before:]
    assert len(new) == 3
    for headers in new:
        assert headers[marks.BODY_HASH] == hashlib.sha256(body).digest()
        kept = json.loads(headers[marks.SIGNATURE])
        text = signed_text(kept["id"], kept["timestamp"], body)
        assert matches(key.public, kept["signature"], text), "whoever has the file can verify it"


def test_what_is_not_signed_or_was_changed_is_refused_and_nothing_is_kept(
    gateway: RealGateway, key: Made
) -> None:
    before, body = standing(gateway), table(3)
    good, now = signature(key.private, body), int(time.time())
    for code, given, sent in (
        ("signature-missing", {}, body),
        ("signature-malformed", {"webhook-id": "msg_1"}, body),
        ("signature-wrong", good, body.replace(b"PBG", b"SIP", 1)),
        ("signature-wrong", good, body + b"\n"),
        ("signature-wrong", {**good, "webhook-id": "msg_lain"}, body),
        ("signature-wrong", signature(make(OPD).private, body), body),
        ("signature-time", signature(key.private, body, at=now - 600), body),
        ("signature-time", signature(key.private, body, at=now + 600), body),
    ):
        answer = upload(gateway, key, sent, given)
        assert (answer.status_code, answer.json()["type"]) == (401, f"/docs/errors#{code}"), answer.text
    assert standing(gateway) == before
    assert published(gateway, key, upload(gateway, key, body, good))["status"] == "published"


def test_a_signature_that_comes_again_publishes_nothing_again(gateway: RealGateway, key: Made) -> None:
    body, other = table(3), table(2)
    given = signature(key.private, body, id_="msg_sekali")
    assert published(gateway, key, upload(gateway, key, body, given))["status"] == "published"
    before = standing(gateway)
    again = upload(gateway, key, body, given)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    moved = upload(gateway, key, other, given)
    assert (moved.status_code, moved.json()["type"]) == (401, "/docs/errors#signature-wrong")
    reused = upload(gateway, key, other, signature(key.private, other, id_="msg_sekali"))
    assert (reused.status_code, reused.json()["type"]) == (422, "/docs/errors#signature-reused")
    assert standing(gateway) == before
