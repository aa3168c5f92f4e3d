"""The reference for the rules that compare officers and applicants with each other, and an officer's cases: worked out by hand.

The values of log buckets are those of ``test_reference_peer_rules``.
"""

from __future__ import annotations

import pytest
from permit_cases import SINCE, Row, asked, clock, judged, law, ms, near, row, said

from schemas.profile import Threshold
from streams.reference import reasons
from streams.reference.finding import FOUND, NOT_FOUND, Finding

UNTIL = "2026-03-02"
CLOSED = ms("2026-02-03 14:00")


class TestP15:
    def test_returned_more_than_twice(self) -> None:
        for times, outcome in ((2, NOT_FOUND), (3, FOUND)):
            returns = [row("C", "returned", f"2026-02-02 09:{n:02d}") for n in range(times)]
            rows = [
                *returns,
                row("C", "withdrawn", "2026-02-03 14:00"),
                row("C", "returned", "2026-02-04 09:00"),
            ]
            found = {"": Finding("breach", CLOSED, 3, 2)} if outcome == FOUND else {}
            assert said("P15", rows, UNTIL) == (outcome, found)
            assert said("P15", rows[:times], UNTIL)[0] == reasons.NOT_CLOSED

    def officers(self, returned: dict[str, int], cases: int = 30) -> list[Row]:
        """Officers with 30 cases each on 5 January, and how many of them each returned on 6 January."""
        rows = []
        for officer, count in returned.items():
            for n in range(cases):
                rows.append(row(f"{officer}{n}", "finished", "2026-01-05 09:00", step="x", officer=officer))
                if n < count:
                    rows.append(row(f"{officer}{n}", "returned", "2026-01-06 09:00", officer=officer))
        return rows

    def found(self, rows: list[Row], until: str = UNTIL) -> dict[tuple[str, str, str], Finding]:
        return judged(rows, until).findings

    def test_an_officer_returns_far_more_often_than_the_others(self) -> None:
        rows = self.officers({"A": 3, "B": 3, "D": 3, "E": 4, "F": 7})  # rates 0.1 0.1 0.1 0.133 0.233
        fence = 4 / 30 + 1.5 * (4 / 30 - 0.1)  # 0.183
        finding = Finding("breach", ms("2026-01-07 00:00"), 7 / 30, near(fence))
        assert self.found(rows) == {("P15", "F", "PBG"): finding}
        assert self.found(rows, "2026-01-06 23:59") == {}
        assert self.found(self.officers({"A": 3, "B": 3, "D": 3, "E": 4, "F": 5})) == {}

    def test_too_few_officers_or_cases(self) -> None:
        for rows in (
            self.officers({"A": 0, "B": 0, "D": 0, "F": 30}),
            self.officers({"A": 0, "B": 0, "D": 0, "E": 0, "F": 29}, cases=29),
        ):
            assert self.found(rows) == {}
            assert asked("P15", rows, "2026-01-07") == {("F", "PBG"): None}

    def test_the_365_days_before(self) -> None:
        rows = self.officers({"A": 3, "B": 3, "D": 3, "E": 3, "F": 7}, cases=29)
        for acted, found in (("2025-01-07", 1), ("2025-01-06", 0)):
            more = [row(f"{o}x", "finished", f"{acted} 09:00", step="x", officer=o) for o in "ABDEF"]
            assert len(self.found(rows + more)) == found

    def test_the_last_day_that_asked_stands(self) -> None:
        rows = self.officers({"A": 3, "B": 3, "D": 3, "E": 3, "F": 4})
        assert list(self.found(rows)) == [("P15", "F", "PBG")]
        asks = row("F29", "returned", "2026-01-08 09:30", officer="F")
        finding = Finding("breach", ms("2026-01-09 00:00"), 5 / 30, near(0.1))
        assert self.found([*rows, asks]) == {("P15", "F", "PBG"): finding}
        others = [row(f"{o}{n}", "returned", "2026-01-08 09:00", officer=o) for o in "ABDE" for n in (28, 29)]
        assert self.found([*rows, *others, asks]) == {}, "five of 30 by everybody"
        assert self.found(rows + others) == self.found(rows), "nobody asked about F"

    def test_a_case_that_is_returned_again_does_not_ask(self) -> None:
        rows = self.officers({"A": 3, "B": 3, "D": 3, "E": 3, "F": 4})
        again = row("F0", "returned", "2026-01-08 09:30", officer="F")
        assert self.found([*rows, again]) == self.found(rows)
        assert set(asked("P15", [*rows, again], "2026-01-07")) == {(o, "PBG") for o in "ABDEF"}
        assert asked("P15", [*rows, again], "2026-01-09") == {}


