"""What another value of a rule's parameters would have said in the last months.

The records are judged twice in this process, by the code that the workers run: once with the profile as it is, once
with the changed values in place of all that the profile says of these parameters. For a rule of one case these are the
cases that began within the months. A rule among peers gets those of two years more, and what it says of the months is
compared.
"""

from __future__ import annotations

import time
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from infra.rules.lanes import Began, Lane, chunks, in_order, lanes
from infra.settings import Settings
from schemas import records
from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from schemas.profile.rows import Threshold
from schemas.repeats import DAY_MS
from streams.domains import PROCESSORS
from streams.domains.regency import Regency
from streams.engine.alerts import WITHDRAWN, Alerts
from streams.engine.attempt import mark
from streams.engine.processor import Context
from streams.engine.store import Store
from streams.peers.counts import WINDOW_DAYS
from streams.rules.rule import Rule

Progress = Callable[[int, int], None]

LONG_AGO = date(1900, 1, 1)
#: How far back a rule among peers reads: a year of peers, and a year in which they may have been under way.
PEERS_MS = 2 * WINDOW_DAYS * DAY_MS

Standing = dict[str, dict[str, Any]]
R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


class Judge(Protocol[R_contra]):
    """What the processors of both tasks have in common, but for the rows that they take."""

    @property
    def alerts(self) -> Alerts: ...

    @property
    def stores(self) -> Mapping[str, Store]: ...

    def process(self, rows: R_contra, /) -> object: ...

    def advance(self, clock: int) -> None: ...


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
    """``since`` and ``until`` are UTC ms, and so is ``read_since``, when the first record came that was taken in
    (``until`` where there is none). ``cases`` were taken in and ``older`` left out; ``standing`` counts alerts that
    stand by level, now and then."""

    rule: str
    changes: dict[str, float]
    since: int
    until: int
    read_since: int
    cases: int
    older: int
    standing: dict[str, dict[str, int]]
    new: list[Difference]
    gone: list[Difference]
    changed: list[Difference]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def answers(rule: Rule) -> bool:
    """Whether another value of a parameter can change any alert of the rule."""
    return bool(rule.parameters) and rule.kind not in ("context", "page")


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
    """Compute it. Raises WhatIfError for a rule that does not answer, TimeoutError when the broker does not."""
    if not answers(rule):
        raise WhatIfError(f"{rule.id}: kind = {rule.kind}, parameters = {len(rule.parameters)}")
    kafka = settings.kafka
    domains = tuple(rule.reads) or (rule.domain,)
    topics = [kafka.layout().topic(DOMAINS[domain].name) for domain in domains]
    bounds = records.bounds(kafka.bootstrap_servers, records.partitions(kafka.bootstrap_servers, topics))
    total = sum(end - begin for begin, end in bounds.values())
    until = _until(settings, bounds)
    since = months_before(until, months, profile)
    profiles = (profile, changed_profile(profile, rule, changes))
    contexts = [Context(of, settings.streams.clock == "event") for of in profiles]

    def taken(since: int) -> tuple[Began, list[Lane]]:
        began = Began(since, lambda done: progress(done, total))
        return began, [lane for domain in domains for lane in lanes(settings, DOMAINS[domain], domain, began)]

    before: Standing = {}
    after: Standing = {}
    if rule.task == "case":
        began, partitions = taken(since)
        before, after = _judged(rule, PROCESSORS[rule.domain], contexts, map(chunks, partitions), until)
    if rule.task == "regency" or rule.compare is not None:
        began, partitions = taken(since - PEERS_MS if rule.weigh is None else 0)
        now, then = _judged(rule, Regency, contexts, [in_order(partitions)], until)
        before, after = before | _within(now, since), after | _within(then, since)
    progress(total, total)
    return WhatIf(
        rule.id, dict(changes), since, until, min(began.first, until), len(began.cases), len(began.older),
        standing={"now": _levels(before), "then": _levels(after)},
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


def _until(settings: Settings, bounds: Mapping[records.Partition, tuple[int, int]]) -> int:
    """Until when deadlines are judged: now, or the newest record where a past period is replayed."""
    if settings.kafka.timestamps == "LogAppendTime":
        return time.time_ns() // 1_000_000
    last: dict[records.Partition, int | None] = {
        place: end - 1 for place, (begin, end) in bounds.items() if end > begin
    }
    return max(
        (int(message.timestamp()[1]) for message in records.read(settings.kafka.bootstrap_servers, last)),
        default=0,
    )


def _judged(
    rule: Rule,
    make: Callable[[Context], Judge[R]],
    contexts: Sequence[Context],
    feeds: Iterable[Iterator[R]],
    until: int,
) -> list[Standing]:
    """The rule's alerts that stand at ``until`` (UTC ms), by id, in each context. What is judged apart comes in feeds of
    its own."""
    found: list[Standing] = [{} for _ in contexts]
    for feed in feeds:
        judges = [make(context) for context in contexts]
        for rows in feed:
            for judge in judges:
                judge.process(rows)
                mark(judge.stores.values())
        for judge, standing in zip(judges, found, strict=True):
            judge.advance(until)
            standing.update(_standing(judge.alerts, rule))
    return found


def _standing(alerts: Alerts, rule: Rule) -> Standing:
    """The rule's alerts that stand, by id."""
    return {
        name: alert
        for name, alert in alerts.records().items()
        if alert["rule"] == rule.id and alert["status"] != WITHDRAWN
    }


def _within(found: Standing, since: int) -> Standing:
    """Those of a time at or after ``since`` (UTC ms): the others are peers', from before the months asked about."""
    return {name: alert for name, alert in found.items() if alert["level_at"] >= since}


def _levels(found: Standing) -> dict[str, int]:
    return dict(Counter(alert["level"] for alert in found.values()))


def _difference(now: Mapping[str, Any] | None, then: Mapping[str, Any] | None) -> Difference:
    shown = then or now or {}
    return Difference(
        shown["subject"],
        shown["scope"],
        now["level"] if now else "",
        then["level"] if then else "",
        shown["sentence"],
    )
