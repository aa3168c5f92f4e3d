"""An outage is not fraud: a source is silent for four days and then floods; what was missing is judged when it is back."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from domain_rows import SOURCE, chunks_of, profile, record

from schemas.event_ids import event_ids
from schemas.profile import Profile
from streams.domains import PROCESSORS
from streams.domains.regency import Regency
from streams.engine.merge import Rows, merge
from streams.engine.processor import Context, Processor
from streams.engine.state_group import from_bytes, to_bytes

ZONE = ZoneInfo("Asia/Jakarta")
LATENESS = 10 * 60_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * 1000


def patient() -> Profile:
    """The source says that four working hours without a word are a silence."""
    source = replace(profile().sources[SOURCE], silent_minutes=240)
    return replace(profile(), sources={SOURCE: source}, _standards={}, _thresholds={})


def event(number: int, at: str, case: str, kind: str) -> dict[str, Any]:
    return record(
        "permits", event_id=str(UUID(int=number)), source=SOURCE, opd="1.01", occurred_at=ms(at), kind=kind, case_id=case,
        permit_type="PBG",
    )  # fmt: skip


def outage() -> tuple[list[dict[str, Any]], list[int]]:
    """Thirty cases accepted on Monday 5 January; the source falls silent on Tuesday noon and comes back on Monday 12,
    sending what happened meanwhile in order: all but three were issued in time, on Friday morning. Afterwards it is heard
    of every hour."""
    found: list[tuple[dict[str, Any], int]] = []
    for case in range(30):
        accepted = event(case, f"2026-01-05T07:{case:02}", f"C{case}", "accepted")
        found.append((accepted, accepted["occurred_at"]))
    beat = event(900, "2026-01-06T12:00", "B0", "submitted")
    found.append((beat, beat["occurred_at"]))
    back = ms("2026-01-12T09:00")
    issued = [event(100 + case, f"2026-01-09T09:{case:02}", f"C{case}", "issued") for case in range(27)]
    found += [(one, back + number) for number, one in enumerate(issued)]
    for hour in range(8):
        at = datetime(2026, 1, 12, 9, 5, tzinfo=ZONE) + timedelta(hours=hour)
        alive = event(901 + hour, at.strftime("%Y-%m-%dT%H:%M"), f"B{hour + 1}", "submitted")
        found.append((alive, alive["occurred_at"]))
    return [one for one, _ in found], [at for _, at in found]


def late(processor: Processor) -> set[str]:
    """Cases with a standing P01 at breach or beyond."""
    return {
        a["subject"]
        for a in processor.alerts.records().values()
        if a["rule"] == "P01" and a["status"] != "withdrawn" and a["level"] != "warning"
    }


def successor(old: Processor) -> Processor:
    new = PROCESSORS["permits"](Context(patient()))
    for name, store in old.stores.items():
        for batch in store.freeze():
            new.stores[name].restore(from_bytes(to_bytes(batch)))
    return new


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_no_wave_while_a_source_is_silent_and_the_truth_when_it_is_back(rows: int) -> None:
    records, stamps = outage()
    processor = PROCESSORS["permits"](Context(patient()))
    silence = ms("2026-01-12T08:30")
    alerts_before = None
    for chunk in chunks_of("permits", records, rows, stamps):
        if chunk.clock > silence and alerts_before is None:
            for hour in range(6 * 24):  # the idle clock goes on through the silence
                at = ms("2026-01-06T12:30") + hour * 3_600_000
                if at < silence:
                    processor.advance(at)
            alerts_before = late(processor)
            processor = successor(processor)
        assert not processor.process(chunk)
        for store in processor.stores.values():
            store.mark()
        due = processor.next_due()
        assert due is None or due > chunk.clock, "nothing is due twice"
    if rows < 100:
        assert alerts_before == set(), "five working days ended on Friday evening, and nobody was heard"
    processor.advance(ms("2026-01-12T16:30"))
    assert late(processor) == {"C27", "C28", "C29"}
    lags = [
        a for a in processor.alerts.records().values() if a["rule"] == "P11" and a["status"] != "withdrawn"
    ]
    assert lags == [], "what came late because of the outage is not retroactive"


def test_a_warning_raised_just_before_the_silence_is_taken_back_with_the_reason() -> None:
    records, stamps = outage()
    processor = PROCESSORS["permits"](Context(patient()))
    for chunk in chunks_of("permits", records[:30], 30, stamps[:30]):
        processor.process(chunk)
    last = event(950, "2026-01-09T15:00", "B9", "submitted")  # Friday 15.00; the deadline is at 16.30
    for chunk in chunks_of("permits", [last], 1, [last["occurred_at"]]):
        processor.process(chunk)
    processor.advance(ms("2026-01-09T16:30") + 31 * 60_000 + LATENESS)
    assert len(late(processor)) == 30, "nothing says yet that the source is silent"
    processor.advance(ms("2026-01-12T12:00"))
    assert late(processor) == set()
    levels = {a["level"] for a in processor.alerts.records().values() if a["status"] != "withdrawn"}
    assert levels == {"warning"}, "the warning fell due while the source was still heard"
    suspended = {
        k.value: v for k, v in processor.totals.snapshot().items()
        if k.metric == "permits.rules_not_applicable" and k.dimension == "reason" and "ditangguhkan" in k.value and v
    }  # fmt: skip
    assert suspended == {"P01|ditangguhkan: sumber sedang diam": 30}


@pytest.mark.parametrize(("hours_between", "waits"), [(1, True), (30, False)])
def test_what_a_partition_seldom_hears_of_does_not_hold_deadlines_back(
    hours_between: int, waits: bool
) -> None:
    """A source that declares nothing is silent for the rules only where it was heard steadily before."""
    processor = PROCESSORS["permits"](Context(profile()))
    assert profile().sources[SOURCE].silent_minutes is None
    at, number = datetime(2026, 1, 5, 8, 0, tzinfo=ZONE), 0
    accepted = event(0, "2026-01-14T08:00", "C", "accepted")
    beats = []
    while at < datetime(2026, 1, 14, 12, 0, tzinfo=ZONE):
        number += 1
        beats.append(event(number, at.strftime("%Y-%m-%dT%H:%M"), f"B{number}", "submitted"))
        at += timedelta(hours=hours_between)
    records = sorted([accepted, *beats], key=lambda one: int(one["occurred_at"]))
    for chunk in chunks_of("permits", records, 7, [one["occurred_at"] for one in records]):
        processor.process(chunk)
    processor.advance(ms("2026-01-30T12:00"))
    assert ("C" in late(processor)) is not waits


def test_a_late_closing_withdraws_with_the_reason() -> None:
    processor = PROCESSORS["permits"](Context(profile()))
    for chunk in chunks_of("permits", [event(1, "2026-01-05T07:30", "C", "accepted")], 1):
        processor.process(chunk)
    processor.advance(ms("2026-01-12T08:00"))
    assert late(processor) == {"C"}
    closing = event(2, "2026-01-08T09:00", "C", "issued")
    for chunk in chunks_of("permits", [closing], 1, [ms("2026-01-12T09:00")]):
        processor.process(chunk)
    assert late(processor) == set()
    (alert,) = [a for a in processor.alerts.records().values() if a["rule"] == "P01"]
    assert (alert["status"], alert["withdrawn_reason"]) == ("withdrawn", "Berkas selesai sebelum tenggat.")


def test_any_cut_of_an_outage_says_the_same_in_the_end() -> None:
    records, stamps = outage()
    said = []
    for seed in range(4):
        rng = random.Random(seed)  # noqa: S311
        cuts = sorted(rng.sample(range(len(records)), 6))
        processor = PROCESSORS["permits"](Context(patient()))
        for chunk in chunks_of("permits", records, cuts, stamps):
            processor.process(chunk)
            if rng.random() < 0.5:
                processor = successor(processor)
        processor.advance(ms("2026-01-14T12:00"))
        said.append({
            (a["rule"], a["subject"], a["scope"]): (a["level"], a["level_at"], a["observed"])
            for a in processor.alerts.records().values() if a["status"] != "withdrawn"
        })  # fmt: skip
    assert said[0] == said[1] == said[2] == said[3]


def heard(number: int, at: str, domain: str = "heartbeats") -> tuple[str, dict[str, Any]]:
    beat = {
        "event_id": str(UUID(int=number)),
        "source": SOURCE,
        "opd": "1.01",
        "occurred_at": ms(at),
        "kind": "heartbeat",
    }
    return domain, {**beat, "mode": "live", "simulated": False}


def test_four_days_of_silence_are_one_alert_that_ends_by_itself() -> None:
    peers = Regency(Context(patient()))
    beats = [heard(n, f"2026-01-06T{8 + n:02}:00") for n in range(4)]
    back = [heard(100 + n, f"2026-01-12T{8 + n:02}:00") for n in range(4)]

    def take(some: list[tuple[str, dict[str, Any]]]) -> None:
        columns = pa.RecordBatch.from_pylist([one for _, one in some])
        clocks = columns.column("occurred_at").to_numpy()
        rows = Rows("heartbeats", 0, columns, clocks, clocks, event_ids(columns.column("event_id")))
        peers.process(merge([rows], int(clocks[-1]) + 1))

    take(beats)
    due = peers.next_due()
    assert due is not None
    assert due <= ms("2026-01-06T16:00") + 1, "four working hours after 11.00, lunch left out"
    peers.advance(ms("2026-01-06T15:59"))
    assert peers.alerts.records() == {}
    for day in range(7, 12):
        peers.advance(ms(f"2026-01-{day:02}T12:00"))
    (alert,) = peers.alerts.records().values()
    assert (alert["rule"], alert["subject"], alert["status"], alert["revision"]) == (
        "S01",
        SOURCE,
        "raised",
        1,
    )
    assert "6 Januari 2026 pukul 11.00" in alert["sentence"]
    take(back)
    (alert,) = peers.alerts.records().values()
    assert (alert["status"], alert["withdrawn_reason"]) == ("withdrawn", "Sumber terdengar lagi.")
    whole = Regency(Context(patient()))
    peers = whole
    take([*beats, *back])  # a replay that reads it all at once says the same
    (alert,) = whole.alerts.records().values()
    assert (alert["rule"], alert["status"]) == ("S01", "withdrawn")
