"""Ten simulated years with every kind of document: the figures equal a plain ledger's to the rupiah."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import plain_ledger as ledger
import pytest
from domain_rows import chunks_of, record
from plain_ledger import Ledger, day_of

from producers.simulator import Simulator
from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from streams.domains import PROCESSORS
from streams.engine.processor import Context

FIRST, YEARS, POPULATION, SEED = 2016, 10, 12_000, 2
PARTITIONS = 3
LARGEST_CHUNK = 4_000
#: The account that a figure is the debit (1) or credit (-1) side of.
FIGURES = {
    "budget.realised": (ledger.SPENDING, 1),
    "budget.advance": (ledger.PURSE, 1),
    "revenue.received": (ledger.REVENUE, -1),
    "revenue.assessed": (ledger.ASSESSED, -1),
    "revenue.deposited": (ledger.DEPOSITED, 1),
    "revenue.arrears": (ledger.RECEIVABLE, 1),
}
TYPES = ("UP", "GU", "TU", "LS")
DOCUMENTS = {
    *(f"ceiling {stage}" for stage in ("RKPD", "KUA-PPAS", "RAPBD", "APBD", "SHIFT", "APBD-P")),
    *(f"{kind} {of}" for kind in ("spp", "spm", "sp2d", "return", "reversal") for of in TYPES),
    *("spd", "package", "accounting UP", "accounting GU", "accounting TU"),
    *(f"receipt {channel}" for channel in ("cash", "teller", "qris", "virtual_account", "transfer")),
    *(f"opening_balance {measure}" for measure in ("received", "assessed", "deposited", "arrears")),
    *("assessment", "void", "deposit", "reminder"),
}
CORRECTED = {
    *("ceiling", "package", "spd", "spp", "spm", "sp2d", "accounting", "return", "reversal"),
    *("assessment", "receipt", "void", "deposit", "opening_balance"),
}
CASES = {
    *(f"{kind} {of} after its year" for kind, of in (("return", "UP"), ("return", "TU"), ("return", "LS"))),
    *("assessment with a reduction", "assessment with a penalty", "receipt of last year's assessment"),
    *("void of the same day", "void of another day", "void of an assessed receipt", "void after the deposit"),
    *("correction of a correction", "second correction of a document", "correction of a voided receipt"),
    *(
        "correction heard of in the next year",
        "document heard of in the next year",
        "deposit of several receipts",
    ),
}

Events = list[tuple[int, str, dict[str, Any]]]
Figures = dict[str, Counter[tuple[str, ...]]]


@pytest.fixture(scope="module")
def arrived() -> Events:
    """(arrival, domain, event) of ten years, as they stand on the topics."""
    profile = Profile.load(Path("infra/profiles/contoh"))
    simulator = Simulator(profile, SEED, POPULATION)
    simulator.streams = (simulator.budget, simulator.revenue)
    return [(at, domain, record(domain, **event)) for at, domain, event in simulator.years(FIRST, YEARS)]


@pytest.fixture(scope="module")
def books(arrived: Events) -> Ledger:
    return Ledger((domain, event) for _, domain, event in arrived)


@pytest.fixture(scope="module")
def figures(arrived: Events) -> Figures:
    """What the processors say, summed over partitions: by metric, (dimension, value, local day) to rupiah."""
    profile = Profile.load(Path("infra/profiles/contoh"))
    random = Random(SEED)  # noqa: S311
    lanes: dict[tuple[str, int], Events] = defaultdict(list)
    for at, domain, event in arrived:
        lanes[domain, crc32(DOMAINS[domain].key_of(event)) % PARTITIONS].append((at, domain, event))
    found: Figures = defaultdict(Counter)
    for (domain, partition), lane in lanes.items():
        processor = PROCESSORS[domain](Context(profile, partition=partition))
        cuts, at = [], 0
        while at < len(lane):
            cuts.append(at)
            at += random.randrange(1, LARGEST_CHUNK)
        stamps, events = [at for at, *_ in lane], [event for *_, event in lane]
        for chunk in chunks_of(domain, events, cuts, stamps, partition):
            assert not processor.process(chunk)
            for store in processor.stores.values():
                store.mark()
        for (metric, *key), amount in processor.totals.snapshot().items():
            found[metric][tuple(key)] += amount
    return found


def year_of(at: int) -> int:
    return int(day_of(at)[:4])


def what(event: dict[str, Any]) -> str:
    """A document's kind, with its type, stage, channel or measure."""
    more = {
        "ceiling": event.get("ceiling_stage"),
        "receipt": event.get("channel"),
        "opening_balance": event.get("measure"),
    }.get(event["kind"], event.get("disbursement_type"))
    return f"{event['kind']} {more}" if more else event["kind"]


