"""Settings: precedence, origin, masking, unknown keys, and the way to a child process."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import settings as module
from infra.settings import Settings, SettingsError, known_keys, resolve_profile, variable


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An empty working folder, and a system file that may be written."""
    monkeypatch.chdir(tmp_path)
    system = tmp_path / "etc.toml"
    monkeypatch.setattr(module, "SYSTEM_FILE", system)
    return system, tmp_path / "nadi.toml"


def test_each_source_beats_the_one_below(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    system, local = files
    key = "kafka.partitions"
    assert (Settings.load().kafka.partitions, Settings.load().origin(key)) == (4, "default")
    system.write_text("[kafka]\npartitions = 5\nreplication = 3\n")
    assert (Settings.load().kafka.partitions, Settings.load().origin(key)) == (5, str(system))
    local.write_text("[kafka]\npartitions = 6\n")
    assert (Settings.load().kafka.partitions, Settings.load().origin(key)) == (6, "nadi.toml")
    monkeypatch.setenv("NADI_KAFKA__PARTITIONS", "7")
    loaded = Settings.load()
    assert (loaded.kafka.partitions, loaded.origin(key)) == (7, "environment NADI_KAFKA__PARTITIONS")
    loaded = Settings.load({key: "8"})
    assert (loaded.kafka.partitions, loaded.origin(key)) == (8, "flag")
    assert (loaded.kafka.replication, loaded.origin("kafka.replication")) == (3, str(system))


def test_an_unknown_key_says_where_it_stands_and_what_was_meant(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    files[1].write_text("[kafka]\npartition = 5\n")
    monkeypatch.setenv("NADI_CLICKHOUSE__ADDRESS", "x")
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert "kafka.partition (nadi.toml); did you mean kafka.partitions?" in str(error.value)
    assert "clickhouse.address (environment NADI_CLICKHOUSE__ADDRESS)" in str(error.value)


def test_a_wrong_value_says_key_value_and_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NADI_STREAMS__WORKERS", "many")
    with pytest.raises(
        SettingsError, match=r"streams\.workers = 'many' \(environment NADI_STREAMS__WORKERS\)"
    ):
        Settings.load()


def test_a_section_given_as_a_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NADI_KAFKA", "127.0.0.1:9092")
    with pytest.raises(SettingsError, match="unknown setting kafka "):
        Settings.load()


def test_a_file_that_is_no_toml_is_refused(files: tuple[Path, Path]) -> None:
    files[1].write_text("kafka = [")
    with pytest.raises(SettingsError, match="not valid TOML"):
        Settings.load()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://nadi:rahasia@db:8123", "http://nadi:•••@db:8123"),
        ("https://:rahasia@db", "https://:•••@db"),
        ("http://nadi:ra%40ha@db", "http://nadi:•••@db"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
    ],
)
def test_passwords_are_masked(url: str, shown: str) -> None:
    assert Settings.load({"clickhouse.url": url}).masked()["clickhouse.url"] == shown


def test_a_child_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    flags = {"kafka.bootstrap_servers": "a:1", "streams.workers": "2", "clickhouse.url": "http://u:p@h:1"}
    parent = Settings.load(flags).with_values({"streams.until": None, "ports.kafka": 1234})
    assert parent.origin("ports.kafka") == "stack"
    for name, value in parent.environment().items():
        monkeypatch.setenv(name, value)
    child = Settings.load()
    assert child.data_dir == tmp_path / ".nadi"
    assert {**child.values(), "data_dir": 0, "profile": 0} == {**parent.values(), "data_dir": 0, "profile": 0}


def test_every_key_is_described_and_has_a_variable() -> None:
    described = known_keys()
    assert set(described) == set(Settings.load().values())
    assert all(described.values())
    assert variable("kafka.bootstrap_servers") == "NADI_KAFKA__BOOTSTRAP_SERVERS"


def test_a_profile_is_a_name_or_a_folder(tmp_path: Path) -> None:
    assert resolve_profile("contoh").name == "contoh"
    assert resolve_profile(str(tmp_path)) == tmp_path
    with pytest.raises(SettingsError, match=r"'nowhere' is neither a shipped profile .*contoh"):
        resolve_profile("nowhere")
