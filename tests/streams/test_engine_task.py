"""A case task without Kafka: any cut, any crash, any bad row, any snapshot, the same results."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.repeats import Repeats
from schemas.version import unpack
from streams.engine import snapshots as snapshot_module
from streams.engine.alerts import Alerts, records_of
from streams.engine.clock import ClockRule
from streams.engine.lane import Earlier, Lane, PositionError, UnprocessableError
from streams.engine.processor import ALERTS, TOTALS
from streams.engine.reading import HoleError
from streams.engine.snapshots import Snapshots
from streams.engine.state_group import Piece, StateGroupError, pieces_of
from streams.engine.state_log import Recovered, fold
from streams.engine.task import About, CaseTask, Commit
from streams.engine.totals import Totals
from tests.streams.log import CODEC, SOURCE, START, Message, batch_of, event, log_of
from tests.streams.toy import Toy

TOPIC = "revenue.receipts"


class Broker:
    """What is durable: the state log and the outputs of committed transactions, as readers keep them."""

    def __init__(self) -> None:
        self.log: list[tuple[int, Piece]] = []
        self.end = 0
        self.values: dict[Any, tuple[int, int]] = {}
        self.alerts: dict[str, dict[str, Any]] = {}
        self.letters: list[tuple[int, str]] = []
        self.offsets: dict[Any, int] = {}

    def write(self, task: CaseTask, commit: Commit) -> None:
        """One transaction, whole."""
        size = 0
        for piece in pieces_of(commit.parts, commit.header):
            size += len(piece.value)
            self._append(piece)
        if commit.freeze is not None:
            for piece in commit.freeze.pieces():
                commit.freeze.note(self.end)
                self._append(piece)
        for said in commit.said:
            if said.aggregates is not None:
                for key, amount in Totals().rows(said.aggregates):
                    version, known = self.values.get(key, (-1, 0))
                    assert said.version > version or amount == known, "a version does not grow"
                    self.values[key] = (said.version, amount)
            if said.alerts is not None:
                for record in records_of(said.alerts):
                    assert record["revision"] >= self.alerts.get(record["alert_id"], record)["revision"]
                    self.alerts[record["alert_id"]] = record
        for tally in commit.tallies.values():
            self.letters.extend((letter.offset, letter.stage) for letter in tally.letters)
        before = task.snapshots.written(size)
        if before is not None:
            self.log = [(offset, piece) for offset, piece in self.log if offset >= before]
        task.committed(commit.offsets)
        self.offsets.update({source: at.offset for source, at in commit.offsets.items()})

    def _append(self, piece: Piece) -> None:
        self.log.append((self.end, piece))
        self.end += 1

    def recover(self, rule: ClockRule | None = None, version: str = "1", end: int = 0) -> CaseTask:
        """A new owner."""
        recovered = fold(self.log)
        processor = Toy(version=version)
        state = recovered.header.lanes.get(TOPIC) if recovered.header else None
        earlier, anew = None, frozenset[str]()
        if state is None or state.fingerprint == version:
            for part in recovered.parts:
                processor.stores[part.store].restore(part.batch)
        else:
            totals, alerts = Totals(), Alerts()
            for part in recovered.parts:
                if part.store in (TOTALS, ALERTS):
                    (totals if part.store == TOTALS else alerts).restore(part.batch)
            earlier, anew = Earlier(state.position, list(totals), alerts.records()), frozenset({"revenue"})
        lane = Lane(
            SOURCE, TOPIC, processor, rule=rule or ClockRule(), group="g", fingerprint=version, end=end, state=state,
            earlier=earlier,
        )  # fmt: skip
        if lane.position:
            lane.prime_from(0)
        return CaseTask(3, {TOPIC: lane}, recovered, About(), anew)

    def amounts(self) -> dict[tuple[str, str], int]:
        return {(key.metric, key.value): amount for key, (_, amount) in self.values.items() if amount}


def lane_of(task: CaseTask) -> Lane:
    return task.lanes[TOPIC]


def drive(
    task: CaseTask, log: Sequence[Message], cuts: Sequence[int], broker: Broker, until: int | None = None
) -> None:
    """Feed a task to ``until``, committing after each batch."""
    lane, end = lane_of(task), len(log) if until is None else until
    places = sorted({*(c for c in cuts if c < end), end})
    while lane.expected < end:
        lane.apply(batch_of(log, lane.expected, min(p for p in places if p > lane.expected)))
        commit = task.take()
        if commit is not None:
            broker.write(task, commit)


def plain(log: Sequence[Message]) -> dict[tuple[str, str], int]:
    """The reference: count by hand."""
    seen: set[str] = set()
    found: dict[tuple[str, str], int] = {}
    due = []
    for message in log:
        try:
            record = CODEC.decode(message.body)
        except ValueError:
            continue
        if record["event_id"] in seen:
            continue
        seen.add(record["event_id"])
        if record["amount"] in (666, 667):
            continue
        for key, amount in (
            (("toy.rows", record["opd"]), 1),
            (("toy.amount", record["opd"]), record["amount"]),
        ):
            found[key] = found.get(key, 0) + amount
        due.append(message.stamp + 60_000)
    overdue = sum(at <= log[-1].stamp for at in due) if log else 0
    return found | ({("toy.overdue", ""): overdue} if overdue else {})


IDS = [str(uuid.UUID(int=i)) for i in range(12)]
BODIES = st.lists(
    st.one_of(
        st.builds(
            event,
            st.sampled_from([1, 5, 1000, 666, 667]),
            st.sampled_from(["1.01", "1.02"]),
            st.one_of(st.none(), st.sampled_from(IDS)),
        ),
        st.sampled_from([None, b"", b"\x00\x00\x00\x00\x63xx", b"\x01junk"]),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(BODIES, st.lists(st.integers(1, 59), max_size=12), st.integers(1000, 20_000))
def test_any_cut_gives_the_plain_count(bodies: list[bytes | None], cuts: list[int], step: int) -> None:
    log, broker = log_of(bodies, step), Broker()
    drive(broker.recover(), log, cuts, broker)
    assert broker.amounts() == plain(log)


@settings(max_examples=80, deadline=None)
@given(
    BODIES, st.lists(st.integers(1, 59), max_size=8), st.lists(st.integers(0, 60), max_size=4), st.booleans()
)
def test_any_crash_leaves_the_old_group_or_the_new_one(
    bodies: list[bytes | None], cuts: list[int], crashes: list[int], small_snapshots: bool
) -> None:
    log, broker, uncut = log_of(bodies, 7000), Broker(), Broker()
    for crash in [*sorted(min(c, len(log)) for c in crashes), len(log)]:
        task = broker.recover()
        if small_snapshots:
            task.snapshots = Snapshots(fold(broker.log), least_bytes=1)
        drive(task, log, cuts, broker, crash)
        rest = min(crash + 2, len(log))
        if lane_of(task).expected < rest:  # done, never committed: it leaves no trace
            lane_of(task).apply(batch_of(log, lane_of(task).expected, rest))
            task.take()
    drive(uncut.recover(), log, [], uncut)
    assert broker.amounts() == uncut.amounts() == plain(log)
    assert sorted(broker.letters) == sorted(uncut.letters)
    said = ("status", "level_at", "clock", "revision")
    assert {i: [a[n] for n in said] for i, a in broker.alerts.items()} == {
        i: [a[n] for n in said] for i, a in uncut.alerts.items()
    }


def test_snapshots_bound_the_log_and_hold_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_module, "PIECES_PER_COMMIT", 1)
    log, broker = log_of([event(1, f"1.{n:02d}") for n in range(300)]), Broker()
    task = broker.recover()
    task.snapshots = Snapshots(Recovered(), least_bytes=4000)
    drive(task, log, range(0, 300, 3), broker)
    assert broker.log[0][0] > 0, "nothing was deleted"
    found = fold(broker.log)
    assert len(found.snapshots) == 2
    again = broker.recover()
    assert lane_of(again).processor.totals.snapshot() == lane_of(task).processor.totals.snapshot()
    assert again.group == task.group
    assert again.claim == task.claim + 1


def test_a_log_cut_in_the_wrong_place_is_refused() -> None:
    log, broker = log_of([event(1) for _ in range(6)]), Broker()
    drive(broker.recover(), log, [2, 4], broker)
    kinds = [piece.kind for _, piece in broker.log]
    with pytest.raises(StateGroupError, match="cut in the wrong place"):
        fold(broker.log[kinds.index(b"group") + 1 :])
    with pytest.raises(StateGroupError, match="parts"):
        fold(broker.log[1:])
    assert fold([*broker.log, *broker.log]).header == fold(broker.log).header, "a repeated number is skipped"


def test_a_batch_from_elsewhere_is_read_again() -> None:
    log = log_of([event(1) for _ in range(4)])
    lane = lane_of(Broker().recover())
    lane.apply(batch_of(log, 0, 2))
    with pytest.raises(HoleError, match="starts at 3, expected 2"):
        lane.apply(batch_of(log, 3, 4))
    lane.apply(batch_of(log, 2, 4))
    assert lane.position == 4


def test_rows_below_the_position_only_fill_the_window_of_repeats() -> None:
    again = event(3, event_id=IDS[0])
    log, broker = log_of([again, event(1), again, event(2), again]), Broker()
    drive(broker.recover(), log, [], broker, 2)
    task = broker.recover()
    drive(task, log, [], broker)
    assert broker.amounts()["toy.amount", "1.01"] == 6
    assert lane_of(task).position == 5


def test_new_code_computes_anew_and_takes_back_what_it_no_longer_finds() -> None:
    log, broker = log_of([event(2), event(5, "1.09"), event(3)], 30_000), Broker()
    drive(broker.recover(), log, [], broker)
    task = broker.recover()
    lane_of(task).advance(START + 90_000)
    commit = task.take()
    assert commit is not None
    broker.write(task, commit)
    assert broker.alerts["overdue-1"]["status"] == "raised"
    tombstone = [*log[:1], Message(None, 1, log[1].stamp), *log[2:], *log_of([event(1)] * 4, 30_000)[3:]]
    new = broker.recover(version="2")
    assert not new.live
    before = dict(broker.values)
    lane_of(new).apply(batch_of(tombstone, 0, 2))
    silent = new.take()
    assert silent is not None
    assert not silent.said, "a rebuild is silent until it has caught up"
    broker.write(new, silent)
    lane_of(new).apply(batch_of(tombstone, 2, 4))
    commit = new.take()
    assert commit is not None
    assert commit.header.anew == ["revenue"]
    broker.write(new, commit)
    assert {unpack(version).rebuild for version, _ in broker.values.values()} == {1}
    assert broker.amounts() == plain(tombstone)
    assert broker.values.keys() >= before.keys(), "vanished keys are published as zero"
    assert broker.alerts["overdue-1"]["status"] == "withdrawn"
    third = broker.recover(version="2")
    assert third.live
    assert lane_of(third).rebuild == 1
    assert lane_of(third).processor.totals.snapshot() == lane_of(new).processor.totals.snapshot()


def test_the_idle_clock_fires_and_its_version_is_above_that_of_the_record() -> None:
    log, broker = log_of([event(1)]), Broker()
    task = broker.recover()
    drive(task, log, [], broker)
    first = max(version for version, _ in broker.values.values())
    lane_of(task).advance(START + 61_000)
    commit = task.take()
    assert commit is not None
    broker.write(task, commit)
    assert broker.values[next(k for k in broker.values if k.metric == "toy.overdue")][0] > first
    assert broker.alerts["overdue-0"]["revision"] == 1
    successor = broker.recover()
    assert lane_of(successor).clock == START + 61_000
    assert lane_of(successor).processor.next_due() is None, "what fired does not fire again"


def test_an_idle_clock_that_went_too_far_changes_no_rows_time() -> None:
    """A worker's wall clock jumped; the broker's timestamps did not."""
    log, broker = log_of([event(1), event(1)]), Broker()
    task = broker.recover()
    drive(task, log, [], broker, until=1)
    lane_of(task).advance(START + 500_000)
    drive(task, log, [], broker)
    assert lane_of(task).clock == START + 500_000
    assert lane_of(task).processor.next_due() is None, (
        "the second is overdue by its own time, not by the clock's"
    )
    assert broker.amounts()["toy.overdue", ""] == 2


def test_a_bounded_input_commits_its_end_only_after_until() -> None:
    log, broker, rule = log_of([event(1) for _ in range(3)]), Broker(), ClockRule("event", START + 10_000_000)
    task = broker.recover(rule, end=3)
    drive(task, log, [], broker, 2)
    assert broker.offsets == {SOURCE: 2}
    lane_of(task).apply(batch_of(log, 2, 3))
    held = task.take()
    assert held is not None
    assert held.offsets == {}
    broker.write(task, held)
    lane_of(task).settle()
    last = task.take()
    assert last is not None
    broker.write(task, last)
    assert broker.offsets == {SOURCE: 3}
    assert broker.amounts()["toy.overdue", ""] == 3


def test_every_row_is_counted_or_dead_lettered_with_its_bytes() -> None:
    bodies = [event(5), b"\x01junk", event(666), event(667), None, event(7), event(9)[:-3], event(8)]
    log = log_of(bodies)
    task = Broker().recover()
    lane_of(task).apply(batch_of(log, 0, len(log)))
    commit = task.take()
    assert commit is not None
    letters = {x.offset: x for x in commit.tallies[TOPIC].letters}
    assert {o: x.stage for o, x in letters.items()} == {
        1: "decode",
        2: "process",
        3: "process",
        4: "decode",
        6: "decode",
    }
    assert all(letters[o].value == bodies[o] and letters[o].key == b"k%d" % o for o in letters)
    assert all(letters[o].headers == (("ce_id", b"%d" % o),) for o in letters)
    assert letters[3].reason == "ProcessorError"
    assert "ZeroDivisionError" in letters[3].message
    broker = Broker()
    broker.write(task, commit)
    assert broker.amounts() == {("toy.rows", "1.01"): 3, ("toy.amount", "1.01"): 20}


def test_when_nearly_every_row_fails_it_is_not_the_rows() -> None:
    log = log_of([event(667) for _ in range(250)])
    with pytest.raises(UnprocessableError, match="of 250 rows fail"):
        lane_of(Broker().recover()).apply(batch_of(log, 0, 250))


def test_a_state_rebuilt_too_often_stops() -> None:
    broker = Broker()
    drive(broker.recover(), log_of([event(1)]), [], broker)
    state = fold(broker.log).header
    assert state is not None
    import msgspec

    often = msgspec.structs.replace(state.lanes[TOPIC], rebuild=63)
    with pytest.raises(PositionError, match="rebuilt 63 times"):
        Lane(
            SOURCE,
            TOPIC,
            Toy(),
            rule=ClockRule(),
            group="g",
            fingerprint="x",
            state=often,
            earlier=Earlier(1, [], {}),
        )
    assert Repeats().max_rows == 2_000_000
