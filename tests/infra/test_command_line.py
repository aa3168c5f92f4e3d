"""The command line: help in both languages and at once, exit codes, config, doctor."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from infra.cli.main import GROUPS
from infra.cli.texts import CATALOGUES
from tests.conftest import TestKafka

NADI = str(Path(sys.executable).with_name("nadi"))
INFRA = CATALOGUES.parents[1]


def nadi(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [NADI, *words],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160", **environment},
        stdin=subprocess.DEVNULL,
    )


def test_help_is_indonesian_and_english_when_asked(tmp_path: Path) -> None:
    indonesian = nadi("--help", folder=tmp_path)
    assert indonesian.returncode == 0
    assert "Pemakaian: nadi [PILIHAN] PERINTAH" in indonesian.stdout
    assert "Menjalankan semua bagian Nadi" in indonesian.stdout
    for english in (
        nadi("--lang", "en", "--help", folder=tmp_path),
        nadi("--help", folder=tmp_path, NADI_LANG="en"),
    ):
        assert "Usage: nadi [OPTIONS] COMMAND" in english.stdout
        assert "Start all parts of Nadi" in english.stdout
    assert nadi("--lang", "fr", "--help", folder=tmp_path).returncode == 2


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.command)
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_command_has_help_in_both_languages(tmp_path: Path, group: object, language: str) -> None:
    done = nadi("--lang", language, getattr(group, "command"), "--help", folder=tmp_path)  # noqa: B009
    assert done.returncode == 0, done.stderr
    first = "Usage: " if language == "en" else "Pemakaian: "
    assert done.stdout.startswith(first)


def test_help_takes_half_a_second_of_work_at_most(tmp_path: Path) -> None:
    nadi("--help", folder=tmp_path)  # the first time compiles the modules
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    nadi("--help", folder=tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 0.5


def test_every_text_has_an_english_one() -> None:
    with (CATALOGUES / "en.po").open("rb") as stream:
        english = read_po(stream, locale="en")
    texts = {
        message if isinstance(message, str) else message[0]
        for _file, _line, message, *_rest in extract_from_dir(INFRA, keywords={"_": None})
    } | {group.help for group in GROUPS}
    missing = sorted(text for text in texts if not (english.get(text) and english.get(text).string))
    assert missing == []


def test_a_translation_has_the_same_fields() -> None:
    import string

    def fields(text: str) -> list[str]:
        return sorted(name for _, name, *_ in string.Formatter().parse(text) if name is not None)

    with (CATALOGUES / "en.po").open("rb") as stream:
        for message in read_po(stream, locale="en"):
            if isinstance(message.id, str) and message.id and "{" in message.id:
                assert fields(message.id) == fields(str(message.string)), message.id


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing",), 2, "Gagal: tidak ada perintah 'nothing'."),
        (("config", "show", "--x"), 2, "Gagal: tidak ada pilihan --x"),
        (("--set", "kafka.partition=1", "config", "show"), 2, "did you mean kafka.partitions?"),
        (("--set", "kafka", "config", "show"), 2, "tulis --set KUNCI=NILAI"),
        (("--profile", "nowhere", "up"), 2, "neither a shipped profile"),
        (("--profile", "kotawaringin-barat", "up", "--demo"), 2, "tidak boleh disimulasikan"),
        (("status",), 1, ""),
    ],
)
def test_exit_codes(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = nadi(*words, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_config_shows_value_and_origin_and_masks(tmp_path: Path) -> None:
    (tmp_path / "nadi.toml").write_text("[kafka]\npartitions = 6\n")
    url = "http://nadi:rahasia@db:8123"
    done = nadi("config", "show", "--json", folder=tmp_path, NADI_CLICKHOUSE__URL=url)
    shown = json.loads(done.stdout)
    assert shown["kafka.partitions"] == {"value": 6, "origin": "nadi.toml"}
    assert shown["clickhouse.url"]["value"] == "http://nadi:•••@db:8123"
    assert shown["clickhouse.url"]["origin"] == "environment NADI_CLICKHOUSE__URL"
    table = nadi("config", "show", folder=tmp_path, NADI_CLICKHOUSE__URL=url).stdout
    assert "rahasia" not in table
    assert "bawaan" in table


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(done.stdout)["checks"]:
        found.setdefault(finding["name"], []).append(finding)
    return found


def test_doctor_names_who_holds_a_port_and_the_fix(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        words = ("--set", "ports.kafka=0", "--set", f"wallboard.port={port}", "doctor")
        done = nadi(*words, "--json", folder=tmp_path)
        assert done.returncode == 1
        finding = findings(done)["port"][0]
        assert finding["result"] == "problem"
        assert str(port) in finding["found"]
        assert f"pid {os.getpid()}" in finding["found"]
        assert finding["fix"].endswith("--set wallboard.port=0")
        plain = nadi(*words, folder=tmp_path)
        assert plain.returncode == 1
        assert "MASALAH" in plain.stdout


def test_doctor_finds_a_broken_profile_and_servers_that_do_not_answer(tmp_path: Path) -> None:
    (tmp_path / "profil").mkdir()
    words = ("--profile", str(tmp_path / "profil"), "--set", "kafka.bootstrap_servers=127.0.0.1:9")
    done = nadi(
        *words, "--set", "clickhouse.url=http://u:rahasia@127.0.0.1:9", "doctor", "--json", folder=tmp_path
    )
    assert done.returncode == 1
    assert "rahasia" not in done.stdout
    found = findings(done)
    for name in ("profil", "Kafka", "ClickHouse"):
        assert found[name][0]["result"] == "problem"
        assert found[name][0]["fix"]


@pytest.mark.kafka
def test_doctor_compares_topics_with_the_catalogue(tmp_path: Path, kafka: TestKafka) -> None:
    layout = kafka.layout()
    given = (
        "--set",
        f"kafka.bootstrap_servers={kafka.bootstrap}",
        "--set",
        f"kafka.topic_prefix={layout.prefix}",
    )
    good = findings(nadi(*given, "doctor", "--json", folder=tmp_path))
    assert [finding["result"] for name in ("Kafka", "topik", "nomor skema") for finding in good[name]] == [
        "ok"
    ] * 3
    other = findings(nadi(*given, "--set", "kafka.partitions=5", "doctor", "--json", folder=tmp_path))
    assert other["topik"][0]["result"] == "problem"
    assert "4 ≠ 5" in other["topik"][0]["found"]
    none = findings(
        nadi(*given[:2], "--set", "kafka.topic_prefix=absent.", "doctor", "--json", folder=tmp_path)
    )
    assert "absent.permits.steps" in none["topik"][0]["found"]
