"""Putting a set in the place of what is live: the choice, and what has to start again for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.activation import Activations
from infra.embedded.running import record_of
from infra.rebuild.sets import choose
from infra.settings import Settings
from infra.state.logs import headers, regency_header
from streams.engine.claims import REGENCY

SWITCH_SECONDS = 180.0


def switch(settings: Settings, source: Path, number: int) -> bool:
    """Choose the set, put the profile into force, and tell whether a running stack starts its workers again for it: with
    the same profile it does not, and has to be started again by hand."""
    choose(settings, number)
    _, new = Activations(settings.data_dir).activate(source)
    return new and record_of(settings) is not None


def wait_switched(
    settings: Settings, anew: Mapping[tuple[int, str], int], progress: Callable[[int, int], None]
) -> bool:
    """Wait until every input that is computed otherwise has been published anew; ``anew`` has the number of its rebuilds
    before. False when it takes too long."""
    deadline = time.monotonic() + SWITCH_SECONDS
    while time.monotonic() < deadline:
        found = {**headers(settings.kafka), REGENCY: regency_header(settings.kafka)}
        done = sum(
            (header := found.get(task)) is not None and header.lanes[name].rebuild > before
            for (task, name), before in anew.items()
        )
        progress(done, len(anew))
        if done == len(anew):
            return True
        time.sleep(0.3)
    return False
