"""P18: an officer finishes a step far faster for those who come with an agent than for those without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.cases.book import combined
from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.days import local_days
from streams.peers.counts import BITS, MASK
from streams.peers.peers import Asked, Fact, Peers, nothing_asked
from streams.peers.statistics import buckets_of, median, smaller_by_rank
from streams.rules.done import done
from streams.rules.examples import AGENT, FIRST, Event, Groups, many, on, row
from streams.rules.facts import acting
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal
from streams.runs import Bools

ALPHA = 0.001


def facts(cases: Cases) -> Sequence[Fact]:
    """Working minutes of the steps of closed cases by officer, type and step: with an agent, and without."""
    steps = done(cases)
    closed = (cases.closed_at[steps.case] != NEVER) & (steps.officer != 0) & ~steps.automatic
    case, officer = steps.case[closed], steps.officer[closed]
    book = cases.book
    step = book.both(cases.permit_type[case], steps.step[closed])

    def group(both: int) -> int:
        return book.words.number(f"{book.names.text(both >> 32)} {book.words.text(both & 0xFFFFFFFF)}")

    groups = book.each("officer and step", combined(officer, step), group, np.int64)
    with_agent = cases.any(cases.past & (cases.column("agent") != 0))[case]
    buckets, day = buckets_of(steps.minutes[closed]), local_days(cases.closed_at[case], book.zone)
    return [
        Fact(name, case[rows], groups[rows], buckets[rows], day[rows])
        for name, rows in (("with", with_agent), ("without", ~with_agent))
    ]


def ask(peers: Peers) -> Asked:
    """For every officer and step with an agent's case on the day before."""
    sums, words = peers.sums(), peers.book.words
    asked = nothing_asked()
    groups = np.unique((peers.yesterday("with").key >> BITS) & MASK)
    with_agent, many_with = sums.runs(peers.measure("with"), groups)
    without, many_without = sums.runs(peers.measure("without"), groups)
    fewest = np.minimum(many_with, many_without).tolist()
    for group, first, second, least in zip(groups.tolist(), with_agent, without, fewest, strict=True):
        officer, scope = words.text(group).split(" ", 1)
        kind = words.known(scope.split("/", 1)[0]) or 0
        if least < peers.parameter("least", kind):
            asked.few.append((officer, scope))
            continue
        ratio = peers.parameter("ratio", kind)
        quotient = median(first) / median(second)
        asked.answer(
            officer,
            scope,
            found=quotient <= ratio and smaller_by_rank(first, second) < ALPHA,
            observed=quotient,
            threshold=ratio,
        )
    return asked


def shows(cases: Cases, officer: str, scope: str) -> Bools:
    """Where the officer finished the step in cases with an agent."""
    kind, step = (cases.book.words.known(text) for text in scope.split("/", 1))
    one = cases.book.names.known(officer)
    mine: Bools = acting(cases) & (cases.column("officer") == one) & (cases.column("step") == step)
    agent = cases.any(cases.past & (cases.column("agent") != 0))
    return mine & cases.is_kind("finished") & ((cases.permit_type == kind) & agent)[cases.case_of]


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi perlakuan istimewa: pada {told.scope} seorang petugas menyelesaikan berkas yang memakai kuasa dalam "
        f"{decimal(100 * told.observed)} % waktu berkas tanpa kuasa; perlu klarifikasi."
    )


def _took(end: str, agent: str | None = AGENT, day: str = "2026-02-03") -> list[Event]:
    """A case with a step by the officer from 08:00 to a time of the day."""
    return [
        on(f"{day} 08:00", "started", "BERKAS", agent_token=agent),
        on(f"{day} {end}", "finished", "BERKAS", FIRST),
        on(f"{day} 15:00", "closed"),
    ]


def _office(with_agent: int, without: int, end: str = "08:10") -> Groups:
    """So many earlier cases with an agent, and without one, which took 100 minutes."""
    return {
        "with_agent": many(with_agent, *_took(end, day="2026-01-05")),
        "without": many(without, *_took("09:40", None, "2026-01-05")),
    }


EXAMPLES = (
    row(
        "found",
        "found",
        *_took("08:10"),
        level="breach",
        observed=0.1,
        scope="IZIN/BERKAS",
        peers=_office(14, 16),
    ),
    row("not found", "not found", *_took("09:40"), peers=_office(14, 16, "09:40")),
    row("just below", "found", *_took("08:33"), observed=0.326, peers=_office(14, 16, "08:33")),
    row("just above", "not found", *_took("08:34"), peers=_office(14, 16, "08:34")),
    row("not applicable", "not applicable", *_took("08:10", None), peers=_office(14, 16)),
    row("too few", "not applicable", *_took("08:10"), peers=_office(8, 16)),
    row("before a dated change", "not applicable", *_took("08:10", day="2026-01-13"), peers=_office(9, 10)),
    row("after a dated change", "found", *_took("08:10"), peers=_office(9, 10)),
)

RULE = Rule(
    id="P18",
    version="1",
    title="Dengan kuasa jauh lebih cepat daripada tanpa kuasa",
    domain="permits",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 25/2009 pasal 4: persamaan perlakuan"),),
    method=(
        "Median menit kerja sebuah tahap oleh seorang petugas, berkas dengan kuasa dibanding tanpa kuasa, dalam 365 hari; uji "
        "peringkat Mann-Whitney satu sisi pada 0,1 %. Ditanyakan setiap malam."
    ),
    why="Calo membeli kecepatan dari petugas tertentu.",
    innocent=(
        "Kuasa yang berpengalaman menyiapkan berkas lebih baik",
        "Kuasa mengurus berkas yang lebih sederhana",
    ),
    unit_of_measure="ratio",
    parameters=(
        Parameter("least", 20.0, "berkas", "paling sedikit di masing-masing pihak"),
        Parameter("ratio", 1 / 3, "perbandingan median", "paling tinggi yang dianggap tak lazim"),
    ),
    minimum_sample=40,
    severity=0.6,
    family="contact",
    needs=("case_id", "occurred_at", "officer_token", "agent_token", "step"),
    sources=("KPK tentang calo perizinan",),
    delivers=True,
    not_applicable=("perkara terlalu sedikit",),
    measures=("with", "without"),
    facts=facts,
    ask=ask,
    shows=shows,
    sentence=sentence,
    examples=EXAMPLES,
)
