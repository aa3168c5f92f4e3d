"""Any cut, any order of arrival, any correction: the processors equal the reference."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from domain_rows import SOURCE, chunks_of, record
from domain_rows import ruled as profile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.corrections import FOREIGN
from streams.domains import PROCESSORS
from streams.engine.chunk import Chunk
from streams.engine.processor import Context, Processor, RowError
from streams.engine.state_group import from_bytes, to_bytes
from streams.engine.totals import Key, Totals
from streams.reference import alerts, compute

START = 1_767_200_400_000  # 2026-01-01 00:00 in Jakarta
HOUR = 3_600_000
OPDS = st.sampled_from(["1.01", "1.02"])
AMOUNTS = st.integers(0, 1000)
VILLAGES = st.sampled_from([None, "99.01.01.2001", "99.01.01.2002", "33.01.01.2001"])


def rows_of(domain: str) -> st.SearchStrategy[dict[str, Any]]:
    """One row of a domain without event_id, corrects and time."""
    common = {"source": st.sampled_from([SOURCE, SOURCE, "/opd/1.02/other"]), "opd": OPDS}
    fields: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "revenue": {
            "kind": st.sampled_from(["receipt", "void", "assessment", "deposit", "opening_balance", "reminder", "new"]),
            "cash_office": st.just("K1"), "account": st.sampled_from(["4.1.01.01", "4.2.01", "41", ""]),
            "amount": AMOUNTS, "channel": st.sampled_from(["cash", "qris"]), "village": VILLAGES,
            "assessment_id": st.sampled_from([None, "A1"]), "reduction": AMOUNTS, "penalty": AMOUNTS,
            "measure": st.sampled_from(["received", "assessed", "deposited", "arrears"]),
        },
        "budget": {
            "kind": st.sampled_from(["ceiling", "ceiling", "sp2d", "accounting", "return", "reversal", "spm"]),
            "fiscal_year": st.sampled_from([2025, 2026]), "program": st.sampled_from(["", "P1"]),
            "activity": st.just("P1.2"), "sub_activity": st.just("P1.2.3"), "account": st.sampled_from(["5.1", "5.2"]),
            "amount": AMOUNTS, "disbursement_type": st.sampled_from(["UP", "GU", "TU", "LS"]),
            "ceiling_stage": st.sampled_from(["RKPD", "APBD", "SHIFT", "APBD-P", None]),
            "monthly_plan": st.one_of(st.just([]), st.lists(AMOUNTS, min_size=12, max_size=12)),
            "fund": st.sampled_from([None, "DAU"]),
        },
        "population": {
            "kind": st.sampled_from(["birth", "death", "move", "correction"]), "family_card_token": st.sampled_from(["F1", "F2"]),
            "status": st.sampled_from(["reported", "registered"]), "report_id": st.sampled_from([None, "r"]),
            "village": VILLAGES, "origin_village": VILLAGES, "destination_village": VILLAGES, "persons": st.integers(0, 9),
        },
        "activities": {
            "kind": st.sampled_from(["progress", "handover", "new"]), "fiscal_year": st.sampled_from([2025, 2026]),
            "sub_activity": st.sampled_from(["S1", "S2"]), "physical_bp": st.integers(0, 10_000),
            "planned_bp": st.one_of(st.none(), st.integers(0, 10_000)),
        },
        "permits": {
            "kind": st.sampled_from([
                "submitted", "accepted", "started", "finished", "started", "finished", "returned", "resubmitted",
                "rejected", "issued", "closed", "new",
            ]),
            "case_id": st.sampled_from(["C1", "C2"]), "permit_type": st.sampled_from(["PBG", "PBG", "", "X"]),
            "step": st.sampled_from([None, "berkas", "survei"]), "unit": st.sampled_from([None, "LOKET", "PUPR"]),
            "due_at": st.one_of(st.none(), st.none(), st.integers(0, 400).map(lambda h: START + h * HOUR)),
            "officer_token": st.sampled_from([None, "O1", "O2", "O3"]), "automatic": st.sampled_from([False, False, True]),
            "delegation_id": st.sampled_from([None, "D1", "D2"]), "new_documents": st.sampled_from([None, False, True]),
            "fee_assessed": st.sampled_from([None, None, 0, 500, 700]), "fee_paid": st.sampled_from([None, None, 0, 500, 700]),
            "document_date": st.one_of(st.none(), st.integers(-100, 400).map(lambda h: START + h * HOUR)),
            "mode": st.sampled_from(["live", "live", "live", "backfill"]),
        },
    }  # fmt: skip
    return st.fixed_dictionaries({**common, **fields[domain]})


@st.composite
def streams(draw: st.DrawFn, domain: str) -> tuple[list[dict[str, Any]], list[int], list[int]]:
    """Records in order of arrival, their timestamps (never falling), and where to cut."""
    rows = draw(st.lists(rows_of(domain), min_size=1, max_size=25))
    records, stamps, clock = [], [], START
    for number, row in enumerate(rows):
        earlier = draw(st.one_of(st.none(), st.none(), st.integers(0, number)))
        corrects = None if earlier is None else str(UUID(int=earlier))
        clock += draw(st.integers(0, 40)) * HOUR
        at = max(START, clock - draw(st.integers(-30, 200)) * HOUR)
        records.append(
            record(domain, **row, event_id=str(UUID(int=number)), corrects=corrects, occurred_at=at)
        )
        stamps.append(clock)
    cuts = draw(st.lists(st.integers(0, len(rows) - 1), max_size=6))
    return records, stamps, cuts


def said(alert: dict[str, Any]) -> dict[str, Any]:
    """What stands of an alert, but for how it came to that: when it was said and in how many steps."""
    return {name: value for name, value in alert.items() if name not in ("clock", "revision", "status")}


def published(processor: Processor) -> dict[Key, int]:
    """What changed in the totals since the last time, as a commit takes it along."""
    batch = processor.totals.changes()
    return {} if batch is None else {key: amount or 0 for key, amount in Totals().rows(batch)}


def only_foreign(errors: list[RowError]) -> bool:
    """Whether nothing was refused but corrections of another source's events, which the reference leaves out too."""
    return all(error.reason == FOREIGN for error in errors)


