"""What arrived and what was refused, by department: for people who look, not for deciding anything.

What was accepted is in memory and is read back from the topics at a start (``stood``); refusals are kept in a file
(``refusals``).
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from producers.access.caller import Caller
from producers.access.credentials import presented
from producers.gateway.acceptance import Answer, Receipt
from producers.gateway.checking import Checked
from producers.gateway.envelope import Envelope
from producers.gateway.index import Place
from producers.gateway.problems import Problem
from producers.gateway.refusals import SHOWN, Refusals
from producers.redaction import mask
from schemas.catalogue import HEARTBEATS, POPULATION, SANDBOX, TOPICS

#: Refusals of a key whose owner proved to know its secret: they are shown to its department.
OWNED = frozenset({"key-expired", "key-revoked", "address-not-allowed"})
#: What is no refusal: the same event sent again may be taken.
PASSING = frozenset({"in-progress", "starting", "kafka-away", "kafka-refused", "internal"})


class Accepted(NamedTuple):
    """One event that was taken. ``at`` is UTC ms; ``subject`` is the matter by the topic's key, empty where that is a token;
    ``type`` is that of the CloudEvent."""

    at: int
    event_id: str
    source: str
    type: str
    subject: str
    place: Place

    @property
    def sandbox(self) -> bool:
        return self.place.topic.startswith(SANDBOX)


class _Fresh(NamedTuple):
    """One event as it was taken, of which nobody has asked yet: most never are, and the rest are told when they are."""

    at: int
    event: Checked
    receipt: Receipt


class Trail:
    """Safe to share between threads; ``path`` and ``sources`` are those of ``Refusals``."""

    def __init__(self, path: Path | None = None, now: int = 0, sources: Collection[str] = ()) -> None:
        self._lock = threading.Lock()
        self._accepted: dict[str, list[Accepted | _Fresh]] = {}
        self._floor: dict[str, int] = {}
        self._changes = 0
        self._begun = now
        self.refusals = Refusals(path, now, sources)

    @property
    def version(self) -> str:
        """Another text whenever something was added."""
        return f"{self._begun}-{self._changes}"

    def note(
        self,
        caller: Caller,
        events: Sequence[object],
        checked: Sequence[Checked | Problem],
        answers: Sequence[Answer],
        now: int,
    ) -> None:
        """Remember the answers to some events; ``events`` are the envelopes that they came in, where they did."""
        new: list[_Fresh] = []
        refused: list[tuple[Envelope | None, Problem]] = []
        for event, one, answer in zip(events, checked, answers, strict=True):
            if isinstance(answer, Problem):
                if answer.code not in PASSING:
                    refused.append((event if isinstance(event, Envelope) else None, answer))
            elif not answer.replayed and isinstance(one, Checked):
                new.append(_Fresh(answer.place.at, one, answer))
        if new:
            self._add(caller.opd, new[-SHOWN:])
        if refused:
            self._refuse(caller.opd, caller.key_id, caller.sandbox, refused, now)

    def refuse(self, caller: Caller | None, authorization: str | None, problem: Problem, now: int) -> None:
        """Remember that a whole request was refused; ``caller`` is None where nobody was recognised."""
        if problem.code in PASSING:
            return
        if caller is not None:
            self._refuse(caller.opd, caller.key_id, caller.sandbox, [(None, problem)], now)
            return
        sent = presented(authorization or "") if problem.code in OWNED else None
        self._refuse(*((sent.opd, sent.key_id) if sent else ("", "")), False, [(None, problem)], now)

    def forget_accepted(self) -> None:
        """Before the topics are read again."""
        with self._lock:
            self._accepted.clear()
            self._floor.clear()

    def wants(self, opd: str, at: int) -> bool:
        """Whether an event of that instant (UTC ms) may be among the last of a department."""
        return at >= self._floor.get(opd, 0)

    def stood(self, opd: str, place: Place, headers: Mapping[str, bytes | None], key: bytes | None) -> None:
        """An event found on its topic, with its headers by name and its Kafka key."""
        topic = TOPICS[place.topic.removeprefix(SANDBOX)]
        whole = (key or b"").decode(errors="replace")
        matter = whole.partition("|")[2] if topic.key[0] == "opd" else whole
        id_, source, type_ = (
            (headers.get(name) or b"").decode(errors="replace") for name in ("ce_id", "ce_source", "ce_type")
        )
        self._add(opd, [Accepted(place.at, id_, source, type_, _subject(topic.name, matter), place)])

    def accepted(self, opd: str, *, sandbox: bool | None = None) -> list[Accepted]:
        """The last events of a department, the newest first; ``sandbox`` True for trials alone."""
        with self._lock:
            found = sorted(self._accepted.get(opd, ()), key=lambda one: one.at, reverse=True)
        told = (_accepted(one) if isinstance(one, _Fresh) else one for one in found)
        return list(islice((one for one in told if sandbox is None or one.sandbox == sandbox), SHOWN))

    def _add(self, opd: str, new: Sequence[Accepted | _Fresh]) -> None:
        with self._lock:
            kept = self._accepted.setdefault(opd, [])
            kept.extend(new)
            if len(kept) > 3 * SHOWN:
                kept.sort(key=lambda one: one.at)
                del kept[: -2 * SHOWN]
                self._floor[opd] = kept[0].at
            self._changes += 1

    def _refuse(
        self,
        opd: str,
        key_id: str,
        sandbox: bool,
        refused: Sequence[tuple[Envelope | None, Problem]],
        now: int,
    ) -> None:
        self.refusals.add(opd, key_id, sandbox, refused, now)
        self._changes += 1


def _accepted(one: _Fresh) -> Accepted:
    _, event, receipt = one
    data, topic = event.data, event.contract.topic
    matter = "|".join(str(getattr(data, name)) for name in topic.key if name != "opd")
    type_ = f"id.go.nadi.{topic.name}.{data.kind}.v1"
    return Accepted(
        receipt.place.at, data.event_id, data.source, type_, _subject(topic.name, matter), receipt.place
    )


def _subject(topic: str, matter: str) -> str:
    """What an event is about, for people; nothing where the key is a token or the source itself."""
    return "" if topic in (POPULATION.name, HEARTBEATS.name) else mask(matter)
