"""`nadi rules` without a running stack: list, show, test, enable and observe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.main import build
from infra.rules.counts import gathered
from infra.rules.states import LOG, RuleStateError, States
from streams.rules import rules
from streams.rules.examples import PROFILE

RUNNER = CliRunner()


def nadi(folder: Path, *words: str) -> Any:
    flags = ("--data-dir", str(folder), "--profile", str(PROFILE))
    return RUNNER.invoke(build(), [*flags, "rules", *words])


def said(folder: Path, *words: str) -> Any:
    done = nadi(folder, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_list_names_every_rule_and_what_becomes_of_it(tmp_path: Path) -> None:
    found = {line["id"]: line for line in said(tmp_path, "list")}
    assert list(found) == list(rules())
    assert (found["P01"]["state"], found["P02"]["state"], found["P10"]["state"]) == (
        "delivered",
        "observed",
        None,
    )
    assert found["P12"]["parameters"] == {"days": 5.0}
    table = nadi(tmp_path, "list").output
    assert "dikirim" in table
    assert "amati" in table


def test_show_has_parameters_by_date_and_no_coverage_without_clickhouse(tmp_path: Path) -> None:
    found = said(tmp_path, "show", "p12")
    assert [(row["value"], row["valid_from"]) for row in found["parameters"]] == [
        (5.0, None),
        (3.0, "2026-02-01"),
    ]
    assert found["coverage"] is None
    text = nadi(tmp_path, "show", "P12").output
    for words in (rules()["P12"].method, "P12.days = 3", "ClickHouse tidak menjawab"):
        assert words in text
    unknown = nadi(tmp_path, "show", "Z99")
    assert unknown.exit_code == 2
    assert "P01" in unknown.output


def test_switching_is_logged_and_holds(tmp_path: Path) -> None:
    before = said(tmp_path, "enable", "P02", "--reason", "90 hari diamati")
    assert (before["before"], before["state"], before["rule"]) == ("observed", "delivered", "P02")
    said(tmp_path, "observe", "P01", "--reason", "terlalu banyak")
    said(tmp_path, "enable", "P01", "--reason", "standar diperbaiki")
    said(tmp_path, "observe", "P03", "--reason", "uraian proses lama")
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text("utf-8").splitlines()]
    assert [(line["rule"], line["state"], line["reason"]) for line in lines] == [
        ("P02", "delivered", "90 hari diamati"),
        ("P01", "observed", "terlalu banyak"),
        ("P01", "delivered", "standar diperbaiki"),
        ("P03", "observed", "uraian proses lama"),
    ]
    assert all(line["at"] > 0 and line["by"] for line in lines)
    states = {line["id"]: line["state"] for line in said(tmp_path, "list")}
    assert (states["P01"], states["P02"], states["P03"]) == ("delivered", "delivered", "observed")
    assert said(tmp_path, "show", "P01")["decisions"] == lines[1:3]


def test_switching_needs_a_reason_and_a_rule_that_can_be_an_alert(tmp_path: Path) -> None:
    assert nadi(tmp_path, "enable", "P02").exit_code == 2
    assert nadi(tmp_path, "enable", "P02", "--reason", "  ").exit_code == 2
    assert nadi(tmp_path, "enable", "P10", "--reason", "x").exit_code == 1
    assert not (tmp_path / LOG).exists()


def test_who_looks_at_the_states_sees_a_change_at_once(tmp_path: Path) -> None:
    looking = States(tmp_path)
    assert "P02" in looking.observed()
    States(tmp_path).switch("P02", "delivered", "sudah diamati")
    assert "P02" not in looking.observed()
    assert "P10" in looking.observed(), "what only accompanies others is not delivered"
    (tmp_path / LOG).write_text("{}\n")
    with pytest.raises(RuleStateError, match="baris 1"):
        looking.observed()


def test_examples_of_one_rule_and_of_all(tmp_path: Path) -> None:
    (report,) = said(tmp_path, "test", "P03")
    assert report["ok"]
    assert report["todo"] == []
    assert len(report["rows"]) == len(rules()["P03"].examples)
    assert nadi(tmp_path, "test", "P03").output.startswith("P03  9 dari 9")


def test_coverage_adds_up_by_rule_reason_and_source() -> None:
    counts = gathered(
        [
            ("permits.rules_found", "rule", "P01", 3, False),
            ("permits.rules_found", "source", "P01|/opd/a", 3, False),
            ("permits.rules_not_found", "rule", "P01", 9, False),
            ("permits.rules_not_applicable", "rule", "P01", 2, False),
            ("permits.rules_not_applicable", "reason", "P01|tanpa standar", 2, False),
            ("permits.rules_not_applicable", "reason", "P01|dahulu", 0, False),
            ("permits.rules_found", "rule", "P02", 1, True),
        ]
    )
    assert counts["P02"].simulated
    found = counts["P01"]
    assert not found.simulated
    assert (found.found, found.not_found, found.not_applicable, found.base_rate) == (3, 9, 2, 0.25)
    assert found.reasons == {"tanpa standar": 2}
    assert found.sources == {"/opd/a": [3, 0, 0]}


def test_what_pages_show_is_the_last_figure_of_each_group_the_largest_first() -> None:
    shown = [("B06|2025|1.01", 4_000, "2025-06-01", False), ("B06|2025|1.02", 17_000, "2025-05-01", True)]
    found = gathered([], shown)["B06"]
    assert [tuple(figure) for figure in found.page] == [
        ("2025, 1.02", "2025-05-01", 0.017),
        ("2025, 1.01", "2025-06-01", 0.004),
    ]
    assert found.simulated
    assert found.as_json()["page"][0]["group"] == "2025, 1.02"


def test_groups_asked_about_are_counted_apart_from_cases() -> None:
    counts = gathered(
        [
            ("regency.asked_found", "rule", "B05", 2, True),
            ("regency.asked_not_found", "rule", "B05", 6, False),
            ("regency.asked_few", "rule", "B05", 1, False),
            ("regency.asked_few", "reason", "B05|nomor faktur tidak diisi", 1, False),
            ("permits.asked_found", "rule", "P15", 1, False),
            ("regency.rules_found", "rule", "P15", 3, False),
            ("regency.rules_not_found", "rule", "P15", 3, False),
        ]
    )
    groups = counts["B05"].asked
    assert groups is not None
    assert counts["B05"].shown is groups
    assert (groups.found, groups.not_found, groups.not_applicable, groups.base_rate) == (2, 6, 1, 0.25)
    assert groups.reasons == {"nomor faktur tidak diisi": 1}
    assert groups.simulated
    assert counts["B05"].base_rate is None
    both = counts["P15"]
    assert both.shown is both
    assert (both.base_rate, both.asked and both.asked.found) == (0.5, 1)
    assert both.as_json()["asked"]["base_rate"] == 1.0
