"""What another value of a rule's parameters would have said of the cases of the last months.

Every case whose first record came within that time is judged twice in this process, by the code that the workers run:
once with the profile as it is, once with the changed values in place of all that the profile says of these parameters.
Older cases are left out whole, since judging a part of a case would be wrong.
"""

from __future__ import annotations

import time
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from infra import records
from infra.settings import Settings
from schemas.acceptance import refusals
from schemas.catalogue import DOMAINS, Topic
from schemas.codec import Codec
from schemas.event_ids import event_ids
from schemas.profile import Profile
from schemas.profile.model import Threshold
from schemas.registry import open_ids
from schemas.repeats import Repeats
from streams.domains import PROCESSORS
from streams.engine.chunk import Chunk
from streams.engine.processor import Context, Processor
from streams.rules.rule import Rule

Progress = Callable[[int, int], None]

ROWS = 5_000
LONG_AGO = date(1900, 1, 1)


class WhatIfError(ValueError):
    """A rule or a change that cannot be computed; the message says why."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One alert that the change would raise, take away, or put on another level. ``was`` and ``would_be`` are levels,
    empty for none."""

    subject: str
    scope: str
    was: str
    would_be: str
    sentence: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """``since`` and ``until`` are UTC ms; ``cases`` were judged and ``older`` left out; ``standing`` counts alerts that
    stand by level, now and then."""

    rule: str
    changes: dict[str, float]
    since: int
    until: int
    cases: int
    older: int
    standing: dict[str, dict[str, int]]
    new: list[Difference]
    gone: list[Difference]
    changed: list[Difference]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def changed_profile(profile: Profile, rule: Rule, changes: Mapping[str, float]) -> Profile:
    """The profile in which each changed parameter has one value, always and for everybody. Raises WhatIfError for a
    parameter that the rule does not have."""
    known = {parameter.name for parameter in rule.parameters}
    if unknown := sorted(set(changes) - known):
        raise WhatIfError(f"{', '.join(unknown)} ∉ {rule.id}: {', '.join(sorted(known)) or '–'}")
    names = {f"{rule.id}.{name}": value for name, value in changes.items()}
    kept = tuple(item for item in profile.thresholds if item.name not in names)
    extra = tuple(Threshold(name, value, LONG_AGO) for name, value in names.items())
    return replace(profile, thresholds=(*kept, *extra), _standards={}, _thresholds={})


def what_if(
    settings: Settings,
    profile: Profile,
    rule: Rule,
    changes: Mapping[str, float],
    months: int = 3,
    progress: Progress = lambda _done, _total: None,
) -> WhatIf:
    """Compute it. Raises WhatIfError for a rule of the regency, TimeoutError when the broker does not answer."""
    if rule.task != "case":
        raise WhatIfError(f"{rule.id}: task = {rule.task}")
    topic = DOMAINS[rule.domain]
    changed = changed_profile(profile, rule, changes)
    until = _until(settings, topic)
    since = months_before(until, months, profile)
    by_event = settings.streams.clock == "event"
    pairs: dict[int, tuple[Processor, Processor]] = {}
    cases: set[bytes] = set()
    older: set[bytes] = set()
    for chunk in _chunks(settings, topic, since, cases, older, progress):
        if chunk.partition not in pairs:
            now, then = (
                PROCESSORS[rule.domain](Context(of, by_event, chunk.partition)) for of in (profile, changed)
            )
            pairs[chunk.partition] = now, then
        for processor in pairs[chunk.partition]:
            processor.process(chunk)
    before: dict[str, dict[str, Any]] = {}
    after: dict[str, dict[str, Any]] = {}
    for pair in pairs.values():
        for processor, into in zip(pair, (before, after), strict=True):
            processor.advance(until)
            into.update(_standing(processor, rule))
    levels = {
        name: {level: n for level, n in _levels(found).items() if n}
        for name, found in (("now", before), ("then", after))
    }
    return WhatIf(
        rule.id, dict(changes), since, until, len(cases), len(older), levels,
        new=[_difference(None, after[name]) for name in sorted(after.keys() - before.keys())],
        gone=[_difference(before[name], None) for name in sorted(before.keys() - after.keys())],
        changed=[
            _difference(before[name], after[name])
            for name in sorted(before.keys() & after.keys())
            if before[name]["level"] != after[name]["level"]
        ],
    )  # fmt: skip


