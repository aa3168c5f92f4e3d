"""The combined risk against a plain computation, and what must hold of it whatever the alerts are."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings import resolve_profile
from schemas.profile import Profile
from schemas.profile.rows import Threshold, ValueBand
from streams.cases.book import day_of
from streams.reference import risks as plain
from streams.risks.combining import Combined, as_it_came, combined, on_day
from streams.risks.signs import ALERT, MOST, NAMED, ROLES, of_actors, of_cases, signs
from streams.risks.terms import SOFT_SIGNS, VALUE_BANDS, Terms
from streams.rules import rules

DAY_MS = 86_400_000
TODAY = date(2026, 6, 30)
NUMBER = (TODAY - date(1970, 1, 1)).days
CONTOH = Profile.load(resolve_profile("contoh"))
CHANGE = date(2026, 5, 1)
PROFILE = dataclasses.replace(
    CONTOH,
    thresholds=(
        Threshold("risk.decay_days", 60.0, date(2026, 7, 1)),
        Threshold("risk.soft_signs", 3, date(2026, 7, 1)),
        Threshold("P05.weight", 2.0, CHANGE),
        Threshold("B05.weight", 0.0, date(2026, 1, 1), date(2026, 4, 30)),
    ),
    value_bands=(
        ValueBand(0, 0.5, CHANGE),
        ValueBand(1_000_000, 2.0, CHANGE),
    ),
    _thresholds={},
)
USUAL = Terms(dataclasses.replace(CONTOH, thresholds=(), value_bands=(), _thresholds={}))
RULES = rules()
SOFT = sorted(rule.id for rule in RULES.values() if rule.kind == "soft")
TARGETS = ("KASUS-1", "KASUS-2")


def alert(
    number: int, rule: str, age: int = 0, *, level: str = "breach", subject: str = "KASUS-1", value: float = 0
) -> dict[str, Any]:
    noon = int(datetime(TODAY.year, TODAY.month, TODAY.day, 5, tzinfo=UTC).timestamp() * 1000)
    unit = RULES[rule].unit_of_measure
    return {
        "alert_id": f"{number:03}", "rule": rule, "level": level, "subject": subject, "clock": noon - age * DAY_MS,
        "observed": value, "threshold": 0.0, "unit_of_measure": unit,
    }  # fmt: skip


def found(alerts: list[dict[str, Any]], terms: Terms = USUAL, day: int = NUMBER) -> Combined:
    cases = of_cases(signs(pl.DataFrame(alerts, schema=ALERT), RULES, terms), RULES)
    cases = cases.with_columns(of=pl.lit(""))
    return combined(cases, on_day(cases, day), terms)


def row(of: Combined, who: str = "KASUS-1") -> dict[str, Any] | None:
    rows = of.risks.filter(pl.col("who") == who).rows(named=True)
    return rows[0] if rows else None


drawn = st.builds(
    alert,
    st.integers(0, 400),
    st.sampled_from(sorted(RULES)),
    st.integers(-3, 100),
    level=st.sampled_from(["warning", "breach", "severe"]),
    subject=st.sampled_from(TARGETS),
    value=st.sampled_from([0.0, 999_999.0, 5e6, 2e8, 5e9]),
)
many = st.lists(drawn, max_size=12, unique_by=lambda one: one["alert_id"])


@given(many, st.sampled_from([NUMBER, NUMBER + 1, NUMBER + 20]))
@settings(max_examples=120, deadline=None)
def test_it_is_what_the_plain_computation_says(alerts: list[dict[str, Any]], day: int) -> None:
    on = day_of(day)
    facts = {r.id: plain.Facts(r.kind, r.family, r.severity, r.domain) for r in RULES.values()}
    given_ = plain.Given(
        PROFILE.threshold,
        [(band.least, band.factor, band.valid_from, band.valid_to) for band in PROFILE.value_bands],
        PROFILE.timezone,
    )
    by_target: defaultdict[str, list[plain.Alert]] = defaultdict(list)
    for one in alerts:
        by = RULES[one["rule"]].by
        if len(by) == 1 and by[0] in ROLES:
            continue  # its subject is an actor, and no case
        by_target[one["subject"]].append(
            plain.Alert(
                one["alert_id"], one["rule"], one["level"], one["clock"], one["observed"], one["threshold"],
                one["unit_of_measure"],
            )
        )  # fmt: skip
    now = found(alerts, Terms(PROFILE), day)
    for target in TARGETS:
        wanted = plain.risk(by_target[target], facts, given_, on)
        said = row(now, target)
        if wanted is None:
            assert said is None
        else:
            assert said is not None
            assert said["risk"] == pytest.approx(wanted[0], abs=1e-12)
            assert said["published"] == wanted[1]


@given(many, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_alerts_does_not_matter(alerts: list[dict[str, Any]], random: Any) -> None:
    other = list(alerts)
    random.shuffle(other)
    one, two = found(alerts), found(other)
    assert one.risks.equals(two.risks)
    assert one.shares.equals(two.shares)


@given(many, drawn)
@settings(max_examples=50, deadline=None)
def test_more_evidence_never_lowers_the_risk(alerts: list[dict[str, Any]], one: dict[str, Any]) -> None:
    before = {r["who"]: r for r in found(alerts).risks.rows(named=True)}
    after = {r["who"]: r for r in found([*alerts, {**one, "alert_id": "new"}]).risks.rows(named=True)}
    for who, old in before.items():
        assert after[who]["risk"] >= old["risk"] - 1e-12
        assert after[who]["published"] >= old["published"]
        assert after[who]["alerts"] >= old["alerts"]


@given(many)
@settings(max_examples=40, deadline=None)
def test_risk_fades_with_the_days_to_nothing_at_ninety(alerts: list[dict[str, Any]]) -> None:
    past = [one for one in alerts if one["clock"] <= alert(0, "P01")["clock"]]
    risks = [
        {r["who"]: r["risk"] for r in found(past, day=NUMBER + d).risks.rows(named=True)}
        for d in (0, 30, 89, 90)
    ]
    for earlier, later in pairwise(risks):
        for who, risk in later.items():
            assert 0 < risk < earlier[who] <= 1
    assert not risks[-1]


def test_influence_is_a_straight_line() -> None:
    full = row(found([alert(1, "P03")]))
    assert full is not None
    assert full["risk"] == pytest.approx(0.8)
    for age, left in ((45, 0.4), (89, 0.8 / 90)):
        older = row(found([alert(1, "P03", age)]))
        assert older is not None
        assert older["risk"] == pytest.approx(left)
    assert row(found([alert(1, "P03", 90)])) is None
    assert row(found([alert(1, "P03", -1)])) is None, "what comes tomorrow is not known today"


@pytest.mark.parametrize("rule", SOFT)
def test_one_soft_rule_never_publishes_however_strong(rule: str) -> None:
    loud = dataclasses.replace(PROFILE, thresholds=(
        Threshold(f"{rule}.weight", 100.0, date(2005, 1, 1)), Threshold("risk.soft_signs", 1, date(2005, 1, 1)),
    ), _thresholds={})  # fmt: skip
    alerts = [alert(n, rule, level="severe", value=1e12) for n in range(50)]
    said = row(found(alerts, Terms(loud)))
    if said is None:
        return  # a rule about actors alone
    assert not said["published"]
    assert said["risk"] <= MOST
    assert (said["hard"], said["soft"]) == (0, 1)


def test_signs_of_one_family_are_one_and_context_only_accompanies() -> None:
    quick = [alert(1, "P07"), alert(2, "P08"), alert(3, "P13")]
    one = row(found(quick))
    assert one is not None
    assert (one["published"], one["soft"], one["alerts"]) == (False, 1, 3)
    assert one["risk"] == pytest.approx(0.6), "the strongest counts"
    two = row(found([*quick, alert(4, "P05")]))
    assert two is not None
    assert two["published"]
    assert two["soft"] == SOFT_SIGNS
    assert two["risk"] == pytest.approx(1 - 0.4 * 0.7)
    assert row(found([alert(5, "P10")])) is None
    accompanied = row(found([*quick, alert(5, "P10")]))
    assert accompanied is not None
    assert not accompanied["published"]
    assert accompanied["risk"] == pytest.approx(1 - 0.4 * 0.9)
    counts = found([*quick, alert(4, "P05")]).shares.select("rule", "counts").rows()
    assert dict(counts) == {"P08": True, "P07": False, "P13": False, "P05": True}


def test_what_is_no_finding_counts_for_nothing() -> None:
    assert row(found([alert(1, "P01", level="warning")])) is None
    assert row(found([alert(2, "S01")])) is None
    assert row(found([alert(3, "P17")])) is None


def test_the_ranking_has_what_is_published_first() -> None:
    ranked = found([alert(1, "P04", subject="A"), alert(2, "P08", subject="B"), alert(3, "P16", subject="C")])
    assert ranked.risks.get_column("who").to_list() == ["C", "A", "B"]
    assert ranked.risks.get_column("published").to_list() == [True, True, False]


def test_values_and_weights_hold_from_their_day_on() -> None:
    assert [USUAL.band(value, TODAY) for value in (None, 0, 10e6, 5e8, 2e9)] == [1, 0.75, 1, 1.15, 1.3]
    terms = Terms(PROFILE)
    assert [terms.band(2e6, on) for on in (date(2026, 4, 30), CHANGE)] == [0.75, 2.0]
    assert [terms.weight("P05", on) for on in (date(2026, 4, 30), CHANGE)] == [1.0, 2.0]
    assert CONTOH.value_bands
    assert [(band.least, band.factor) for band in CONTOH.value_bands] == [
        (b.least, b.factor) for b in VALUE_BANDS
    ]
    late, early = (row(found([alert(1, "B05", age, value=5e7)], terms)) for age in (10, 80))
    assert early is None
    assert late is not None


def test_publishing_begins_on_the_day_that_makes_it_enough() -> None:
    alerts = [alert(1, "P08", 80), alert(2, "P05", 10), alert(3, "P12", 5)]
    cases = of_cases(signs(pl.DataFrame(alerts, schema=ALERT), RULES, USUAL), RULES)
    rows = combined(cases, as_it_came(cases), USUAL).risks.select("asked", "published").rows()
    assert dict(rows) == {NUMBER - 80: False, NUMBER - 10: True, NUMBER - 5: True}
    apart = of_cases(
        signs(pl.DataFrame([alert(1, "P08", 95), alert(2, "P05", 5)], schema=ALERT), RULES, USUAL), RULES
    )
    assert not combined(apart, as_it_came(apart), USUAL).risks.get_column("published").any()


def token(letter: str) -> str:
    return letter * 26


def test_actors_are_named_by_the_subject_or_alone_in_the_evidence() -> None:
    officer, cashier, payee = token("a"), token("b"), token("c")
    alerts = [
        alert(1, "P09", subject=officer), alert(2, "P06", subject="KASUS-1"), alert(3, "P03", subject="KASUS-2"),
        alert(4, "B04", subject=f"{payee}|1.01|5.2|goods"), alert(5, "R01", subject="1.01|KAS"),
        alert(6, "P01", subject="KASUS-1"), alert(7, "K07", subject=token("d")),
    ]  # fmt: skip
    evidence = pl.DataFrame(
        [
            ("002", "officer_token", officer), ("002", "applicant_token", token("e")),
            ("003", "officer_token", officer), ("003", "officer_token", token("f")),
            ("005", "cashier_token", cashier), ("006", "officer_token", token("f")),
        ],
        schema=NAMED, orient="row",
    )  # fmt: skip
    signed = signs(pl.DataFrame(alerts, schema=ALERT), RULES, USUAL)
    about = of_actors(signed, RULES, evidence)
    assert {(r["alert_id"], r["who"]) for r in about.rows(named=True)} == {
        ("001", officer), ("002", officer), ("004", payee), ("005", cashier), ("007", token("d")),
    }  # fmt: skip
    risk = row(combined(about, on_day(about, NUMBER), USUAL), officer)
    assert risk is not None
    assert risk["published"]
    assert (risk["hard"], risk["soft"]) == (1, 1)
    cases = of_cases(signed, RULES).get_column("alert_id").to_list()
    assert sorted(cases) == ["002", "003", "004", "005", "006"]


def test_every_rule_names_roles_that_there_are() -> None:
    assert {role for rule in RULES.values() for role in rule.about} <= set(ROLES)
