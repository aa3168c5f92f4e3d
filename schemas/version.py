"""The version of an aggregate: rebuild number, next source offset and tick in one long that keeps their order.

``rebuild`` (6 bits) grows when the same input is computed anew by other code or another profile. ``next offset``
(34 bits) is the offset after the last record in the value. ``tick`` (22 bits) orders what the idle clock changes
without a new record: 0 for values computed by records, else one more than the seconds since the last record.

Why versions of one key never go back: offsets only grow while a task runs, and after a restart a task writes
only from the committed offset on. At one offset the idle clock only moves on, also over a restart, because
seconds are counted from the last record's timestamp, which the replay gives back. After 48 idle days the tick
stays at its maximum; of equal versions the one written last holds, and the log keeps their order.
"""

from __future__ import annotations

from typing import NamedTuple

REBUILD_BITS = 6
OFFSET_BITS = 34
TICK_BITS = 22
MAX_REBUILD = (1 << REBUILD_BITS) - 1
MAX_OFFSET = (1 << OFFSET_BITS) - 1
MAX_TICK = (1 << TICK_BITS) - 1


class Version(NamedTuple):
    """The parts of a version, in order of weight."""

    rebuild: int
    next_offset: int
    tick: int


def pack(rebuild: int, next_offset: int, tick: int) -> int:
    """The parts as one positive 63-bit integer. Raises ValueError when rebuild or offset do not fit."""
    if not 0 <= rebuild <= MAX_REBUILD:
        raise ValueError(f"rebuild number {rebuild} does not fit in {REBUILD_BITS} bits")
    if not 0 <= next_offset <= MAX_OFFSET:
        raise ValueError(f"offset {next_offset} does not fit in {OFFSET_BITS} bits")
    return (rebuild << (OFFSET_BITS + TICK_BITS)) | (next_offset << TICK_BITS) | min(max(tick, 0), MAX_TICK)


def unpack(version: int) -> Version:
    """The parts of a version."""
    return Version(
        version >> (OFFSET_BITS + TICK_BITS), (version >> TICK_BITS) & MAX_OFFSET, version & MAX_TICK
    )


def idle_tick(clock: int, last_timestamp: int) -> int:
    """The tick of a clock (UTC ms) that moved without a record since ``last_timestamp`` (UTC ms)."""
    return 1 + max(0, clock - last_timestamp) // 1000
