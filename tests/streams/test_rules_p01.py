"""P01 against dates worked out by hand: five working days from Monday 5 January 2026, 07:30 in Jakarta.

Working days: Monday to Thursday 07:30-12:00 and 13:00-16:00, Friday 07:30-11:30 and 13:00-16:30 (Perpres 21/2023).
So 80 % is Thursday 8 January 16:00, 100 % Friday 9 January 16:30, 150 % Wednesday 14 January 11:15.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from domain_rows import SOURCE, chunks_of, profile, record

from schemas.codec import Codec
from schemas.profile import Profile
from schemas.profile.rows import Threshold
from schemas.registry import open_ids
from streams.domains import PROCESSORS
from streams.engine.processor import Context, Processor
from streams.rules import rules
from streams.rules.as_of import AsOf

LATENESS = 10 * 60_000
Row = tuple[str, str, str | None, str | None]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Jakarta")).timestamp()) * 1000


def run(
    rows: list[Row], until: str, law: Profile | None = None, **fields: Any
) -> tuple[dict[str, dict[str, Any]], Processor]:
    """Standing alerts by scope after the rows (time, kind, step, unit) and an idle clock until a time."""
    records = [
        record("permits", event_id=str(UUID(int=number)), source=SOURCE, opd="1.01", occurred_at=ms(at), kind=kind,
               case_id="503/1", permit_type="PBG", step=step, unit=unit, **fields)
        for number, (at, kind, step, unit) in enumerate(rows)
    ]  # fmt: skip
    processor = PROCESSORS["permits"](Context(law or profile()))
    for chunk in chunks_of("permits", records, 1):
        assert not processor.process(chunk)
    processor.advance(ms(until) + LATENESS)
    found = {alert["scope"]: alert for alert in p01(processor)}
    return {scope: a for scope, a in found.items() if a["status"] != "withdrawn"}, processor


def p01(processor: Processor) -> list[dict[str, Any]]:
    """What the rule said last, withdrawn or not."""
    return [alert for alert in processor.alerts.records().values() if alert["rule"] == "P01"]


ACCEPTED: Row = ("2026-01-05T07:30", "accepted", None, "LOKET")
BACK: list[Row] = [
    ("2026-01-06T07:30", "returned", None, None),
    ("2026-01-12T07:30", "resubmitted", None, None),
]


@pytest.mark.parametrize(
    ("rows", "until", "level", "at"),
    [
        ([ACCEPTED], "2026-01-08T15:59", None, None),
        ([ACCEPTED], "2026-01-08T16:00", "warning", "2026-01-08T16:00"),
        ([ACCEPTED], "2026-01-09T16:30", "warning", "2026-01-08T16:00"),
        ([ACCEPTED], "2026-01-09T16:31", "breach", "2026-01-09T16:30"),
        ([ACCEPTED], "2026-01-14T11:14", "breach", "2026-01-09T16:30"),
        ([ACCEPTED], "2026-01-14T11:15", "severe", "2026-01-14T11:15"),
        # the clock starts at the complete application, not at the first paper
        (
            [("2026-01-02T08:00", "submitted", None, "LOKET"), ACCEPTED],
            "2026-01-09T16:00",
            "warning",
            "2026-01-08T16:00",
        ),
        # issued on the dot is in time; a minute later is not, and stands
        ([ACCEPTED, ("2026-01-09T16:30", "issued", None, None)], "2026-02-01T00:00", None, None),
        (
            [ACCEPTED, ("2026-01-09T16:31", "issued", None, None)],
            "2026-02-01T00:00",
            "breach",
            "2026-01-09T16:30",
        ),
        # one day worked, six days with the applicant: 5 days end on Thursday 15 January
        ([ACCEPTED, *BACK], "2026-01-14T16:00", "warning", "2026-01-14T16:00"),
        ([ACCEPTED, *BACK], "2026-01-15T16:00", "warning", "2026-01-14T16:00"),
        ([ACCEPTED, *BACK], "2026-01-15T16:01", "breach", "2026-01-15T16:00"),
        ([ACCEPTED, BACK[0]], "2026-03-01T00:00", None, None),
    ],
)
def test_levels_by_the_clock(rows: list[Row], until: str, level: str | None, at: str | None) -> None:
    found, _ = run(rows, until)
    alert = found.get("")
    assert (alert and alert["level"]) == level
    if alert and at:
        assert alert["level_at"] == ms(at) + (1 if level == "breach" else 0)


def test_the_timer_waits_for_the_declared_lateness_and_needs_no_event() -> None:
    _, processor = run([ACCEPTED], "2026-01-05T08:00")
    assert processor.next_due() == ms("2026-01-08T16:00") + LATENESS
    processor.advance(ms("2026-01-08T16:00") + LATENESS - 1)
    assert not p01(processor)
    processor.advance(ms("2026-01-08T16:00") + LATENESS)
    raised = p01(processor)[0]
    assert (raised["status"], raised["level"], raised["revision"]) == ("raised", "warning", 1)
    processor.advance(ms("2026-01-20T00:00"))
    escalated = p01(processor)[0]
    assert (escalated["status"], escalated["level"], escalated["revision"]) == ("escalated", "severe", 2)
    assert escalated["first_at"] == raised["level_at"]


def test_a_late_message_withdraws_with_a_reason() -> None:
    _, processor = run([ACCEPTED], "2026-01-12T00:00")
    issued = record("permits", event_id=str(UUID(int=9)), source=SOURCE, opd="1.01", occurred_at=ms("2026-01-08T09:00"),
                    kind="issued", case_id="503/1", permit_type="PBG")  # fmt: skip
    chunk = next(iter(chunks_of("permits", [issued], 1, timestamps=[ms("2026-01-12T09:00")])))
    processor.process(chunk)
    withdrawn = p01(processor)[0]
    assert (withdrawn["status"], withdrawn["revision"]) == ("withdrawn", 2)
    assert withdrawn["withdrawn_reason"] == "Berkas selesai sebelum tenggat."


def test_a_step_is_addressed_to_the_unit_that_holds_it() -> None:
    found, processor = run(
        [
            ACCEPTED,
            ("2026-01-05T07:30", "started", "survei", None),
            ("2026-01-08T07:30", "finished", "survei", None),
        ],
        "2026-01-08T08:00",
    )
    alert = found["survei"]
    assert (alert["level"], alert["unit"], alert["observed"], alert["threshold"]) == (
        "severe",
        "PUPR",
        3.0,
        3.0,
    )
    assert alert["sentence"] == (
        "Indikasi keterlambatan: permohonan 503/1 (PBG, tahap Survei lapangan) selesai dalam 3 hari kerja, "
        "terakhir di PUPR, standar 2 hari kerja; perlu klarifikasi."
    )
    waiting = {
        k.value: v for k, v in processor.totals.snapshot().items() if k.metric == "permits.waiting" and v
    }
    assert waiting == {"PUPR": 1}


def test_a_due_date_replaces_the_standard_and_the_record_is_complete() -> None:
    found, _ = run([ACCEPTED], "2026-01-07T00:00", due_at=ms("2026-01-06T12:00"))
    alert = found[""]
    assert (alert["level"], alert["due_at"]) == ("breach", ms("2026-01-06T12:00"))
    assert "tenggat 6 Januari 2026" in alert["sentence"]
    codec = Codec("risk.alerts", open_ids())
    assert codec.decode(codec.encode(alert))["evidence"][0]["event_id"] == str(UUID(int=0))
    assert alert["evidence_total"] == 1
    assert alert["rule_version"] == rules()["P01"].version


def test_an_unknown_type_has_no_standard_and_does_no_harm() -> None:
    records = [record("permits", event_id=str(UUID(int=1)), source="/x", opd="9", occurred_at=0, kind="submitted",
                      case_id="x", permit_type="tidak ada", step="apa")]  # fmt: skip
    processor = PROCESSORS["permits"](Context(profile()))
    for chunk in chunks_of("permits", records, 1):
        processor.process(chunk)
    assert processor.next_due() is None
    processor.advance(ms("2026-01-01T00:00"))
    assert not p01(processor)


def test_an_alert_about_a_step_has_the_parameters_of_the_day_the_step_began() -> None:
    half = Threshold("P01.breach", 0.5, date(2026, 1, 8), permit_type="PBG", source=SOURCE)
    law = replace(profile(), thresholds=(half,), _standards={}, _thresholds={})
    found, _ = run([ACCEPTED, ("2026-01-08T07:30", "started", "survei", None)], "2026-01-10T00:00", law)
    said = {
        scope: (a["threshold"], a["parameters"]["P01.breach"], AsOf.told(a["parameters"]))
        for scope, a in found.items()
    }
    assert said == {
        "": (5.0, "1.0", AsOf("2026-01-05", "PBG", SOURCE)),
        "survei": (1.0, "0.5", AsOf("2026-01-08", "PBG", SOURCE)),
    }