class TestP09:
    def rows(self, mine: int, others: int, by_officer: int | None = None) -> list[Row]:
        """Cases of applicant A, of which officer X acted in the last, and other cases by Y; all closed by 3 February."""
        rows = []
        for n in range(mine):
            officer = "X" if by_officer is None or n >= mine - by_officer else "Y"
            rows.append(
                row(
                    f"a{n}",
                    "finished",
                    f"2026-01-{n + 5:02d} 09:00",
                    step="x",
                    officer=officer,
                    applicant="A",
                )
            )
            rows.append(row(f"a{n}", "closed", f"2026-01-{n + 5:02d} 10:00"))
        for n in range(others):
            rows.append(
                row(f"o{n}", "finished", "2026-01-05 09:00", step="x", officer="Y", applicant=f"O{n}")
            )
            rows.append(row(f"o{n}", "closed", "2026-01-05 10:00"))
        rows[-2 * others - 1] = row(f"a{mine - 1}", "closed", "2026-02-03 14:00")
        return rows

    def test_three_times_what_the_share_of_the_work_says(self) -> None:
        found = judged(self.rows(8, 17), UNTIL)  # X has 8 of 25 cases
        finding = Finding("breach", ms("2026-02-04 00:00"), 1, near(3 * 8 / 25))
        assert found.findings == {("P09", "X", "A"): finding}
        assert not [case for rule, case in found.outcomes if rule == "P09"], "about pairs, not about cases"
        assert judged(self.rows(8, 17), "2026-02-03 23:59").findings == {}
        assert judged(self.rows(8, 15), UNTIL).findings == {}, "3 * 8/23 is more than all"
        assert asked("P09", self.rows(8, 15), "2026-02-04") == {("X", "A"): []}

    def test_chance_must_be_small(self) -> None:
        # 5 of 8 by X, who has 5 of 38: 0.625 is more than 3 * 0.132, and P(X >= 5) = 0.0015; 6 of 39: 0.0003
        assert judged(self.rows(8, 30, by_officer=5), UNTIL).findings == {}
        assert list(judged(self.rows(8, 31, by_officer=6), UNTIL).findings) == [("P09", "X", "A")]

    def test_eight_cases(self) -> None:
        assert judged(self.rows(7, 40), UNTIL).findings == {}
        assert asked("P09", self.rows(7, 40), "2026-02-04") == {("X", "A"): None}
        least = law(thresholds=(Threshold("P09.least", 7, SINCE),))
        assert list(judged(self.rows(7, 40), UNTIL, least).findings) == [("P09", "X", "A")]

    def test_an_agent_is_an_actor_too(self) -> None:
        rows = [
            (c, k, t, {("agent_token" if (n, v) == ("applicant_token", "A") else n): v for n, v in f.items()})
            for c, k, t, f in self.rows(8, 17)
        ]
        assert list(judged(rows, UNTIL).findings) == [("P09", "X", "A")]

    def test_open_cases_are_not_judged(self) -> None:
        rows = self.rows(8, 17)
        still_open = [r for r in rows if r[:2] != ("a7", "closed")]
        assert judged(still_open, UNTIL).findings == {}
        assert asked("P09", still_open, "2026-02-04") == {}
        assert asked("P09", still_open, "2026-01-12") == {("X", "A"): None}, "about a6, the seventh"


class TestP17:
    def issues(self, count: int, first: str, last: str) -> list[Row]:
        """So many that one officer issued, all but the last at one time."""
        rows = [row(f"c{n}", "issued", first, officer="A") for n in range(count - 1)]
        return [*rows, row("C", "issued", last, officer="A")]

    def most(self, rows: list[Row], day: str = "2026-02-04") -> dict[tuple[str, str], list[Finding] | None]:
        return asked("P17", rows, day)

    def test_twenty_within_ten_minutes_is_a_page(self) -> None:
        rows = self.issues(20, "2026-02-03 09:00", "2026-02-03 09:10")
        page = Finding("page", ms("2026-02-04 00:00"), 20, 20)
        assert self.most(rows) == {("A", "2026-02-03"): [page]}
        found = judged(rows, UNTIL)
        assert {k: f for k, f in found.findings.items() if k[0] == "P17"} == {
            ("P17", "A", "2026-02-03"): page
        }
        assert not [k for k in found.outcomes if k[0] == "P17"], "a page says nothing of a case"

    @pytest.mark.parametrize(
        ("count", "first", "last", "found"),
        [
            (19, "2026-02-03 09:00", "2026-02-03 09:10", False),
            (20, "2026-02-03 09:00", "2026-02-03 09:10:00.999", True),
            (20, "2026-02-03 09:00:00.999", "2026-02-03 09:10:01", False),
            (20, "2026-02-03 23:55", "2026-02-03 23:59:59.999", True),
            (20, "2026-02-03 23:55", "2026-02-04 00:00", False),
        ],
    )
    def test_whole_seconds_of_one_day_are_counted(
        self, count: int, first: str, last: str, found: bool
    ) -> None:
        assert bool(self.most(self.issues(count, first, last))["A", "2026-02-03"]) == found

    def test_only_permits_that_an_officer_issued(self) -> None:
        machine = row("C", "issued", "2026-02-03 09:00", officer="A", automatic=True)
        nobody = row("D", "issued", "2026-02-03 09:00")
        assert self.most([machine, nobody, row("E", "closed", "2026-02-03 09:00", officer="A")]) == {}


