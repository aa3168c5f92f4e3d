"""What both relays make of each answer: waiting, halving, stopping, and never a mark without a receipt."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from relay_ground import Ground, finished
from staged_gateway import Answer, problem, receipt, staging

Make = Callable[..., Ground]


@pytest.fixture
def staged() -> Any:
    with staging() as make:
        yield make


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for(ground: Make, staged: Any, kind: str, status: int) -> None:
    peer = staged(problem(status, "quota", Retry_After="3"))
    made = ground("mysql", peer.url)
    ids = made.write(5)
    process, start = made.relay(kind), time.monotonic()
    finished(process)
    assert time.monotonic() - start >= 3
    assert peer.batches == [ids, ids]
    assert made.states() == {"waiting": 0, "sent": 5, "aside": 0}


def test_what_is_no_receipt_marks_nothing(ground: Make, staged: Any, kind: str) -> None:
    other = {"items": [{"status": 202, "receipt": {"id": "lain", "source": "x"}}]}
    few: dict[str, Any] = {"items": []}
    peer = staged(
        Answer(502, {}, b"<html>"),
        Answer(202, {}, json.dumps(few).encode()),
        Answer(202, {"Content-Type": "application/json"}, json.dumps(other).encode()),
        Answer(cut=True),
    )
    made = ground("mysql", peer.url)
    (id_,) = made.write(1)
    finished(made.relay(kind))
    assert peer.batches == [[id_]] * 5
    assert made.rows()[id_]["attempts"] == 1


def test_too_long_a_batch_is_halved_and_one_row_set_aside(ground: Make, staged: Any, kind: str) -> None:
    peer = staged(
        problem(413, "batch-too-long"), problem(413, "body-too-long"), problem(413, "body-too-long")
    )
    made = ground("mysql", peer.url)
    ids = made.write(4)
    finished(made.relay(kind), 1)
    assert peer.batches[:3] == [ids, ids[:2], ids[:1]]
    assert [i for batch in peer.batches[3:] for i in batch] == ids[1:]
    assert made.states() == {"waiting": 0, "sent": 3, "aside": 1}


@pytest.mark.parametrize("status", [301, 401])
def test_a_refusal_of_the_whole_stops_and_sets_nothing_aside(
    ground: Make, staged: Any, kind: str, status: int
) -> None:
    peer = staged(problem(status, "key-expired", Location="/x"))
    made = ground("mysql", peer.url)
    made.write(2)
    assert f"Gagal: {status} key-expired | uji" in finished(made.relay(kind), 1)
    assert made.states() == {"waiting": 2, "sent": 0, "aside": 0}


def test_a_source_that_is_refused_stops(ground: Make, staged: Any, kind: str) -> None:
    wrong = {"type": "/docs/errors#source-not-allowed", "title": "sumber", "status": 403}
    peer = staged(item=lambda _event: {"status": 403, "problem": wrong})
    made = ground("mysql", peer.url)
    made.write(2)
    assert "403 sumber" in finished(made.relay(kind), 1)
    assert made.states()["waiting"] == 2


def test_some_wait_and_some_are_refused(ground: Make, staged: Any, kind: str) -> None:
    turns: dict[str, int] = {}

    def item(event: dict[str, Any]) -> dict[str, Any]:
        turn = turns[event["id"]] = turns.get(event["id"], 0) + 1
        if event["data"]["case_id"] == "IZIN-1" and turn == 1:
            return {"status": 409, "problem": {"type": "#in-progress", "title": "diproses"}}
        if event["data"]["case_id"] == "IZIN-2":
            return {
                "status": 422,
                "problem": {
                    "type": "#fields",
                    "title": "salah",
                    "errors": [{"pointer": "/a", "detail": "漢" * 2000}],
                },
            }
        return receipt(event)

    peer = staged(item=item)
    made = ground("mysql", peer.url)
    ids = made.write(6, aggregates=3)
    finished(made.relay(kind), 1)
    assert peer.batches == [ids, [ids[1], ids[4]]]
    assert made.states() == {"waiting": 0, "sent": 4, "aside": 2}


@pytest.mark.parametrize("length", [32, 64])
def test_a_signature_holds(ground: Make, staged: Any, kind: str, length: int) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    raw = (private.private_bytes_raw() + private.public_key().public_bytes_raw())[:length]
    peer = staged()
    made = ground("mysql", peer.url)
    made.set(NADI_SIGNING_KEY="whsk_" + base64.b64encode(raw).decode(), NADI_SOURCE="/opd/2.18.01/")
    made.write(2, unit="é 漢")
    finished(made.relay(kind))
    headers, body = peer.requests[0]
    scheme, _, signature = headers["webhook-signature"].partition(",")
    assert scheme == "v1a"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    private.public_key().verify(base64.b64decode(signature), signed)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert json.loads(body)[0]["source"] == "/opd/2.18.01/outbox"
    assert headers["authorization"] == "Bearer 2.18.01"


def test_time_is_the_payload_s_or_the_row_s(ground: Make, staged: Any, kind: str) -> None:
    peer = staged()
    made = ground("mysql", peer.url)
    made.write(1)
    made.write(1, occurred_at=1_795_395_600_000)
    finished(made.relay(kind))
    first, second = json.loads(peer.requests[0][1])
    assert first["time"].endswith("Z")
    assert "time" not in second
