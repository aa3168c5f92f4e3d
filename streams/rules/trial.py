"""A rule's examples put to the proof: each goes through the real processor of its domain, and what is said is compared.

This imports the processors, which import the rules: no rule may import it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from schemas.profile import Profile
from streams.cases.body import unpack
from streams.domains import PROCESSORS
from streams.domains.permit_peers import PREFIX
from streams.domains.regency import Regency
from streams.engine.entries import Entries
from streams.engine.merge import Rows, merge
from streams.engine.processor import Context, Processor
from streams.rules.coverage import ASKED, METRICS
from streams.rules.examples import PROFILE
from streams.rules.judging import FOUND, NOT_APPLICABLE, NOT_FOUND, outcome_text
from streams.rules.rule import SITUATIONS, Example, Rule
from streams.rules.trial_events import SUBJECT, arrivals, chunk_of, instant, is_earlier

WORDS = {FOUND: "found", NOT_FOUND: "not found", NOT_APPLICABLE: "not applicable"}
OBSERVED_TOLERANCE = 0.005
TOO_FEW, NOBODY = "perkara terlalu sedikit", "tidak ada yang ditanyakan"


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says of an example: ``found``, ``not found``, ``not applicable`` with the reason, or nothing; and its
    standing alerts as records of ``risk.alerts``."""

    outcome: str
    reason: str
    alerts: list[dict[str, Any]]


class Problem(NamedTuple):
    """What is wrong with a table, by name: what it says or is about, and what is so instead."""

    name: str
    expected: str
    got: str = ""


@cache
def example_profile() -> Profile:
    """The regency of all examples."""
    return Profile.load(PROFILE)


def _by_one_case(rule: Rule, example: Example) -> Said:
    profile = example_profile()
    processor = PROCESSORS[rule.domain](Context(profile))
    clock = 0
    for offset, arrival in enumerate(arrivals(rule.domain, example, profile)):
        chunk = chunk_of(rule.domain, [arrival], offset)
        if errors := processor.process(chunk):
            raise ValueError(f"{rule.id}, {example.situation}: {errors[0].message}")
        clock = chunk.clock
    processor.advance(instant(example.clock, profile) if example.clock else clock)
    outcome, reason = _counted(processor, rule)
    return Said(outcome, reason, _standing(processor, rule))


def _among_others(rule: Rule, example: Example) -> Said:
    """Up to the midnight after the last event, at which its day is judged."""
    profile = example_profile()
    processor = Regency(Context(profile))
    chunk = chunk_of(rule.domain, arrivals(rule.domain, example, profile), 0)
    processor.process(merge([Rows.of(rule.domain, chunk)], chunk.clock + 1))
    clock = instant(example.clock, profile) if example.clock else processor.permits.next_freeze()
    processor.advance(clock)
    said = [_of_case(processor, rule)] if rule.compare is not None else []
    if rule.ask is not None:
        before = date.fromisoformat(profile.local_day(clock)) - timedelta(days=1)
        said.append(_of_pairs(processor, rule, before.isoformat()))
    outcome, reason = min(said, key=lambda one: list(WORDS.values()).index(one[0]))
    return Said(outcome, reason, [a for a in _standing(processor, rule) if not is_earlier(a["subject"])])


def _day_by_day(rule: Rule, example: Example) -> Said:
    """Up to the midnight after the last event at which the rule is asked, or until the clock that the example gives."""
    profile = example_profile()
    processor = Regency(Context(profile))
    rows = [
        Rows.of(domain, chunk_of(domain, some, 0))
        for domain in rule.reads
        if (some := arrivals(domain, example, profile, rule.domain))
    ]
    last = max(int(one.clocks[-1]) for one in rows)
    processor.process(merge(rows, last + 1))
    clock = instant(example.clock, profile) if example.clock else processor.daily.next_freeze(rule.every)
    processor.advance(clock)
    asked = [key.local_day for key, n in processor.totals.snapshot().items() if n and key.value == rule.id]
    outcome, reason = _of_pairs(processor, rule, max(asked, default=""))
    return Said(outcome, reason, _standing(processor, rule))


#: How the examples of each kind of rule are run: by what the rule provides.
TRIALS: dict[str, Callable[[Rule, Example], Said]] = {
    "judge": _by_one_case, "compare": _among_others, "ask": _among_others, "weigh": _day_by_day,
}  # fmt: skip


def triable(rule: Rule) -> bool:
    """Whether the rule's examples can be run."""
    return any(getattr(rule, name) is not None for name in TRIALS)


