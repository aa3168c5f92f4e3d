"""The library's half of the promise: what is sent in any field is refused or tokenised, and seen nowhere."""

from __future__ import annotations

import io
import logging
import uuid
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from infra.logs import FORMAT, MaskingFormatter
from producers.client import Publisher
from producers.mapping import event_fields
from producers.persons import Persons
from producers.tokens import Tokens
from tests.conftest import TestKafka
from tests.producers.protected_numbers import everywhere, leaks, topics_of

BASE: dict[str, Any] = {
    "source": "/opd/2.18.01/uji", "opd": "2.18.01", "occurred_at": 1_795_842_000_000, "kind": "uji", "case_id": "uji-1",
    "permit_type": "PBG", "cash_office": "KAS", "account": "4.1.01", "amount": 1, "sub_activity": "1", "family_card_token":
    "a" * 26, "status": "reported",
}  # fmt: skip


@pytest.mark.kafka
def test_no_number_leaves(kafka: TestKafka, tmp_path: Path) -> None:
    layout = kafka.layout()
    persons = Persons(Tokens.open(tmp_path / "tokens.key"))
    said, logged = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(logged)
    handler.setFormatter(MaskingFormatter(FORMAT))
    log = logging.getLogger("uji")
    log.addHandler(handler)
    sent = refused = unfit = 0
    with Publisher(kafka.settings(layout), origin="live") as publisher, redirect_stderr(said):
        for domain, place in everywhere():
            event = {name: value for name, value in BASE.items() if name in event_fields(domain)}
            event |= {"event_id": str(uuid.uuid4()), **place}
            problems = persons.protect(domain, event)
            if problems:
                refused += 1
                said.write(repr(problems))
                log.error("refused %s: %s", event, problems)
                continue
            if not set(event) <= set(event_fields(domain)):
                unfit += 1  # a name the contract has not; the gateway refuses it by name
                continue
            try:
                publisher.publish(domain, event)
                sent += 1
            except (ValueError, TypeError, AttributeError):
                unfit += 1  # not of the contract's type
                log.exception("unfit %s", event)
    assert sent > 100
    assert refused > 500
    assert unfit
    kept = topics_of(kafka, layout)
    assert len(kept) > 10_000
    assert leaks(kept) == set()
    assert leaks(said.getvalue()) == set()
    assert logged.getvalue().count("‹disamarkan›") > 100
    assert leaks(logged.getvalue()) == set()
    assert leaks(generate_latest()) == set()
