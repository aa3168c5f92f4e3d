"""Every rule's table of examples, run through the real processor, and what a rule must declare for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from schemas.catalogue import ALERTS
from schemas.codec import Codec
from schemas.profile import check
from schemas.registry import open_ids
from streams.cases.book import EPOCH, day_of
from streams.reference.ledgers import judge as judge_ledgers
from streams.reference.permit_rules import judge
from streams.reference.plain_rules import PLAIN
from streams.reference.received import Received
from streams.rules import rules
from streams.rules.examples import PROFILE
from streams.rules.rule import Example, Rule
from streams.rules.trial import Problem, differences, example_profile, gaps, triable, try_out, worked
from streams.rules.trial_events import arrivals, instant, is_earlier

RULES = list(rules().values())
TRIABLE = [rule for rule in RULES if triable(rule)]
SPEAKING = [rule for rule in TRIABLE if rule.kind not in ("context", "page")]
#: What an alert must fit into, or a worker could not say it.
ALERT = Codec(ALERTS.schema, open_ids(""))
#: How late an unknown source may be, in milliseconds: longer than those of the examples' profile.
LATENESS = 15 * 60_000
#: An indication is never a verdict.
VERDICTS = re.compile(
    r"\b(terbukti|bersalah|pelaku|korupsi|suap|curang|penipuan|kkn|kolusi|nepotisme)\b", re.IGNORECASE
)


def rows() -> Iterator[Any]:
    for rule in TRIABLE:
        for number, example in enumerate(rule.examples):
            yield pytest.param(rule, example, id=f"{rule.id}-{number}-{example.situation.replace(' ', '-')}")


def test_the_profile_of_the_examples_is_a_real_one() -> None:
    assert check(PROFILE) == []


@pytest.mark.parametrize(("rule", "example"), rows())
def test_an_example_is_said_as_its_table_says(rule: Rule, example: Example) -> None:
    said = try_out(rule, example)
    assert differences(rule, example, said) == []
    for alert in said.alerts:
        assert "indikasi" in alert["sentence"].lower()
        assert not VERDICTS.search(alert["sentence"])
        ALERT.encode({**alert, "published_at": 0})


@pytest.mark.parametrize("rule", [r for r in SPEAKING if r.weigh is not None], ids=lambda rule: rule.id)
def test_the_reference_says_what_the_tables_of_money_and_people_say(rule: Rule) -> None:
    law = example_profile()
    for example in rule.examples:
        events = {
            domain: [Received(record, 0, n, stamp) for n, (stamp, record) in enumerate(arrived)]
            for domain in rule.reads
            if (arrived := arrivals(domain, example, law, rule.domain))
        }
        last = date.fromisoformat(law.local_day(max(rows[-1].timestamp for rows in events.values())))
        day = (last - EPOCH).days + 1
        until = law.calendar.day_start(day_of(day + -day % rule.every).isoformat()) + LATENESS
        if example.clock:
            until = instant(example.clock, law)
        said = judge_ledgers({rule.id: PLAIN[rule.id]}, events, law, until, LATENESS)
        assert bool(said.standing) is (example.expects == "found" or bool(example.level))
        if example.observed is not None:
            assert example.observed in [observed for _, observed, _ in said.standing.values()]


@pytest.mark.parametrize(
    "rule", [r for r in SPEAKING if r.compare is not None or r.ask is not None], ids=lambda rule: rule.id
)
def test_the_reference_says_what_the_tables_among_others_say(rule: Rule) -> None:
    law = example_profile()
    for example in (e for e in rule.examples if rule.task == "regency" or e.peers):
        arrived = arrivals(rule.domain, example, law)
        events = [(record, 0, offset, stamp) for offset, (stamp, record) in enumerate(arrived)]
        day = date.fromisoformat(law.local_day(arrived[-1][0])) + timedelta(days=1)
        said = judge(events, law, law.calendar.day_start(day.isoformat()))
        found = {
            (subject, scope): (finding.level, finding.observed)
            for (one, subject, scope), finding in said.findings.items()
            if one == rule.id and rule.among_peers(scope) and not is_earlier(subject)
        }
        standing = {
            (a["subject"], a["scope"]): (a["level"], a["observed"]) for a in try_out(rule, example).alerts
        }
        assert standing.keys() == found.keys(), example.situation
        for key, (level, observed) in standing.items():
            assert (level, observed) == (found[key][0], pytest.approx(found[key][1])), example.situation


@pytest.mark.parametrize("rule", TRIABLE, ids=lambda rule: rule.id)
def test_every_situation_is_shown_or_excused(rule: Rule) -> None:
    assert gaps(rule) == []
    assert all(reason.strip() for reason in rule.without.values())


@pytest.mark.parametrize("rule", SPEAKING, ids=lambda rule: rule.id)
def test_the_first_example_is_the_worked_one_and_speaks(rule: Rule) -> None:
    found = worked(rule)
    assert found is not None
    example, said = found
    assert (example.situation, example.expects, said.outcome) == ("found", "found", "found")
    assert said.alerts[0]["sentence"]
    assert said.alerts[0]["evidence"]


def test_a_day_whose_deposits_differ_is_shown_by_the_receipt_that_does_and_its_slip() -> None:
    found = worked(rules()["R02"])
    assert found is not None
    kinds = [shown["kind"] for shown in found[1].alerts[0]["evidence"]]
    assert kinds == ["receipt", "deposit"], "the other receipt of the day is in the slip as it is"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_explained(rule: Rule) -> None:
    for name in ("title", "method", "why", "area", "owner", "unit_of_measure", "version"):
        assert getattr(rule, name).strip(), name
    assert rule.innocent
    assert rule.sources
    assert rule.legal_basis
    assert not VERDICTS.search(rule.title)
    assert all(p.meaning and p.unit for p in rule.parameters)
    assert 0 < rule.severity <= 1
    if rule.kind not in ("context", "page"):
        assert rule.sentence is not None
    if rule.withdrawn is not None:
        assert all(rule.withdrawn(closed).strip() for closed in (True, False))


def test_ids_are_unique_and_name_their_files() -> None:
    assert len({rule.title for rule in RULES}) == len(RULES)
    for id_, rule in rules().items():
        assert rule.id == id_
        assert re.fullmatch(r"[A-Z]\d\d", id_)


def test_a_table_that_is_wrong_is_told_where() -> None:
    rule = rules()["P03"]
    example = rule.examples[0]
    said = try_out(rule, example)
    assert differences(rule, replace(example, expects="not found"), said) == [
        Problem("outcome", "not found", "found"),
        *(Problem("unexpected alert", "-", alert["sentence"]) for alert in said.alerts),
    ]
    assert differences(rule, replace(example, observed=7.0, level="severe"), said) == [
        Problem("level", "severe", "breach"),
        Problem("observed", "7", "2"),
    ]
    assert differences(rule, replace(example, scope="x"), said) == [Problem("no alert", "x", '""')]
    assert gaps(replace(rule, examples=(), without={"never": "x"}))[-1] == Problem(
        "unknown situation", "never"
    )
