"""The page over HTTP: what it is made of, how big it is, and that a form is data."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from infra.settings import resolve_profile
from monitoring.web import SecurityHeaders
from producers.files.forms.titles import titles
from producers.village.forms import description, load
from producers.village.pages import STATIC, routes
from schemas.profile import Profile

LARGEST = 150_000
PROGRESS = """
[[form]]
name = "kemajuan"
title = "Kemajuan kegiatan"
domain = "activities"
constants = { kind = "progress" }
ask = ["fiscal_year", "occurred_at", "sub_activity", "village", "physical_bp"]
required = ["fiscal_year", "occurred_at", "sub_activity", "physical_bp"]
own = "village"
"""


@pytest.fixture(scope="module")
def profile() -> Profile:
    return Profile.load(resolve_profile("contoh"))


@pytest.fixture(scope="module")
def http(profile: Profile) -> TestClient:
    app = Starlette(routes=routes(profile))
    app.add_middleware(SecurityHeaders)
    return TestClient(app)


def test_everything_the_worker_keeps_is_there_and_small(http: TestClient) -> None:
    worker = http.get("/desa/sw.js")
    assert worker.headers["service-worker-allowed"] == "/desa"
    head = worker.text.splitlines()[1]
    files = head.removeprefix("const FILES = [").removesuffix("];").replace('"', "").split(", ")
    assert "/desa" in files
    assert {f"/desa/static/{p.name}" for p in STATIC.iterdir()} - set(files) == {
        "/desa/static/sw.js",
        "/desa/static/index.html",
    }
    answers = {file: http.get(file) for file in files}
    assert {answer.status_code for answer in answers.values()} == {200}
    size = sum(len(gzip.compress(answer.content)) for answer in answers.values())
    assert size < LARGEST, f"{size} bytes"


def test_the_page_keeps_to_itself(http: TestClient) -> None:
    page = http.get("/desa")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "style=" not in page.text
    assert "http" not in page.text.replace("https:// kepada", "").replace("HTTPS", "")
    manifest = http.get("/desa/manifest.webmanifest").json()
    assert (manifest["scope"], manifest["start_url"], manifest["display"]) == ("/desa", "/desa", "standalone")
    assert {http.get(icon["src"]).status_code for icon in manifest["icons"]} == {200}


def test_the_template_is_there_for_the_domains_of_forms(http: TestClient) -> None:
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(http.get("/desa/template.xlsx").content))
    assert sheet.sheet_names == ["Data", "Petunjuk", "Daftar"]
    assert http.get("/desa/template.xlsx?domain=budget").status_code == 404


def test_the_forms_say_what_the_contract_says(profile: Profile) -> None:
    found = description(load(), profile)
    assert found["offset"] == "+07:00"
    for form in found["forms"]:
        assert form["type"].startswith("id.go.nadi.population.changes.")
        assert form["constants"] == {"status": "reported"}
        kinds: dict[str, Any] = {field["name"]: field for field in form["fields"]}
        assert kinds["family_card_token"]["kind"] == "digits"
        assert kinds["occurred_at"]["kind"] == "time"
        assert sum(field.get("own", False) for field in form["fields"]) == 1
        for field in form["fields"]:
            assert field["kind"] != "choice" or found["lists"][field["list"]]


def test_another_domain_is_another_entry(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "forms.toml"
    path.write_text(PROGRESS, "utf-8")
    (form,) = description(load(path), profile)["forms"]
    assert form["type"] == "id.go.nadi.activity.progress.progress.v1"
    kinds = {field["name"]: field["kind"] for field in form["fields"]}
    assert kinds.pop("fiscal_year") == "number"
    assert kinds == {
        "occurred_at": "time",
        "sub_activity": "choice",
        "village": "choice",
        "physical_bp": "number",
    }
    assert form["fields"][4]["note"] == titles("activities")["physical_bp"].note


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"village"', '"desa"', "titles.csv"),
        ('required = ["fiscal_year", ', "required = [", "required lacks"),
        ('kind = "progress"', 'mode = "live"', "constants lacks: kind"),
        ('own = "village"', 'own = "unit"', "not asked"),
    ],
)
def test_a_form_that_does_not_fit_its_contract_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "forms.toml"
    assert old in PROGRESS
    path.write_text(PROGRESS.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=said):
        load(path)