def cases_of(arrived: Events) -> Iterator[str]:
    """The unusual things that happened, as often as they did."""
    events = {event["event_id"]: event for *_, event in arrived}
    voided = {event["voided_event"] for *_, event in arrived if event["kind"] == "void"}
    slips: set[str] = set()
    wrongs: set[str] = set()
    for at, _, event in arrived:
        kind, day = event["kind"], event["occurred_at"]
        late = at > day and year_of(at) > year_of(day)
        if event["corrects"]:
            wrong = events[event["corrects"]]
            if wrong["corrects"]:
                yield "correction of a correction"
            if event["corrects"] in wrongs:
                yield "second correction of a document"
            wrongs.add(event["corrects"])
            if wrong["event_id"] in voided:
                yield "correction of a voided receipt"
            if late:
                yield "correction heard of in the next year"
        elif late:
            yield "document heard of in the next year"
        if kind in ("return", "reversal") and year_of(day) > event["fiscal_year"]:
            yield f"{what(event)} after its year"
        if kind == "assessment" and event["reduction"]:
            yield "assessment with a reduction"
        if kind == "assessment" and event["penalty"]:
            yield "assessment with a penalty"
        if kind == "receipt" and event["assessment_id"] and f"/{year_of(day) - 1}/" in event["assessment_id"]:
            yield "receipt of last year's assessment"
        if kind == "deposit":
            slips |= {part["receipt_number"] for part in event["composition"]}
            if len(event["composition"]) > 1:
                yield "deposit of several receipts"
        if kind == "void" and event["voided_event"] in events:
            taken = events[event["voided_event"]]["occurred_at"]
            same = day_of(taken) == day_of(day)
            yield "void of the same day" if same else "void of another day"
            if event["assessment_id"]:
                yield "void of an assessed receipt"
            if event["receipt_number"] in slips:
                yield "void after the deposit"


def test_every_kind_of_document_happened(arrived: Events) -> None:
    documents = Counter(what(event) for *_, event in arrived)
    assert set(documents) == DOCUMENTS
    corrected = Counter(event["kind"] for *_, event in arrived if event["corrects"])
    assert set(corrected) >= CORRECTED
    cases = Counter(cases_of(arrived))
    assert set(cases) >= CASES


@pytest.mark.parametrize("metric", FIGURES)
def test_figures_equal_the_ledger(metric: str, figures: Figures, books: Ledger) -> None:
    account, side = FIGURES[metric]
    plain = Counter({key: side * amount for key, amount in books.by_month(account).items()})
    found: Counter[tuple[str, str, str]] = Counter()
    for (dimension, value, day), amount in figures[metric].items():
        found[dimension, value, day[:7]] += amount
    assert _without_zeros(found) == _without_zeros(plain)
    assert len(plain) > 12 * YEARS


def test_ceilings_in_force_equal_the_ledger(figures: Figures, books: Ledger) -> None:
    for year in range(FIRST, FIRST + YEARS + 1):  # of the last one there are plans only, which are no ceiling
        for month in range(1, 13):
            until = f"{year}-{month:02d}-31"
            found: Counter[tuple[str, str]] = Counter()
            for (dimension, value, day), amount in figures["budget.ceiling"].items():
                if dimension != "total" and f"{year}-01-01" <= day <= until:
                    found[dimension, value] += amount
            plain = books.ceilings(year, until)
            assert bool(plain) == (year < FIRST + YEARS)
            assert _without_zeros(found) == _without_zeros(plain), until


def test_the_books_balance_and_nobody_holds_less_than_nothing(books: Ledger) -> None:
    assert all(sum(journal.postings.values()) == 0 for journal in books.journals)
    last = f"{FIRST + YEARS - 2}-12-31"  # what was heard of late a year after is in the books
    for account in (ledger.PURSE, ledger.OFFICE):
        in_hand = books.in_hand(account, last)
        assert in_hand
        assert min(in_hand.values()) >= 0
    assert sum(books.in_hand(ledger.PURSE, last).values()) > 0  # rests that come back in January


def _without_zeros(sums: Counter[Any]) -> dict[Any, int]:
    return {key: amount for key, amount in sums.items() if amount}
