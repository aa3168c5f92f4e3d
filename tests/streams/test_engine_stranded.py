"""A client that has lost every broker says so; one whose broker is away, or answers, does not.

librdkafka loses its brokers by itself only where an empty list of brokers comes before the connection ends
(tests/integration/test_stream_broker_restart.py meets it now and then), so here it is given none to begin with.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from infra.embedded import ports
from producers.access.log import Follower
from producers.client import open_producer
from schemas.settings import KafkaSettings
from schemas.stranded import REPORTS, StrandedError, hearing
from streams.engine.fetch import Source, open_fetcher
from tests.conftest import TestKafka
from tests.streams.test_engine_fetch_contract import KINDS

REPORT_MS = 100
SECONDS = 3 * REPORTS * REPORT_MS / 1000


@pytest.fixture(autouse=True)
def reports_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.stranded.REPORT_MS", REPORT_MS)


def _fetch(bootstrap: str, kind: str, seconds: float) -> None:
    fetcher = open_fetcher(bootstrap, "stranded", "stranded", kind)
    fetcher.assign({Source("nothing", 0): 0})
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            fetcher.fetch(10, 0.05)
    finally:
        fetcher.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fetcher_without_brokers_is_stranded(kind: str) -> None:
    with pytest.raises(StrandedError):
        _fetch("", kind, 20)


@pytest.mark.parametrize("kind", KINDS)
def test_a_broker_that_is_away_is_waited_for(kind: str) -> None:
    _fetch(f"127.0.0.1:{ports.free(1)[0]}", kind, SECONDS)


@pytest.mark.kafka
def test_one_that_knows_its_broker_goes_on(kafka: TestKafka) -> None:
    heard: list[str] = []
    producer = open_producer(
        KafkaSettings(bootstrap_servers=kafka.bootstrap), "near", **hearing(heard.append)
    )
    assert kafka.bootstrap in str(producer.list_topics(timeout=10).brokers)
    _ask(producer, SECONDS)
    assert heard == []


def test_who_cannot_raise_is_called() -> None:
    heard: list[str] = []
    producer = open_producer(KafkaSettings(bootstrap_servers=""), "stranded", **hearing(heard.append))
    _ask(producer, 20, heard)
    assert heard[0] == str(StrandedError())


@pytest.mark.kafka
def test_the_access_log_is_followed_over_a_new_connection(
    kafka: TestKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = kafka.layout()
    settings = kafka.settings(layout)
    follower = Follower(settings, lambda _entry: None)
    follower.catch_up()
    whole = follower._connected
    stranded = Follower(KafkaSettings(bootstrap_servers="", topic_prefix=layout.prefix), lambda _entry: None)
    follower._consumer.close()
    follower._consumer, follower.heard = stranded._consumer, 0.0
    made: list[Any] = []
    monkeypatch.setattr(follower, "_connected", lambda: made.append(whole()) or made[-1])
    follower.start()
    try:
        deadline = time.monotonic() + 20
        while not follower.heard:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(made) == 1
    finally:
        follower.close()


def _ask(client: Any, seconds: float, until: Sequence[str] = ()) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not until:
        client.poll(0.05)
