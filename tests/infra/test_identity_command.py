"""Identities: kept encrypted, revealed by two persons, forgotten, and every step on the real topic."""

from __future__ import annotations

import json
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from infra.settings import PROFILES
from producers.access import log
from producers.access.entries import REVEAL_APPROVED, REVEAL_OPENED, REVEAL_REQUESTED, Entry, user
from producers.access.reveals import LIVES_MS, Reveals
from producers.persons import Persons
from producers.tokens import Tokens
from producers.vault import Vault, VaultError
from schemas.settings import KafkaSettings
from tests.conftest import TestKafka
from tests.infra.test_command_line import nadi
from tests.producers.access_ground import NOON
from tests.producers.test_persons import NIK

ROLES = {
    "inspektur": "inspectorate",
    "auditor": "inspectorate",
    "penjaga": "custodian",
    "penjaga2": "custodian",
}


def requests(*entries: Entry) -> Reveals:
    reveals = Reveals(lambda who, _at: ROLES.get(who))
    for entry in entries:
        reveals.apply(entry)
    return reveals


def asked(who: str) -> Entry:
    return Entry(REVEAL_REQUESTED, "r1", NOON, who, {"token": "a" * 26, "reason": "uji", "case": "1/2026"})


@pytest.mark.parametrize(
    ("first", "second", "hindrance"),
    [
        ("penjaga", "inspektur", None),
        ("inspektur", "penjaga", None),
        ("inspektur", "auditor", None),
        ("inspektur", "inspektur", "same"),
        ("penjaga", "penjaga2", "inspectorate"),
        ("inspektur", "orang lain", "role"),
    ],
)
def test_two_persons_one_of_the_inspectorate(first: str, second: str, hindrance: str | None) -> None:
    reveals = requests(asked(first))
    assert reveals.hindrance(reveals.requests["r1"], second, NOON) == hindrance
    reveals.apply(Entry(REVEAL_APPROVED, "r1", NOON + 1, second))
    found = reveals.requests["r1"]
    assert found.state(NOON + 2) == ("approved" if hindrance is None else "waiting")
    assert reveals.may_open(found, first, NOON + 2) is (hindrance is None)
    assert not reveals.may_open(found, "auditor" if first != "auditor" else "penjaga", NOON + 2)


def test_a_request_is_opened_once_and_lapses() -> None:
    approved = (asked("penjaga"), Entry(REVEAL_APPROVED, "r1", NOON, "inspektur"))
    late = requests(*approved)
    assert not late.may_open(late.requests["r1"], "penjaga", NOON + LIVES_MS + 1)
    opened = requests(*approved, Entry(REVEAL_OPENED, "r1", NOON + 1, "penjaga"))
    assert not opened.may_open(opened.requests["r1"], "penjaga", NOON + 2)
    stranger = requests(asked("orang lain"))
    assert stranger.requests == {}


def test_the_vault_is_encrypted_and_forgets(tmp_path: Path) -> None:
    path, key = tmp_path / "identity" / "vault.db", tmp_path / "elsewhere" / "vault.key"
    vault = Vault.open(path, key)
    persons = Persons(Tokens.open(tmp_path / "tokens.key"), vault=vault)
    event: dict[str, Any] = {"applicant": NIK}
    persons.protect("permits", event)
    persons.keep()
    token = event["applicant_token"]
    assert vault.number(token) == NIK
    assert Vault.open(path, key).number(token) == NIK
    assert stat.S_IMODE(key.stat().st_mode) == stat.S_IMODE(path.stat().st_mode) == 0o600
    files = list(path.parent.iterdir())
    assert all(NIK.encode() not in file.read_bytes() for file in files)
    sealed = next(iter(vault._rows.execute("SELECT sealed FROM kept")))[0]
    assert vault.forget(token)
    assert vault.number(token) is None
    assert all(sealed not in file.read_bytes() for file in path.parent.iterdir())
    vault.keep([(token, NIK)])  # it is sent again
    assert vault.number(token) is None
    assert not vault.forget(token)

    other = tmp_path / "other.key"
    other.write_text("00" * 32)
    vault.keep([("b" * 26, NIK)])
    with pytest.raises(VaultError, match="tidak cocok"):
        Vault.open(path, other).number("b" * 26)
    key.unlink()
    with pytest.raises(VaultError, match="pulihkan"):
        Vault.open(path, key)


@pytest.fixture
def settings(kafka: TestKafka) -> KafkaSettings:
    return kafka.settings(kafka.layout())


@pytest.mark.kafka
def test_reveal_and_forget(settings: KafkaSettings, tmp_path: Path) -> None:
    profile = Path(shutil.copytree(PROFILES / "contoh", tmp_path / "profil"))
    me, columns = user(), "who,role,valid_from,valid_to,legal_basis\n"
    table = profile / "identity_roles.csv"
    table.write_text(f"{columns}{me},custodian,2020-01-01,,uji\npenguji,inspectorate,2020-01-01,,uji\n")
    vault = Vault.open(
        tmp_path / "data" / "identity" / "vault.db", tmp_path / "data" / "identity" / "vault.key"
    )
    token = Tokens.open(tmp_path / "data" / "tokens.key").token("person", NIK)
    vault.keep([(token, NIK)])

    def identity(*words: str, code: int = 0, on: str = "true") -> Any:
        done = nadi(
            *("--profile", str(profile), "--data-dir", str(tmp_path / "data"), "identity", *words),
            *(() if code == 2 else ("--json",)),
            folder=tmp_path,
            NADI_KAFKA__BOOTSTRAP_SERVERS=settings.bootstrap_servers,
            NADI_KAFKA__TOPIC_PREFIX=settings.topic_prefix,
            NADI_IDENTITY__VAULT=on,
        )
        assert done.returncode == code, done.stderr
        assert NIK not in done.stderr
        return json.loads(done.stdout) if code == 0 else done.stderr

    why = ("--reason", "pemeriksaan", "--case", "700/1/2026")
    assert "identity.vault = true" in identity("reveal", token, *why, code=1, on="false")
    assert "--case" in identity("reveal", token, "--reason", "x", code=1)
    assert "memuat NIK" in identity("reveal", token, "--reason", f"cek {NIK}", "--case", "1", code=1)
    first = identity("reveal", token, *why)
    assert first["number"] is None
    assert identity("reveal", token)["request"] == first["request"]
    assert "orang kedua" in identity("approve", first["request"], code=1)
    log.write(settings, Entry(REVEAL_APPROVED, first["request"], int(time.time() * 1000), "penguji"))
    assert identity("reveal", token)["number"] == NIK
    assert "--reason" in identity("reveal", token, code=1)  # once

    assert "--yes" in identity("forget", token, *why, code=2)
    assert identity("forget", token, *why, "--yes") == {"token": token, "erased": True}
    assert "sudah dihapus" in identity("reveal", token, *why, code=1)

    steps = identity("log")
    assert [step["kind"] for step in steps] == [
        "reveal.requested",
        "reveal.approved",
        "reveal.opened",
        "identity.forgotten",
    ]
    assert [step["who"] for step in steps] == [me, "penguji", me, me]
    assert steps[0]["case"] == "700/1/2026"
    assert NIK not in json.dumps(steps)
