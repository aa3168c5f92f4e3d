"""The intent's state machine: every place to die, every way to cut, and a table that is asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.clickhouse.intent import Intent, IntentError, Standing, check, read, token


def test_a_block_opens_and_closes() -> None:
    begun = Standing(10, stored=9).begin(10, 19)
    assert begun == Standing(10, Intent(10, 19), 9)
    assert begun.doubtful(10)
    assert begun.doubtful(19)
    assert not begun.doubtful(20)
    assert begun.finish(19, 18) == Standing(20, None, 18)


def test_a_shorter_block_keeps_the_rest_open() -> None:
    again = read(10, Standing(10, Intent(10, 19), 9).metadata()).begin(10, 14)
    assert again.open == Intent(10, 19, 2), "what was open stays open, under the next attempt"
    rest = again.finish(14, 14)
    assert rest == Standing(15, Intent(15, 19, 2), 14)
    longer = rest.begin(15, 30)
    assert longer.open == Intent(15, 30, 3)
    assert longer.finish(30, 30).open is None


def test_only_dead_letters_store_nothing() -> None:
    assert Standing(0).begin(0, 4).finish(4, -1) == Standing(5, None, -1)


@pytest.mark.parametrize("standing", [Standing(0), Standing(7, stored=6), Standing(7, Intent(7, 9, 3), 6)])
def test_metadata_round_trip(standing: Standing) -> None:
    assert read(standing.position, standing.metadata()) == standing


def test_no_offset_and_strange_metadata() -> None:
    assert read(-1001, None) == Standing(0)
    assert read(5, "") == Standing(5)
    with pytest.raises(IntentError, match="none of ours"):
        read(5, "NullMetadata")


def test_group_lost_or_set_back() -> None:
    with pytest.raises(IntentError, match="never to the beginning"):
        check("t[0]", Standing(0), 41)
    with pytest.raises(IntentError, match="holds offset 41"):
        check("t[0]", Standing(10, None, 9), 41)
    check("t[0]", Standing(10, Intent(10, 41), 9), 41)
    check("t[0]", Standing(42, None, 41), 41)
    check("t[0]", Standing(42, None, -1), None)


def test_table_lost_rows() -> None:
    with pytest.raises(IntentError, match="lost rows"):
        check("t[0]", Standing(42, None, 41), None)
    with pytest.raises(IntentError, match="lost rows"):
        check("t[0]", Standing(42, None, 41), 17)


def test_tokens_differ_by_attempt() -> None:
    assert token("t", 1, Intent(3, 5)) == "t:1:3-5#1"
    assert token("t", 1, Intent(3, 5, 2)) != token("t", 1, Intent(3, 5))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 7),
            st.sampled_from(["fine", "before", "after-intent", "after-insert", "half-insert", "lost-insert"]),
        ),
        max_size=40,
    )
)
def test_any_cut_and_any_death_give_every_row_once(rounds: list[tuple[int, str]]) -> None:
    """A table without any deduplication, blocks of any size, deaths at any step: each offset is one row."""
    end = 60
    table: list[int] = []
    committed: tuple[int, str | None] = (-1001, None)
    standing = read(*committed)
    for size, fate in [*rounds, *[(7, "fine")] * 10]:
        first, last = standing.position, min(standing.position + size, end) - 1
        if first > last:
            break
        check("t[0]", standing, max(table, default=None))
        begun = standing.begin(first, last)
        rows = [o for o in range(first, last + 1) if not (standing.doubtful(first) and o in table)]
        done = begun.finish(last, last)
        if fate != "before":
            committed = (begun.position, begun.metadata())
            if fate in ("fine", "after-insert"):
                table += rows
            elif fate == "half-insert":  # two parts, of which one came: a server that cut the block
                table += rows[: len(rows) // 2]
            if fate == "fine":
                committed = (done.position, done.metadata())
        standing = read(*committed)  # a new process knows only this
    assert sorted(table) == list(range(end))
