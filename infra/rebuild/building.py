"""The workers of a set, run until they have come to where the live ones are."""

from __future__ import annotations

import time
from collections.abc import Callable

from infra.embedded.stack import Stack
from infra.rebuild.sets import settings_of
from infra.settings import Settings
from infra.state.logs import headers, regency_header
from schemas import records
from streams.engine.regency import WHOLE
from streams.engine.state_group import Header

LOOK_SECONDS = 0.5

Progress = Callable[[int, int], None]
Positions = dict[tuple[int, str], int]


def build(settings: Settings, number: int, progress: Progress) -> None:
    """Compute the set up to where the live tasks are; goes on with what an earlier call left. Raises StackError when a
    worker dies again and again, TimeoutError when the broker does not answer."""
    own = settings_of(settings, number)
    stack = Stack(own)
    stack.supervisor.claim()
    try:
        stack.supervisor.add([*stack.broker_parts(), *stack.worker_parts()])
        names = [part.name for part in stack.worker_parts()]
        looked, before = 0.0, positions(settings)
        while True:
            stack.supervisor.tick()
            stack.supervisor.give_up_on(names)
            if time.monotonic() - looked > LOOK_SECONDS:
                looked = time.monotonic()
                live, set_ = positions(settings), positions(own)
                done = sum(min(set_.get(place, 0), at) for place, at in live.items())
                progress(done, sum(live.values()))
                if before and all(set_.get(place, 0) >= at for place, at in before.items()):
                    return  # it has come to where the live ones were a look ago
                before = live
            time.sleep(0.1)
    finally:
        stack.stop()


def positions(settings: Settings) -> Positions:
    """How many records of every input each task has applied, by task and input. Raises TimeoutError."""
    kafka = settings.kafka
    topics = list(kafka.layout().configurations())
    if not records.partitions(kafka.bootstrap_servers, topics):
        return {}
    found: dict[int, Header] = headers(kafka)
    regency = regency_header(kafka)
    if regency is not None:
        found[-1] = regency
    return {
        (task, name): state.position
        for task, header in found.items()
        for name, state in header.lanes.items()
        if name != WHOLE
    }