def broken_after(calls: int, processor: Processor, chunk: Chunk) -> bool:
    """Process with code that breaks at its ``calls``-th addition, and take it back; whether it came through."""

    def add(key: Key, delta: int) -> None:
        nonlocal calls
        if not calls:
            raise ZeroDivisionError
        calls -= 1
        Totals.add(processor.totals, key, delta)

    with patch.object(processor.totals, "add", add):
        try:
            assert only_foreign(processor.process(chunk))
        except ZeroDivisionError:
            for store in processor.stores.values():
                store.undo()
            return False
    return True


def successor(domain: str, processor: Processor, event_clock: bool, whole: bool) -> Processor:
    """A new owner of the same state, taken over from a snapshot through bytes; or the same one."""
    if not whole:
        return processor
    new = PROCESSORS[domain](Context(profile(), event_clock))
    for name, store in processor.stores.items():
        for batch in store.freeze():
            new.stores[name].restore(from_bytes(to_bytes(batch)))
    return new


@pytest.mark.parametrize("domain", list(PROCESSORS))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), event_clock=st.booleans(), beyond=st.integers(0, 300))
def test_any_cut_equals_the_reference(
    domain: str, data: st.DataObject, event_clock: bool, beyond: int
) -> None:
    records, stamps, cuts = data.draw(streams(domain))
    events = [(r, 0, offset, stamp) for offset, (r, stamp) in enumerate(zip(records, stamps, strict=True))]
    runs = []
    for rows in (len(records), 1, cuts):
        processor = PROCESSORS[domain](Context(profile(), event_clock))
        seen: dict[Any, int] = {}
        done = 0
        for chunk in chunks_of(domain, records, rows, stamps):
            if not (rows is cuts and broken_after(data.draw(st.integers(0, 6)), processor, chunk)):
                assert only_foreign(processor.process(chunk))
            for store in processor.stores.values():
                store.mark()
            done += len(chunk)
            if rows == 1:  # every intermediate value
                at_this_point = {tuple(k): v for k, v in processor.totals.snapshot().items() if v}
                assert at_this_point == compute(domain, events[:done], profile(), chunk.clock, event_clock)
            seen.update(published(processor))
            if rows is cuts:
                processor = successor(domain, processor, event_clock, data.draw(st.booleans()))
        until = stamps[-1] + beyond * HOUR
        processor.advance(until)
        seen.update(published(processor))
        assert seen == processor.totals.snapshot()
        standing = processor.alerts.records()
        due = processor.next_due()
        assert due is None or due > until
        assert {tuple(k): v for k, v in seen.items() if v} == compute(
            domain, events, profile(), until, event_clock
        )
        runs.append({k: said(a) for k, a in standing.items() if a["status"] != "withdrawn"})
    assert runs[0] == runs[1] == runs[2]
    if domain == "permits":
        found = {
            (a["rule"], a["subject"], a["scope"]): (
                a["level"],
                a["level_at"],
                a["unit"],
                a["observed"],
                a["threshold"],
                a["evidence_digest"],
            )
            for a in runs[0].values()
        }
        plain = alerts(events, profile(), until, event_clock)
        assert found == {scope: tuple(verdict) for scope, verdict in plain.items()}


@pytest.mark.parametrize("domain", ["revenue", "budget", "population", "activities"])
def test_a_chunk_of_which_nothing_can_be_taken_changes_nothing(domain: str) -> None:
    processor = PROCESSORS[domain](Context(profile()))
    impossible = record(
        domain, event_id=str(UUID(int=1)), source=SOURCE, opd="1.01", occurred_at=10**15, kind="new"
    )
    for chunk in chunks_of(domain, [impossible], 1, [START]):
        assert processor.process(chunk)
    assert all(store.changes() is None for store in processor.stores.values())
