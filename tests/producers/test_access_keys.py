"""Who may send what: keys, scopes, addresses, quotas, and a revocation that is heard at once."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import date
from pathlib import Path

import pytest

from producers.access import log
from producers.access.caller import Access, RefusedError
from producers.access.entries import KEY_ENDS, KEY_ISSUED, KEY_REVOKED, Entry
from producers.access.keys import Keys
from producers.access.refusals import REFUSALS
from schemas.catalogue import ACCESS_TOPIC
from schemas.profile.rows import Signature
from tests.conftest import TestKafka
from tests.producers.access_ground import DAY_MS, NOON, OPD, bearer, issue, keys_with, profile

HERE = "10.1.2.3"


def code(raised: pytest.ExceptionInfo[RefusedError]) -> tuple[int, str]:
    return raised.value.status, raised.value.code


def test_keys_are_what_the_gateway_asks() -> None:
    access: Access = keys_with()
    assert access is not None


def test_a_key_gives_the_department_and_its_scopes() -> None:
    made, key, entry = issue()
    caller = keys_with(entry).authenticate(bearer(made), HERE, NOON)
    assert (caller.opd, caller.key_id, caller.signed, caller.sandbox) == (OPD, key.key_id, False, False)
    assert caller.quota == key.quota
    assert keys_with(entry).authenticate(f"bearer  {made.key} ", HERE, NOON) == caller


def test_what_is_wrong_is_told_only_to_who_has_the_secret() -> None:
    made, key, entry = issue()
    other, _, _ = issue()
    keys = keys_with(entry, Entry(KEY_REVOKED, key.key_id, NOON, "penguji", {"reason": "bocor"}))
    wrong = made.key[:-1] + ("a" if made.key[-1] != "a" else "b")
    answers = set()
    for authorization in (
        f"Bearer {wrong}",  # the id exists
        bearer(other),  # it does not
        "Bearer nadi",
        f"Basic {made.key}",
        f"Bearer {made.key.replace(OPD, '5.02.01')}",
    ):
        with pytest.raises(RefusedError) as raised:
            keys.authenticate(authorization, HERE, NOON)
        answers.add((code(raised), str(raised.value)))
    assert {answer for answer, _ in answers} == {(401, "key-unknown")}
    assert len(answers) == 1
    with pytest.raises(RefusedError) as raised:
        keys.authenticate(bearer(made), HERE, NOON)
    assert code(raised) == (401, "key-revoked")
    with pytest.raises(RefusedError) as raised:
        keys.authenticate(None, HERE, NOON)
    assert code(raised) == (401, "key-missing")


def test_an_expired_key_is_refused_and_an_end_is_never_put_off() -> None:
    made, key, entry = issue()
    later = Entry(KEY_ENDS, key.key_id, NOON, "penguji", {"expires_at": NOON + 9 * DAY_MS})
    keys = keys_with(entry, later)
    keys.authenticate(bearer(made), HERE, NOON + DAY_MS - 1)
    with pytest.raises(RefusedError) as raised:
        keys.authenticate(bearer(made), HERE, NOON + DAY_MS)
    assert code(raised) == (401, "key-expired")


def test_an_id_is_given_once() -> None:
    made, key, entry = issue()
    thief, _, second = issue()
    keys = keys_with(entry, Entry(KEY_ISSUED, key.key_id, NOON + 1, "lain", second.values))
    assert keys.authenticate(bearer(made), HERE, NOON).key_id == key.key_id
    with pytest.raises(RefusedError):
        keys.authenticate(bearer(thief), HERE, NOON)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("10.1.3.3", False), ("2001:db8::7", True), ("testclient", False)],
)  # fmt: skip
def test_addresses(address: str, allowed: bool) -> None:
    made, _, entry = issue(addresses=("10.1.2.0/24", "2001:db8::/64"))
    keys = keys_with(entry)
    if allowed:
        keys.authenticate(bearer(made), address, NOON)
        return
    with pytest.raises(RefusedError) as raised:
        keys.authenticate(bearer(made), address, NOON)
    assert code(raised) == (403, "address-not-allowed")


def test_scopes_end_at_a_part_of_the_path() -> None:
    made, _, entry = issue(sources=("/opd/2.18.01/izin",))
    keys = keys_with(entry)
    caller = keys.authenticate(bearer(made), HERE, NOON)
    issued = "id.go.nadi.permits.steps.issued.v1"
    for source in ("/opd/2.18.01/izin", "/opd/2.18.01/izin/loket"):
        keys.permits(caller, source, issued)
    for source in (
        "/opd/2.18.01/izin-lain", "/opd/5.02.01/kas", "", "opd/2.18.01/izin", "/opd/2.18.01/izin/../kas",
        "/opd/2.18.01/izin/..", "/opd/2.18.01/izin/\x00",
    ):  # fmt: skip
        with pytest.raises(RefusedError) as raised:
            keys.permits(caller, source, issued)
        assert code(raised) == (403, "source-not-allowed")
    with pytest.raises(RefusedError) as raised:
        keys.permits(caller, "/opd/2.18.01/6201015708909999", issued)
    assert "6201015708909999" not in str(raised.value)
    with pytest.raises(RefusedError) as raised:
        keys.permits(caller, "/opd/2.18.01/izin", "id.go.nadi.revenue.receipts.receipt.v1")
    assert code(raised) == (403, "type-not-allowed")


@pytest.mark.parametrize(
    ("opd", "domain", "day", "signed"),
    [
        (OPD, "permits", date(2026, 1, 1), True),
        ("*", "permits", date(2026, 1, 1), True),
        (OPD, "*", date(2026, 1, 1), True),
        (OPD, "budget", date(2026, 1, 1), False),  # the key may not send it
        ("5.02.01", "permits", date(2026, 1, 1), False),
        (OPD, "permits", date(2027, 1, 1), False),  # not yet in force
    ],
)
def test_the_profile_says_who_must_sign(opd: str, domain: str, day: date, signed: bool) -> None:
    made, _, entry = issue()
    wanted = dataclasses.replace(profile(), signatures=(Signature(opd, domain, day),))
    assert keys_with(entry, of=wanted).authenticate(bearer(made), HERE, NOON).signed is signed


def test_requests_per_second_are_a_bucket() -> None:
    made, _, entry = issue()
    keys = keys_with(entry)
    caller = keys.authenticate(bearer(made), HERE, NOON)
    for _ in range(5):
        keys.spend(caller, 1, 10, NOON)
    with pytest.raises(RefusedError) as raised:
        keys.spend(caller, 1, 10, NOON)
    assert code(raised) == (429, "too-many-requests")
    assert raised.value.retry_after == pytest.approx(0.2)
    keys.spend(caller, 1, 10, NOON + 200)


def test_the_day_is_the_regencys_and_its_counts_outlive_the_process(tmp_path: Path) -> None:
    made, _, entry = issue()
    counts = tmp_path / "gateway" / "quota.db"
    keys, beside = keys_with(entry, counts=counts), keys_with(entry, counts=counts)
    caller = keys.authenticate(bearer(made), HERE, NOON)
    left = keys.spend(caller, 50, 100, NOON)
    assert (left.limit, left.remaining, left.resets_in) == (100, 50, 12 * 3600)
    assert beside.spend(caller, 40, 100, NOON).remaining == 10
    again = keys_with(entry, counts=counts)
    with pytest.raises(RefusedError) as raised:
        again.spend(caller, 11, 1, NOON)
    assert code(raised) == (429, "events-per-day")
    assert raised.value.retry_after == 12 * 3600
    assert again.spend(caller, 10, 1, NOON).remaining == 0
    with pytest.raises(RefusedError) as raised:
        again.spend(caller, 0, 10_000, NOON)
    assert code(raised) == (429, "bytes-per-day")
    assert again.spend(caller, 1, 1, NOON + 12 * 3_600_000).remaining == 99
    with pytest.raises(RefusedError) as raised:
        again.spend(caller, 51, 1, NOON)
    assert code(raised) == (413, "batch-too-large")


def test_every_sentence_says_what_to_do_in_a_plain_answer() -> None:
    for status, sentence in REFUSALS.values():
        assert status in (401, 403, 413, 422, 429)
        assert sentence.endswith(".")
        assert sentence.count(".") >= 2 or "; " in sentence


@pytest.mark.kafka
def test_a_revoked_key_stops_within_a_second_in_every_process(kafka: TestKafka) -> None:
    settings = kafka.settings(kafka.layout())
    made, key, entry = issue(at=int(time.time() * 1000), expires_at=int(time.time() * 1000) + DAY_MS)
    log.write(settings, entry)
    with Keys.follow(settings, profile()) as first, Keys.follow(settings, profile()) as second:
        for keys in (first, second):
            assert keys.authenticate(bearer(made), HERE, int(time.time() * 1000)).opd == OPD
        log.write(settings, Entry.now(KEY_REVOKED, key.key_id, reason="bocor"))
        written = time.monotonic()
        for keys in (first, second):
            while True:
                try:
                    keys.authenticate(bearer(made), HERE, int(time.time() * 1000))
                except RefusedError as error:
                    assert error.code == "key-revoked"  # noqa: PT017
                    break
                assert time.monotonic() - written < 1.0
                time.sleep(0.01)


@pytest.mark.kafka
def test_a_record_that_is_no_entry_holds_nothing_back(kafka: TestKafka) -> None:
    from confluent_kafka import Producer

    settings = kafka.settings(kafka.layout())
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    topic = settings.layout().topic(ACCESS_TOPIC)
    for value in (b"\xff", b"[]", json.dumps({"kind": KEY_ISSUED, "at": 1, "who": "x"}).encode(), None):
        producer.produce(topic, key=b"x", value=value)
    producer.flush(10)
    made, _, entry = issue()
    log.write(settings, entry)
    with Keys.follow(settings, profile()) as keys:
        assert keys.authenticate(bearer(made), HERE, NOON).opd == OPD
