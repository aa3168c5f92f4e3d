"""The reference for the rules that compare a case with its peers, and what they count with: worked out by hand.

Cases of 30 peers close in January 2026; case ``C`` in February, and is judged at the midnight after it was last heard of.
Values of log buckets: 10 stands as 10.07, 35 as 34.82, 37 as 36.97, 100 and 101 as 100.49, 200 as 198.37.
"""

from __future__ import annotations

from typing import Any

import pytest
from domain_rows import profile
from permit_cases import SINCE, Row, clock, judged, law, ms, near, row, said

from schemas.profile import Source, Step, Threshold
from streams.reference import reasons
from streams.reference.finding import FOUND, NOT_FOUND, Finding
from streams.reference.statistics import binomial_tail, bucket_percentile, percentile, smaller_by_rank

UNTIL = "2026-03-02"
CLOSED = ms("2026-02-03 14:00")


class TestStatistics:
    def test_percentile_is_the_first_value_that_enough_do_not_exceed(self) -> None:
        assert [percentile(q, [4, 3, 2, 1]) for q in (25, 26, 50, 75, 76, 100)] == [1, 2, 2, 3, 4, 4]
        assert percentile(95, range(1, 21)) == 19
        assert [round(bucket_percentile(50, [n]), 2) for n in (0, 10, 100, 200)] == [
            0.99,
            10.07,
            100.49,
            198.37,
        ]

    def test_binomial_tail(self) -> None:
        assert binomial_tail(8, 8, 1 / 3) == pytest.approx(3**-8)
        assert binomial_tail(2, 3, 0.5) == pytest.approx(0.5)
        assert (binomial_tail(0, 5, 0.0), binomial_tail(1, 5, 0.0), binomial_tail(5, 5, 1.0)) == (1, 0, 1)

    def test_rank_test(self) -> None:
        assert smaller_by_rank([1, 2, 3], [4, 5, 6]) == pytest.approx(
            0.0248, abs=1e-4
        )  # z = -4.5 / sqrt(5.25)
        assert smaller_by_rank([4, 5, 6], [1, 2, 3]) == pytest.approx(1 - 0.0248, abs=1e-4)
        ties = smaller_by_rank([1, 1, 2], [1, 2, 2])  # z = -1.5 / sqrt(9 / 12 * (7 - 48 / 30))
        assert ties == pytest.approx(0.2280, abs=1e-4)
        assert smaller_by_rank([7, 7], [7, 7, 7]) == 1