class TestP18:
    def rows(self, with_agent: int, without: int, minutes: int = 10) -> list[Row]:
        """Steps of 100 minutes without an agent, of ``minutes`` with one; the last agent's case is ``C``."""
        rows = []
        for n in range(with_agent + without):
            agent = {"agent": f"K{n}"} if n < with_agent else {}
            case, day = ("C", "2026-02-03") if n == 0 else (f"c{n}", "2026-01-05")
            took = minutes if agent else 100
            rows.append(row(case, "started", f"{day} 08:00", step="survei", **agent))
            rows.append(row(case, "finished", f"{day} {clock(took)}", step="survei", officer="A"))
            rows.append(row(case, "closed", f"{day} 14:00"))
        return rows

    def test_a_third_of_the_time_with_an_agent(self) -> None:
        found = judged(self.rows(20, 20), UNTIL)
        finding = Finding("breach", ms("2026-02-04 00:00"), near(10.075 / 100.495), near(1 / 3))
        assert found.findings == {("P18", "A", "PBG/survei"): finding}
        assert not [case for rule, case in found.outcomes if rule == "P18"], "about pairs, not about cases"
        assert list(judged(self.rows(20, 20, minutes=33), UNTIL).findings) == [("P18", "A", "PBG/survei")]
        slower = self.rows(20, 20, minutes=34)
        assert judged(slower, UNTIL).findings == {}
        assert asked("P18", slower, "2026-02-04") == {("A", "PBG/survei"): []}

    def test_asks_about_whom_an_agent_met_the_day_before(self) -> None:
        rows = self.rows(20, 20)
        plain = [
            row("D", "started", "2026-02-05 08:00", step="survei"),
            row("D", "finished", "2026-02-05 08:10", step="survei", officer="A"),
            row("D", "closed", "2026-02-05 14:00"),
        ]
        assert judged(rows + plain, UNTIL).findings["P18", "A", "PBG/survei"].at == ms("2026-02-04 00:00")
        nobody = [(c, k, t, {n: v for n, v in f.items() if n != "officer_token"}) for c, k, t, f in rows]
        machine = [(c, k, t, f | {"automatic": True}) for c, k, t, f in rows]
        assert asked("P18", rows + plain, "2026-02-06") == {}
        for done in (nobody, machine):
            assert asked("P18", done, "2026-02-04") == {}
            assert judged(done, UNTIL).findings == {}

    def test_at_the_very_instant_the_day_is_frozen(self) -> None:
        assert list(judged(self.rows(20, 20), "2026-02-04 00:00").findings) == [("P18", "A", "PBG/survei")]
        assert judged(self.rows(20, 20), ms("2026-02-04 00:00") - 1).findings == {}

    @pytest.mark.parametrize(("with_agent", "without"), [(19, 20), (20, 19)])
    def test_twenty_each(self, with_agent: int, without: int) -> None:
        rows = self.rows(with_agent, without)
        assert judged(rows, UNTIL).findings == {}
        assert asked("P18", rows, "2026-02-04") == {("A", "PBG/survei"): None}

    def test_not_asked_without_an_agent(self) -> None:
        for rows in (self.rows(0, 40), self.rows(20, 20)[1:3]):
            assert judged(rows, UNTIL).findings == {}
            assert asked("P18", rows, "2026-02-04") == {}

    def test_buckets_are_ranked(self) -> None:
        # 100 and 101 minutes are one bucket: alike, though everybody with an agent took a minute less
        law_ = law(thresholds=(Threshold("P18.ratio", 1, SINCE),))
        without = {f"c{n}" for n in range(20, 40)}
        for took, found in ((101, False), (102, True)):
            rows = [
                (c, k, t.replace(clock(100), clock(took)) if c in without else t, f)
                for c, k, t, f in self.rows(20, 20, minutes=100)
            ]
            assert bool(asked("P18", rows, "2026-02-04", law_)["A", "PBG/survei"]) == found