def months_before(ms: int, months: int, profile: Profile) -> int:
    """The same local time so many months before (UTC ms), or the last day of a shorter month."""
    at = datetime.fromtimestamp(ms / 1000, profile.timezone)
    index = at.year * 12 + at.month - 1 - months
    year, month = index // 12, index % 12 + 1
    day = min(at.day, monthrange(year, month)[1])
    return int(at.replace(year=year, month=month, day=day).timestamp() * 1000)


def _until(settings: Settings, topic: Topic) -> int:
    """Until when deadlines are judged: now, or the newest record where a past period is replayed."""
    if settings.kafka.timestamps == "LogAppendTime":
        return time.time_ns() // 1_000_000
    kafka = settings.kafka
    places = records.partitions(kafka.bootstrap_servers, [kafka.layout().topic(topic.name)])
    ends = records.bounds(kafka.bootstrap_servers, places)
    last: dict[records.Partition, int | None] = {
        place: end - 1 for place, (begin, end) in ends.items() if end > begin
    }
    return max(
        (int(message.timestamp()[1]) for message in records.read(kafka.bootstrap_servers, last)), default=0
    )


def _chunks(
    settings: Settings, topic: Topic, since: int, cases: set[bytes], older: set[bytes], progress: Progress
) -> Iterator[Chunk]:
    """The records of cases that began after ``since`` (UTC ms), decoded, each partition in order."""
    kafka = settings.kafka
    codec = Codec(topic.schema, open_ids(kafka.schema_registry_url))
    waiting: defaultdict[int, list[Any]] = defaultdict(list)
    repeats: defaultdict[int, Repeats] = defaultdict(Repeats)
    name = kafka.layout().topic(topic.name)
    for message in records.read_topics(kafka.bootstrap_servers, [name], progress):
        key = message.key() or b""
        if message.timestamp()[1] < since and key not in cases:
            older.add(key)
        if key in older:
            continue
        cases.add(key)
        partition = message.partition()
        waiting[partition].append(message)
        if len(waiting[partition]) >= ROWS:
            yield from _chunk(topic, partition, waiting.pop(partition), codec, repeats[partition])
    for partition, messages in waiting.items():
        yield from _chunk(topic, partition, messages, codec, repeats[partition])


def _chunk(
    topic: Topic, partition: int, messages: list[Any], codec: Codec, repeats: Repeats
) -> Iterator[Chunk]:
    """What a worker would make of the messages: without what cannot be read or accepted, and without repeats."""
    decoded = codec.decode_batch([message.value() for message in messages])
    columns = decoded.columns
    offsets = np.array([message.offset() for message in messages], np.int64)[decoded.rows]
    stamps = np.array([message.timestamp()[1] for message in messages], np.int64)[decoded.rows]
    ids = event_ids(columns.column("event_id"))
    good = np.ones(len(offsets), np.bool_)
    good[[refused.row for refused in refusals(columns, stamps, ids)]] = False
    good[good] = ~repeats.mark(ids.pick(good), offsets[good], stamps[good])
    if good.any():
        stamps = np.maximum.accumulate(stamps[good])  # the clock of a partition never goes back
        yield Chunk(
            topic=topic.name, partition=partition, first_offset=int(offsets[0]), next_offset=int(offsets[-1]) + 1,
            columns=columns.filter(pa.array(good)), offsets=offsets[good], clocks=stamps, clock=int(stamps[-1]),
        )  # fmt: skip


def _standing(processor: Processor, rule: Rule) -> dict[str, dict[str, Any]]:
    """The rule's alerts that stand, by id."""
    return {
        alert["alert_id"]: alert
        for alert in processor.alerts.records().values()
        if alert["rule"] == rule.id and alert["status"] != "withdrawn"
    }


def _levels(found: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for alert in found.values():
        counts[alert["level"]] += 1
    return dict(counts)


def _difference(now: Mapping[str, Any] | None, then: Mapping[str, Any] | None) -> Difference:
    shown = then or now or {}
    return Difference(
        shown["subject"],
        shown["scope"],
        now["level"] if now else "",
        then["level"] if then else "",
        shown["sentence"],
    )