class TestP05:
    def repeats(self, case: str, day: str, times: int, step: str = "survei") -> list[Row]:
        steps = [row(case, "finished", f"{day} 09:{n:02d}", step=step) for n in range(times)]
        return [row(case, "accepted", f"{day} 08:00"), *steps, row(case, "closed", f"{day} 14:00")]

    def peers(self, *times: int, day: str = "2026-01-05") -> list[Row]:
        return [r for n, t in enumerate(times) for r in self.repeats(f"{day}-{n}", day, t)]

    def test_more_than_two_and_than_almost_all(self) -> None:
        usual = self.peers(*[1] * 30)
        assert said("P05", usual + self.repeats("C", "2026-02-03", 2), UNTIL) == (NOT_FOUND, {})
        assert said("P05", usual + self.repeats("C", "2026-02-03", 3), UNTIL) == (
            FOUND,
            {"": Finding("breach", CLOSED, 3, 2)},
        )
        repeated = self.peers(*[1] * 28, 3, 3)  # the 29th of 30 is the 95th percentile
        assert said("P05", repeated + self.repeats("C", "2026-02-03", 3), UNTIL) == (NOT_FOUND, {})
        assert said("P05", repeated + self.repeats("C", "2026-02-03", 4), UNTIL)[1][""].threshold == 3
        assert said("P05", self.peers(*[1] * 29, 3) + self.repeats("C", "2026-02-03", 3), UNTIL)[0] == FOUND

    def test_counts_the_larger_of_started_and_finished_up_to_the_closing(self) -> None:
        mine = self.repeats("C", "2026-02-03", 2)
        begun = [row("C", "started", f"2026-02-03 10:{n:02d}", step="survei") for n in range(3)]
        after = row("C", "finished", "2026-02-03 15:00", step="survei")
        assert said("P05", self.peers(*[1] * 30) + mine + begun, UNTIL)[1][""].observed == 3
        assert said("P05", [*self.peers(*[1] * 30), *mine, after], UNTIL)[0] == NOT_FOUND

    def test_the_step_that_was_repeated_most_counts(self) -> None:
        once = row("C", "finished", "2026-02-03 11:00", step="berkas")
        rows = [*self.peers(*[1] * 30), *self.repeats("C", "2026-02-03", 3), once]
        assert said("P05", rows, UNTIL)[1][""].observed == 3

    def test_a_closing_dated_ahead_is_no_peer(self) -> None:
        *steps, _ = self.peers(1, day="2026-02-02")
        ahead = row("2026-02-02-0", "closed", "2026-02-03 09:00", arrives="2026-02-02 15:00")
        rows = [*self.peers(*[1] * 29), *steps, ahead, *self.repeats("C", "2026-02-03", 3)]
        assert said("P05", rows, UNTIL)[0] == reasons.FEW_PEERS

    def test_the_latest_source_decides_when_a_day_is_frozen(self) -> None:
        sources = {**profile().sources, "/slow": Source("/slow", "1.01", "Lambat", "permits", 1, 60)}
        slow = law(sources={**sources, "/other": Source("/other", "1.01", "Lain", "revenue", 1, 600)})
        *steps, closing = self.peers(1, day="2026-02-02")
        for arrives, outcome in (("2026-02-03 01:00", FOUND), ("2026-02-03 01:01", reasons.FEW_PEERS)):
            late = (*closing[:3], {"arrives": arrives})
            rows = [*self.peers(*[1] * 29), *steps, late, *self.repeats("C", "2026-02-03", 3)]
            assert said("P05", rows, UNTIL, slow, event_clock=False)[0] == outcome

    def test_loops_are_no_rework(self) -> None:
        loop = law(Step("survei", "Survei", "PUPR", loop=True))
        rows = self.peers(*[1] * 30) + self.repeats("C", "2026-02-03", 3)
        assert said("P05", rows, UNTIL, loop)[0] == reasons.FEW_PEERS, "its peers have no other step either"
        others = [r for n in range(30) for r in self.repeats(f"o{n}", "2026-01-05", 1, "berkas")]
        assert said("P05", others + self.repeats("C", "2026-02-03", 3), UNTIL, loop)[0] == reasons.NO_STEPS

    def test_thirty_peers_of_the_365_days_before(self) -> None:
        mine = self.repeats("C", "2026-02-03", 3)
        assert said("P05", self.peers(*[1] * 29) + mine, UNTIL)[0] == reasons.FEW_PEERS
        for day, outcome in (
            ("2026-02-03", reasons.FEW_PEERS),
            ("2026-02-02", FOUND),
            ("2025-02-03", FOUND),
            ("2025-02-02", reasons.FEW_PEERS),
        ):
            rows = self.peers(*[1] * 29) + self.peers(1, day=day) + mine
            assert said("P05", rows, UNTIL)[0] == outcome, day
        other = [(c, k, t, f | {"permit_type": "IMB"}) for c, k, t, f in self.peers(*[1] * 30)]
        assert said("P05", other + mine, UNTIL)[0] == reasons.FEW_PEERS

    def test_peers_are_frozen_as_they_were_known(self) -> None:
        mine = self.repeats("C", "2026-02-03", 3)
        for arrives, outcome in (("2026-02-03 00:00", FOUND), ("2026-02-03 00:01", reasons.FEW_PEERS)):
            *steps, closing = self.peers(1, day="2026-02-02")
            late = (*closing[:3], {"arrives": arrives})
            assert said("P05", [*self.peers(*[1] * 29), *steps, late, *mine], UNTIL)[0] == outcome

    def test_a_source_may_be_late(self) -> None:
        mine = self.repeats("C", "2026-02-03", 3)
        rows = self.peers(*[1] * 29) + mine
        *steps, closing = self.peers(1, day="2026-02-02")
        for arrives, outcome in (("2026-02-03 00:10", FOUND), ("2026-02-03 00:11", reasons.FEW_PEERS)):
            late = (*closing[:3], {"arrives": arrives})
            assert said("P05", [*rows, *steps, late], UNTIL, event_clock=False)[0] == outcome
        entered = row("C", "submitted", "2026-02-02 15:00")
        for arrives, frozen in (("2026-02-04 00:10", "2026-02-04"), ("2026-02-04 00:11", "2026-02-05")):
            told = [*self.peers(*[1] * 30), entered, *mine[:-1], (*mine[-1][:3], {"arrives": arrives})]
            assert said("P05", told, f"{frozen} 00:09", event_clock=False)[0] == reasons.NOT_CLOSED
            assert said("P05", told, f"{frozen} 00:10", event_clock=False)[0] == FOUND
        at_midnight = [
            row("C", "finished", "2026-02-01 10:00", step="x"),
            row("C", "closed", "2026-02-03 00:00"),
        ]
        night = self.peers(*[1] * 30) + at_midnight
        assert said("P05", night, "2026-02-03 00:09", event_clock=False)[0] == reasons.NOT_CLOSED
        assert said("P05", night, "2026-02-03 00:10", event_clock=False)[0] == NOT_FOUND

    def test_a_case_is_judged_once_a_day(self) -> None:
        rows = self.peers(*[1] * 30) + self.repeats("C", "2026-02-03", 3)
        assert ("P05", "C") not in judged(rows, "2026-02-03 23:59").outcomes, "no freeze knows it"
        assert said("P05", rows, "2026-02-04")[0] == FOUND
        entered = row("C", "submitted", "2026-02-02 15:00")
        assert said("P05", [*rows, entered], "2026-02-03 23:59")[0] == reasons.NOT_CLOSED
        again = row("C", "finished", "2026-02-03 13:00", step="survei", arrives="2026-02-05 10:00")
        assert said("P05", [*rows, again], "2026-02-05 23:59")[1][""].observed == 3
        assert said("P05", [*rows, again], "2026-02-06")[1][""].observed == 4

    def test_a_closing_dated_ahead_waits_for_its_day(self) -> None:
        ahead = row("C", "closed", "2026-02-05 09:00", arrives="2026-02-03 14:00")
        rows = [*self.peers(*[1] * 30), *self.repeats("C", "2026-02-03", 3)[:-1], ahead]
        assert said("P05", rows, "2026-02-04 23:59")[0] == reasons.NOT_CLOSED
        assert said("P05", rows, "2026-02-05")[0] == FOUND

    def test_the_day_of_the_first_record_is_never_frozen(self) -> None:
        mine = self.repeats("C", "2026-01-03", 3)
        for first, outcome in (("2026-01-03", reasons.FEW_PEERS), ("2026-01-02", FOUND)):
            usual = [
                (c, k, t, {"arrives": f"{first} 07:00", **f})
                for c, k, t, f in self.peers(*[1] * 30, day="2026-01-01")
            ]
            assert said("P05", usual + mine, UNTIL)[0] == outcome, first

    def test_not_applicable(self) -> None:
        usual = self.peers(*[1] * 30)
        assert said("P05", usual + self.repeats("C", "2026-02-03", 3)[:-1], UNTIL)[0] == reasons.NOT_CLOSED
        assert said("P05", usual + self.repeats("C", "2026-02-03", 0), UNTIL)[0] == reasons.NO_STEPS


