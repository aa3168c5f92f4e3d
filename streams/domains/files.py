"""A permit's file: the case with what was last said about it, and how it is packed into a store. See permits.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from streams.domains.case import Case, Course, Event, Summary
from streams.cases.words import Words
from streams.engine.totals import Key
from streams.rules import p01

#: The texts of an event that have few different values.
SHARED = attrgetter("kind", "step", "unit", "permit_type", "opd", "source", "mode")


class Asked(NamedTuple):
    """What P01 judges in a case: the whole ("") or one step, and all that its deadlines depend on."""

    scope: str
    permit_type: str
    unit: str
    started_at: int
    closed_at: int | None
    due_at: int | None
    course: Course


class Scope(NamedTuple):
    """A question with its standard (working days), its deadlines, and the fractions of the levels."""

    asked: Asked
    standard: float | None
    deadlines: tuple[p01.Deadline, ...]
    fractions: tuple[float, ...]


Judged = tuple[int | None, int | None]
"""When the warning and the breach of the whole case were reached (UTC ms), as far as the clock has judged."""


@dataclass(slots=True)
class File:
    """A case, what follows from it (``summary``, ``scopes``, ``counted``: made again when it is unpacked), what the
    clock has judged, and the scopes about which an alert was ever raised."""

    case: Case
    judged: Judged = (None, None)
    alerted: set[str] = field(default_factory=set)
    summary: Summary | None = None
    scopes: list[Scope] = field(default_factory=list)
    counted: dict[Key, int] = field(default_factory=dict)
    counted_from: tuple[object, ...] = ()


class _Packed(msgspec.Struct, array_like=True):
    seen: int
    events: list[tuple[Any, ...]]
    replaced: dict[str, str]
    judged: Judged
    alerted: list[str]


def pack(file: File, words: Words) -> bytes:
    """What cannot be made again from the rest; texts that many events share are numbers of ``words``."""
    events = [
        (
            e.occurred_at, bytes.fromhex(e.event_id.replace("-", "")), *map(words.number, SHARED(e)),
            e.due_at, e.offset, e.simulated,
        )
        for e in file.case.events
    ]  # fmt: skip
    return _encode(_Packed(file.case.seen, events, file.case.replaced, file.judged, sorted(file.alerted)))


def unpack(body: bytes, words: Words) -> File:
    """The file in a packed body; summary, scopes and flows are still to be made."""
    packed = _decode(body)
    events = []
    for at, event_id, *numbers, due_at, offset, simulated in packed.events:
        kind, step, unit, permit_type, opd, source, mode = map(words.text, numbers)
        events.append(
            Event(
                at,
                _uuid(event_id),
                kind,
                step,
                unit,
                permit_type,
                due_at,
                opd,
                source,
                offset,
                mode,
                simulated,
            )
        )
    return File(Case(packed.seen, events, packed.replaced), packed.judged, set(packed.alerted))


def _uuid(value: bytes) -> str:
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode
