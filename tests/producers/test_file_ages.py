"""Events of the past in files, on a real broker: `nadi drop` and `nadi publish` ask what the gateway asks."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.settings import PROFILES
from producers.access import log
from producers.access.backfills import HEADER, NOT_ANNOUNCED, NOT_MARKED
from producers.access.entries import BACKFILL_ANNOUNCED, BACKFILL_CLOSED, Entry
from schemas.catalogue import REVENUE
from schemas.profile import Profile
from schemas.records import read_topics
from schemas.settings import KafkaSettings
from tests.conftest import TestKafka
from tests.producers.drop_office import OPD, Office, consumed

SOURCE = f"/opd/{OPD}/pajak"
ZONE = Profile.load(PROFILES / "contoh").timezone
TODAY = datetime.now(ZONE).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=1)
OLD = TODAY - timedelta(days=90)
COLUMNS = ("occurred_at", "kind", "cash_office", "account", "amount", "mode")
LIMIT = """
[[threshold]]
name = "gateway.history_days"
value = 60
valid_from = 2020-01-01
legal_basis = "Keputusan Kepala Diskominfo (rekaan)"
"""


@pytest.fixture
def profile(tmp_path: Path) -> str:
    """The example regency, where what is older than sixty days is old."""
    folder = tmp_path / "profil"
    shutil.copytree(PROFILES / "contoh", folder)
    with (folder / "thresholds.toml").open("a", encoding="utf-8") as file:
        file.write(LIMIT)
    return str(folder)


@pytest.fixture
def office(kafka: TestKafka, tmp_path: Path, profile: str) -> Office:
    return Office(tmp_path, kafka.settings(kafka.layout()), profile)


def sheet(path: Path, *rows: tuple[datetime, int, str]) -> Path:
    """A CSV of receipts: when, how much, and what they call themselves."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{at.isoformat()},receipt,BPD,4.1.01.15.01.0001,{amount},{mode}" for at, amount, mode in rows]
    path.write_text("\n".join([",".join(COLUMNS), *lines, ""]), "utf-8")
    return path


def announce(kafka: KafkaSettings, id_: str = "riwayat-1") -> None:
    days = {"from": OLD.date().isoformat(), "to": OLD.date().isoformat(), "reason": "pindah sistem"}
    log.write(kafka, Entry.now(BACKFILL_ANNOUNCED, id_, source=SOURCE, **days))


def close(kafka: KafkaSettings, id_: str = "riwayat-1") -> None:
    log.write(kafka, Entry.now(BACKFILL_CLOSED, id_))


def announcements(kafka: KafkaSettings) -> Counter[bytes | None]:
    """Under which announcement the events on the topic came."""
    found = read_topics(kafka.bootstrap_servers, [kafka.layout().topic(REVENUE.name)])
    return Counter(dict(message.headers()).get(HEADER) for message in found)


def said(office: Office, outcome: dict[str, Any]) -> list[str | None]:
    return [row["Keterangan kesalahan"] for row in office.result(outcome)]


@pytest.mark.kafka
def test_a_dropped_file_of_the_past_needs_an_announcement(office: Office) -> None:
    rows = ((TODAY, 1, ""), (OLD, 2, ""), (TODAY, 3, "backfill"), (OLD, 4, "backfill"))
    sheet(office.inbox / "kas.csv", *rows)
    code, (outcome,) = office.once()
    assert (code, outcome["status"], outcome["rejected"]) == (1, "refused", 3)
    unknown = f"occurred_at: {NOT_ANNOUNCED.sentence}"
    assert said(office, outcome) == [None, unknown, unknown, unknown]

    announce(office.kafka)
    sheet(office.inbox / "kas.csv", *rows)
    _, (outcome,) = office.once()
    assert outcome["status"] == "refused"
    assert said(office, outcome) == [None, f"mode: {NOT_MARKED.sentence}", unknown, None]
    assert consumed(office.kafka) == []

    sheet(office.inbox / "kas.csv", (TODAY, 1, ""), (OLD, 2, "backfill"), (OLD, 4, "backfill"))
    code, (outcome,) = office.once()
    assert (code, outcome["status"]) == (0, "published"), outcome
    assert sorted(event["amount"] for event in consumed(office.kafka)) == [1, 2, 4]
    assert announcements(office.kafka) == {None: 1, b"riwayat-1": 2}

    close(office.kafka)
    again = office.root / outcome["moved_to"]
    shutil.copy(again, office.inbox / "lagi.csv")
    code, (outcome,) = office.once()
    assert (code, outcome["status"]) == (0, "repeat"), "what was accepted is no news"
    sheet(office.inbox / "baru.csv", (OLD, 5, "backfill"))
    _, (outcome,) = office.once()
    assert said(office, outcome) == [unknown]
    assert len(consumed(office.kafka)) == 3


