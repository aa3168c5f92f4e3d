"""`nadi state verify` while a source is silent over deadlines, and once it is back: equal after a real worker."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from domain_rows import SOURCE, record
from processed import Processed, committed, empty, run
from reference_worker import patient

from infra.state.logs import headers
from infra.verify import Report, verify
from infra.verify.committed import committed as committed_state
from schemas.catalogue import PERMITS
from streams.engine.alerts import WITHDRAWN

pytestmark = pytest.mark.kafka

DAY_MS = 86_400_000
NOW = time.time_ns() // 1_000_000
#: Deadlines are four working days; they pass while the source is heard, or while it is silent.
HEARD, SILENT_SINCE = NOW - 40 * DAY_MS, NOW - 20 * DAY_MS
EARLY, WAITING = (tuple(f"{name}{n}" for n in range(12)) for name in ("EARLY", "WAITING"))
DECIDED, OPEN = WAITING[:6], WAITING[6:]


def send(stack: Processed, number: int, case: str, kind: str, at: int, came: int) -> None:
    fields = {"event_id": str(UUID(int=number)), "source": SOURCE, "opd": "1.01", "unit": "LOKET"}
    event = record("permits", **fields, case_id=case, permit_type="PBG", kind=kind, occurred_at=at)
    stack.send(PERMITS, event, came)


def work(stack: Processed, folder: Path, events: int) -> None:
    """Until all of it is committed, and the clock of every partition is that of the wall."""
    stack.flush()

    def done() -> bool:
        lanes = [header.lanes[PERMITS.name] for header in headers(stack.settings.kafka).values()]
        there = committed(stack.settings).get(PERMITS.name) == events
        return there and all(lane.clock >= NOW for lane in lanes)

    run(stack, folder, done, "patient")


def compared(stack: Processed) -> Report:
    report = verify("permits", stack.settings, patient(), lambda *_: None)
    assert (report.ok, report.behind, report.same_profile) == (True, 0, True), report
    return report


def late(stack: Processed, rule: str) -> set[str]:
    alerts = committed_state("permits", stack.settings, lambda *_: None).alerts.values()
    standing = [a for a in alerts if a["rule"] == rule and a["status"] != WITHDRAWN]
    return {a["subject"] for a in standing if a["level"] != "warning"}


def suspended(stack: Processed) -> int:
    """Of how many cases P01 says that it waits for their source."""
    figures = committed_state("permits", stack.settings, lambda *_: None).figures
    why = ("permits.rules_not_applicable", "reason", "P01|ditangguhkan: sumber sedang diam")
    return sum(amount for figure, amount in figures.items() if figure[:3] == why)


def test_equal_during_a_silence_and_after_it(kafka: Any, tmp_path: Path) -> None:
    stack = empty(kafka, partitions=2, timestamps="CreateTime")
    for number, case in enumerate(EARLY):
        send(stack, number, case, "accepted", HEARD + number, HEARD + number)
    for number, case in enumerate(WAITING, 100):
        send(stack, number, case, "accepted", SILENT_SINCE + number, SILENT_SINCE + number)
    work(stack, tmp_path, 24)
    assert compared(stack).standing_alerts >= len(EARLY)
    assert late(stack, "P01") == set(EARLY), "what passed before the silence stands, what passed in it waits"
    assert late(stack, "P02") == set(EARLY)
    assert suspended(stack) == len(WAITING)

    for number, case in enumerate(DECIDED, 200):  # it comes back, first with what happened meanwhile
        send(stack, number, case, "issued", SILENT_SINCE + DAY_MS // 24, NOW)
    work(stack, tmp_path, 24 + len(DECIDED))
    compared(stack)
    assert late(stack, "P01") == set(EARLY), "it is still catching up"
    assert late(stack, "P11") == set(), "what comes late because of the silence is not retroactive"
    assert suspended(stack) == len(OPEN)

    for number in range(12):
        send(stack, 300 + number, f"BACK{number}", "submitted", NOW, NOW)
    work(stack, tmp_path, 36 + len(DECIDED))
    compared(stack)
    assert late(stack, "P01") == late(stack, "P02") == {*EARLY, *OPEN}
    assert late(stack, "P11") == set()
    assert suspended(stack) == 0