class TestP07:
    """15 peers took 100 minutes and 15 took 200: the fence is 100.49 / (198.37 / 100.49)^1.5 = 36.2."""

    FENCE = near(36.24)

    def done(self, case: str, day: str, minutes: int, end: str = "issued", **fields: Any) -> list[Row]:
        return [
            row(case, "started", f"{day} 08:00", step="survei"),
            row(case, "finished", f"{day} {clock(minutes)}", step="survei", **fields),
            row(case, end, f"{day} 14:00"),
        ]

    def peers(self, count: int = 30, end: str = "issued", **fields: Any) -> list[Row]:
        minutes = [100 if n % 2 else 200 for n in range(count)]
        return [r for n, m in enumerate(minutes) for r in self.done(f"p{n}", "2026-01-05", m, end, **fields)]

    def test_below_the_fence(self) -> None:
        outcome, found = said("P07", self.peers() + self.done("C", "2026-02-03", 35), UNTIL)
        assert outcome == FOUND
        assert found == {"survei": Finding("breach", CLOSED, 35, self.FENCE)}
        assert said("P07", self.peers() + self.done("C", "2026-02-03", 37), UNTIL) == (NOT_FOUND, {})

    def test_its_own_bucket_is_compared(self) -> None:
        # 40 stands as 40.05; 100.49 / 1.974^1.354 = 40.02, / 1.974^1.352 = 40.07
        for reach, outcome in ((1.354, NOT_FOUND), (1.352, FOUND)):
            profile = law(thresholds=(Threshold("P07.reach", reach, SINCE),))
            rows = self.peers() + self.done("C", "2026-02-03", 40)
            assert said("P07", rows, UNTIL, profile)[0] == outcome

    def test_below_what_is_possible(self) -> None:
        least = law(Step("survei", "Survei", "PUPR", minimum_minutes=40))
        for peers in (0, 30):
            for minutes, outcome in ((39, FOUND), (40, NOT_FOUND)):
                rows = self.peers(peers) + self.done("C", "2026-02-03", minutes)
                assert said("P07", rows, UNTIL, least)[0] == outcome
        rows = self.peers() + self.done("C", "2026-02-03", 30)
        assert said("P07", rows, UNTIL, least)[1]["survei"].threshold == 40, "the larger of both"
        lower = law(Step("survei", "Survei", "PUPR", minimum_minutes=31))
        assert said("P07", rows, UNTIL, lower)[1]["survei"].threshold == self.FENCE

    def test_nothing_is_below_a_minute(self) -> None:
        at_once = [r for n in range(30) for r in self.done(f"p{n}", "2026-01-05", 0)]
        assert said("P07", at_once + self.done("C", "2026-02-03", 0), UNTIL) == (NOT_FOUND, {})

    def test_time_with_the_applicant_is_not_counted(self) -> None:
        away = [row("C", "returned", "2026-02-03 08:10"), row("C", "resubmitted", "2026-02-03 09:10")]
        rows = self.peers() + self.done("C", "2026-02-03", 90) + away
        assert said("P07", rows, UNTIL)[1]["survei"].observed == 30

    def test_a_step_runs_from_its_first_start_to_its_next_end(self) -> None:
        again = row("C", "started", "2026-02-03 08:10", step="survei")
        other = row("C", "started", "2026-02-03 08:20", step="berkas")
        rows = [*self.peers(), *self.done("C", "2026-02-03", 30), again, other]
        assert said("P07", rows, UNTIL)[1]["survei"].observed == 30

    def test_not_applicable(self) -> None:
        mine = self.done("C", "2026-02-03", 5)
        assert said("P07", self.peers(29) + mine, UNTIL)[0] == reasons.FEW_PEERS
        assert said("P07", self.peers(end="closed") + mine, UNTIL)[0] == reasons.FEW_PEERS
        assert said("P07", self.peers(automatic=True) + mine, UNTIL)[0] == reasons.FEW_PEERS
        assert said("P07", self.peers() + mine[1:], UNTIL)[0] == reasons.NO_START
        assert said("P07", self.peers() + mine[:1] + mine[2:], UNTIL)[0] == reasons.NO_START
        assert said("P07", self.peers() + mine[:2], UNTIL)[0] == "belum terbit"
        assert (
            said("P07", self.peers() + self.done("C", "2026-02-03", 5, "closed"), UNTIL)[0]
            == "tidak berakhir dengan izin"
        )
        by_machine = self.done("C", "2026-02-03", 5, automatic=True)
        assert said("P07", self.peers() + by_machine, UNTIL)[0] == reasons.AUTOMATIC
        machine = law(Step("survei", "Survei", "PUPR", automatic=True))
        assert said("P07", self.peers() + mine, UNTIL, machine)[0] == reasons.AUTOMATIC


