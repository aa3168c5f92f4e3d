"""What the honest regency ties together: receipts and the permits that they are for, works and what is paid for them, and the
devices of the profile."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from producers.simulator import Simulator
from producers.simulator.contracts import ADVANCE
from producers.simulator.fees import fees_of
from producers.simulator.live import Live
from producers.simulator.slips import standing
from schemas.profile import Profile

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
YEAR, SEED, POPULATION = 2025, 17, 20_000
Record = dict[str, Any]


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator(Profile.load(CONTOH), SEED, POPULATION)


def stands(groups: Any) -> list[Record]:
    """What finally stands of the documents of groups."""
    return [record for group in groups for record in standing(group.events)]


def test_what_was_paid_for_a_permit_is_on_the_books_and_in_the_treasury(simulator: Simulator) -> None:
    books = stands(simulator.fees.groups(YEAR))
    receipts = [record for record in books if record["kind"] == "receipt"]
    paid = {
        fee.case_id: fee.amount
        for year in (YEAR - 1, YEAR)
        for group in simulator.permits.groups(year)
        for fee in fees_of(group.events)
        if simulator.world.local_date(fee.at).year == YEAR
    }
    assert len(paid) > 20
    assert {r["permit_case_id"]: r["amount"] for r in receipts} == paid
    assert len(receipts) == len(paid)
    deposited = Counter(
        {p["receipt_number"]: p["amount"] for r in books if r["kind"] == "deposit" for p in r["composition"]}
    )
    assert deposited == Counter({r["receipt_number"]: r["amount"] for r in receipts})


def test_a_box_reports_the_hours_in_which_it_sells(simulator: Simulator) -> None:
    books = stands(simulator.boxes.groups(YEAR))
    boxes = {(box.cash_office, box.device) for box in simulator.world.profile.tapping_boxes}
    sales = [record for record in books if record["kind"] == "receipt"]
    assert {(r["cash_office"], r["receipt_book"]) for r in sales} == boxes
    days = Counter(simulator.world.local_date(r["occurred_at"]) for r in sales)
    assert len({day.weekday() for day in days}) == 6, "one day of the week it is closed"
    assert 290 < len(days) < 315
    assert 5 < len(sales) / len(days) <= 6
    assert len({r["receipt_number"] for r in sales}) == len(sales)
    slips = [part["amount"] for r in books if r["kind"] == "deposit" for part in r["composition"]]
    assert sum(slips) == sum(r["amount"] for r in sales)


def test_instalments_of_a_contract_follow_the_works(simulator: Simulator) -> None:
    reports: defaultdict[str, list[Record]] = defaultdict(list)
    for record in stands(simulator.activities.groups(YEAR)):
        if record.get("contract_number"):
            reports[record["contract_number"]].append(record)
    budget = stands(simulator.budget.groups(YEAR))
    worth = {f"KTR/{r['package_id']}": r["amount"] for r in budget if r["kind"] == "package"}
    assert reports.keys() <= worth.keys()
    paid: Counter[str] = Counter()
    for record in sorted(budget, key=lambda r: r["occurred_at"]):
        number = str(record.get("contract_number"))
        if record["kind"] == "spp" and number in reports:
            paid[number] += record["amount"]
            before = [r for r in reports[number] if r["occurred_at"] <= record["occurred_at"]]
            built = before[-1]["physical_bp"] / 10_000 if before else 0.0
            assert paid[number] <= worth[number] * max(built, ADVANCE)
    assert len(paid) > 20


def test_live_a_fee_comes_onto_the_books_after_the_permit(simulator: Simulator) -> None:
    now = simulator.world.year_start(YEAR)
    live = Live(simulator, [], began=now)
    events = [live.next(now + n * 100) for n in range(30_000)]
    paid = [r for domain, r in events if domain == "permits" and r.get("fee_paid")]
    named = [r for _, r in events if r.get("permit_case_id")]
    assert paid
    assert [(r["permit_case_id"], r["amount"]) for r in named] == [
        (r["case_id"], r["fee_paid"]) for r in paid
    ]
    assert all(a["occurred_at"] < b["occurred_at"] for a, b in zip(paid, named, strict=True))
