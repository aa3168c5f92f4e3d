"""One key in the state of all tasks: a permit with its deadlines and alerts, a ceiling's versions, anything else as it is.

A key is a whole key of a store (a case, an alert, an event), or parts of one joined by ``|``, as in a Kafka key: a
department and its sub-activity, a year and an account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from infra.settings import Settings
from infra.state.logs import recover, tasks
from infra.state.rows import processor_of, rows
from schemas import records
from schemas.catalogue import AGGREGATES, ALERTS, PERMITS
from schemas.codec import Codec, DecodeError
from schemas.profile import Profile
from schemas.registry import open_ids
from streams.cases.events import NEVER
from streams.cases.plain import plain_events
from streams.domains import PROCESSORS
from streams.domains.permits import Permits
from streams.engine.processor import TOTALS, Processor
from streams.engine.state_group import Header
from streams.rules import rules
from streams.rules.findings import LEVELS
from streams.rules.judging import judge_cases, outcome_text

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What one store says of a key. ``state`` holds plain values."""

    task: int
    domain: str
    store: str
    key: str
    state: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def is_figure(key: str) -> bool:
    """Whether this is the name of a figure, and no key of a store."""
    domain, dot, rest = key.partition(".")
    return bool(dot and rest) and domain in AGGREGATES and "|" not in key


def find(
    settings: Settings, profile: Profile, key: str, progress: Progress = lambda _done, _total: None
) -> list[Found]:
    """Everything that the tasks keep under a key. Raises StateGroupError, TimeoutError."""
    found: list[Found] = []
    everyone = tasks(settings.kafka)
    for number, task in enumerate(everyone):
        progress(number, len(everyone))
        recovered = recover(settings.kafka, task)
        if recovered.header is None:
            continue
        for domain in PROCESSORS:
            processor = processor_of(domain, task, recovered, profile, settings.streams)
            permit = (
                _permit(settings, task, processor, recovered.header, key)
                if isinstance(processor, Permits)
                else None
            )
            if permit is not None:  # its alerts stand in it
                found.append(permit)
            else:
                found.extend(_plainly(task, processor, key))
    progress(len(everyone), len(everyone))
    return sorted(found, key=lambda one: one.store == "facts")  # what follows from events before the events


def _plainly(task: int, processor: Processor, key: str) -> Iterator[Found]:
    for name, store in processor.stores.items():
        if name in (TOTALS, "cases"):
            continue
        for batch in store.freeze():
            for row in rows(processor, name, batch):
                if _matches(key, row):
                    label = next(iter(row.values()))
                    yield Found(task, processor.domain, name, _text(label), row)


def _matches(key: str, row: dict[str, Any]) -> bool:
    """Whether the key is one of the row's own names, or its parts all are."""
    names: set[str] = set()
    for name, value in row.items():
        if name == "record" and isinstance(value, dict):
            names.update((value["subject"], value["alert_id"]))
        elif name == "identity":
            names.update(map(str, value))
        elif isinstance(value, str):
            names.add(value)
    return key in names or ("|" in key and all(part in names for part in key.split("|") if part))


def _text(label: Any) -> str:
    return "|".join(map(str, label)) if isinstance(label, list) else str(label)


def _permit(settings: Settings, task: int, permits: Permits, header: Header, case_id: str) -> Found | None:
    case = permits.look(case_id)
    if case is None:
        return None
    lane = header.lanes.get(PERMITS.name)
    clock = lane.clock if lane is not None else 0
    words, closed_at = permits.book.words, instant(case.closed_at[0])
    judged = judge_cases(permits.rules, case, clock)
    deadlines = rules()["P01"].judged(case).found
    said_at = np.maximum(deadlines.at, case.seen) + case.lateness
    state = {
        "case_id": case_id,
        "permit_type": words.text(int(case.permit_type[0])),
        "entered_at": int(case.entered_at[0]),
        "started_at": int(case.started_at[0]),
        "closed_at": closed_at,
        "due_at": instant(case.due_at[0]),
        "holder": words.text(int(case.holders.who[-1])) if closed_at is None else None,
        "held_since": int(case.holders.since[-1]) if closed_at is None else None,
        "clock": clock,
        "events": list(plain_events(case.events, words, permits.book.names)),
        "deadlines": [
            {
                "scope": words.text(int(deadlines.scope[i])),
                "unit": words.text(int(deadlines.unit[i])),
                "level": LEVELS[deadlines.level[i]],
                "at": int(deadlines.at[i]),
                "working_days": float(deadlines.threshold[i]),
                "reached": bool(said_at[i] <= clock),
            }
            for i in range(len(deadlines))
        ],
        "rules": {
            rule.id: outcome_text(rule, int(outcome))
            for rule, outcome in zip(permits.rules, judged.outcomes[:, 0], strict=True)
        },
        "alerts": list(revisions(settings, case_id)),
    }
    return Found(task, permits.domain, "cases", case_id, state)


def instant(ms: int) -> int | None:
    """An instant, None where there is none."""
    return None if ms == NEVER else int(ms)


def revisions(settings: Settings, subject: str) -> Iterator[dict[str, Any]]:
    """Everything that was ever said of a subject on ``risk.alerts``, in its order."""
    codec = Codec(ALERTS.schema, open_ids(settings.kafka.schema_registry_url))
    wanted = subject.encode()
    topic = settings.kafka.layout().topic(ALERTS.name)
    for message in records.read_topics(settings.kafka.bootstrap_servers, [topic]):
        if message.key() != wanted:
            continue
        try:
            alert = codec.decode(message.value())
        except DecodeError:
            continue  # the sink dead-letters it
        yield {
            name: alert[name]
            for name in (
                "alert_id", "rule", "scope", "revision", "status", "level", "level_at", "unit", "observed", "threshold",
                "sentence", "withdrawn_reason", "clock", "published_at",
            )
        }  # fmt: skip
