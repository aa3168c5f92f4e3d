"""Every answer of the table, on a real broker, and receipts that equal what Kafka has."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import uuid
from typing import Any

import fastavro
import httpx
import pytest
from gateway_running import Running

from producers.gateway.examples import cloud_event
from producers.gateway.problems import TABLE
from schemas.catalogue import PERMITS
from schemas.codec import Codec
from schemas.records import pick
from schemas.registry import LockFileIds

pytestmark = pytest.mark.kafka


def event(**data: Any) -> dict[str, Any]:
    made = cloud_event("permits.steps", str(uuid.uuid4()))
    return {**made, "data": {**made["data"], **data}}


def record_of(gateway: Running, receipt: dict[str, Any]) -> Any:
    layout = gateway.kafka.layout()
    place = (layout.topic(receipt["topic"]), receipt["partition"], receipt["offset"])
    return next(pick(gateway.kafka.bootstrap_servers, [place]))


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"/docs/errors#{code}"
    assert found["status"] == status == (TABLE[code].status if code in TABLE else status)
    return found


def test_a_receipt_is_what_kafka_has(gateway: Running) -> None:
    sent = event(unit="loket-1")
    answer = gateway.send(
        sent, webhook_id="msg_1", webhook_timestamp="1795395600", webhook_signature="v1a,AAAA"
    )
    assert answer.status_code == 202, answer.text
    assert answer.headers["ratelimit-remaining"] == "999"
    receipt = answer.json()
    message = record_of(gateway, receipt)
    headers = dict(message.headers())
    value = Codec(PERMITS.schema, LockFileIds.load()).decode(message.value())
    assert hashlib.sha256(message.value()).hexdigest() == receipt["sha256"] == headers["nadi_sha256"].hex()
    assert message.key() == b"IZIN-2026-000123"
    assert value["opd"] == "2.18.01"
    assert value["unit"] == "loket-1"
    assert value["event_id"] == sent["id"] == headers["ce_id"].decode()
    assert headers["ce_type"].decode() == sent["type"]
    assert headers["nadi_key"] == b"2.18.01"
    assert b"v1a,AAAA" in headers["nadi_signature"]
    assert len(headers["nadi_body_sha256"]) == 32
    found = gateway.http.get(f"/v1/events/{sent['id']}", headers={"Authorization": "Bearer 2.18.01"})
    assert found.json()["offset"] == receipt["offset"]
    other = gateway.http.get(f"/v1/events/{sent['id']}", headers={"Authorization": "Bearer 5.02.02"})
    refused(other, 404, "not-found")


def test_binary_mode_and_an_id_that_is_no_uuid(gateway: Running) -> None:
    made = event()
    number = f"SP-{uuid.uuid4()}/x"
    headers = {f"ce-{name}": made[name] for name in ("specversion", "source", "type", "time")}
    common = {
        "Authorization": "Bearer 2.18.01",
        "Content-Type": "application/json",
        "Idempotency-Key": number,
    }
    first = gateway.http.post("/v1/events", content=json.dumps(made["data"]), headers={**headers, **common})
    assert first.status_code == 202, first.text
    again = gateway.http.post("/v1/events", content=json.dumps(made["data"]), headers={**headers, **common})
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    found = gateway.http.get(
        "/v1/events/SP", params={"source": made["source"]}, headers={"Authorization": "Bearer 2.18.01"}
    )
    refused(found, 404, "not-found")


def test_repeats(gateway: Running) -> None:
    sent = event()
    first = gateway.send(sent)
    assert gateway.send(sent).json() == first.json()
    refused(gateway.send({**sent, "data": {"case_id": "LAIN"}}), 422, "payload-differs")
    nameless = {name: value for name, value in sent.items() if name != "id"}
    refused(gateway.send(nameless), 400, "id-missing")
    refused(gateway.send(sent, idempotency_key="lain"), 400, "id-differs")


def test_a_batch_answers_each_in_order(gateway: Running) -> None:
    good, other = event(), event()
    bad = event(fee_paid="1.500.000,00", oficer_token="x", automatic=1)  # noqa: S106
    answer = gateway.send([good, bad, {"id": 5}, other, good, {**good, "data": {"case_id": "LAIN"}}, 7])
    assert answer.status_code == 207, answer.text
    items = answer.json()["items"]
    assert [item["status"] for item in items] == [202, 422, 422, 202, 202, 422, 422]
    assert items[4]["replayed"]
    assert items[4]["receipt"] == items[0]["receipt"]
    errors = {e["pointer"]: e["detail"] for e in items[1]["problem"]["errors"]}
    assert errors == {
        "/data/fee_paid": 'wajib bilangan bulat, diterima teks "1.500.000,00"',
        "/data/oficer_token": "tidak ada dalam kontrak; maksudnya officer_token?",
        "/data/automatic": "wajib true atau false, diterima bilangan 1",
    }
    assert items[1]["problem"]["schema"] == "/v1/schemas/permits.steps"
    whole = gateway.send([event(), event()])
    assert whole.status_code == 202
    assert whole.json()["accepted"] == 2


def test_half_a_surrogate_pair_spoils_one_event_of_a_batch(gateway: Running) -> None:
    bad = json.dumps(event()).replace("IZIN-", "\\ud800", 1)
    assert "\\ud800" in bad
    body = f"[{json.dumps(event())}, {bad}, {json.dumps(event())}]".encode()
    answer = gateway.http.post(
        "/v1/events",
        content=body,
        headers={"authorization": "Bearer 2.18.01", "content-type": "application/cloudevents-batch+json"},
    )
    assert [item["status"] for item in answer.json()["items"]] == [202, 400, 202]


def test_who_may_not(gateway: Running) -> None:
    refused(gateway.send(event(), "nobody"), 401, "key-unknown")
    refused(gateway.send(event(), "5.02.02"), 403, "source-not-allowed")
    refused(gateway.send({**event(), "source": "/opd/1.03.01/x"}, "narrow"), 403, "type-not-allowed")
    refused(gateway.send(event(opd="5.02.02")), 403, "other-department")
    assert gateway.send(event(opd="2.18.01")).status_code == 202
    tired = gateway.send(event(), "tired")
    refused(tired, 429, "too-many-requests")
    assert tired.headers["retry-after"] == "7"


def test_limits_and_forms(gateway: Running) -> None:
    refused(gateway.send(b"x" * 1_000_001), 413, "body-too-long")
    refused(gateway.send([event() for _ in range(501)]), 413, "batch-too-long")
    refused(gateway.send(event(reason_code="x" * 300_000)), 413, "event-too-long")
    bomb = gzip.compress(b" " * 200_000_000)
    refused(gateway.send(bomb, content_encoding="gzip"), 413, "body-too-long")
    refused(gateway.send(b"no gzip", content_encoding="gzip"), 400, "body-not-json")
    refused(gateway.send(b"x", content_encoding="br"), 415, "media-type")
    refused(gateway.send(event(), content_type="text/plain"), 415, "media-type")
    refused(gateway.send(b'{"id": "\xff"}'), 400, "body-not-json")
    refused(gateway.send(b"[" * 100_000), 422, "fields")
    refused(gateway.send(b'{"data": ' + b"[" * 100_000), 400, "body-not-json")
    refused(gateway.send({**event(), "type": "id.go.nadi.permits.steps.v1"}), 422, "type-unknown")

    def streamed() -> Any:
        for _ in range(100):
            yield b" " * 100_000

    answer = gateway.http.post(
        "/v1/events", content=streamed(),
        headers={"Authorization": "Bearer 2.18.01", "Content-Type": "application/cloudevents+json"},
    )  # fmt: skip
    refused(answer, 413, "body-too-long")
    packed = gateway.send(gzip.compress(json.dumps(event()).encode()), content_encoding="gzip")
    assert packed.status_code == 202
    refused(gateway.http.get("/v1/nothing"), 404, "not-found")
    refused(gateway.http.put("/v1/events"), 405, "method-not-allowed")


def test_faults_of_the_envelope_come_together(gateway: Running) -> None:
    answer = gateway.send({"id": "1", "data": {}})
    found = refused(answer, 422, "fields")
    assert [e["pointer"] for e in found["errors"]] == ["/specversion", "/source", "/type"]
    timeless = {name: value for name, value in event().items() if name != "time"}
    assert refused(gateway.send(timeless), 422, "fields")["errors"][0]["pointer"] == "/time"
    wrong = gateway.send({**event(simulated=True, kind="issued", fee_paid=5), "time": "2026-11-28T09:30:00Z"})
    assert [e["pointer"] for e in refused(wrong, 422, "fields")["errors"]] == [
        "/data/kind",
        "/data/simulated",
    ]
    late = refused(gateway.send({**event(), "time": "2099-01-01T00:00:00Z"}), 422, "fields")
    assert late["errors"][0]["pointer"] == "/time"


def test_a_sandbox_goes_nowhere_else(gateway: Running) -> None:
    sent = event()
    receipt = gateway.send(sent, "uji").json()
    assert receipt["topic"] == "uji.permits.steps"
    assert gateway.send(sent).json()["topic"] == "permits.steps"  # trying it out does not use the number up


def test_dry_run_and_look_ups(gateway: Running) -> None:
    sent = event()
    verdict = gateway.send([sent, {}], path="/v1/events/validate").json()
    assert (verdict["valid"], verdict["invalid"]) == (1, 1)
    me = gateway.http.get("/v1/me", headers={"Authorization": "Bearer 2.18.01"}).json()
    assert me["opd"] == "2.18.01"
    refused(
        gateway.http.get(f"/v1/events/{sent['id']}", headers={"Authorization": "Bearer 2.18.01"}),
        404,
        "not-found",
    )
    for found in gateway.http.get("/v1/schemas").json():
        one = gateway.http.get(found["schema"]).json()
        example = {**one["example"], "id": str(uuid.uuid4())}
        opd = example["source"].split("/")[2]
        assert one["avro"]["type"] == "record"
        if opd in ("2.18.01", "5.02.02"):
            assert gateway.send(example, opd).status_code == 202
    assert gateway.http.get("/metrics").status_code == 200
    assert gateway.http.get("/docs/errors").text.count("<tr id=") == len(TABLE)


def test_a_registry_s_questions_are_answered(gateway: Running) -> None:
    receipt = gateway.send(event(unit="loket-2")).json()
    value = record_of(gateway, receipt).value()
    schema_id = int.from_bytes(value[1:5], "big")
    schema = fastavro.parse_schema(json.loads(gateway.http.get(f"/schemas/ids/{schema_id}").json()["schema"]))
    assert fastavro.schemaless_reader(io.BytesIO(value[5:]), schema)["unit"] == "loket-2"  # type: ignore[index,call-overload]
    assert "permits.steps-value" in gateway.http.get("/subjects").json()
    latest = gateway.http.get("/subjects/permits.steps-value/versions/latest").json()
    assert latest["id"] == schema_id
    assert gateway.http.get(f"/subjects/permits.steps-value/versions/{latest['version']}").json() == latest
    assert gateway.http.get("/schemas/ids/99999").json()["error_code"] == 40403
    assert gateway.http.get("/subjects/x/versions/1").json()["error_code"] == 40401
