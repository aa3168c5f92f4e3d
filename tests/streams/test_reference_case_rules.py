"""The reference for the rules that one case decides: situations worked out by hand.

2 to 13 February 2026 are two ordinary weeks from a Monday; a working day is 07:30-12:00 and 13:00-16:00, on Friday
07:30-11:30 and 13:00-16:30.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from domain_rows import SOURCE
from permit_cases import SINCE, Row, law, ms, row, said

from schemas.calendar import DatedHours, WeekHours, WorkingCalendar
from schemas.profile import Authority, Deemed, Incompatible, Step, Tariff, Threshold
from streams.reference import reasons
from streams.reference.finding import FOUND, NOT_FOUND, Finding

DEEMED = law(deemed=(Deemed(5, date(2026, 1, 1)),))
START = row("C", "accepted", "2026-02-02 07:30")
FIFTH = ms("2026-02-06 16:30")


class TestP02:
    def test_warns_a_day_before_and_finds_when_the_days_ran(self) -> None:
        warning = Finding("warning", ms("2026-02-05 16:00"), 4, 4)
        assert said("P02", [START], "2026-02-05 15:59", DEEMED) == (NOT_FOUND, {})
        assert said("P02", [START], "2026-02-05 16:00", DEEMED) == (NOT_FOUND, {"": warning})
        assert said("P02", [START], FIFTH, DEEMED) == (NOT_FOUND, {"": warning})
        assert said("P02", [START], FIFTH + 1, DEEMED) == (FOUND, {"": Finding("breach", FIFTH + 1, 5, 5)})

    @pytest.mark.parametrize("closed", ["2026-02-03 09:00", "2026-02-05 17:00", "2026-02-06 16:30"])
    def test_a_case_closed_in_time_is_not_even_warned_of(self, closed: str) -> None:
        assert said("P02", [START, row("C", "rejected", closed)], "2026-03-02", DEEMED) == (NOT_FOUND, {})

    def test_a_case_closed_too_late_stays_found(self) -> None:
        rows = [START, row("C", "issued", "2026-02-06 16:30:00.001")]
        assert said("P02", rows, "2026-03-02", DEEMED) == (FOUND, {"": Finding("breach", FIFTH + 1, 5, 5)})

    def test_the_clock_stops_with_the_applicant(self) -> None:
        rows = [START, row("C", "returned", "2026-02-02 16:00"), row("C", "resubmitted", "2026-02-03 16:00")]
        assert said("P02", rows, ms("2026-02-09 16:00"), DEEMED)[0] == NOT_FOUND
        assert said("P02", rows, ms("2026-02-09 16:00") + 1, DEEMED)[0] == FOUND
        assert said("P02", rows[:2], "2026-12-01", DEEMED) == (NOT_FOUND, {})

    def test_a_closing_dated_ahead_does_not_change_what_had_run(self) -> None:
        ahead = row("C", "issued", "2026-02-10 10:00", arrives="2026-02-05 15:00")
        assert said("P02", [START, ahead], "2026-02-05 16:00", DEEMED)[1][""].observed == 4

    def test_a_source_may_be_late(self) -> None:
        assert said("P02", [START], FIFTH + 600_000, DEEMED, False)[0] == NOT_FOUND
        assert said("P02", [START], FIFTH + 600_001, DEEMED, False)[0] == FOUND

    def test_a_case_seen_late_is_judged_after_it_was_seen(self) -> None:
        rows = [row("C", "accepted", "2026-02-02 07:30", arrives="2026-02-10 10:00")]
        assert said("P02", rows, "2026-02-10 10:09", DEEMED, False)[0] == NOT_FOUND
        assert said("P02", rows, "2026-02-10 10:10", DEEMED, False)[0] == FOUND

    def test_days_and_parameters_are_those_of_the_start(self) -> None:
        before = [row("C", "accepted", "2025-12-31 09:00")]
        assert said("P02", before, "2026-03-02", DEEMED) == (reasons.NO_DEEMED, {})
        near = replace(
            DEEMED, thresholds=(Threshold("P02.near_days", 2, SINCE, permit_type="PBG"),), _thresholds={}
        )
        assert said("P02", [START], "2026-02-04 16:00", near)[1][""].level == "warning"

    def test_not_applicable_without_deemed_days(self) -> None:
        assert said("P02", [START], FIFTH + 1) == (reasons.NO_DEEMED, {})


class TestP03:
    LAW = law(
        Step("berkas", "Berkas", "LOKET"),
        Step("survei", "Survei", "PUPR"),
        Step("foto", "Foto", "PUPR", False),
    )
    END = row("C", "issued", "2026-02-04 10:00")

    def test_found_without_a_mandatory_step(self) -> None:
        rows = [START, row("C", "started", "2026-02-03 09:00", step="berkas"), self.END]
        finding = Finding("breach", ms("2026-02-04 10:00"), 1, 0)
        assert said("P03", rows, "2026-02-04 10:00", self.LAW) == (FOUND, {"": finding})
        assert said("P03", [START, self.END], "2026-02-04 10:00", self.LAW)[1][""].observed == 2

    def test_a_step_after_the_closing_does_not_count(self) -> None:
        rows = [START, row("C", "finished", "2026-02-03 09:00", step="berkas"), self.END]
        late = row("C", "finished", "2026-02-05 09:00", step="survei")
        assert said("P03", [*rows, late], "2026-02-06", self.LAW)[0] == FOUND
        in_time = row("C", "finished", "2026-02-04 10:00", step="survei", event_id="0")
        assert said("P03", [*rows, in_time], "2026-02-06", self.LAW)[0] == NOT_FOUND

    def test_a_step_of_another_time_is_not_asked_for(self) -> None:
        later = law(
            Step("survei", "Survei", "PUPR", valid_from=date(2026, 2, 3)), Step("foto", "Foto", "PUPR", False)
        )
        assert said("P03", [START, self.END], "2026-02-06", later) == (NOT_FOUND, {})

    def test_not_applicable(self) -> None:
        assert said("P03", [START, self.END], "2026-02-06")[0] == reasons.NO_TEMPLATE
        assert said("P03", [START], "2026-02-06", self.LAW)[0] == "belum terbit"
        ended = [START, row("C", "closed", "2026-02-04 10:00")]
        assert said("P03", ended, "2026-02-06", self.LAW)[0] == "tidak berakhir dengan izin"


class TestP04:
    LAW = law(
        Step("berkas", "Berkas", "LOKET"),
        Step("survei", "Survei", "PUPR"),
        Step("nilai", "Nilai", "PUPR", after=("berkas", "survei")),
    )

    def rows(self, survei: str) -> list[Row]:
        return [
            row("C", "finished", "2026-02-02 09:00", step="berkas"),
            row("C", "started", "2026-02-02 10:00", step="nilai"),
            row("C", "finished", survei, step="survei"),
        ]

    @pytest.mark.parametrize(
        ("survei", "outcome"),
        [("2026-02-02 09:30", NOT_FOUND), ("2026-02-02 10:02", NOT_FOUND), ("2026-02-02 10:02:01", FOUND)],
    )
    def test_two_minutes_are_no_inversion(self, survei: str, outcome: str) -> None:
        assert said("P04", self.rows(survei), "2026-02-06", self.LAW)[0] == outcome

    def test_tells_the_greatest_inversion(self) -> None:
        rows = [*self.rows("2026-02-02 10:30")[1:], row("C", "finished", "2026-02-02 10:05", step="berkas")]
        finding = Finding("breach", ms("2026-02-02 10:30"), 30, 2)
        assert said("P04", rows, "2026-02-06", self.LAW) == (FOUND, {"nilai": finding})

    def test_other_steps_have_no_order(self) -> None:
        other = row("C", "finished", "2026-02-02 11:00", step="foto")
        assert said("P04", [*self.rows("2026-02-02 09:30"), other], "2026-02-06", self.LAW) == (NOT_FOUND, {})

    def test_what_is_missing_is_not_inverted(self) -> None:
        assert said("P04", self.rows("2026-02-02 10:30")[:2], "2026-02-06", self.LAW) == (NOT_FOUND, {})
        closed = [*self.rows("2026-02-02 10:30"), row("C", "issued", "2026-02-02 10:15")]
        assert said("P04", closed, "2026-02-06", self.LAW) == (NOT_FOUND, {})

    def test_not_applicable_without_an_order(self) -> None:
        assert said("P04", self.rows("2026-02-02 10:30"), "2026-02-06", TestP03.LAW)[0] == reasons.NO_ORDER


class TestP06:
    LAW = law(
        Step("berkas", "Berkas", "LOKET"),
        Step("survei", "Survei", "PUPR"),
        incompatible=(Incompatible("berkas", "survei", SINCE), Incompatible("survei", "kind:issued", SINCE)),
    )

    def test_found_per_pair_from_the_second_act_on(self) -> None:
        rows = [
            row("C", "started", "2026-02-02 09:00", step="berkas", officer="A"),
            row("C", "finished", "2026-02-02 10:00", step="survei", officer="B"),
            row("C", "finished", "2026-02-02 11:00", step="survei", officer="A"),
            row("C", "finished", "2026-02-02 11:30", step="survei", officer="A"),
            row("C", "finished", "2026-02-02 12:00", step="berkas", officer="B"),
            row("C", "issued", "2026-02-03 09:00", officer="B"),
        ]
        assert said("P06", rows, "2026-02-06", self.LAW) == (
            FOUND,
            {
                "berkas+survei": Finding("breach", ms("2026-02-02 11:00"), 2, 0),
                "survei+kind:issued": Finding("breach", ms("2026-02-03 09:00"), 1, 0),
            },
        )

    def test_not_found_by_two_officers_or_by_a_machine(self) -> None:
        first = row("C", "finished", "2026-02-02 09:00", step="berkas", officer="A")
        for second in (
            {"officer": "B"},
            {"officer": None},
            {"officer": "A", "automatic": True},
        ):
            rows = [first, row("C", "finished", "2026-02-02 10:00", step="survei", **second)]
            assert said("P06", rows, "2026-02-06", self.LAW) == (NOT_FOUND, {})

    def test_other_steps_are_in_no_pair(self) -> None:
        rows = [
            row("C", "finished", "2026-02-02 09:00", step="berkas", officer="A"),
            row("C", "finished", "2026-02-02 10:00", step="foto", officer="A"),
            row("C", "finished", "2026-02-02 11:00", step="survei", officer="B"),
            row("C", "issued", "2026-02-02 12:00", officer="A"),
        ]
        assert said("P06", rows, "2026-02-06", self.LAW) == (NOT_FOUND, {})

    def test_acts_dated_after_the_closing_count(self) -> None:
        rows = [
            row("C", "issued", "2026-02-02 00:00"),
            row("C", "finished", "2026-02-02 09:00", step="berkas", officer="A"),
            row("C", "finished", "2026-02-02 10:00", step="survei", officer="A"),
        ]
        assert said("P06", rows, "2026-02-06", self.LAW)[0] == FOUND

    def test_not_applicable(self) -> None:
        rows = [row("C", "finished", "2026-02-02 09:00", step="berkas", officer="A")]
        assert said("P06", rows, "2026-02-06", TestP03.LAW)[0] == reasons.NO_PAIR
        nobody = [row("C", "finished", "2026-02-02 09:00", step="berkas")]
        assert said("P06", nobody, "2026-02-06", self.LAW)[0] == reasons.NO_OFFICER
        later = law(incompatible=(Incompatible("berkas", "survei", date(2026, 2, 3)),))
        assert said("P06", rows, "2026-02-06", later)[0] == reasons.NO_PAIR


class TestP10:
    @pytest.mark.parametrize(
        ("local", "outcome"),
        [
            ("2026-02-03 07:29", FOUND),
            ("2026-02-03 07:30", NOT_FOUND),
            ("2026-02-03 12:30", FOUND),
            ("2026-02-07 10:00", FOUND),
            ("2026-02-17 10:00", FOUND),
        ],
        ids=["before opening", "at opening", "in the break", "Saturday", "Chinese New Year"],
    )
    def test_outside_working_time(self, local: str, outcome: str) -> None:
        assert said("P10", [START, row("C", "issued", local)], "2026-03-02")[0] == outcome

    def test_is_context_and_never_an_alert(self) -> None:
        rows = [START, row("C", "issued", "2026-02-07 10:00")]
        assert said("P10", rows, "2026-03-02")[1] == {"": Finding("context", ms("2026-02-07 10:00"), 1, 0)}

    def test_the_unit_has_its_own_hours(self) -> None:
        saturdays = WeekHours.of([(450, 960)], [(450, 960)], [(450, 960)])
        open_ = law(unit_calendars={"PUPR": WorkingCalendar(law().timezone, (DatedHours(SINCE, saturdays),))})
        for unit, outcome in (("PUPR", NOT_FOUND), ("LOKET", FOUND), (None, FOUND)):
            rows = [START, row("C", "issued", "2026-02-07 10:00", unit=unit)]
            assert said("P10", rows, "2026-03-02", open_)[0] == outcome
        held = [row("C", "accepted", "2026-02-02 09:00", unit="PUPR"), row("C", "issued", "2026-02-07 10:00")]
        assert said("P10", held, "2026-03-02", open_)[0] == NOT_FOUND

    def test_not_applicable(self) -> None:
        assert said("P10", [START], "2026-03-02")[0] == "belum terbit"
        assert (
            said("P10", [START, row("C", "rejected", "2026-02-07 10:00")], "2026-03-02")[0]
            == "tidak berakhir dengan izin"
        )
        machine = row("C", "issued", "2026-02-07 10:00", automatic=True)
        assert said("P10", [START, machine], "2026-03-02")[0] == reasons.AUTOMATIC


class TestP11:
    @pytest.mark.parametrize(
        ("arrives", "outcome"), [("2026-02-05 08:00", NOT_FOUND), ("2026-02-05 08:01", FOUND)]
    )
    def test_told_more_than_three_working_days_later(self, arrives: str, outcome: str) -> None:
        rows = [row("C", "accepted", "2026-02-02 08:00", arrives=arrives)]
        told, found = said("P11", rows, "2026-02-06 08:00", event_clock=False)
        assert told == outcome
        assert [f.at for f in found.values()] == ([ms(arrives)] if outcome == FOUND else [])

    @pytest.mark.parametrize(
        ("local", "outcome"), [("2026-02-02 10:12", NOT_FOUND), ("2026-02-02 10:12:01", FOUND)]
    )
    def test_a_step_that_came_before_the_closing_is_dated_after_it(self, local: str, outcome: str) -> None:
        rows = [
            row("C", "accepted", "2026-02-02 08:00"),
            row("C", "finished", local, step="berkas", arrives="2026-02-02 10:20"),
            row("C", "issued", "2026-02-02 10:00", arrives="2026-02-02 10:21"),
        ]
        told, found = said("P11", rows, "2026-02-02 10:31", event_clock=False)
        assert told == outcome
        if found:
            assert found == {"order": Finding("breach", ms("2026-02-02 10:21"), 12 + 1 / 60, 12)}
        assert said("P11", rows, "2026-02-02 10:30", event_clock=False)[0] == NOT_FOUND, (
            "may still be corrected"
        )

    @pytest.mark.parametrize(
        ("dated", "outcome"), [("2026-02-02 00:00", NOT_FOUND), ("2026-02-01 23:59", FOUND)]
    )
    def test_a_document_older_than_the_application(self, dated: str, outcome: str) -> None:
        rows = [
            row("C", "submitted", "2026-02-02 08:00"),
            row("C", "finished", "2026-02-03 08:00", step="berkas", document_date=ms(dated)),
        ]
        told, found = said("P11", rows, "2026-02-06")
        assert told == outcome
        assert found == (
            {"document": Finding("breach", ms("2026-02-03 08:00"), 1, 0)} if outcome == FOUND else {}
        )

    def test_history_is_not_judged(self) -> None:
        rows = [row("C", "accepted", "2026-02-02 08:00", mode="backfill", arrives="2026-02-12 08:00")]
        assert said("P11", rows, "2026-02-13", event_clock=False)[0] == "data historis"


class TestP12:
    REJECTED = row("C", "rejected", "2026-02-02 07:30", officer="A")

    @pytest.mark.parametrize(
        ("local", "outcome"),
        [("2026-02-03 09:00", FOUND), ("2026-02-06 16:30", FOUND), ("2026-02-09 07:31", NOT_FOUND)],
    )
    def test_within_five_working_days(self, local: str, outcome: str) -> None:
        assert said("P12", [self.REJECTED, row("C", "issued", local)], "2026-03-02")[0] == outcome

    @pytest.mark.parametrize(("officer", "level"), [("A", "breach"), (None, "breach"), ("B", "severe")])
    def test_another_officer_makes_it_severe(self, officer: str | None, level: str) -> None:
        rows = [self.REJECTED, row("C", "issued", "2026-02-03 07:30", officer=officer)]
        assert said("P12", rows, "2026-03-02") == (FOUND, {"": Finding(level, ms("2026-02-03 07:30"), 1, 5)})

    def test_new_documents_explain_it(self) -> None:
        new = row("C", "resubmitted", "2026-02-02 09:00", new_documents=True)
        issued = row("C", "issued", "2026-02-03 09:00")
        assert said("P12", [self.REJECTED, new, issued], "2026-03-02") == (NOT_FOUND, {})
        itself = row("C", "issued", "2026-02-03 09:00", new_documents=True)
        assert said("P12", [self.REJECTED, itself], "2026-03-02") == (NOT_FOUND, {})
        before = row("C", "submitted", "2026-02-02 07:00", new_documents=True)
        assert said("P12", [before, self.REJECTED, issued], "2026-03-02")[0] == FOUND

    def test_not_found_and_not_applicable(self) -> None:
        assert said("P12", [self.REJECTED], "2026-03-02") == (NOT_FOUND, {})
        assert (
            said("P12", [START, row("C", "issued", "2026-02-03 09:00")], "2026-03-02")[0]
            == reasons.NO_REJECTION
        )


class TestP14:
    LAW = law(tariffs=(Tariff("PBG", None, SINCE),))
    FIXED = law(tariffs=(Tariff("PBG", 500, date(2026, 2, 1)),))

    def said(
        self, kind: str, assessed: int | None, paid: int | None, fixed: bool = False
    ) -> dict[str, tuple[float, float]]:
        rows = [
            START,
            row("C", "finished", "2026-02-03 09:00", step="retribusi", fee_assessed=assessed),
            row("C", "finished", "2026-02-03 10:00", step="bayar", fee_paid=paid),
            row("C", kind, "2026-02-04 10:00"),
            row("C", "finished", "2026-02-05 10:00", step="bayar", fee_paid=999),
        ]
        outcome, found = said("P14", rows, "2026-02-06", self.FIXED if fixed else self.LAW)
        assert (outcome == FOUND) == bool(found)
        assert all(f.level == "breach" and f.at == ms("2026-02-04 10:00") for f in found.values())
        return {scope: (f.observed, f.threshold) for scope, f in found.items()}

    def test_by_formula(self) -> None:
        assert self.said("issued", 400, 400) == {}
        assert self.said("issued", None, 400) == {}
        assert self.said("issued", None, None) == {}
        assert self.said("issued", 0, None) == {}
        assert self.said("issued", 400, None) == {"issued-unpaid": (0, 400)}
        assert self.said("issued", 400, 0) == {"issued-unpaid": (0, 400)}
        assert self.said("issued", 400, 399) == {"different": (399, 400)}
        assert self.said("issued", 400, 401) == {"different": (401, 400)}
        assert self.said("rejected", 400, None) == {}
        assert self.said("rejected", 400, 400) == {"paid-not-issued": (400, 0)}

    def test_by_a_fixed_tariff(self) -> None:
        assert self.said("issued", 500, 500, fixed=True) == {}
        assert self.said("issued", 499, 499, fixed=True) == {"tariff": (499, 500)}
        assert self.said("issued", None, None, fixed=True) == {"issued-unpaid": (0, 500)}
        assert self.said("rejected", 501, 400, fixed=True) == {
            "different": (400, 501), "tariff": (501, 500), "paid-not-issued": (400, 0),
        }  # fmt: skip

    def test_not_applicable(self) -> None:
        assert (
            said("P14", [START, row("C", "issued", "2026-02-04 10:00")], "2026-02-06")[0]
            == "jenis ini tidak berbayar"
        )
        early = [row("C", "accepted", "2026-01-30 10:00"), row("C", "issued", "2026-02-04 10:00")]
        assert said("P14", early, "2026-02-06", self.FIXED)[0] == "jenis ini tidak berbayar"
        assert said("P14", [START], "2026-02-06", self.LAW)[0] == reasons.NOT_CLOSED


class TestP16:
    LAW = law(
        authorities=(
            Authority("A", "PBG", SINCE, date(2026, 2, 3)),
            Authority("B", "*", date(2026, 2, 4)),
            Authority("C", "PBG", date(2026, 2, 4), date(2026, 2, 5), delegation_id="SK/1"),
            Authority("D", "IMB", SINCE),
        )
    )

    def said(self, local: str, **fields: Any) -> str:
        return said("P16", [START, row("C", "issued", local, **fields)], "2026-03-02", self.LAW)[0]

    @pytest.mark.parametrize(
        ("local", "officer", "delegation", "outcome"),
        [
            ("2026-02-03 23:59", "A", None, NOT_FOUND),
            ("2026-02-04 00:00", "A", None, FOUND),
            ("2026-02-03 10:00", "B", None, FOUND),
            ("2026-02-04 10:00", "B", None, NOT_FOUND),
            ("2026-02-04 10:00", "D", None, FOUND),
            ("2026-02-05 10:00", "A", "SK/1", NOT_FOUND),
            ("2026-02-06 10:00", "A", "SK/1", FOUND),
            ("2026-02-05 10:00", "A", "SK/2", FOUND),
            ("2026-02-05 10:00", "A", "", FOUND),
        ],
    )
    def test_authority_of_the_day(
        self, local: str, officer: str, delegation: str | None, outcome: str
    ) -> None:
        assert self.said(local, officer=officer, delegation_id=delegation) == outcome

    def test_tells_the_decision(self) -> None:
        rows = [START, row("C", "rejected", "2026-02-04 10:00", officer="A")]
        assert said("P16", rows, "2026-03-02", self.LAW)[1] == {
            "": Finding("breach", ms("2026-02-04 10:00"), 0, 1)
        }

    def test_not_applicable(self) -> None:
        assert said("P16", [START], "2026-03-02")[0] == reasons.NO_AUTHORITIES
        assert said("P16", [START], "2026-03-02", self.LAW)[0] == reasons.NO_DECISION
        assert self.said("2026-02-04 10:00", officer="Z", automatic=True) == reasons.NO_DECISION
        assert self.said("2026-02-04 10:00") == reasons.NO_OFFICER


def test_a_correction_takes_a_finding_back() -> None:
    rejected, issued = TestP12.REJECTED, row("C", "issued", "2026-02-03 09:00")
    wrong = row("C", "rejected", "2026-02-02 07:30", event_id="wrong")
    right = row("C", "returned", "2026-02-02 07:30", corrects="wrong", arrives="2026-02-03 10:00")
    assert said("P12", [rejected, issued], "2026-03-02")[0] == FOUND
    assert said("P12", [wrong, issued], "2026-03-02")[0] == FOUND
    assert said("P12", [wrong, issued, right], "2026-03-02")[0] == reasons.NO_REJECTION


def test_a_parameter_of_type_and_source_goes_first() -> None:
    thresholds = (
        Threshold("P12.days", 1, SINCE),
        Threshold("P12.days", 3, SINCE, permit_type="PBG", source=SOURCE),
        Threshold("P12.days", 0, SINCE, permit_type="IMB"),
    )
    rows = [TestP12.REJECTED, row("C", "issued", "2026-02-04 16:00")]
    assert said("P12", rows, "2026-03-02", law(thresholds=thresholds))[0] == FOUND
    assert said("P12", rows, "2026-03-02", law(thresholds=thresholds[:1]))[0] == NOT_FOUND
