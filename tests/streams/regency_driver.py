"""Drives the regency's processor as its task does, with whatever may happen to one in between."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from domain_rows import chunks_of

from infra.settings import resolve_profile
from schemas.profile import Profile
from streams.domains.regency import Regency
from streams.engine.merge import Merged, Rows, merge
from streams.engine.processor import Context
from streams.engine.state_group import from_bytes, to_bytes


def rows_of(domain: str, partition: int, lane: list[tuple[dict[str, Any], int]]) -> Rows:
    """All events of a partition, each with its timestamp, in order."""
    events, stamps = [event for event, _ in lane], [at for _, at in lane]
    (chunk,) = chunks_of(domain, events, [0], stamps, partition)
    wanted = chunk.columns.select(list(_reads()[domain]))
    return Rows.of(domain, replace(chunk, columns=wanted))


@cache
def _reads() -> Mapping[str, tuple[str, ...]]:
    """The only fields that the task decodes."""
    return Regency(Context(Profile.load(resolve_profile("contoh")))).reads


def between(lanes: list[Rows], after: int, before: int) -> Merged:
    """What a step of the task hands over: rows with a clock in [after, before), merged."""
    pieces = []
    for rows in lanes:
        low, high = np.searchsorted(rows.clocks, (after, before)).tolist()
        if high > low:
            pieces.append(rows.part(low, high))
    return merge(pieces, before)


def successor(old: Regency, profile: Profile) -> Regency:
    """Another owner, with what the state log would give it."""
    new = Regency(Context(profile))
    for name, store in old.stores.items():
        for batch in store.freeze():
            new.stores[name].restore(from_bytes(to_bytes(batch)))
    return new


def run(lanes: list[Rows], cuts: list[int], until: int, rng: random.Random, profile: Profile) -> Regency:
    """The task's own way: rows up to a clock, then what is due before it; sometimes broken off, sometimes another owner."""
    processor, at = Regency(Context(profile)), 0
    for cut in [*sorted(cuts), until + 1]:
        merged = between(lanes, at, cut)
        if len(merged) and rng.random() < 0.2:  # an attempt that is taken back
            processor.process(merged)
            processor.advance(cut - 1)
            for store in processor.stores.values():
                store.undo()
        if len(merged):
            processor.process(merged)
        due = processor.next_due()
        if due is not None and due < cut:
            processor.advance(cut - 1)
        for store in processor.stores.values():
            store.mark()
        at = cut
        if rng.random() < 0.1:
            processor = successor(processor, profile)
    return processor