class TestP08:
    """30 peers waited 100 minutes: the 10th percentile is 100.49."""

    def done(self, case: str, day: str, minutes: int) -> list[Row]:
        return [row(case, "accepted", f"{day} 08:00"), row(case, "issued", f"{day} {clock(minutes)}")]

    def rows(self, waiting: int, minutes: int = 50, peers: int = 30) -> list[Row]:
        usual = [r for n in range(peers) for r in self.done(f"p{n}", "2026-01-05", 100)]
        queue = [row(f"q{n}", "accepted", "2026-02-02 09:00") for n in range(waiting)]
        return [*usual, *queue, *self.done("C", "2026-02-03", minutes)]

    def test_ten_overtaken_and_quick(self) -> None:
        finding = Finding("breach", ms("2026-02-03 08:50"), 10, 10)
        assert said("P08", self.rows(10), UNTIL) == (FOUND, {"": finding})
        assert said("P08", self.rows(9), UNTIL) == (NOT_FOUND, {})
        assert said("P08", self.rows(10, minutes=99), UNTIL)[0] == FOUND
        for alike in (100, 101):
            assert said("P08", self.rows(10, minutes=alike), UNTIL) == (NOT_FOUND, {})

    @pytest.mark.parametrize(
        ("event", "outcome"),
        [
            (row("q0", "issued", "2026-02-03 08:49"), NOT_FOUND),
            (row("q0", "issued", "2026-02-03 08:50"), NOT_FOUND),
            (row("q0", "issued", "2026-02-03 08:51"), FOUND),
            (row("q0", "returned", "2026-02-03 08:50"), NOT_FOUND),
            (row("q0", "returned", "2026-02-03 08:51"), FOUND),
            (row("q0", "submitted", "2026-02-02 08:00", permit_type="IMB", event_id="x"), FOUND),
            (row("q0", "finished", "2026-02-02 10:00", step="x", permit_type="IMB"), NOT_FOUND),
        ],
    )
    def test_who_is_overtaken(self, event: Row, outcome: str) -> None:
        assert said("P08", [*self.rows(10), event], UNTIL)[0] == outcome

    def test_who_came_back_waits_again(self) -> None:
        away = [row("q0", "returned", "2026-02-02 10:00"), row("q0", "resubmitted", "2026-02-03 08:50")]
        assert said("P08", self.rows(10) + away, UNTIL)[0] == FOUND

    def test_who_came_later_is_not_overtaken(self) -> None:
        same = [row("q9", "accepted", "2026-02-03 08:00")]
        assert said("P08", self.rows(9) + same, UNTIL)[0] == NOT_FOUND

    def test_what_is_told_after_it_was_judged_changes_nothing(self) -> None:
        for arrives, outcome in (("2026-02-04 00:00", FOUND), ("2026-02-04 00:01", NOT_FOUND)):
            late = row("q9", "accepted", "2026-02-02 09:00", arrives=arrives)
            assert said("P08", [*self.rows(9), late], UNTIL)[0] == outcome
            again = row("C", "submitted", "2026-02-03 07:00", arrives="2026-02-05 09:00")
            assert said("P08", [*self.rows(9), late, again], UNTIL)[0] == FOUND, "judged again"

    def test_not_applicable(self) -> None:
        assert said("P08", self.rows(10, peers=29), UNTIL)[0] == reasons.FEW_PEERS
        assert (
            said("P08", [*self.rows(10)[:-2], row("C", "issued", "2026-02-03 09:00")], UNTIL)[0]
            == reasons.NO_ACCEPTED
        )
        assert said("P08", self.rows(10)[:-1], UNTIL)[0] == "belum terbit"


