"""Activation: checked copies that nobody edits, a log that only grows, and what stays when a profile is refused."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infra.activation import ActivationError, Activations
from infra.cli import profile as command
from schemas.profile import Profile, ProfileError

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
NOON = datetime(2026, 11, 2, 5, tzinfo=UTC)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONTOH, tmp_path / "contoh"))


@pytest.fixture
def activations(tmp_path: Path) -> Activations:
    return Activations(tmp_path / "data")


def edit(source: Path, old: str, new: str, file: str = "permit_types.toml") -> None:
    text = (source / file).read_text(encoding="utf-8")
    assert old in text
    (source / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_what_is_in_force_is_a_copy_with_hash_time_and_name(source: Path, activations: Activations) -> None:
    assert activations.last(source) is None
    profile, new = activations.activate(source, now=NOON)
    assert new
    assert profile.path == activations.copy(profile.hash)
    assert profile.hash == Profile.load(source).hash
    assert profile.logo is not None
    assert profile.logo.parent == profile.path
    (done,) = activations.history()
    assert (done.at, done.code, done.hash) == ("2026-11-02T05:00:00.000+00:00", "99.01", profile.hash)
    assert (done.source, done.who) == (str(source), pwd.getpwuid(os.getuid()).pw_name)

    edit(source, "working_days = 28", "working_days = 27")
    assert activations.chosen(source).service_standard("PBG", NOON.date()) == 28
    later, new = activations.activate(source)
    assert new
    assert activations.chosen(source).service_standard("PBG", NOON.date()) == 27
    assert [item.hash for item in activations.history()] == [profile.hash, later.hash]
    assert not activations.activate(source)[1]
    assert len(activations.history()) == 2


def test_a_profile_that_was_never_activated_runs_as_it_stands_at_the_start(
    source: Path, activations: Activations
) -> None:
    first = activations.chosen(source)
    edit(source, "working_days = 28", "working_days = 27")
    second = activations.chosen(source)
    assert first.hash != second.hash
    assert Profile.load(first.path).hash == first.hash
    assert activations.history() == []


REFUSED = [
    ("valid_to = 2025-06-04", "valid_to = 2018-06-04", "sebelum valid_from"),
    ("valid_to = 2025-06-04", 'valid_to = "4 Juni 2025"', "bukan tanggal"),
    ('after = ["DAFTAR"]', 'after = ["DAFTER"]', "langkah tidak dikenal"),
    ("valid_to = 2025-06-04", "valid_to = 2025-06-05", "bertumpang tindih"),
    ('first = "TEKNIS"', 'first = "kind:issued"', "pasangan mustahil"),
]


@pytest.mark.parametrize(("old", "new", "message"), REFUSED)
def test_what_is_in_force_stays_when_a_profile_is_refused(
    source: Path, activations: Activations, old: str, new: str, message: str
) -> None:
    before, _ = activations.activate(source)
    log, copies = activations.log.read_bytes(), sorted(activations.folder.iterdir())
    edit(source, old, new)
    with pytest.raises(ProfileError, match=message) as raised:
        activations.activate(source)
    assert all(p.file == "permit_types.toml" and p.line and p.cure for p in raised.value.problems)
    assert (activations.log.read_bytes(), sorted(activations.folder.iterdir())) == (log, copies)
    assert activations.chosen(source).hash == before.hash


def test_folders_have_their_own_activations(source: Path, activations: Activations, tmp_path: Path) -> None:
    other = Path(shutil.copytree(source, tmp_path / "lain"))
    edit(other, "working_days = 28", "working_days = 27")
    activations.activate(source)
    activations.activate(other)
    assert activations.chosen(source).service_standard("PBG", NOON.date()) == 28
    (tmp_path / "tautan").symlink_to(source)
    assert activations.last(tmp_path / "tautan") == activations.last(source)


def test_a_changed_copy_and_a_damaged_log_are_not_trusted(source: Path, activations: Activations) -> None:
    profile, _ = activations.activate(source)
    file = profile.path / "permit_types.toml"
    assert not file.stat().st_mode & 0o222
    file.chmod(0o644)
    edit(profile.path, "working_days = 28", "working_days = 99")
    with pytest.raises(ActivationError, match="hilang, berubah"):
        activations.chosen(source)
    shutil.rmtree(profile.path)
    activations.activate(source)
    assert activations.chosen(source).service_standard("PBG", NOON.date()) == 28
    with activations.log.open("a") as log:
        log.write('{"at": "2026\n')
    with pytest.raises(ActivationError, match=r"activations\.jsonl:2: bukan catatan"):
        activations.chosen(source)


def test_the_commands(source: Path, activations: Activations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NADI_DATA_DIR", str(activations.folder.parent))
    root = typer.Typer()
    command.register(root)

    def run(*words: str, code: int = 0) -> dict[str, object]:
        done = CliRunner().invoke(root, ["profile", *words, "--json"])
        assert done.exit_code == code, done.output
        found: dict[str, object] = json.loads(done.stdout)
        return found

    assert run("history") == {"activations": []}
    done = run("activate", str(source))
    assert (done["ok"], done["new"], done["restarted"]) == (True, True, None)
    assert run("activate", str(source))["new"] is False
    edit(source, 'second = "kind:issued"', 'second = "kind:terbit"')
    refused = run("activate", str(source), code=1)
    assert refused["ok"] is False
    problems = refused["problems"]
    assert isinstance(problems, list)
    assert problems[0]["file"] == "permit_types.toml"
    listed = run("history")["activations"]
    assert isinstance(listed, list)
    assert [item["hash"] for item in listed] == [done["hash"]]
    plain = CliRunner().invoke(root, ["profile", "activate", str(source)])
    assert "yang berjalan tidak berubah" in plain.output
    assert run("activate", str(source.parent / "nowhere"), code=1)["ok"] is False
