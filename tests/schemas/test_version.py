"""Versions keep the order of their parts; clocks move only by the rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.version import MAX_OFFSET, MAX_REBUILD, MAX_TICK, Version, idle_tick, pack, unpack
from streams.engine.clock import ClockRule

PARTS = st.builds(Version, st.integers(0, MAX_REBUILD), st.integers(0, MAX_OFFSET), st.integers(0, MAX_TICK))


@given(PARTS, PARTS)
def test_packing_keeps_order_and_parts(a: Version, b: Version) -> None:
    assert unpack(pack(*a)) == a
    assert (pack(*a) < pack(*b)) == (a < b)
    assert 0 <= pack(*a) < 2**63


def test_what_does_not_fit_is_refused_or_held() -> None:
    with pytest.raises(ValueError, match="rebuild number 64"):
        pack(64, 0, 0)
    with pytest.raises(ValueError, match="offset"):
        pack(0, MAX_OFFSET + 1, 0)
    assert unpack(pack(0, 1, MAX_TICK + 5)).tick == MAX_TICK


def test_idle_ticks_are_above_those_of_records() -> None:
    assert idle_tick(1000, 1000) == 1
    assert idle_tick(5000, 1000) == 5
    assert idle_tick(500, 1000) == 1


def test_an_idle_clock_moves_only_at_the_end() -> None:
    live = ClockRule()
    assert live.idle(position=5, end=5, wall=99) == 99
    assert live.idle(position=4, end=5, wall=99) is None
    assert live.at_end(position=5, end=5) is None
    replay = ClockRule("event", 77)
    assert replay.idle(position=5, end=5, wall=99) is None
    assert replay.at_end(position=4, end=5) is None
    assert replay.at_end(position=5, end=5) == 77
    assert not ClockRule("event").bounded
    assert ClockRule("event").at_end(position=5, end=5) is None
