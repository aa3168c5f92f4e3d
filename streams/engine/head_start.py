"""A head start for a task that must be computed anew: the state that a set beside the live one has come to.

`nadi rebuild` runs workers of their own under a set's number, which read the same events by other code or another profile
and say nothing. Once that set was chosen, a live task whose fingerprint has changed goes on from its state, and not from
the beginning of the topic.
"""

from __future__ import annotations

from dataclasses import replace

from schemas import deployment
from schemas.catalogue import Layout
from streams.engine.fetch import Source
from streams.engine.state_group import Header, LaneState
from streams.engine.state_log import Recovered, read


def chosen(bootstrap: str, layout: Layout, log: Source, topic: str, number: int | None) -> Recovered | None:
    """The state log of the chosen set that belongs to a live one; None where there is none. ``topic`` is the catalogue
    name, ``number`` a set that is only tried. Raises StateGroupError, TimeoutError."""
    if layout.rebuild:
        return None
    if number is None:
        number = deployment.chosen_set(deployment.read(bootstrap, layout))
    if not number:
        return None
    beside = Source(replace(layout, rebuild=number).topic(topic), log.partition)
    return read(bootstrap, beside) if _exists(bootstrap, beside) else None


def fits(beside: Recovered | None, live: Header | None, name: str, fingerprint: str) -> LaneState | None:
    """Where the set stands in an input, when it was computed as is wanted now and is not ahead of the live one: what
    is between them the live one has said and set aside already."""
    if beside is None or beside.header is None or live is None:
        return None
    state, stands = beside.header.lanes.get(name), live.lanes.get(name)
    if (
        state is None
        or stands is None
        or state.fingerprint != fingerprint
        or state.position > stands.position
    ):
        return None
    return state


def _exists(bootstrap: str, log: Source) -> bool:
    from confluent_kafka.admin import AdminClient

    found = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=10).topics
    return log.topic in found
