"""Alerts against the ledger: what each rule found of what was planted, and how much of what it said is true.

An alert is true where its rule and its subject stand in the ledger. Alerts that a plant may honestly raise besides,
and those of irregularities that the simulated regency commits by itself, are counted apart: neither found nor false.
Subjects are counted, not revisions or scopes: a case that is late in two steps is one late case.

A rule over ledgers speaks of groups of documents, and a cash office is as little guilty of all as it is innocent: its
alerts are counted one by one, by subject and scope, and each is true where a document that it shows is one in which
something planted for its rule shows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.evaluation.known import Known
from producers.plants import STRENGTHS, Ledger, Planted
from streams.risks.signs import FOUND_LEVELS

#: The rule and the subject of an alert.
Pair = tuple[str, str]
#: Those of the alerts about each case or actor.
Targets = Sequence[Collection[Pair]]
#: What the rules should reach.
RECALL = {"hard": 0.95, "soft": 0.85}
PRECISION = 0.9


@dataclass(frozen=True, slots=True)
class RuleScore:
    """One rule. Recall and precision are None where there is nothing to divide by, and for a log without a ledger.

    ``cases`` are what the rule is about: permits, SP2D, receipts or registrations. ``alerted`` are subjects with an alert:
    ``true`` planted, ``false`` not, and the rest (``besides``) allowed.
    ``strengths`` are (planted, found) of each strength. ``outcomes`` are cases by what the rule said of them. ``wrong``
    are the false ones, with what was said, ``right`` the true ones.
    """

    rule: Known
    cases: int
    alerted: int
    planted: int | None = None
    found: int | None = None
    true: int | None = None
    false: int | None = None
    strengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    missed: Sequence[Planted] = ()
    wrong: Sequence[tuple[str, str]] = ()
    right: Sequence[str] = ()

    @property
    def recall(self) -> float | None:
        """Found of what was planted."""
        return self.found / self.planted if self.planted and self.found is not None else None

    @property
    def precision(self) -> float | None:
        """True of what is true or false."""
        if self.true is None or self.false is None or not self.true + self.false:
            return None
        return self.true / (self.true + self.false)

    @property
    def besides(self) -> int | None:
        """Alerts that are allowed and prove nothing."""
        return None if self.true is None or self.false is None else self.alerted - self.true - self.false

    @property
    def base_rate(self) -> float:
        """Subjects with an alert per case."""
        return self.alerted / self.cases if self.cases else 0.0

    @property
    def coverage(self) -> float | None:
        """Cases that the rule could judge of all of which it says something; None where the pipeline counts none."""
        total = sum(self.outcomes.values())
        return None if not total else 1 - self.outcomes.get("not_applicable", 0) / total

    @property
    def shortfall(self) -> float:
        """By how much it misses what it should reach, 0 where it does; the worst come first."""
        short = max(0.0, RECALL[self.rule.kind] - self.recall) if self.recall is not None else 0.0
        if self.rule.kind == "hard" and self.precision is not None:
            short = max(short, PRECISION - self.precision)
        return short

    def as_json(self) -> dict[str, Any]:
        """Plain values for machines."""
        return {
            "id": self.rule.id,
            "kind": self.rule.kind,
            "title": self.rule.title,
            "planted": self.planted,
            "found": self.found,
            "recall": _rounded(self.recall),
            "precision": _rounded(self.precision),
            "cases": self.cases,
            "alerted": self.alerted,
            "true": self.true,
            "false": self.false,
            "besides": self.besides,
            "base_rate": round(self.base_rate, 6),
            "coverage": _rounded(self.coverage),
            "outcomes": dict(self.outcomes),
            "strengths": {name: {"planted": p, "found": f} for name, (p, f) in self.strengths.items()},
        }


@dataclass(frozen=True, slots=True)
class Published:
    """What reaches people: cases and actors whose combined risk was enough to publish on some day (decision 20). One is
    true where an alert about it is, and false where none is and one is false; ``wrong`` are the alerts about each of the
    latter. ``cases`` are permits and SP2D."""

    alerted: int
    true: int | None
    wrong: Sequence[Sequence[Pair]] | None
    cases: int

    @property
    def false(self) -> int | None:
        return None if self.wrong is None else len(self.wrong)

    @property
    def precision(self) -> float | None:
        if self.true is None or self.false is None or not self.true + self.false:
            return None
        return self.true / (self.true + self.false)

    @property
    def false_per_10000_cases(self) -> float | None:
        return None if self.false is None or not self.cases else self.false / self.cases * 10_000

    def as_json(self) -> dict[str, Any]:
        """Plain values for machines."""
        return {
            "precision": _rounded(self.precision),
            "false_per_10000_cases": _rounded(self.false_per_10000_cases),
            "alerted": self.alerted,
            "true": self.true,
            "false": self.false,
            "wrong": [
                [{"rule": rule, "subject": subject} for rule, subject in one] for one in self.wrong or ()
            ],
        }


@dataclass(frozen=True, slots=True)
class Scores:
    """Every rule, the worst first, what is published of those that are delivered, what would be ``if_all`` were, and what was
    planted that no rule looks for yet."""

    rules: Sequence[RuleScore]
    published: Published
    if_all: Published
    no_rule: Mapping[str, int]


def score(
    rules: Sequence[Known],
    alerts: Sequence[Mapping[str, Any]],
    cases: int,
    ledger: Ledger | None = None,
    outcomes: Mapping[str, Mapping[str, int]] | None = None,
    *,
    published: Targets,
    if_all: Targets,
) -> Scores:
    """Score alerts (records of risk.alerts) of a run over so many permits; without a ledger nothing is known as true.
    ``published``, and ``if_all`` rules were delivered, are the rules and subjects (``about``) of the alerts about each case or
    actor that was enough to publish."""
    by_rule: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    papers = {rule.id for rule in rules if rule.papers}
    warns = {rule.id for rule in rules if rule.warns}
    for alert in alerts:
        if alert["level"] in FOUND_LEVELS or alert["rule"] in warns:
            by_rule[alert["rule"]][about(alert, papers=alert["rule"] in papers)].append(alert)
    units: Mapping[str, int] = ledger.units if ledger else {}
    found = [
        _score(
            rule,
            by_rule.get(rule.id, {}),
            units.get(rule.domain, 0) if rule.papers else cases,
            ledger,
            (outcomes or {}).get(rule.id, {}),
        )
        for rule in rules
    ]
    found.sort(key=lambda s: (-s.shortfall, s.rule.kind != "hard", -(s.false or 0), -s.base_rate, s.rule.id))
    known = {rule.id for rule in rules}
    planted = Counter(p.rule for p in ledger.guilty) if ledger else Counter[str]()
    honest = cases + units.get("budget", 0)

    def reached(some: Targets) -> Published:
        return _published(some, found, honest) if ledger else Published(len(some), None, None, cases)

    no_rule = {rule: count for rule, count in sorted(planted.items()) if rule not in known}
    return Scores(found, reached(published), reached(if_all), no_rule)


def about(alert: Mapping[str, Any], *, papers: bool) -> str:
    """What an alert is counted as: its subject, and its scope too where the rule is about ``papers``."""
    subject, scope = str(alert["subject"]), str(alert["scope"] or "")
    return f"{subject} · {scope}" if papers and scope else subject


def _published(published: Targets, scores: Sequence[RuleScore], cases: int) -> Published:
    right = {(s.rule.id, subject) for s in scores for subject in s.right}
    wrong = {(s.rule.id, subject) for s in scores for subject, _ in s.wrong}
    true = sum(any(pair in right for pair in one) for one in published)
    false = [
        sorted(one)
        for one in published
        if not any(pair in right for pair in one) and any(pair in wrong for pair in one)
    ]
    return Published(len(published), true, false, cases)


def _score(
    rule: Known,
    alerted: Mapping[str, list[Mapping[str, Any]]],
    cases: int,
    ledger: Ledger | None,
    outcomes: Mapping[str, int],
) -> RuleScore:
    if ledger is None:
        return RuleScore(rule, cases, len(alerted), outcomes=outcomes)
    guilty = [planted for planted in ledger.guilty if planted.rule == rule.id]
    by_subject = _by_paper if rule.papers else _by_subject
    hits = [planted for planted in guilty if by_subject(planted, alerted)]
    true = {subject for planted in hits for subject in by_subject(planted, alerted)}
    false = [
        subject for subject in alerted if subject not in true and not _allowed(rule, subject, alerted, ledger)
    ]
    strengths: dict[str, tuple[int, int]] = {
        name: (sum(p.strength == name for p in guilty), sum(p.strength == name for p in hits))
        for name in STRENGTHS
    }
    return RuleScore(
        rule,
        cases,
        len(alerted),
        len(guilty),
        len(hits),
        len(true),
        len(false),
        strengths,
        outcomes,
        [planted for planted in guilty if planted not in hits],
        [(subject, alerted[subject][0]["sentence"]) for subject in false],
        sorted(true),
    )


def _by_subject(planted: Planted, alerted: Mapping[str, list[Mapping[str, Any]]]) -> list[str]:
    """The subject, where an alert of it is about what was planted."""
    return [planted.subject] if _hit(planted, alerted.get(planted.subject, [])) else []


def _by_paper(planted: Planted, alerted: Mapping[str, list[Mapping[str, Any]]]) -> list[str]:
    """Those whose alerts show a document in which it shows."""
    return [about for about, alerts in alerted.items() if not planted.shown.isdisjoint(_shown(alerts))]


def _allowed(rule: Known, about: str, alerted: Mapping[str, list[Mapping[str, Any]]], ledger: Ledger) -> bool:
    """Whether an alert without a plant of its own is no error: about its subject, or where a document that it shows excuses it."""
    shown = rule.papers and ledger.excuses(rule.id, _shown(alerted[about]))
    return shown or ledger.allows(rule.id, alerted[about][0]["subject"])


def _shown(alerts: Sequence[Mapping[str, Any]]) -> set[str]:
    """The documents that alerts show."""
    return {shown["event_id"] for alert in alerts for shown in alert["evidence"]}


def _hit(planted: Planted, alerts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of a subject's alerts is about what was planted: any at all, or one while it lasted."""
    return any(planted.until is None or planted.at <= alert["level_at"] <= planted.until for alert in alerts)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
