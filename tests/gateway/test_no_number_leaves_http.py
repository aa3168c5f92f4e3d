"""What is sent through HTTP, in any field, header or path, is refused or tokenised, and seen nowhere."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_running import Running

from schemas.catalogue import DOMAINS
from tests.conftest import TestKafka
from tests.producers.protected_numbers import ACCOUNT, NUMBERS, everywhere, leaks, topics_of
from tests.producers.test_no_number_leaves import BASE

SOURCE = "/opd/2.18.01/uji"
ENVELOPE = ("source", "opd", "occurred_at", "kind")


def sent(domain: str, place: dict[str, Any]) -> dict[str, Any]:
    from producers.mapping import event_fields

    data = {
        name: value for name, value in BASE.items() if name in event_fields(domain) and name not in ENVELOPE
    }
    return {
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": SOURCE, "datacontenttype": "application/json",
        "type": f"id.go.nadi.{DOMAINS[domain].name}.uji.v1", "time": "2026-11-28T09:30:00+07:00", "data": data | place,
    }  # fmt: skip


@pytest.mark.kafka
def test_no_number_leaves_through_http(kafka: TestKafka, tmp_path: Path) -> None:
    layout = kafka.layout()
    gateway = Running(kafka.settings(layout), tmp_path / "log", tokens=tmp_path / "tokens.key")
    answers: list[str] = []
    try:
        events = [sent(domain, place) for domain, place in everywhere()]
        for first in range(0, len(events), 100):
            answer = gateway.send(events[first : first + 100])
            assert answer.status_code in (202, 207), answer.text
            answers.append(answer.text)
        for number in NUMBERS:
            event = sent("permits", {})
            id_ = f"rekening {number}" if number is ACCOUNT else number
            changed = (
                {"id": id_},
                {"subject": number},
                {"type": number},
                {"partitionkey": number},
                {number: number},
            )
            answers += [gateway.send({**event, **change}).text for change in changed]
            header = {
                "X-Nomor": number,
                "Idempotency-Key": id_,
                "traceparent": number,
                "Authorization": f"Bearer {number}",
            }
            paths = (f"/v1/events/{number}", f"/{number}", f"/v1/schemas/{number}")
            answers += [gateway.http.get(path, headers=header).text for path in paths]
            answers.append(gateway.http.post("/v1/events", content=number, headers=header).text)
        answers.append(httpx.get(f"http://127.0.0.1:{gateway.port}/metrics").text)
    finally:
        gateway.kill()
    verdicts = [item for text in answers if '"items"' in text for item in json.loads(text)["items"]]
    assert sum(item["status"] == 202 for item in verdicts) > 100
    assert sum(item["status"] == 422 for item in verdicts) > 500
    kept = topics_of(kafka, layout)
    assert len(kept) > 10_000
    assert leaks(kept) == set()
    assert leaks("\n".join(answers)) == set()
    assert leaks((tmp_path / "log").read_text("utf-8")) == set()
