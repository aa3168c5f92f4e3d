"""Figures that were computed anew: all of them at once, however they come in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.version import pack
from sinks.wallboard.store import Cell, Store
from sinks.wallboard.switching import PATIENCE_SECONDS, Switching

TOPIC = "revenue.receipts"
PARTITIONS = (0, 1, 2)


def cell(partition: int, value: str, amount: int, rebuild: int, offset: int = 10) -> Cell:
    return Cell(
        "revenue.received", "opd", value, "2026-03-01", TOPIC, partition, amount, pack(rebuild, offset, 0)
    )


def cells(rebuild: int, amount: int) -> dict[int, list[Cell]]:
    return {p: [cell(p, value, amount, rebuild) for value in "abc"] for p in PARTITIONS}


@given(st.permutations([p for p in PARTITIONS for _ in range(3)]), st.booleans())
def test_a_board_shows_the_old_sum_or_the_new_one(order: list[int], twice: bool) -> None:
    switching, store = Switching(), Store()
    for one in cells(0, 5).values():
        store.put(switching.learn(one) if twice else switching.sift(one, 0.0))
    new = cells(1, 7)
    left = {p: list(found) for p, found in new.items()}
    for step, partition in enumerate(order):
        store.put(switching.sift([left[partition].pop(0)], float(step)))
        if not left[partition]:
            switching.at_end((TOPIC, partition))
        store.put(switching.due(float(step)))
        shown = [store.total("revenue.received", "", "9999-12-31", "opd", value) for value in "abc"]
        assert shown in ([15, 15, 15], [21, 21, 21])
        assert (shown[0] == 21) == (step == len(order) - 1)
    assert not switching.busy


def test_an_end_before_the_first_of_them_means_nothing() -> None:
    switching = Switching()
    switching.learn(cells(0, 5)[0])
    switching.at_end((TOPIC, 0))
    assert switching.sift([cell(0, "a", 7, 1)], 0.0) == []
    assert switching.due(0.0) == []


def test_what_follows_waits_too_and_comes_in_order() -> None:
    switching = Switching()
    switching.learn([cell(0, "a", 5, 0)])
    anew, later = cell(0, "a", 7, 1), cell(0, "a", 8, 1, offset=11)
    assert switching.sift([anew, later], 0.0) == []
    switching.at_end((TOPIC, 0))
    assert switching.due(0.1) == [anew, later]
    assert switching.sift([cell(0, "a", 9, 1, offset=12)], 0.2) != []


def test_a_partition_whose_worker_is_away_is_not_waited_for_without_end() -> None:
    switching = Switching()
    for one in cells(0, 5).values():
        switching.learn(one)
    assert switching.sift(cells(1, 7)[0], 0.0) == []
    switching.at_end((TOPIC, 0))
    assert switching.due(PATIENCE_SECONDS - 1) == []
    assert len(switching.due(PATIENCE_SECONDS + 1)) == 3
    assert switching.sift(cells(1, 7)[1], PATIENCE_SECONDS + 2) == []
    switching.at_end((TOPIC, 1))
    switching.at_end((TOPIC, 2))
    assert switching.due(2 * PATIENCE_SECONDS + 3) != []


def test_a_picture_of_which_a_part_was_computed_anew_is_not_settled() -> None:
    switching = Switching()
    for one in cells(0, 5).values():
        switching.learn(one)
    assert switching.settled()
    switching.learn(cells(1, 7)[0][:1])
    assert not switching.settled()
    assert not switching.level()
    for one in cells(1, 7).values():
        switching.learn(one)
    assert switching.level()
    assert not switching.settled(), "what it lay between is known only from the topics"
