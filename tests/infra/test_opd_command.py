"""`nadi opd` on the real broker: what is printed works, what is kept is no secret, and the log says who."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from producers.access import log
from producers.access.caller import RefusedError
from producers.access.entries import Entry, user
from producers.access.keys import Keys
from producers.access.signatures import sign
from schemas.settings import KafkaSettings
from tests.conftest import TestKafka
from tests.infra.test_command_line import nadi
from tests.producers.access_ground import profile

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(kafka: TestKafka) -> KafkaSettings:
    return kafka.settings(kafka.layout())


def opd(settings: KafkaSettings, folder: Path, *words: str, code: int = 0) -> Any:
    done = nadi(
        "opd",
        *words,
        "--json",
        folder=folder,
        NADI_KAFKA__BOOTSTRAP_SERVERS=settings.bootstrap_servers,
        NADI_KAFKA__TOPIC_PREFIX=settings.topic_prefix,
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr


def refusal(keys: Keys, key: str) -> str:
    try:
        keys.authenticate(f"Bearer {key}", "10.0.0.1", int(time.time() * 1000))
    except RefusedError as error:
        return error.code
    return ""


def test_a_key_lives_is_changed_and_is_taken_back(settings: KafkaSettings, tmp_path: Path) -> None:
    env = tmp_path / "bkad.env"
    first = opd(settings, tmp_path, "add", "5.02.01", "--address", "10.0.0.0/8", "--env", str(env))
    assert first["key"].startswith(f"nadi_5.02.01_{first['key_id']}.")
    assert first["types"] == [
        "id.go.nadi.budget.disbursements.*",
        "id.go.nadi.revenue.receipts.*",
        "id.go.nadi.source.heartbeats.*",
    ]
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert f"NADI_KEY={first['key']}\n" in env.read_text()
    assert first["key"] in first["curl"]
    with Keys.follow(settings, profile()) as keys:
        now = int(time.time() * 1000)
        caller = keys.authenticate(f"Bearer {first['key']}", "10.0.0.1", now)
        stamp = str(now // 1000)
        headers = {"webhook-id": "a", "webhook-timestamp": stamp}
        headers["webhook-signature"] = sign(first["signing_key"], "a", int(stamp), b"{}")
        assert keys.verify(caller, headers, b"{}", now)

        second = opd(settings, tmp_path, "rotate", first["key_id"], "--grace-days", "1")
        assert second["replaces"] == first["key_id"]
        assert second["addresses"] == ["10.0.0.0/8"]
        assert "sudah mempunyai 2 kunci" in opd(settings, tmp_path, "rotate", second["key_id"], code=1)
        assert "sudah mempunyai 2 kunci" in opd(settings, tmp_path, "add", "5.02.01", code=1)
        time.sleep(1)
        assert refusal(keys, first["key"]) == refusal(keys, second["key"]) == ""

        assert "--reason" in opd(settings, tmp_path, "revoke", first["key_id"], code=1)
        revoked = opd(settings, tmp_path, "revoke", first["key_id"], "--reason", "vendor berganti")
        assert revoked["revoked_by"] == user()
        time.sleep(1)
        assert refusal(keys, first["key"]) == "key-revoked"
        assert refusal(keys, second["key"]) == ""

    assert [key["key_id"] for key in opd(settings, tmp_path, "list")] == [second["key_id"]]
    every = opd(settings, tmp_path, "list", "--all")
    assert {key["key_id"]: key["state"] for key in every} == {
        first["key_id"]: "revoked",
        second["key_id"]: "live",
    }

    entries: list[Entry] = []
    log.read(settings, entries.append)
    assert [entry.kind for entry in entries] == ["key.issued", "key.issued", "key.ends", "key.revoked"]
    assert {entry.who for entry in entries} == {user()}
    kept = b"".join(entry.encoded() for entry in entries).decode() + json.dumps(every)
    for shown in (first, second):
        assert shown["key"].partition(".")[2].partition(".")[2] not in kept
        assert shown["key"].rpartition(".")[2] not in kept
        assert shown["signing_key"] not in kept


def test_an_operator_s_key_sends_nothing(settings: KafkaSettings, tmp_path: Path) -> None:
    made = opd(settings, tmp_path, "operator", "6.01.01")
    assert made["operator"] is True
    assert made["sources"] == made["types"] == []
    assert "NADI_SOURCE" not in made["env"]
    assert opd(settings, tmp_path, "rotate", made["key_id"])["operator"] is True
    assert "tidak ada di profil" in opd(settings, tmp_path, "operator", "9.99.99", code=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "9.99.99"), "tidak ada di profil"),
        (("add", "6.01.01"), "--type"),
        (("add", "5.02.01", "--type", "pajak"), "--type pajak"),
        (("add", "5.02.01", "--source", "/opd/"), "milik OPD"),
        (("add", "5.02.01", "--source", "/opd/5.02.02/pajak"), "milik OPD"),
        (("add", "5.02.01", "--address", "kantor"), "10.1.2.0/24"),
        (("add", "5.02.01", "--batch", "0"), "--batch"),
        (("revoke", "tidakada", "--reason", "x"), "nadi opd list --all"),
    ],
)
def test_what_cannot_be_is_said(
    settings: KafkaSettings, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in opd(settings, tmp_path, *words, code=1)


def test_the_words_for_people(settings: KafkaSettings, tmp_path: Path) -> None:
    given = {
        "NADI_KAFKA__BOOTSTRAP_SERVERS": settings.bootstrap_servers,
        "NADI_KAFKA__TOPIC_PREFIX": settings.topic_prefix,
    }
    done = nadi(
        "opd", "add", "2.18.01", "--sandbox", "--url", "https://nadi.example/", folder=tmp_path, **given
    )
    assert "hanya ditampilkan sekali" in done.stdout
    assert "https://nadi.example/v1/me" in done.stdout
    assert "NADI_SIGNING_KEY=whsk_" in done.stdout
    listed = nadi("opd", "list", folder=tmp_path, **given)
    assert "uji coba" in listed.stdout
    assert "DPMPTSP" in listed.stdout
