"""The frozen fences in the words of people, as the regency task's state log has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from infra.settings import Settings
from infra.state.logs import recover
from schemas import deployment
from schemas.profile import Profile
from streams.cases.book import EPOCH, day_of
from streams.domains.permit_peers import PermitPeers
from streams.domains.regency import Regency
from streams.engine.claims import REGENCY, fingerprint_of
from streams.engine.processor import Context
from streams.engine.regency import DOMAIN, WHOLE
from streams.peers.peers import Peers
from streams.rules.rule import Fenced, Rule

#: What a fence is made of, by the names of stores.
STORES = ("words", "fences")


@dataclass(frozen=True, slots=True)
class Fence:
    """The fence of one group of peers: ``of`` whom, in words; how many ``peers`` there were; ``id`` as alerts name it. With
    fewer than the rule's minimum sample there are no ``quantiles`` (by percent) and no ``limit``."""

    of: str
    peers: int
    id: str
    quantiles: Mapping[int, float]
    limit: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """The fences of one measure of a rule on a local day (ISO), those of most peers first, all in ``unit``. What is
    found lies ``side`` the limit: below or above."""

    measure: str
    day: str
    unit: str
    side: str
    percents: tuple[int, ...]
    fences: list[Fence]
    simulated: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Frozen:
    """All fences that are kept. May be asked from any thread; ``simulated`` says whether simulated events are in them."""

    def __init__(self, processor: PermitPeers, *, simulated: bool) -> None:
        self._processor, self.simulated = processor, simulated

    def of(self, rule: Rule, day: date | None = None) -> list[Measured]:
        """The fences of a rule for cases that close on a local day, by default the last that was frozen; empty where
        none are kept."""
        peers = self._processor.peers(rule, None if day is None else (day - EPOCH).days)
        if peers is None:
            return []
        return [_measured(rule, fenced, peers, simulated=self.simulated) for fenced in rule.fences]


def frozen(settings: Settings, profile: Profile) -> Frozen | None:
    """Read the state log to its end. None when no broker answers, or what stands there was computed by other rules or
    another profile: it is computed anew then, and its numbers mean something else."""
    kafka = settings.kafka
    if not kafka.bootstrap_servers:
        return None
    processor = Regency(Context(profile, settings.streams.clock == "event"))
    try:
        recovered = recover(kafka, REGENCY, lambda domain, store: domain == DOMAIN and store in STORES)
        facts = deployment.read(kafka.bootstrap_servers, kafka.layout())
    except (TimeoutError, RuntimeError):
        return None
    if recovered.header is not None:
        expected = fingerprint_of(DOMAIN, processor.version, profile.hash)
        if recovered.header.lanes[WHOLE].fingerprint != expected:
            return None
    for part in recovered.parts:
        processor.stores[part.store].restore(part.batch)
    return Frozen(processor.permits, simulated=facts.get(deployment.ORIGIN) == deployment.SIMULATED)


def _measured(rule: Rule, fenced: Fenced, peers: Peers, *, simulated: bool) -> Measured:
    words, profile, day = peers.book.words, peers.book.profile, peers.day
    groups = peers.fenced(fenced.measure)
    names = [words.text(group) for group in groups.tolist()]
    parts = [_type_and_step(profile, name) for name in names]
    fence = peers.fence(fenced.measure, groups, np.full(len(groups), day))
    parameters = {
        p.name: np.array([peers.parameter(p.name, words.known(kind) or 0) for kind, _ in parts])
        for p in rule.parameters
    }
    limits = fenced.limit(fence, parameters)
    quantiles = {percent: fenced.values(fence.by_percent[percent]) for percent in fenced.percents}
    found = []
    for row, (group, name, part) in enumerate(zip(groups.tolist(), names, parts, strict=True)):
        enough = int(fence.n[row]) >= rule.minimum_sample
        found.append(
            Fence(
                _in_words(profile, *part),
                int(fence.n[row]),
                peers.fence_id(fenced.measure, group, day, name),
                {percent: float(values[row]) for percent, values in quantiles.items()} if enough else {},
                float(limits[row]) if enough else None,
            )
        )
    found.sort(key=lambda one: (-one.peers, one.of))
    on = day_of(day).isoformat()
    return Measured(fenced.measure, on, fenced.unit, fenced.side, fenced.percents, found, simulated)


def _type_and_step(profile: Profile, name: str) -> tuple[str, str]:
    """The codes in a group's name, ``type`` or ``type/step``."""
    if name in profile.permit_types or "/" not in name:
        return name, ""
    kind, _, step = name.rpartition("/")
    return kind, step


def _in_words(profile: Profile, code: str, step_code: str) -> str:
    kind = profile.permit_types.get(code)
    step = kind.step(step_code) if kind is not None else None
    names = (kind.short if kind else code or "jenis tidak disebut", step.name if step else step_code)
    return ", ".join(filter(None, names))
