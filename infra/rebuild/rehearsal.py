"""What every live task would say if it went on from the set: the step that its next owner will take, without claiming it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from infra.rebuild.difference import Difference
from infra.settings import Settings
from schemas.profile import Profile
from schemas.registry import open_ids
from streams.engine.claims import REGENCY, Claims, published
from streams.engine.decode import Decoder
from streams.engine.fetch import Fetcher, open_fetcher
from streams.engine.lane import Lane
from streams.engine.look_ups import LookUps
from streams.engine.regency import DOMAIN, WHOLE, Inbox, RegencyTask
from streams.engine.state_group import Header
from streams.engine.state_log import Recovered, read
from streams.engine.task import About, CaseTask, Task
from streams.worker import claims_of, codecs_of

ROWS = 100_000
WAIT_SECONDS = 60.0
NAME = "nadi-rebuild"

Progress = Callable[[int, int], None]


class NotBesideError(RuntimeError):
    """A task could not go on from the set: it is ahead of the live one, or was computed otherwise."""


def rehearse(settings: Settings, profile: Profile, number: int, progress: Progress) -> Difference:
    """Compare task by task, each at one and the same position and clock. Raises NotBesideError, TimeoutError."""
    look_ups = LookUps(settings.kafka.bootstrap_servers, NAME)
    claims = claims_of(
        settings.kafka, settings.streams, profile, look_ups, About(NAME, "", profile.hash), rehearsed=number
    )
    cases, regency = _decoders(settings, claims)
    fetcher = open_fetcher(settings.kafka.bootstrap_servers, NAME, NAME, settings.streams.fetch)
    found = Difference()
    tasks = [*range(settings.kafka.partitions), REGENCY]
    try:
        for done, task in enumerate(tasks):
            progress(done, len(tasks))
            recovered, went_on, names = _go_on(claims, task, regency if task == REGENCY else cases, fetcher)
            if went_on is not None and recovered.header is not None:
                found.anew |= {(task, name): recovered.header.lanes[name].rebuild for name in names}
                _compare(found, recovered, went_on, profile)
        progress(len(tasks), len(tasks))
    finally:
        fetcher.close()
        look_ups.close()
    return found


def _go_on(
    claims: Claims, number: int, decoders: Mapping[str, Decoder], fetcher: Fetcher
) -> tuple[Recovered, Task | None, list[str]]:
    """The live state of a task, the task gone on from the set to the same place, None where nothing is computed
    otherwise, and the names of the inputs that are."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        recovered = read(claims.bootstrap, claims.log_of(number))
        if recovered.header is None:
            return recovered, None, []
        task = _task(claims, number, recovered)
        if not task.anew:
            return recovered, None, []
        if _has_head_start(task):
            break
        if time.monotonic() > deadline:
            raise NotBesideError(f"task {number}: the set does not fit to what is live")
        time.sleep(0.5)  # the live task is behind the set for a moment
    names = [name for name, domain in _computed(task).items() if domain in task.anew]
    _feed(task, recovered.header, decoders, fetcher)
    return recovered, task, names


def _computed(task: Task) -> dict[str, str]:
    """The domain of each input that a figure is computed from: the whole, in the regency task."""
    if isinstance(task, RegencyTask):
        return {WHOLE: DOMAIN}
    return {name: lane.processor.domain for name, lane in task.inputs.items() if isinstance(lane, Lane)}


def _decoders(settings: Settings, claims: Claims) -> tuple[dict[str, Decoder], dict[str, Decoder]]:
    """Those of the case tasks and of the regency task, by cluster topic: each wants other fields."""
    ids = open_ids(settings.kafka.schema_registry_url)
    reads = claims.make_regency().reads if claims.make_regency is not None else {}
    cases, regency = (codecs_of(settings.kafka, ids, fields) for fields in (claims.columns(), reads))
    return (
        {topic: Decoder(codec, NAME) for topic, codec in cases.items()},
        {topic: Decoder(codec, NAME) for topic, codec in regency.items()},
    )


def _task(claims: Claims, number: int, recovered: Recovered) -> Task:
    if number != REGENCY:
        return claims.case_task(number, recovered)
    assert claims.make_regency is not None  # noqa: S101
    return claims.regency_task(claims.make_regency, recovered)


def _has_head_start(task: Task) -> bool:
    """Whether everything that is computed anew goes on from the set."""
    if isinstance(task, RegencyTask):
        return task.live or task.whole.clock > 0
    return all(
        lane.live or lane.position > lane.begin for lane in task.inputs.values() if isinstance(lane, Lane)
    )


def _feed(task: Task, live: Header, decoders: Mapping[str, Decoder], fetcher: Fetcher) -> None:
    """Apply what the live task has applied, and move the clocks to its clocks."""
    inputs = {item.source: (name, item) for name, item in task.inputs.items() if name != WHOLE}
    ends = {source: live.lanes[name].position for source, (name, _) in inputs.items() if name in live.lanes}
    left = {
        source: inputs[source][1].expected for source, end in ends.items() if inputs[source][1].expected < end
    }
    while left:
        fetcher.assign(left)
        reading = len(left)
        while len(left) == reading:
            for run in fetcher.fetch(ROWS, 0.2):
                part = run.part(run.first_offset, min(run.next_offset, ends[run.source]))
                _apply(inputs[run.source][1], decoders[run.source.topic].decode(part))
                left[run.source] = part.next_offset
            left = {source: at for source, at in left.items() if at < ends[source]}
    if isinstance(task, RegencyTask):
        for inbox in task.inboxes.values():
            inbox.read_to = max(inbox.read_to, live.lanes[WHOLE].clock)
        task.step()
    elif isinstance(task, CaseTask):
        for name, lane in task.lanes.items():
            if name in live.lanes and lane.live and lane.clock < live.lanes[name].clock:
                lane.advance(live.lanes[name].clock)


def _apply(item: Any, batch: Any) -> None:
    assert isinstance(item, Lane | Inbox)  # noqa: S101
    item.apply(batch)


def _compare(found: Difference, recovered: Recovered, task: Task, profile: Profile) -> None:
    """What the live task said, and what it would say."""
    processors: dict[str, Any] = (
        {DOMAIN: task.processor}
        if isinstance(task, RegencyTask)
        else {
            lane.processor.domain: lane.processor for lane in task.inputs.values() if isinstance(lane, Lane)
        }
    )
    for domain, processor in processors.items():
        totals, alerts = published(recovered, domain)
        found.add_totals(totals.snapshot(), processor.totals.snapshot())
        found.add_alerts(alerts.records(), processor.alerts.records(), profile.local_day)