@pytest.mark.kafka
def test_what_was_begun_is_finished_though_the_announcement_was_closed(office: Office) -> None:
    announce(office.kafka)
    sheet(office.inbox / "kas.csv", *((OLD, amount, "backfill") for amount in range(10)))
    code, outcomes = office.once("drop-event:4")
    assert (code, outcomes) == (-signal.SIGKILL, [])
    close(office.kafka)
    code, (outcome,) = office.once()
    assert (code, outcome["status"], outcome["published"]) == (0, "published", 10), outcome
    by_id = {event["event_id"]: event["amount"] for event in consumed(office.kafka)}
    assert sorted(by_id.values()) == list(range(10))
    assert [path.suffix for path in (office.root / ".nadi" / "terkirim").iterdir()] == [".json"]


@pytest.mark.kafka
def test_a_form_is_told_in_its_own_titles_and_may_hold_the_column_mode(office: Office) -> None:
    titles = "Waktu kejadian,Jenis kejadian,Kode kas,Kode rekening,Jumlah,mode"
    path = sheet(office.inbox / "isian.csv", (OLD, 1, "backfill"), (TODAY, 2, ""))
    text = path.read_text("utf-8").replace(",".join(COLUMNS), titles)
    path.write_text(text, "utf-8")
    _, (outcome,) = office.once()
    assert said(office, outcome) == [f"Waktu kejadian: {NOT_ANNOUNCED.sentence}", None]
    announce(office.kafka)
    path.write_text(text, "utf-8")
    _, (outcome,) = office.once()
    assert outcome["status"] == "published", outcome
    assert sorted((event["amount"], event["mode"]) for event in consumed(office.kafka)) == [
        (1, "backfill"), (2, "live"),
    ]  # fmt: skip


@pytest.mark.kafka
def test_where_a_past_period_is_replayed_all_of_it_is_old(
    kafka: TestKafka, tmp_path: Path, profile: str
) -> None:
    office = Office(tmp_path, kafka.settings(kafka.layout(timestamps="CreateTime")), profile)
    sheet(office.inbox / "kas.csv", (OLD, 1, ""))
    code, (outcome,) = office.once()
    assert (code, outcome["status"]) == (0, "published"), outcome


def test_without_a_broker_only_the_past_cannot_be_checked(tmp_path: Path, profile: str) -> None:
    office = Office(tmp_path, KafkaSettings(bootstrap_servers="127.0.0.1:1"), profile)
    sheet(office.inbox / "salah.csv", (TODAY, -1, ""))
    _, (outcome,) = office.once()
    assert outcome["status"] == "refused"
    sheet(office.inbox / "lama.csv", (OLD, 1, "backfill"))
    code, (outcome,) = office.once()
    assert (code, outcome["status"]) == (1, "waiting")
    assert "belum diperiksa" in outcome["reason"]
    assert [path.name for path in office.inbox.iterdir()] == ["lama.csv.PROCESSING"]


def published(office: Office, file: Path, *words: str) -> tuple[int, dict[str, Any]]:
    command = office.nadi("publish", "revenue", str(file), "--source", SOURCE, "--opd", OPD, "--json", *words)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.kafka
def test_the_operators_command_asks_the_same(office: Office, tmp_path: Path) -> None:
    file = sheet(tmp_path / "kas.csv", (TODAY, 1, ""), (OLD, 2, ""), (OLD, 3, "backfill"))
    code, summary = published(office, file)
    assert (code, summary["rejected"], summary["published"]) == (1, 2, 0)
    with Path(summary["refused_file"]).open(encoding="utf-8-sig", newline="") as stream:
        reasons = [row["keterangan"] for row in csv.DictReader(stream)]
    assert all(reason.endswith(NOT_ANNOUNCED.sentence) for reason in reasons)
    assert OLD.isoformat() in reasons[0], "the value is told"

    announce(office.kafka)
    code, summary = published(office, file, "--dry-run")
    assert (code, summary["rejected"]) == (1, 1)
    assert summary["problems"] == [f"berkas kas.csv baris 3 kolom mode: '' {NOT_MARKED.sentence}"]
    code, summary = published(office, file, "--skip-invalid")
    assert (code, summary["published"]) == (1, 2)
    assert announcements(office.kafka) == {None: 1, b"riwayat-1": 1}


@pytest.mark.kafka
def test_every_file_hears_of_what_was_announced_meanwhile(office: Office) -> None:
    """A watching `nadi drop` need not be started again."""
    with subprocess.Popen(
        office.command(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            sheet(office.inbox / "dini.csv", (OLD, 1, "backfill"))
            assert json.loads(process.stdout.readline())["status"] == "refused"
            announce(office.kafka)
            time.sleep(0.1)
            sheet(office.inbox / "tepat.csv", (OLD, 2, "backfill"))
            assert json.loads(process.stdout.readline())["status"] == "published"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
