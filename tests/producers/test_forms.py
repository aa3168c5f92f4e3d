"""Templates: what is filled in is read without a mapping."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from infra.settings import resolve_profile
from producers.files import Columns, check, good_events, read_rows
from producers.files.forms.template import make_template
from producers.files.forms.titles import titles, words
from producers.mapping import event_fields
from producers.tokens import Tokens
from schemas.catalogue import DOMAINS
from schemas.profile import Profile


@pytest.fixture(scope="module")
def profile() -> Profile:
    return Profile.load(resolve_profile("contoh"))


def columns_for(tmp_path: Path, domain: str, profile: Profile) -> Columns:
    return Columns(domain, profile.timezone, Tokens.open(tmp_path / "tokens.key"))


def without_mark(path: Path) -> Path:
    """The template after somebody took the remark off the example, which makes it a row like any other."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    texts = parts["xl/sharedStrings.xml"]
    assert b"CONTOH (tidak dibaca)" in texts
    parts["xl/sharedStrings.xml"] = texts.replace(b"CONTOH (tidak dibaca)", b"isian pertama")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_template_reads_back_without_a_mapping(tmp_path: Path, profile: Profile, domain: str) -> None:
    path = tmp_path / "x.xlsx"
    make_template(path, domain, profile)
    columns = columns_for(tmp_path, domain, profile)
    assert check(path, columns).rows == 0, "the example is no event"
    result = check(without_mark(path), columns)
    assert (result.rows, result.problems) == (1, [])
    (event,) = good_events(path, columns)
    assert event["occurred_at"] == 1_795_395_900_000
    assert event["kind"] == next(iter(words(domain)["kind"].values()))
    assert event["opd"] in profile.departments
    assert "99010101019" not in str(event)


def test_words_and_indonesian_numbers_of_a_filled_form(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "kas.xlsx"
    names = [
        "Sumber",
        "Kode OPD",
        "Waktu kejadian",
        "Jenis kejadian",
        "Kode kas",
        "Kode rekening",
        "Jumlah",
        "saluran *",
    ]
    row = [
        "/opd/5.02.01/kas",
        "5.02.01",
        "23/11/2026",
        "Setoran  ke rkud",
        "BPD",
        "4.1.01.15.01.0001",
        "Rp 1.500.000,00",
        "tunai",
    ]
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, names)
        sheet.write_row(1, 0, row)
        sheet.write_row(2, 0, [*row[:3], "penerimaan", *row[4:6], "-5"])
    columns = columns_for(tmp_path, "revenue", profile)
    result = check(path, columns)
    assert [(p.row, p.column, p.advice) for p in result.problems] == [(3, "Jumlah", "tidak boleh negatif")]
    (event,) = good_events(path, columns)
    assert (event["kind"], event["channel"], event["amount"]) == ("deposit", "cash", 1_500_000)


def test_every_title_and_word_belongs_to_the_contract() -> None:
    known: dict[str, Any] = {}
    for domain in DOMAINS:
        known |= event_fields(domain)
        assert len({t.title.casefold() for t in titles(domain).values()}) == len(titles(domain))
        assert set(words(domain)) <= set(titles(domain))
        required = {n for n, f in event_fields(domain).items() if "default" not in f}
        assert required <= set(titles(domain))
    assert {name for domain in DOMAINS for name in titles(domain)} <= set(known)


def test_the_command(tmp_path: Path) -> None:
    nadi = str(Path(sys.executable).with_name("nadi"))
    made = subprocess.run(
        [nadi, "template", "permits", "-o", "x.xlsx", "--opd", "2.18.01"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    header, _ = read_rows(tmp_path / "x.xlsx")
    assert header is not None
    assert header[:4] == ["Catatan", "Sumber", "Kode OPD", "ID baris"]
    again = subprocess.run(
        [nadi, "template", "permits", "-o", "x.xlsx"], cwd=tmp_path, capture_output=True, text=True
    )
    assert again.returncode == 2
    assert "--force" in again.stderr
    without_mark(tmp_path / "x.xlsx")
    tried = subprocess.run(
        [nadi, "publish", "permits", "x.xlsx", "--dry-run", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (tried.returncode, json.loads(tried.stdout)["rows"]) == (0, 1), tried.stderr
