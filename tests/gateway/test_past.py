"""Corrections and loads of history at the door: on a real broker, and the decisions one by one."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from gateway_callers import caller, table
from gateway_running import Running
from test_answers import event, record_of, refused

from infra.settings import PROFILES
from producers.access import log
from producers.access.backfills import DAY_MS, OLD, Backfills
from producers.access.entries import BACKFILL_ANNOUNCED, BACKFILL_CLOSED, Entry
from producers.gateway.checking import Checked, Checker, Rules
from producers.gateway.contracts import EventTypes
from producers.gateway.envelope import single
from producers.gateway.index import Index
from producers.gateway.past import Past
from producers.gateway.problems import Problem
from schemas.profile import Profile
from schemas.profile.rows import Threshold
from tests.conftest import TestKafka

SOURCE = "/opd/2.18.01/perizinan"
NOW = 1_795_842_000_000  # 2026-11-28 12:00 WIB
REASON = "jenis izin salah ketik"


def correction(wrong: str, reason: str | None = REASON, **more: Any) -> dict[str, Any]:
    return {**event(corrects=wrong, correction_reason=reason), **more}


@pytest.mark.kafka
def test_corrections_at_the_door(gateway: Running) -> None:
    first = event()
    place = gateway.send(first).json()
    for reason in (None, "", "  "):
        answer = refused(gateway.send(correction(first["id"], reason)), 422, "fields")
        assert [e["pointer"] for e in answer["errors"]] == ["/data/correction_reason"]
        assert "wajib diisi" in answer["errors"][0]["detail"]
    itself = event()
    itself["data"] |= {"corrects": itself["id"], "correction_reason": REASON}
    assert refused(gateway.send(itself), 422, "fields")["errors"][0]["pointer"] == "/data/corrects"

    stranger = correction(first["id"], source="/opd/5.02.02/perizinan")
    answer = refused(gateway.send(stranger, "5.02.02"), 403, "corrects-other-source")
    assert answer["errors"][0]["pointer"] == "/data/corrects"
    cousin = correction(first["id"], source="/opd/2.18.01/lain")
    refused(gateway.send(cousin), 403, "corrects-other-source")
    dry = gateway.send([cousin], path="/v1/events/validate").json()
    assert dry["items"][0]["problem"]["status"] == 403

    right = correction(first["id"])
    receipt = gateway.send(right).json()
    assert receipt["partition"] == place["partition"]
    assert "nadi_corrects" not in dict(record_of(gateway, receipt).headers())
    assert gateway.send(right).headers["idempotency-replayed"] == "true"

    unknown = gateway.send(correction(str(uuid.uuid4()))).json()
    assert dict(record_of(gateway, unknown).headers())["nadi_corrects"] == b"unverified"


@pytest.mark.kafka
def test_a_batch_may_hold_both_and_an_id_that_is_no_uuid(gateway: Running) -> None:
    number = f"SP-{uuid.uuid4()}"
    wrong, right = {**event(), "id": number}, correction(number)
    other = event()
    thief = correction(other["id"], source="/opd/2.18.01/lain")
    answer = gateway.send([wrong, right, other, thief])
    items = answer.json()["items"]
    assert [item["status"] for item in items] == [202, 202, 202, 403]
    assert "nadi_corrects" not in dict(record_of(gateway, items[1]["receipt"]).headers())


@pytest.mark.kafka
def test_history_needs_an_announcement(kafka: TestKafka, tmp_path: Any) -> None:
    settings = kafka.settings(kafka.layout())
    announced = {"source": SOURCE, "from": "2024-01-01", "to": "2024-12-31", "reason": "data 2024"}
    log.write(settings, Entry.now(BACKFILL_ANNOUNCED, "riwayat-1", **announced))
    gateway = Running(settings, tmp_path / "log")
    try:
        inside = {**event(mode="backfill"), "time": "2024-05-02T09:00:00+07:00"}
        receipt = gateway.send(inside).json()
        assert dict(record_of(gateway, receipt).headers())["nadi_backfill"] == b"riwayat-1"
        outside = {**event(mode="backfill"), "time": "2023-12-31T09:00:00+07:00"}
        answer = refused(gateway.send(outside), 422, "backfill-not-announced")
        assert answer["errors"][0]["pointer"] == "/time"
        assert "nadi opd backfill announce" in answer["detail"]
        other = {**inside, "id": str(uuid.uuid4()), "source": "/opd/2.18.01/lain"}
        refused(gateway.send(other), 422, "backfill-not-announced")
        log.write(settings, Entry.now(BACKFILL_CLOSED, "riwayat-1"))
        late = {**inside, "id": str(uuid.uuid4())}
        for _ in range(100):
            if gateway.send(late, path="/v1/events/validate").json()["invalid"]:
                break
        refused(gateway.send(late), 422, "backfill-not-announced")
        assert gateway.send(inside).json() == receipt  # a repeat is answered by its receipt
        assert gateway.send({**inside, "id": str(uuid.uuid4())}, "uji").status_code == 202
    finally:
        gateway.kill()


def checked(**data: Any) -> Checked:
    at = data.pop("at", NOW)
    made = event(**data)
    made["time"] = datetime.fromtimestamp(at / 1000, UTC).isoformat()
    checker = Checker(Rules(EventTypes(), table(), 10**6), caller("2.18.01"), simulated=False, now=NOW)
    found = checker.check(single(json.dumps(made).encode()))  # type: ignore[arg-type]
    assert isinstance(found, Checked), found
    return found


def test_what_is_old_is_dated_and_may_be_of_one_source() -> None:
    since = date(2026, 11, 1)
    profile = replace(
        Profile.load(PROFILES / "contoh"),
        thresholds=(
            Threshold(OLD, 30, since),
            Threshold(OLD, 365, since, source="/opd/2.18.01/lambat"),
            Threshold(OLD, 5, date(2020, 1, 1), date(2026, 10, 31)),
        ),
        _thresholds={},
    )
    backfills = Backfills(profile)
    assert backfills.is_old(SOURCE, NOW - 31 * DAY_MS, NOW)
    assert not backfills.is_old(SOURCE, NOW - 29 * DAY_MS, NOW)
    assert not backfills.is_old("/opd/2.18.01/lambat", NOW - 300 * DAY_MS, NOW)
    assert backfills.is_old(SOURCE, NOW - 40 * DAY_MS, NOW - 30 * DAY_MS)  # of the days before: five
    past, who = Past(Index(), backfills), caller("2.18.01")

    def code(one: Checked) -> str:
        found = past.judge([one], who, NOW)[0]
        return found.code if isinstance(found, Problem) else ""

    old = {"at": NOW - 40 * DAY_MS}
    assert code(checked()) == ""
    assert code(checked(**old)) == "backfill-not-announced"
    assert code(checked(mode="backfill")) == "backfill-not-announced"
    days = {"from": "2026-10-01", "to": "2026-10-31", "source": SOURCE}
    backfills.apply(Entry(BACKFILL_ANNOUNCED, "r", NOW, "penguji", days))
    assert code(checked(**old)) == "backfill-mode"
    assert code(checked(**old, mode="backfill")) == ""
    backfills.apply(Entry(BACKFILL_CLOSED, "r", NOW, "penguji"))
    assert code(checked(**old, mode="backfill")) == "backfill-not-announced"
