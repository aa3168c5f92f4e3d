"""P15: applications are returned to the applicant again and again, or by one officer far more than by the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.cases.book import combined
from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.days import local_days
from streams.peers.counts import BITS, MASK
from streams.peers.peers import Asked, Fact, Peers, nothing_asked
from streams.rules.examples import FIRST, Event, Groups, many, on, row
from streams.rules.facts import acting
from streams.rules.findings import Judgement, applies, findings
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole
from streams.runs import Bools

NOT_CLOSED = 0
CASES, OFFICERS, REACH = 30, 5, 1.5


def facts(cases: Cases) -> Sequence[Fact]:
    """The day on which each officer first acted in a case of a type, and first returned it."""
    acted = acting(cases)
    return [_firsts(cases, "acted", acted), _firsts(cases, "returned", acted & cases.is_kind("returned"))]


def _firsts(cases: Cases, measure: str, mask: Bools) -> Fact:
    rows = np.flatnonzero(mask)
    _, first = np.unique(combined(cases.case_of[rows], cases.column("officer")[rows]), return_index=True)
    rows = rows[first]
    day = local_days(cases.column("at")[rows], cases.book.zone)
    return Fact(
        measure,
        cases.case_of[rows],
        cases.permit_type[cases.case_of[rows]],
        cases.column("officer")[rows],
        day,
    )


def compare(cases: Cases, parameters: Parameters, peers: Peers) -> Judgement:  # noqa: ARG001
    """More returns of one case than ``returns``."""
    count = cases.count(cases.is_kind("returned") & cases.past)
    limit = parameters["returns"]
    is_open = cases.closed_at == NEVER
    rows = np.flatnonzero(~is_open & (count > limit))
    found = findings(rows, cases.closed_at[rows], count[rows], limit[rows], cases.last_unit[rows])
    return Judgement(found, applies(cases.n, (is_open, NOT_CLOSED)))


def ask(peers: Peers) -> Asked:
    """For every officer who returned something on the day before: the share of cases that they return, against the
    upper Tukey fence of all officers of the type."""
    sums, book = peers.sums(), peers.book
    asked = nothing_asked()
    for key in peers.yesterday("returned").key.tolist():
        kind, officer = (key >> BITS) & MASK, key & MASK
        subject, scope = book.names.text(officer), book.words.text(kind)
        acted = sums.run(peers.measure("acted"), kind)
        enough = acted.amount >= CASES
        returned = sums.run(peers.measure("returned"), kind).of(acted.key[enough])
        rates = returned / acted.amount[enough]
        mine = np.flatnonzero(acted.key[enough] == officer)
        if not len(mine) or len(rates) < OFFICERS:
            asked.few.append((subject, scope))
            continue
        low, high = _percentile(25, rates), _percentile(75, rates)
        rate, fence = float(rates[mine[0]]), high + REACH * (high - low)
        asked.answer(subject, scope, found=rate > fence, observed=rate, threshold=fence)
    return asked


def _percentile(percent: int, values: np.ndarray) -> float:
    ordered = np.sort(values)
    return float(ordered[max(-(-percent * len(ordered) // 100), 1) - 1])


def shows(cases: Cases, officer: str, kind: str) -> Bools:
    """The officer's returns in cases of the type."""
    one, permit_type = cases.book.names.known(officer), cases.book.words.known(kind)
    mine: Bools = acting(cases) & (cases.column("officer") == one) & cases.is_kind("returned")
    return mine & (cases.permit_type == permit_type)[cases.case_of]


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    if told.scope:
        return (
            f"Indikasi pengembalian berulang: seorang petugas mengembalikan {decimal(100 * told.observed)} % berkas jenis "
            f"{told.scope}, petugas lain paling banyak {decimal(100 * told.threshold)} %; perlu klarifikasi."
        )
    return (
        f"Indikasi pengembalian berulang: {told.subject} dikembalikan kepada pemohon {whole(told.observed)} kali; "
        "perlu klarifikasi."
    )


def _returned(times: int, day: str = "2026-02-03") -> list[Event]:
    """A case that was returned so many times, by one officer."""
    back = [
        event
        for number in range(times)
        for event in (
            on(f"{day} {9 + number:02d}:00", "returned", None, FIRST),
            on(f"{day} {9 + number:02d}:30", "resubmitted"),
        )
    ]
    return [on(f"{day} 08:00", "accepted", None, FIRST), *back, on(f"{day} 15:00", "issued")]


def _office(his: int, others: int = 4) -> Groups:
    """The officer returned so many of 30 earlier cases, each of so many others 3 of 30."""
    groups: Groups = {}
    for number in range(others + 1):
        officer = f"petugas{number}aaaaaaaaaaaaaaaaaa" if number else FIRST
        sent = 3 if number else his
        act = on("2026-01-05 09:00", "finished", "BERKAS", officer)
        groups[f"dikembalikan{number}"] = many(sent, act, on("2026-01-06 09:00", "returned", None, officer))
        groups[f"diteruskan{number}"] = many(30 - sent, act)
    return groups


EXAMPLES = (
    row("found", "found", *_returned(4), level="breach", observed=4, scope=""),
    row("found", "found", *_returned(1), level="breach", observed=9 / 31, scope="IZIN", peers=_office(8)),
    row("not found", "not found", *_returned(0), peers=_office(3)),
    row("not found", "not found", *_returned(1), peers=_office(2)),
    row("just below", "not found", *_returned(1)),
    row("just above", "found", *_returned(2), observed=2),
    row("not applicable", "not applicable", *_returned(4)[:-1]),
    row("too few", "not applicable", *_returned(1)[:-1], peers=_office(8, others=3)),
    row("before a dated change", "not found", *_returned(2, "2026-01-13")),
    row("after a dated change", "found", *_returned(2), observed=2),
)

RULE = Rule(
    id="P15",
    version="1",
    title="Berkas berkali-kali dikembalikan",
    domain="permits",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis("UU 25/2009 tentang Pelayanan Publik"),
        LegalBasis("PP 28/2025: pengembalian satu kali"),
    ),
    method=(
        "Banyaknya pengembalian sebuah berkas sampai ditutup; dan setiap malam, bagian berkas yang dikembalikan seorang "
        "petugas dalam 365 hari, dibandingkan dengan pagar atas Tukey dari semua petugas untuk jenis yang sama."
    ),
    why="Pengembalian berulang adalah tekanan agar pemohon memakai calo atau membayar.",
    innocent=("Pemohon memang berkali-kali salah", "Petugas menangani berkas tersulit", "Petugas baru"),
    unit_of_measure="returns",
    parameters=(Parameter("returns", 2.0, "kali", "paling banyak pengembalian sebuah berkas"),),
    minimum_sample=CASES,
    severity=0.4,
    family="returns",
    sources=("Cardinal R038",),
    not_applicable=("belum ditutup",),
    measures=("acted", "returned"),
    facts=facts,
    compare=compare,
    ask=ask,
    shows=shows,
    sentence=sentence,
    examples=EXAMPLES,
)
