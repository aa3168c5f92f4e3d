"""Dead letters through the real worker: shown to their sender alone, mended, sent again, and counted."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from arrivals_stack import REVENUE_OPD, REVENUE_SOURCE, ArrivalsStack, Keys, eventually

from producers.redaction import MASK
from schemas.catalogue import REVENUE

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]
NIK = "3201234501900001"


def letters(stack: ArrivalsStack, key: str) -> list[dict[str, Any]]:
    answer = stack.get("/opd/data/letters", key)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["letters"])


def opened(stack: ArrivalsStack, key: str, place: str) -> dict[str, Any]:
    answer = stack.get(f"/opd/data/letter?place={place}", key)
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "event": json.loads(answer.json()["event"])}


def mend(stack: ArrivalsStack, key: str, place: str, event: Any, *, send: bool) -> Any:
    return stack.http.post(
        "/opd/data/letter",
        json={"letter": place, "event": event, "send": send},
        headers={"authorization": f"Bearer {key}"},
    )


def test_a_letter_is_mended_sent_again_once_and_counted(stack: ArrivalsStack, keys: Keys) -> None:
    stack.start("stream")
    original = stack.past_the_gateway()
    [letter] = eventually("the worker writes a letter", lambda: letters(stack, keys.revenue))
    assert letters(stack, keys.permits) == []
    assert letter["reason"] == "Ada jumlah yang negatif."
    assert letter["mend"]
    found = opened(stack, keys.revenue, letter["place"])
    event = found["event"]
    assert event["data"]["amount"] == -5_000_000
    assert event["source"] == REVENUE_SOURCE

    assert mend(stack, keys.permits, letter["place"], event, send=True).status_code == 404
    assert mend(stack, keys.operator, letter["place"], event, send=True).status_code == 403
    wrong = mend(stack, keys.revenue, letter["place"], event, send=False)
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/data/amount"

    event["data"]["amount"] = 5_000_000
    checked = mend(stack, keys.revenue, letter["place"], event, send=False)
    assert checked.json() == {"sent": False, "event_id": found["new_id"]}
    sent = mend(stack, keys.revenue, letter["place"], event, send=True).json()
    assert sent["sent"]
    assert sent["handled"]
    assert sent["receipt"]["event_id"] == found["new_id"]
    assert mend(stack, keys.revenue, letter["place"], event, send=True).status_code == 422

    after = eventually(
        "the letter is handled", lambda: [one for one in letters(stack, keys.revenue) if not one["open"]], 20
    )
    assert after[0]["because"] == found["new_id"]
    shown = subprocess.run(
        [sys.executable, "-m", "infra.cli", "dlq", "list", "--each", "--all", "--json"],
        cwd=stack.folder, env=stack.environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    [row] = json.loads(shown.stdout)
    assert row["state"] == "mended"
    assert row["mark"]["because"] == found["new_id"]
    assert row["mark"]["by"].startswith(f"{REVENUE_OPD}/")
    data = stack.http.get("/opd/data/arrivals", headers={"authorization": f"Bearer {keys.revenue}"}).json()
    assert data["accepted"][0]["id"] == found["new_id"]
    counted = eventually(
        "the mended event is counted",
        lambda: {k: v for k, v in stack.total().items() if v == 5_000_000 and k[1:] == ("opd", REVENUE_OPD)},
    )
    assert counted
    assert original != found["new_id"]


def test_numbers_of_persons_in_a_letter_are_not_shown(stack: ArrivalsStack, keys: Keys) -> None:
    """JSON straight to Kafka, past the gateway: the worst that can lie there."""
    from confluent_kafka import Producer

    raw = {
        "opd": REVENUE_OPD,
        "kind": "receipt",
        "payer_token": NIK,
        "cash_office": f"KAS {NIK}",
        "amount": 25_000_000_000,
    }
    producer: Any = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers})
    producer.produce(
        stack.kafka.layout().topic(REVENUE.name),
        json.dumps(raw),
        headers=[("ce_source", REVENUE_SOURCE.encode())],
    )
    assert producer.flush(30) == 0
    found = eventually(
        "the worker writes a letter",
        lambda: [one for one in letters(stack, keys.revenue) if "bukan format Avro" in one["reason"]],
    )
    answer = stack.get(f"/opd/data/letter?place={found[0]['place']}", keys.revenue)
    assert NIK not in answer.text
    event = json.loads(answer.json()["event"])
    assert event["data"]["payer_token"] == event["data"]["cash_office"] == MASK
    assert event["data"]["amount"] == 25_000_000_000
    refused = mend(stack, keys.revenue, found[0]["place"], event, send=True)
    assert refused.json()["errors"][0]["detail"].startswith("masih disamarkan")


def test_a_key_that_must_sign_mends_at_home(stack: ArrivalsStack, keys: Keys) -> None:
    signed = stack.key(REVENUE_OPD, signed=True, system="bertanda")
    place = (
        stack.past_the_gateway()
        and eventually(
            "a letter is open",
            lambda: next((one for one in letters(stack, keys.revenue) if one["open"]), None),
        )["place"]
    )
    event = opened(stack, signed, place)["event"]
    event["data"] |= {"amount": 1, "payer_token": None, "cash_office": "KAS-01", "account": "4.1.01"}
    event["data"] = {name: value for name, value in event["data"].items() if value is not None}
    event["time"] = event["time"] or "2026-11-27T09:30:00+07:00"
    assert mend(stack, signed, place, event, send=False).json()["sent"] is False
    refused = mend(stack, signed, place, event, send=True)
    assert refused.status_code == 401
    assert "corrects" in refused.json()["detail"]
