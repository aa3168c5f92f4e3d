"""The simulated regency: reproducible, in order, consistent within a key, believable in its proportions."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import islice, pairwise
from typing import Any

import pytest

from producers.simulator import SimulationRefusedError, Simulator, Unfinished
from producers.simulator.live import Live
from producers.simulator.planting import Plant
from producers.simulator.slips import standing
from producers.simulator.world import Group
from schemas.catalogue import DOMAINS, HEARTBEATS
from schemas.codec import Codec
from schemas.events import EVENTS
from schemas.profile import Profile
from schemas.registry import LockFileIds

POPULATION = 12_000
YEAR = 2025
Events = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def year(regency: Profile) -> Events:
    return list(Simulator(regency, 1, POPULATION).year(YEAR))


def of(events: Events, domain: str) -> list[dict[str, Any]]:
    return [record for name, record in events if name == domain]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(year: Events, regency: Profile) -> None:
    again = list(Simulator(regency, 1, POPULATION).year(YEAR))
    other = list(islice(Simulator(regency, 2, POPULATION).year(YEAR), 500))
    assert json.dumps(again) == json.dumps(year)
    assert other != year[:500]


def test_a_year_is_in_order_within_its_year_and_says_that_it_is_simulated(
    year: Events, regency: Profile
) -> None:
    simulator = Simulator(regency, 1, POPULATION)
    times = [record["occurred_at"] for _, record in year]
    assert times == sorted(times)
    assert simulator.world.year_start(YEAR) <= times[0]
    assert times[-1] < simulator.world.year_start(YEAR + 1)
    assert all(record["simulated"] is True for _, record in year)
    ids = [record["event_id"] for _, record in year]
    assert len(set(ids)) == len(ids)


def test_every_event_fits_the_contract(year: Events) -> None:
    ids = LockFileIds.load()
    topics = {**DOMAINS, HEARTBEATS.name: HEARTBEATS}
    codecs = {name: Codec(topic.schema, ids) for name, topic in topics.items()}
    for domain, record in year:
        codecs[domain].encode(record)
    for domain, record in year[::97]:
        EVENTS[topics[domain].schema].model_validate(record)


def test_every_kind_happens(year: Events) -> None:
    kinds = Counter((domain, record["kind"]) for domain, record in year)
    wanted = {
        "permits": "submitted accepted started finished returned resubmitted rejected issued",
        "revenue": "opening_balance assessment receipt void deposit reminder",
        "budget": "ceiling package spd spp spm sp2d accounting return reversal",
        "population": "birth death move",
        "activities": "progress handover",
    }
    for domain, names in wanted.items():
        for name in names.split():
            assert kinds[domain, name] > 0, (domain, name)
    budget = of(year, "budget")
    assert {r["disbursement_type"] for r in budget if r["kind"] == "sp2d"} == {"UP", "GU", "TU", "LS"}
    assert {r["ceiling_stage"] for r in budget if r["kind"] == "ceiling"} == {
        *("RKPD", "KUA-PPAS", "RAPBD", "APBD", "SHIFT", "APBD-P")
    }


def test_about_six_in_a_hundred_permits_are_late(regency: Profile) -> None:
    profile = regency
    cases: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in of(list(Simulator(profile, 3, 40_000).year(YEAR)), "permits"):
        cases[record["case_id"]].append(record)
    finished = late = 0
    for events in cases.values():
        if events[-1]["kind"] not in ("issued", "rejected"):
            continue
        accepted = next(e["occurred_at"] for e in events if e["kind"] == "accepted")
        worked = profile.calendar.elapsed(accepted, events[-1]["occurred_at"])
        for before, after in pairwise(events):
            if before["kind"] == "returned":
                worked -= profile.calendar.elapsed(before["occurred_at"], after["occurred_at"])
        finished += 1
        late += worked > 5.0
    assert finished > 500
    assert 0.03 < late / finished < 0.1


def test_deposits_contain_what_was_received_and_not_voided_before(year: Events) -> None:
    revenue = of(year, "revenue")
    first: dict[str, str] = {}
    for record in revenue:
        wrong = record.get("corrects")
        first[record["event_id"]] = first[wrong] if wrong else record["event_id"]
    receipts = {first[r["event_id"]]: r for r in standing(revenue) if r["kind"] == "receipt"}
    amounts = {r["receipt_number"]: r["amount"] for r in receipts.values()}
    voided_at: dict[str, int] = {}
    for void in (r for r in standing(revenue) if r["kind"] == "void"):
        voided = receipts[void["voided_event"]]
        assert (voided["amount"], voided["cash_office"]) == (void["amount"], void["cash_office"])
        voided_at[voided["receipt_number"]] = void["occurred_at"]
    later = 0
    for slip in (r for r in standing(revenue) if r["kind"] == "deposit"):
        assert slip["amount"] == sum(part["amount"] for part in slip["composition"])
        for part in slip["composition"]:
            assert amounts[part["receipt_number"]] == part["amount"]
            if part["receipt_number"] in voided_at:
                later += 1
                assert voided_at[part["receipt_number"]] > slip["occurred_at"]
    assert 0 < later < len(voided_at)


def test_transfers_of_land_are_assessed_before_they_are_paid(year: Events) -> None:
    revenue = [record for domain, record in year if domain == "revenue" and not record.get("corrects")]
    letters = {r["assessment_id"]: r for r in revenue if r["kind"] == "assessment" and r.get("zone")}
    paid = {r.get("assessment_id"): r for r in revenue if r["kind"] == "receipt"}
    assert letters
    for name, letter in letters.items():
        assert letter["occurred_at"] < letter["due_at"]
        assert letter["declared_value"] >= 0.55 * letter["reference_value"]
        if name in paid:
            assert paid[name]["occurred_at"] == letter["due_at"]
    assert len({letter["zone"] for letter in letters.values()}) > 3


def test_a_bill_is_never_paid_twice_over(year: Events) -> None:
    owed: Counter[str] = Counter()
    for r in standing(of(year, "revenue")):
        if r.get("assessment_id"):
            sign = {"assessment": 1, "receipt": -1, "void": 1}.get(r["kind"], 0)
            owed[r["assessment_id"]] += sign * r["amount"] + r.get("penalty", 0) - r.get("reduction", 0)
    this_year = {bill: rest for bill, rest in owed.items() if f"/{YEAR - 1}/" not in bill}
    assert min(this_year.values()) == 0 < max(this_year.values())


def test_spending_stays_within_the_ceiling_and_follows_its_chain(year: Events) -> None:
    budget = standing(of(year, "budget"))
    documents = {r["document_number"]: r for r in budget if r["kind"] != "ceiling"}
    ceilings: dict[tuple[str, str], int] = {}
    paid: Counter[tuple[str, str]] = Counter()
    for record in budget:
        key = (record["sub_activity"], record["account"])
        kind, of_type = record["kind"], record.get("disbursement_type")
        if kind == "ceiling":
            assert sum(record["monthly_plan"]) == record["amount"]
            if record["fiscal_year"] == YEAR:
                ceilings[key] = record["amount"]
        if kind in ("spm", "sp2d", "accounting", "return", "reversal"):
            # what GU accounts for was paid from the department's UP, which one sub-activity holds
            scope = "opd" if (kind, of_type) == ("accounting", "GU") else "sub_activity"
            assert documents[record["refers_to"]][scope] == record[scope]
        if kind == ("accounting" if of_type == "UP" else "sp2d"):
            paid[key] += record["amount"]
    assert paid
    assert all(amount <= ceilings[key] for key, amount in paid.items())
    total = sum(paid.values()) / sum(ceilings.values())
    assert 0.3 < total < 1.0


def test_no_supplier_has_two_direct_packages_of_a_kind(year: Events) -> None:
    packages = [r for r in standing(of(year, "budget")) if r["kind"] == "package"]
    direct = [r for r in packages if r["package_method"] == "direct"]
    assert direct
    assert max(r["package_ceiling"] for r in direct) <= 100_000_000
    assert len({(r["payee_token"], r["opd"], r["account"]) for r in direct}) == len(direct)


def test_progress_never_falls_and_registrations_name_their_report(year: Events) -> None:
    last: dict[str, int] = {}
    for record in of(year, "activities"):
        assert record["physical_bp"] >= last.get(record["sub_activity"], 0)
        assert record["physical_bp"] <= 10_000
        last[record["sub_activity"]] = record["physical_bp"]
    people = of(year, "population")
    reports = {r["event_id"]: r for r in people if r["status"] == "reported"}
    named = [r for r in people if r.get("report_id")]
    assert named
    assert all(reports[r["report_id"]]["family_card_token"] == r["family_card_token"] for r in named)


def test_a_history_is_the_same_facts_by_case_and_resumes(year: Events, regency: Profile) -> None:
    simulator = Simulator(regency, 1, POPULATION)
    start, end = simulator.world.year_start(YEAR), simulator.world.year_start(YEAR) + 120 * 86_400_000
    unfinished: list[Unfinished] = []
    history = list(simulator.history(start, end, unfinished=unfinished))
    assert {r["event_id"] for _, r in history} == {r["event_id"] for _, r in year if r["occurred_at"] < end}
    assert all(r["mode"] == "backfill" for _, r in history)
    assert list(simulator.history(start, end, skip=1000)) == history[1000:]
    cases = [r["case_id"] for r in of(history, "permits")]
    changes = sum(a != b for a, b in pairwise(cases))
    assert changes == len(set(cases)) - 1
    assert any(item.domain == "permits" for item in unfinished)


def test_live_goes_on_from_the_history_at_the_wall_time(regency: Profile) -> None:
    simulator = Simulator(regency, 1, POPULATION)
    start = simulator.world.year_start(YEAR)
    end = start + 200 * 86_400_000 + 3_600_000 * 2  # two in the morning
    unfinished: list[Unfinished] = []
    known = {r["case_id"] for d, r in simulator.history(start, end, unfinished=unfinished) if d == "permits"}
    live = Live(simulator, unfinished, began=end)
    events = [live.next(end + n * 100) for n in range(4000)]
    ids = LockFileIds.load()
    codecs = {domain: Codec(topic.schema, ids) for domain, topic in DOMAINS.items()}
    for domain, record in events:
        codecs[domain].encode(record)
        assert record["simulated"] is True
        assert end <= record["occurred_at"] <= end + 400_000
    kinds = {(d, r["kind"]) for d, r in events}
    assert {
        ("permits", "submitted"),
        ("permits", "issued"),
        ("revenue", "receipt"),
        ("revenue", "deposit"),
    } <= kinds
    assert {("budget", "sp2d"), ("population", "move"), ("activities", "progress")} <= kinds
    assert known & {r["case_id"] for d, r in events if d == "permits" and r["kind"] == "issued"}
    assert len(live.beats(end)) == 5
    ids_seen = [r["event_id"] for _, r in events]
    assert len(set(ids_seen)) == len(ids_seen)


def test_no_simulation_under_a_real_name(real_regency: Profile) -> None:
    with pytest.raises(SimulationRefusedError, match="tidak mengizinkan simulasi"):
        Simulator(real_regency, 1, POPULATION)


def test_a_plant_changes_what_happens(regency: Profile) -> None:
    class Silent:
        """Leaves out the deposits."""

        def apply(self, group: Group) -> Group:
            kept = [r for r in group.events if r["kind"] != "deposit"]
            return Group(group.domain, group.start, kept)

    plant: Plant = Silent()
    events = Simulator(regency, 1, 2_000, [plant]).year(YEAR)
    assert all(record["kind"] != "deposit" for _, record in events)
