"""`nadi rules new`: a file that runs, is clean, and says what is still to be written."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

import streams.rules
from infra.rules.begin import NewRuleError, begin
from infra.rules.checked import check
from infra.rules.site import Figures, Site, static_link
from infra.rules.states import States
from streams.rules import rules
from streams.rules.rule import SITUATIONS
from streams.rules.trial import example_profile

ROOT = Path(__file__).parents[2]


def loaded(path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, and among the rules for as long as the test lasts."""
    spec = importlib.util.spec_from_file_location(f"streams.rules.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(streams.rules, "__path__", [*streams.rules.__path__, str(path.parent)])
    rules.cache_clear()
    return module


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(begin("z99", tmp_path), monkeypatch)


@pytest.fixture(autouse=True)
def forget() -> object:
    yield
    rules.cache_clear()


def test_it_says_what_is_still_to_be_written(module: ModuleType) -> None:
    report = check(module.RULE)
    assert not report.ok
    for name in (
        "title",
        "method",
        "why",
        "innocent",
        "sources",
        "legal_basis",
        "docstring",
        "parameters.limit",
    ):
        assert name in report.todo, name
    missing = " ".join(report.todo)
    for situation in SITUATIONS:
        assert (situation in missing) == (situation not in ("not applicable", "too few")), situation
    assert [row.wrong for row in report.rows] == [[]]


def test_it_runs_and_its_page_appears(module: ModuleType, tmp_path: Path) -> None:
    assert rules()["Z99"] is module.RULE
    site = Site(example_profile(), States(tmp_path), static_link)
    assert "Z99.html" in (site.page("", Figures()) or "")
    assert "ISI: judul pendek Z99" in (site.page("Z99", Figures()) or "")


def test_an_example_that_fails_is_told_and_does_not_end_the_test(module: ModuleType) -> None:
    example = replace(module.EXAMPLES[0], expects="found", situation="found")
    report = check(replace(module.RULE, examples=(example,)))
    assert report.rows[0].wrong == [
        "diharapkan found, ternyata not applicable (ISI: sebab tidak berlaku)",
        "tidak ada indikasi untuk ''; yang ada: -",
    ]
    broken = replace(example, events=(("accepted", "yesterday", {}),))
    assert "ValueError" in check(replace(module.RULE, examples=(broken,))).rows[0].wrong[0]


def test_the_file_is_clean(tmp_path: Path) -> None:
    path = begin("Z98", tmp_path)
    config = ("--config", str(ROOT / "pyproject.toml"), "--no-cache")
    for words in (("ruff", "check", *config), ("ruff", "format", "--check", *config), ("mypy", "--strict")):
        done = subprocess.run(
            [sys.executable, "-m", *words, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_id_that_is_taken_or_none_is_refused(tmp_path: Path) -> None:
    begin("Z97", tmp_path)
    text = (tmp_path / "z97.py").read_text("utf-8")
    for wrong in ("Z97", "z97", "PERMIT", "P1", "../P1", ""):
        with pytest.raises(NewRuleError):
            begin(wrong, tmp_path)
    with pytest.raises(NewRuleError):
        begin("P01")
    assert (tmp_path / "z97.py").read_text("utf-8") == text
