"""The producer of a task on a real broker: a successor's claim ends whatever its predecessor was at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from schemas.catalogue import STATE_TOPIC
from schemas.records import read
from streams.engine.transaction import FencedError, Record, Transactions

pytestmark = pytest.mark.kafka


def write(transactions: Transactions, record: Record) -> None:
    transactions.write([record])


def commit_what_was_begun(transactions: Transactions, _: Record) -> None:
    transactions._until_answered(lambda: transactions._producer.commit_transaction(10.0), 10.0)


@pytest.mark.parametrize("then", [write, commit_what_was_begun])
def test_after_a_claim_the_predecessor_writes_nothing_and_closes_quietly(
    kafka: Any, then: Callable[[Transactions, Record], None]
) -> None:
    layout = kafka.layout()
    topic = layout.topic(STATE_TOPIC)
    before, after = (Transactions(kafka.bootstrap, f"{layout.prefix}task") for _ in range(2))
    before.claim()
    before.write([Record(topic, None, b"one", 0)])
    if then is commit_what_was_begun:
        before._producer.begin_transaction()
        before._produce(Record(topic, None, b"never", 0))
        before._producer.flush(10)
    after.claim()
    after.write([Record(topic, None, b"two", 0)])
    with pytest.raises(FencedError):
        then(before, Record(topic, None, b"never", 0))
    before.close()
    after.close()
    assert [m.value() for m in read(kafka.bootstrap, {(topic, 0): None})] == [b"one", b"two"]