def try_out(rule: Rule, example: Example) -> Said:
    """Run one example, among its ``peers`` where it has some. Raises ValueError for an event nobody accepts, KeyError for a
    rule that judges nothing."""
    names = reversed(TRIALS) if example.peers else TRIALS
    return TRIALS[next((name for name in names if getattr(rule, name) is not None), "")](rule, example)


def differences(rule: Rule, example: Example, said: Said) -> list[Problem]:
    """Where what was said is not what the table says; empty where it agrees."""
    wrong = []
    if said.outcome != example.expects:
        got = f"{said.outcome} ({said.reason})" if said.reason else said.outcome or "-"
        wrong.append(Problem("outcome", example.expects, got))
    alerts = [a for a in said.alerts if example.scope in (None, a["scope"])]
    expected = rule.kind not in ("context", "page") and (example.expects == "found" or bool(example.level))
    if not expected:
        return [*wrong, *(Problem("unexpected alert", "-", alert["sentence"]) for alert in said.alerts)]
    if not alerts:
        return [
            *wrong,
            Problem("no alert", example.scope or "", _listed(f'"{a["scope"]}"' for a in said.alerts)),
        ]
    if example.level and example.level not in {alert["level"] for alert in alerts}:
        wrong.append(Problem("level", example.level, _listed(alert["level"] for alert in alerts)))
    seen = [alert["observed"] for alert in alerts]
    if example.observed is not None and not any(
        math.isclose(example.observed, value, abs_tol=OBSERVED_TOLERANCE) for value in seen
    ):
        wrong.append(Problem("observed", f"{example.observed:g}", _listed(f"{value:g}" for value in seen)))
    return wrong


def gaps(rule: Rule) -> list[Problem]:
    """What the rule's table lacks: situations neither shown nor excused, or both, or unknown."""
    shown = {example.situation for example in rule.examples}
    excused = set(rule.without)
    return [
        *(Problem("no example", name) for name in SITUATIONS if name not in shown | excused),
        *(Problem("excused though shown", name) for name in sorted(shown & excused)),
        *(Problem("unknown situation", name) for name in sorted((shown | excused) - set(SITUATIONS))),
    ]


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts) or "-"


def worked(rule: Rule) -> tuple[Example, Said] | None:
    """The worked example: the first of the table, and what is said of it. None where it has none, or cannot be run."""
    if not rule.examples or not triable(rule):
        return None
    return rule.examples[0], try_out(rule, rule.examples[0])


def _standing(processor: Processor | Regency, rule: Rule) -> list[dict[str, Any]]:
    alerts = [a for a in processor.alerts.records().values() if a["rule"] == rule.id]
    return [alert for alert in alerts if alert["status"] != "withdrawn"]


def _of_case(processor: Regency, rule: Rule) -> tuple[str, str]:
    """What was said of the example's own case."""
    entries = processor.stores["cases"]
    entry = entries.entry(SUBJECT) if isinstance(entries, Entries) else None
    if entry is None:
        return WORDS[NOT_APPLICABLE], NOBODY
    outcome = unpack(entry.body, len(processor.permits.rules)).outcomes[processor.permits.rules.index(rule)]
    name = WORDS[min(outcome, NOT_APPLICABLE)]
    return name, outcome_text(rule, outcome) if outcome >= NOT_APPLICABLE else ""


def _of_pairs(processor: Regency, rule: Rule, on: str) -> tuple[str, str]:
    """What was said of the pairs or groups of a day."""
    totals = processor.totals.snapshot()
    for outcome, metric in ASKED.items():
        reason = TOO_FEW if outcome == NOT_APPLICABLE else ""
        name = f"{PREFIX}.{metric}"
        if any(amount for key, amount in totals.items() if key == (name, "rule", rule.id, on)):
            reasons = (
                k.value
                for k, n in totals.items()
                if n and (k.metric, k.dimension, k.local_day) == (name, "reason", on)
            )
            said = next((text for text in reasons if text.startswith(f"{rule.id}|")), "")
            return WORDS[outcome], said.partition("|")[2] or reason
    return WORDS[NOT_APPLICABLE], NOBODY


def _counted(processor: Processor, rule: Rule) -> tuple[str, str]:
    """What the coverage counts of the one case."""
    totals = processor.totals.snapshot()
    for outcome, metric in METRICS.items():
        name = f"{rule.domain}.{metric}"
        if any(amount for key, amount in totals.items() if key[:3] == (name, "rule", rule.id)):
            reasons = (
                key.value.removeprefix(f"{rule.id}|")
                for key, amount in totals.items()
                if amount and key[:2] == (name, "reason") and key.value.startswith(f"{rule.id}|")
            )
            return WORDS[outcome], next(reasons, "")
    return "", ""
