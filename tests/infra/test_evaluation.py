"""Scoring alerts against a ledger, the profile that planted years are judged by, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.evaluation import page
from infra.evaluation.known import Known, known_rules
from infra.evaluation.mandates import with_mandates
from infra.evaluation.publishing import published
from infra.evaluation.run import Evaluation, Planted
from infra.evaluation.scoring import Scores, score
from producers.plants import Ground, Ledger
from producers.plants.ground import Recorder
from producers.plants.ledger import Planted as Entry
from producers.simulator.world import Group
from schemas.profile import Profile

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
CONTOH_PROFILE = Profile.load(CONTOH)
DAY_MS = 86_400_000
HARD = Known("P01", "hard", "Terlambat", "permits")
SOFT = Known("P05", "soft", "Diulang", "permits")
SILENT = Known("S01", "hard", "Sumber diam", "")


def alert(rule: str, subject: str, level: str = "breach", *, scope: str = "", at: int = 50) -> dict[str, Any]:
    return {
        "rule": rule,
        "subject": subject,
        "scope": scope,
        "level": level,
        "level_at": at,
        "clock": at,
        "status": "raised",
        "observed": 1.0,
        "threshold": 0.0,
        "unit_of_measure": "times",
        "sentence": f"Indikasi pada {subject}",
    }


def ledger() -> Ledger:
    found = Ledger(cases=1000, events=10_000)
    found.add(Entry("P01", "A", "weak", 10, 2), frozenset({"P05"}))
    found.add(Entry("P01", "B", "strong", 10, 2))
    found.add(Entry("P05", "C", "medium", 10, 4))
    found.ordinary["D"] = frozenset({"P01"})
    return found


def scored(*alerts: dict[str, Any]) -> Scores:
    delivered, everything = published(alerts, CONTOH_PROFILE, {"P05"}), published(alerts, CONTOH_PROFILE)
    return score([HARD, SOFT], alerts, 1000, ledger(), published=delivered, if_all=everything)


def test_an_alert_is_true_where_rule_and_subject_are_in_the_ledger() -> None:
    hard = {s.rule.id: s for s in scored(alert("P01", "A"), alert("P01", "C"), alert("P05", "B")).rules}
    assert (hard["P01"].planted, hard["P01"].found, hard["P01"].true, hard["P01"].false) == (2, 1, 1, 1)
    assert hard["P01"].recall == hard["P01"].precision == 0.5
    assert hard["P01"].strengths == {"weak": (1, 1), "medium": (0, 0), "strong": (1, 0)}
    assert [entry.subject for entry in hard["P01"].missed] == ["B"]
    assert hard["P01"].wrong == [("C", "Indikasi pada C")]
    assert (hard["P05"].found, hard["P05"].false) == (0, 1)


def test_what_is_allowed_is_neither_true_nor_false() -> None:
    rules = {s.rule.id: s for s in scored(alert("P05", "A"), alert("P01", "D")).rules}
    for rule in rules.values():
        assert (rule.true, rule.false, rule.besides, rule.precision) == (0, 0, 1, None)


def test_subjects_count_once_and_warnings_never() -> None:
    done = scored(alert("P01", "A", scope="X"), alert("P01", "A", "severe"), alert("P01", "E", "warning"))
    rule = next(s for s in done.rules if s.rule.id == "P01")
    assert (rule.alerted, rule.true, rule.false) == (1, 1, 0)
    assert rule.base_rate == 0.001


def test_facts_are_published_and_one_sign_is_not() -> None:
    done = scored(alert("P01", "A"), alert("P01", "X"), alert("P05", "X"), alert("P05", "Y"))
    assert done.published.as_json() == {
        "precision": 0.5,
        "false_per_10000_cases": 10.0,
        "alerted": 2,
        "true": 1,
        "false": 1,
        "wrong": [[{"rule": "P01", "subject": "X"}]],
    }
    assert done.if_all.as_json()["wrong"] == [
        [{"rule": "P01", "subject": "X"}, {"rule": "P05", "subject": "X"}]
    ]


def test_what_is_only_observed_is_not_published() -> None:
    alerts = [alert("P01", "D"), alert("P05", "D"), alert("P05", "G"), alert("P08", "G")]
    assert published(alerts, CONTOH_PROFILE, {"P05"}) == [{("P01", "D")}]
    done = scored(*alerts[:2])
    assert (done.published.false, done.if_all.false) == (0, 1), "D is late as an honest case may be"


def test_independent_signs_are_published_while_both_are_alive() -> None:
    signs = [Known(name, "soft", "", "permits") for name in ("P05", "P08", "P12")]
    both = [alert("P05", "C"), alert("P08", "C", at=50 * DAY_MS)]
    alike = [alert("P05", "E"), alert("P12", "E")]
    apart = [alert("P05", "F"), alert("P08", "F", at=95 * DAY_MS)]
    alerts = [*both, *alike, *apart]
    assert published(alerts, CONTOH_PROFILE) == [{("P05", "C"), ("P08", "C")}]
    done = score(
        signs, alerts, 1000, ledger(), published=published(alerts, CONTOH_PROFILE), if_all=[]
    ).published
    assert (done.alerted, done.true, done.false) == (1, 1, 0), "one of the two is right, and the case is"


def test_what_was_withdrawn_by_itself_counts_from_when_it_was_raised() -> None:
    officer = "a" * 26
    ended = {**alert("P09", officer), "status": "withdrawn", "clock": 500 * DAY_MS}
    assert published([ended, alert("P15", officer, at=20 * DAY_MS)], CONTOH_PROFILE) == [
        {("P09", officer), ("P15", officer)}
    ]


def test_the_bad_ones_come_first() -> None:
    good = scored(alert("P01", "A"), alert("P01", "B"))
    assert [s.rule.id for s in good.rules] == ["P05", "P01"]
    bad = scored(alert("P05", "C"), alert("P01", "A"))
    assert [s.rule.id for s in bad.rules] == ["P01", "P05"]


def test_a_silence_is_found_while_it_lasts() -> None:
    found = Ledger(cases=10)
    found.add(Entry("S01", "/opd/1", "weak", 100, 0, until=200))
    early, during = (
        score([SILENT], [alert("S01", "/opd/1", at=at)], 10, found, published=[], if_all=[]).rules[0].found
        for at in (50, 150)
    )
    assert (early, during) == (0, 1)


def test_a_habit_that_did_not_come_about_is_not_looked_for() -> None:
    found = Ledger(cases=10)
    for _ in range(3):
        found.extend(Entry("P05", "officer", "weak", 1, 1, "X", least=3))
    found.extend(Entry("P05", "other", "weak", 1, 1, "X", least=3))
    rule = score(
        [SOFT], [alert("P05", "officer"), alert("P05", "other")], 10, found, published=[], if_all=[]
    ).rules[0]
    assert (rule.planted, rule.found, rule.false, rule.besides) == (1, 1, 0, 1)


PAPER = Known("B05", "hard", "Dibayar dua kali", "budget", papers=True)


def paper_alert(scope: str, *shown: str) -> dict[str, Any]:
    evidence = [{"event_id": name} for name in shown]
    return {**alert("B05", "penerima", scope=scope), "evidence": evidence}


def test_an_alert_over_ledgers_is_true_where_it_shows_what_was_planted() -> None:
    found = Ledger(cases=10)
    found.units["budget"] = 90
    found.add(Entry("B05", "SP2D/1", "strong", 10, 1, shown=frozenset({"e1", "e2"})))
    found.add(Entry("B05", "SP2D/2", "weak", 10, 1, shown=frozenset({"e3"})))
    found.allow("e7", frozenset({"B05"}))
    found.pending.add("e8")
    said = [
        paper_alert("A", "e1"),
        paper_alert("B", "e9"),
        paper_alert("C", "e7"),
        paper_alert("D", "e8", "e9"),
    ]
    done = score([PAPER], said, 10, found, published=[{("B05", "penerima · B")}], if_all=[])
    rule = done.rules[0]
    assert (rule.planted, rule.found, rule.true, rule.false, rule.besides) == (2, 1, 1, 1, 2)
    assert [entry.subject for entry in rule.missed] == ["SP2D/2"]
    assert rule.wrong == [("penerima · B", "Indikasi pada penerima")]
    assert rule.cases == 90
    assert done.published.false_per_10000_cases == 100.0


def test_an_alert_over_ledgers_is_excused_by_its_subject_too() -> None:
    found = Ledger(cases=10)
    found.allow("penerima", frozenset({"B05"}))
    rule = score([PAPER], [paper_alert("A", "e1")], 10, found, published=[], if_all=[]).rules[0]
    assert (rule.false, rule.besides) == (0, 1)


def test_all_of_a_chain_is_excused_whose_last_correction_comes_after_the_end() -> None:
    ground = Ground(CONTOH_PROFILE, 3, 1000, 2024, 1)
    at = ground.end - 90 * DAY_MS
    chain = [("a", None), ("b", "a"), ("c", "b"), ("d", "a")]  # the last one names the first again
    events = [
        {"event_id": name, "corrects": wrong, "occurred_at": at + n, "kind": "receipt"}
        for n, (name, wrong) in enumerate([*chain, ("e", None)])
    ]
    arrivals = {"b": at + DAY_MS, "c": at + 2 * DAY_MS, "d": ground.end + DAY_MS}
    Recorder(ground).apply(Group("revenue", at, events, arrivals))
    assert ground.ledger.pending == {"a", "b", "c", "d"}


def test_without_a_ledger_nothing_is_true_or_false() -> None:
    outcomes = {"P01": {"found": 1, "not_found": 5, "not_applicable": 4}}
    done = score([HARD, SOFT], [alert("P01", "A")], 10, None, outcomes, published=[], if_all=[])
    rule = next(s for s in done.rules if s.rule.id == "P01")
    assert (rule.planted, rule.recall, rule.precision, rule.alerted) == (None, None, None, 1)
    assert rule.coverage == pytest.approx(0.6)
    assert done.published.false_per_10000_cases is None


def test_what_no_rule_looks_for_is_said() -> None:
    assert score([SOFT], [], 10, ledger(), published=[], if_all=[]).no_rule == {"P01": 2}


def test_the_rules_that_run_are_known_with_their_kinds() -> None:
    rules = {rule.id: rule for rule in known_rules()}
    assert rules["P01"].kind == "hard"
    assert rules["P01"].domain == "permits"
    assert rules["P01"].title


def test_the_profile_names_who_may_decide_in_the_simulated_regency(tmp_path: Path) -> None:
    contoh = Profile.load(CONTOH)
    ground = Ground(contoh, 3, 10_000, 2024, 2)
    made = with_mandates(contoh, ground, tmp_path / "profil")
    assert made.permit_types == contoh.permit_types
    on_first_day = {
        a.officer_token for a in made.authorities_for("PBG") if a.holds(ground.world.local_date(ground.begin))
    }
    unit = contoh.permit_types["PBG"].steps[-1].unit
    assert {ground.permits.person(unit, "approver", n) for n in (0, 1)} <= on_first_day
    moved = ground.permits.person(unit, "approver", "moved")
    assert moved not in on_first_day
    assert moved in {a.officer_token for a in made.authorities}


def test_the_page_and_the_figures(tmp_path: Path) -> None:
    scores = scored(alert("P01", "A"), alert("P01", "C"))
    done = Evaluation(
        Planted(7, 2, 1000), scores, frozenset({"P05"}), 1000, 10_000, ledger(), 0, {"total": 1.0}
    )
    page.write(done, Profile.load(CONTOH), tmp_path)
    text = (tmp_path / page.PAGE).read_text("utf-8")
    assert "DATA SIMULASI" in text
    assert "Indikasi pada C" in text
    assert text.index("P05 Diulang") < text.index("P01 Terlambat")
    assert "<svg" in text
    assert "P01: C" in text[text.index("Yang diterbitkan dan keliru") :]
    assert "tanda, diamati" in text
    assert "fakta, diamati" not in text
    figures = json.loads((tmp_path / page.FIGURES).read_text("utf-8"))
    assert figures == page.as_json(done)
    assert figures["rules"][0]["id"] == "P05"
    assert figures["published"]["precision"] == 0.5
    assert figures["simulated"] == {"seed": 7, "years": 2, "population": 1000}


def test_what_a_rule_of_warnings_warns_of_is_found() -> None:
    warns = Known("B12", "soft", "Serapan rendah", "budget", papers=True, warns=True)
    found = Ledger(cases=10)
    found.add(Entry("B12", "sub", "weak", 10, 1, shown=frozenset({"e1"})))
    said = {**alert("B12", "sub", "warning"), "evidence": [{"event_id": "e1"}]}
    deaf = Known("B12", "soft", "Serapan rendah", "budget", papers=True)
    counts = [
        score([rule], [said], 10, found, published=[], if_all=[]).rules[0].found for rule in (warns, deaf)
    ]
    assert counts == [1, 0]
    assert {rule.id for rule in known_rules() if rule.warns} == {"B12"}
