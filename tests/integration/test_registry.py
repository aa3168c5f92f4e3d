"""Schemas in a real Apicurio Registry: registered, refused where old and new would not read each other, and used."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apicurio
import pytest

from schemas import release
from schemas.codec import Codec
from schemas.confluent import Registry, RegistryError
from schemas.registry import LockFileIds, RegistryIds, UnknownSchemaError, current, subject

ROOT = Path(__file__).parents[2]
NAME = "permits.steps"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        apicurio.jar()
    except apicurio.NoApicurioError as error:
        pytest.skip(str(error))
    with apicurio.running(tmp_path_factory.mktemp("apicurio") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def registered(url: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "schemas.release", "--register", url],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"registered {subject(NAME)} (id " in done.stdout
    return url


def changed(edit: Any) -> str:
    schema = json.loads(current(NAME))
    edit(schema["fields"])
    return json.dumps(schema)


def test_what_is_registered_is_what_is_released(registered: str) -> None:
    ids, files = RegistryIds(registered), LockFileIds.load()
    for path in sorted((release.HERE / "avro").glob("*.avsc")):
        found = ids.writer(path.stem)
        assert found.parsed() == files.writer(path.stem).parsed()
        assert ids.by_id(found.id).text == found.text
    release.register(registered)  # again: nothing new
    assert RegistryIds(registered).writer(NAME).id == ids.writer(NAME).id


def test_a_value_is_written_and_read_with_its_ids(registered: str) -> None:
    ids = RegistryIds(registered)
    record = {
        "event_id": "6f1a3b1e-0000-4000-8000-000000000001", "source": "/opd/2.18.01/uji", "opd": "2.18.01",
        "occurred_at": 1_795_395_600_000, "kind": "submitted", "case_id": "A", "permit_type": "PBG", "channel": "online",
    }  # fmt: skip
    value = Codec(NAME, ids).encode(record)
    assert int.from_bytes(value[1:5], "big") == ids.writer(NAME).id
    assert Codec(NAME, RegistryIds(registered)).decode(value)["case_id"] == "A"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda fields: fields.append({"name": "wajib", "type": "string"}), "wajib"),
        (lambda fields: fields.__setitem__(0, {**fields[0], "type": "long"}), "not compatible"),
    ],
    ids=["a field without a default", "another type"],
)
def test_what_old_readers_could_not_read_is_refused(registered: str, edit: Any, said: str) -> None:
    before = Registry(registered).latest(subject(NAME))
    with pytest.raises(RegistryError, match=f"409 .*{said}") as refused:
        Registry(registered).register(subject(NAME), [changed(edit)])
    assert not refused.value.unknown
    assert f"subjects/{NAME}-value/versions" in str(refused.value)
    assert Registry(registered).latest(subject(NAME)) == before


def test_a_field_with_a_default_is_taken(registered: str) -> None:
    name = subject("uji")
    text = '{"type": "record", "name": "Uji", "fields": [{"name": "a", "type": "long"}]}'
    more = '{"type": "record", "name": "Uji", "fields": [{"name": "a", "type": "long"}, {"name": "b", "type": "long", "default": 0}]}'
    newest = Registry(registered).register(name, [text, more])
    assert Registry(registered).latest(name).id == newest
    assert json.loads(Registry(registered).by_id(newest)) == json.loads(more)


def test_what_is_unknown_or_away_is_said(registered: str) -> None:
    with pytest.raises(UnknownSchemaError, match=r"nothing-value.*--register"):
        RegistryIds(registered).writer("nothing")
    with pytest.raises(UnknownSchemaError, match="404"):
        RegistryIds(registered).by_id(2_000_000_000)
    with pytest.raises(TimeoutError, match="does not answer"):
        RegistryIds("http://127.0.0.1:9").writer(NAME)
    with pytest.raises(RegistryError, match="ccompat"):
        RegistryIds(registered.partition("/apis")[0] + "/ui").writer(NAME)
