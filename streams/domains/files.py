"""A permit's file: the case with what was last said about it, and how it is packed into a store. See permits.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from streams.domains.case import Case, Course, Event, Summary
from streams.engine.totals import Key
from streams.rules import p01


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


def pack(file: File) -> bytes:
    """What cannot be made again from the rest."""
    events = [(e[0], bytes.fromhex(e.event_id.replace("-", "")), *e[2:]) for e in file.case.events]
    return _encode(_Packed(file.case.seen, events, file.case.replaced, file.judged, sorted(file.alerted)))


def unpack(body: bytes) -> File:
    """The file in a packed body; summary, scopes and flows are still to be made."""
    packed = _decode(body)
    events = [Event(e[0], _uuid(e[1]), *e[2:]) for e in packed.events]
    return File(Case(packed.seen, events, packed.replaced), packed.judged, set(packed.alerted))


def _uuid(value: bytes) -> str:
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode
