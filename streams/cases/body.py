"""How a case stands in its store: one run of bytes, so that a million cases are a million small objects and no more.

seen, warned_at, breached_at   int64 each (UTC ms): the clock at the first record; when P01's warning and breach of
                               the whole case were judged (NEVER: not yet)
alerted, replaced              uint16 each: how many of the following
outcomes                       int8 for each rule: what was counted of it last
alerted                        uint64 each: rule and scope about which an alert was ever raised
replaced                       32 bytes each: an event that a correction took out, and the one that stands for it
events                         streams.cases.events.EVENT or COMPARED, in order
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from streams.cases.events import NEVER

HEAD = struct.Struct("<qqqHH")
ALERTED, REPLACED = 8, 32


class Body(NamedTuple):
    """A case as it was saved; ``events`` are the bytes of its rows."""

    seen: int
    warned_at: int
    breached_at: int
    outcomes: bytes
    alerted: tuple[int, ...]
    replaced: dict[bytes, bytes]
    events: bytes


def pack(body: Body) -> bytes:
    """The bytes of a case."""
    head = HEAD.pack(body.seen, body.warned_at, body.breached_at, len(body.alerted), len(body.replaced))
    alerted = struct.pack(f"<{len(body.alerted)}Q", *body.alerted) if body.alerted else b""
    replaced = b"".join(old + now for old, now in body.replaced.items()) if body.replaced else b""
    return b"".join((head, body.outcomes, alerted, replaced, body.events))


def unpack(data: bytes, rules: int) -> Body:
    """The case in such bytes; ``rules`` is how many outcomes it has."""
    seen, warned_at, breached_at, alerted, replaced = HEAD.unpack_from(data)
    at = HEAD.size
    outcomes = data[at : at + rules]
    at += rules
    names = struct.unpack_from(f"<{alerted}Q", data, at) if alerted else ()
    at += ALERTED * alerted
    pairs = {}
    for place in range(at, at + REPLACED * replaced, REPLACED):
        pairs[data[place : place + 16]] = data[place + 16 : place + 32]
    at += REPLACED * replaced
    return Body(seen, warned_at, breached_at, outcomes, names, pairs, data[at:])


def events_of(data: bytes, rules: int) -> tuple[int, bytes]:
    """``seen`` and ``events`` of the case in such bytes."""
    seen, _, _, alerted, replaced = HEAD.unpack_from(data)
    return seen, data[HEAD.size + rules + ALERTED * alerted + REPLACED * replaced :]


def new(seen: int, rules: int, nothing: int) -> Body:
    """A case of which nothing is known yet."""
    return Body(seen, NEVER, NEVER, bytes([nothing]) * rules, (), {}, b"")
