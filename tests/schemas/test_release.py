"""Schemas only ever change so that old and new read each other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from schemas import release
from schemas.registry import LockFileIds


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    home = tmp_path / "schemas"
    shutil.copytree(release.HERE, home)
    return home


def change(home: Path, name: str, edit) -> None:
    path = home / "avro" / f"{name}.avsc"
    schema = json.loads(path.read_text("utf-8"))
    edit(schema)
    path.write_text(json.dumps(schema), "utf-8")


def test_the_repository_is_in_order() -> None:
    assert release.problems() == []


def test_generated_events_match_the_schemas() -> None:
    from schemas import generate

    source = (release.HERE / "events.py").read_text("utf-8")
    for name in generate.NAMES:
        for field in json.loads((release.HERE / "avro" / f"{name}.avsc").read_text("utf-8"))["fields"]:
            assert f"    {field['name']}: " in source
    assert {p.stem for p in (release.HERE / "avro").glob("*.avsc")} == set(generate.NAMES)


def test_a_field_with_a_default_is_released_under_the_next_id(copy: Path) -> None:
    change(
        copy,
        "permits.steps",
        lambda s: s["fields"].append({"name": "note", "type": ["null", "string"], "default": None}),
    )
    assert any("make release-schemas" in line for line in release.problems(copy))
    newest = max(json.loads((copy / "ids.json").read_text("utf-8")), key=lambda e: e["id"])["id"]
    assert release.release(copy) == [f"permits.steps v2 (id {newest + 1})"]
    assert release.problems(copy) == []


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (
            lambda s: s["fields"].append({"name": "must", "type": "string"}),
            "cannot read what version 1 wrote",
        ),
        (lambda s: s["fields"].pop(0), "version 1 cannot read what it writes"),
        (lambda s: s["fields"][3].update(type="string"), "occurred_at"),
    ],
    ids=["new field without default", "required field removed", "type changed"],
)
def test_a_break_is_refused(copy: Path, edit, why: str) -> None:
    change(copy, "permits.steps", edit)
    assert any(why in line for line in release.problems(copy)), release.problems(copy)
    with pytest.raises(ValueError, match=r"permits\.steps"):
        release.release(copy)


def test_a_released_version_never_changes(copy: Path) -> None:
    path = copy / "released" / "aggregates" / "1.avsc"
    path.write_text(path.read_text("utf-8").replace('"metric"', '"metrik"'), "utf-8")
    assert any("aggregates" in line and "was changed" in line for line in release.problems(copy))


def test_every_schema_has_one_id_for_writing() -> None:
    ids = LockFileIds.load()
    for path in (release.HERE / "avro").glob("*.avsc"):
        writer = ids.writer(path.stem)
        assert ids.by_id(writer.id) == writer
