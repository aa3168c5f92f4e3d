"""The AsyncAPI document against the official schema of AsyncAPI 3.0.0 (npm package @asyncapi/specs 6.11.1, Apache-2.0)."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema_rs

from producers.arrivals import pages
from producers.arrivals.asyncapi import document
from schemas.catalogue import DOMAINS, TOPICS
from tests.producers.access_ground import OPD, issue, profile

SCHEMA = json.loads(gzip.decompress(Path(__file__).with_name("asyncapi-3.0.0.json.gz").read_bytes()))


def made() -> tuple[dict[str, Any], Any, Any]:
    made_key, key, _ = issue(types=("id.go.nadi.permits.steps.*", "id.go.nadi.source.heartbeats.*"))
    return document(profile(), [key], "http://127.0.0.1:8602"), made_key, key


def test_it_is_valid_and_whole() -> None:
    found, _, _ = made()
    errors = [
        f"{e.instance_path}: {e.message}" for e in jsonschema_rs.validator_for(SCHEMA).iter_errors(found)
    ]
    assert not errors, errors[:5]
    assert set(found["channels"]) == set(TOPICS)
    assert set(found["operations"]) == {f"{verb}.{name}" for verb in ("publish", "read") for name in TOPICS}
    for name in TOPICS:
        assert found["operations"][f"read.{name}"]["x-consumers"]
        assert found["operations"][f"publish.{name}"]["x-publishers"] or name == "risk.dispositions"


def test_a_broken_document_is_not_valid() -> None:
    found, _, _ = made()
    found["channels"]["permits.steps"]["messages"]["event"] = 5
    assert not jsonschema_rs.validator_for(SCHEMA).is_valid(found)


def test_publishers_are_the_profile_s_and_the_keys_and_nothing_is_secret() -> None:
    found, made_key, key = made()
    by_source = {one["source"]: one for one in found["operations"]["publish.permits.steps"]["x-publishers"]}
    assert by_source[f"/opd/{OPD}/perizinan"]["live_key"]
    for name in DOMAINS.values():
        assert {one["opd"] for one in found["operations"][f"publish.{name.name}"]["x-publishers"]}
    text = json.dumps(found) + pages.catalogue(profile(), [key])
    for secret in (made_key.key, key.hash, key.key_id, key.public):
        assert secret not in text


def test_the_page_names_every_service() -> None:
    text = pages.catalogue(profile(), [])
    assert all(f'id="{name}"' in text for name in TOPICS)
    assert "Sistem perizinan DPMPTSP" in text
    assert "belum ada kunci" in text
