"""A rule's examples put to the proof: each goes through the real processor of its domain, and what is said is compared.

This imports the processors, which import the rules: no rule may import it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa

from schemas.catalogue import DOMAINS
from schemas.codec import arrow_schema
from schemas.profile import Profile
from schemas.registry import current
from streams.domains import PROCESSORS
from streams.engine.chunk import Chunk
from streams.engine.processor import Context, Processor
from streams.rules.coverage import METRICS
from streams.rules.examples import PROFILE
from streams.rules.judging import FOUND, NOT_APPLICABLE, NOT_FOUND
from streams.rules.rule import SITUATIONS, Example, Rule

SUBJECT = "503/1/2026"
TIMES = ("due_at", "document_date")
WORDS = {FOUND: "found", NOT_FOUND: "not found", NOT_APPLICABLE: "not applicable"}
OBSERVED_TOLERANCE = 0.005


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
    for chunk in _chunks(rule.domain, example, profile):
        if errors := processor.process(chunk):
            raise ValueError(f"{rule.id}, {example.situation}: {errors[0].message}")
        clock = chunk.clock
    processor.advance(_ms(example.clock, profile) if example.clock else clock)
    outcome, reason = _counted(processor, rule)
    alerts = [a for a in processor.alerts.records().values() if a["rule"] == rule.id]
    return Said(outcome, reason, [alert for alert in alerts if alert["status"] != "withdrawn"])


#: How the examples of each task are run. A task that is not here cannot be tried yet.
TRIALS: dict[str, Callable[[Rule, Example], Said]] = {"case": _by_one_case}


def triable(rule: Rule) -> bool:
    """Whether the rule's examples can be run."""
    return rule.task in TRIALS


def try_out(rule: Rule, example: Example) -> Said:
    """Run one example. Raises KeyError for a task that cannot be tried, ValueError for an event nobody accepts."""
    return TRIALS[rule.task](rule, example)


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


def _chunks(domain: str, example: Example, profile: Profile) -> Iterator[Chunk]:
    """One chunk an event, in order of arrival."""
    schema = arrow_schema(DOMAINS[domain].schema)
    events = [_record(domain, number, *event, profile) for number, event in enumerate(example.events)]
    for offset, (stamp, record) in enumerate(sorted(events, key=lambda event: event[0])):
        yield Chunk(
            topic=DOMAINS[domain].name,
            partition=0,
            first_offset=offset,
            next_offset=offset + 1,
            columns=pa.RecordBatch.from_pylist([record], schema=schema),
            offsets=np.array([offset]),
            clocks=np.array([stamp]),
            clock=stamp,
        )


def _record(
    domain: str, number: int, kind: str, at: str, fields: Mapping[str, Any], profile: Profile
) -> tuple[int, dict[str, Any]]:
    """When a record was received (UTC ms), and the record."""
    source = next(source for source in profile.sources.values() if source.domain == domain)
    given = {name: value for name, value in fields.items() if name != "arrives"}
    own = {name: _ms(v, profile) if name in TIMES and isinstance(v, str) else v for name, v in given.items()}
    record = {
        **_defaults(DOMAINS[domain].schema),
        "event_id": str(UUID(int=number)),
        "source": source.id,
        "opd": source.opd,
        "occurred_at": _ms(at, profile),
        "kind": kind,
        "case_id": SUBJECT,
        "permit_type": "IZIN",
        "unit": "LOKET" if number == 0 else None,
        **own,
    }
    return _ms(fields.get("arrives", at), profile), record


@cache
def _defaults(schema: str) -> dict[str, Any]:
    fields = json.loads(current(schema))["fields"]
    return {field["name"]: field["default"] for field in fields if "default" in field}


def _ms(local: str, profile: Profile) -> int:
    return round(datetime.fromisoformat(local).replace(tzinfo=profile.timezone).timestamp() * 1000)