class TestP13:
    """The longest gap of 30 peers is 100 minutes: the median is 100.49, twice that 200.99."""

    def done(self, case: str, day: str, gap: int, end: str = "issued", **fields: Any) -> list[Row]:
        return [
            row(case, "started", f"{day} 08:00", step="x", officer="A"),
            row(case, "finished", f"{day} {clock(gap)}", **{"step": "x", **fields}),
            row(case, end, f"{day} 11:40"),
        ]

    def peers(self, count: int = 30) -> list[Row]:
        return [
            r for n in range(count) for r in [*self.done(f"p{n}", "2026-01-05", 100)[:2], row(f"p{n}", "issued", "2026-01-05 09:41")]
        ]  # fmt: skip

    @pytest.mark.parametrize("moved", [{"contact": "phone"}, {"fee_paid": 1}, {"officer": "B"}])
    def test_idle_until_something_moved_it(self, moved: dict[str, Any]) -> None:
        outcome, found = said("P13", self.peers() + self.done("C", "2026-02-03", 201, **moved), UNTIL)
        assert outcome == FOUND
        assert found[""] == Finding("breach", ms("2026-02-03 11:40"), 201, near(200.99))
        assert said("P13", self.peers() + self.done("C", "2026-02-03", 200, **moved), UNTIL) == (
            NOT_FOUND,
            {},
        )

    @pytest.mark.parametrize(
        "nothing", [{}, {"fee_paid": 0}, {"officer": "A"}, {"contact": ""}, {"officer": "B", "step": "next"}]
    )
    def test_not_found_without_anything_that_moved_it(self, nothing: dict[str, Any]) -> None:
        for peers in (0, 30):
            rows = self.peers(peers) + self.done("C", "2026-02-03", 201, **nothing)
            assert said("P13", rows, UNTIL) == (NOT_FOUND, {})

    def test_the_end_is_near(self) -> None:
        start, moved = self.done("C", "2026-02-03", 201, contact="visit")[:2]
        for closed, outcome in (("2026-02-04 11:20", FOUND), ("2026-02-04 11:21", NOT_FOUND)):
            assert said("P13", [*self.peers(), start, moved, row("C", "issued", closed)], UNTIL)[0] == outcome
        two = [start, moved, row("C", "finished", "2026-02-03 11:30", step="x", contact="phone")]
        rows = [*self.peers(), *two, row("C", "issued", "2026-02-03 11:40")]
        assert said("P13", rows, UNTIL)[1][""].observed == 201, "the longest"
        # who signs a permit is not a change of who has a step
        for step, outcome in (("x", NOT_FOUND), (None, FOUND)):
            first = row("C", "accepted", "2026-02-03 08:00", step=step, officer="A")
            itself = [first, row("C", "issued", "2026-02-03 11:40", officer="B")]
            assert said("P13", self.peers() + itself, UNTIL)[0] == outcome
        assert said("P13", self.peers() + itself, UNTIL)[1][""].observed == 220

    def test_not_applicable(self) -> None:
        mine = self.done("C", "2026-02-03", 201, contact="visit")
        assert said("P13", self.peers(29) + mine, UNTIL)[0] == reasons.FEW_PEERS
        assert said("P13", self.peers() + mine[:2], UNTIL)[0] == "belum terbit"
        ended = self.done("C", "2026-02-03", 201, "withdrawn", contact="visit")
        assert said("P13", self.peers() + ended, UNTIL)[0] == "tidak berakhir dengan izin"


def test_the_slowest_partition_is_the_clock_of_the_regency() -> None:
    rows = TestP05().peers(*[1] * 30) + TestP05().repeats("C", "2026-02-03", 3)
    found = judged(rows, UNTIL)
    assert found.outcomes["P05", "C"] == FOUND
    behind = judged(rows, {0: ms(UNTIL), 1: ms("2026-02-03 23:59")})
    assert ("P05", "C") not in behind.outcomes
    assert behind.outcomes["P12", "C"] == reasons.NO_REJECTION
    caught_up = judged(rows, {0: ms(UNTIL), 1: ms("2026-02-04")})
    assert caught_up.outcomes["P05", "C"] == FOUND
