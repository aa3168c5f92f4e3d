"""P09: an applicant or agent meets one officer far more often than the work is shared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.cases.book import combined
from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.days import local_days
from streams.engine.chunk import Int64s
from streams.peers.counts import BITS, MASK
from streams.peers.peers import Asked, Fact, Peers
from streams.peers.statistics import binomial_tail
from streams.rules.examples import APPLICANT, FIRST, SECOND, Event, Groups, many, on, row
from streams.rules.facts import acting
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal
from streams.runs import Bools


def _pairs(cases: Cases) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """(case, officer) of everyone who acted, and (case, actor) of the applicant and the agent last named."""
    rows = np.flatnonzero(acting(cases))
    officers = np.unique(combined(cases.case_of[rows], cases.column("officer")[rows]))
    actors = []
    for name in ("applicant", "agent"):
        last = cases.pick(name, cases.last(cases.past & (cases.column(name) != 0)), 0)
        has = np.flatnonzero(last)
        actors.append(combined(has, last[has]))
    both = np.unique(np.concatenate(actors))
    return officers >> 32, officers & 0xFFFFFFFF, both >> 32, both & 0xFFFFFFFF


def facts(cases: Cases) -> Sequence[Fact]:
    """Of closed cases: how many of a type, how many of them each officer had, how many each actor, and who met whom."""
    closed = np.flatnonzero(cases.closed_at != NEVER)
    cases = cases if len(closed) == cases.n else cases.select(closed)
    day = local_days(cases.closed_at, cases.book.zone)
    types = cases.permit_type.astype(np.int64)
    of_officer, officer, of_actor, actor = _pairs(cases)
    begin = np.searchsorted(of_actor, of_officer)
    count = np.searchsorted(of_actor, of_officer, side="right") - begin
    which = np.repeat(np.arange(len(of_officer)), count)
    met = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + begin[which]
    return [
        Fact("types", closed, types, np.zeros(len(types), np.int64), day),
        Fact("officers", closed[of_officer], types[of_officer], officer, day[of_officer]),
        Fact("actors", closed[of_actor], actor, types[of_actor], day[of_actor]),
        Fact("meetings", closed[of_officer[which]], actor[met], officer[which], day[of_officer[which]]),
    ]


def ask(peers: Peers) -> Asked:
    """For every pair that met on the day before."""
    least, lift, alpha = (peers.parameter(name) for name in ("least", "lift", "alpha"))
    sums, names = peers.sums(), peers.book.names
    met = peers.yesterday("meetings").key
    actor, officer = (met >> BITS) & MASK, met & MASK
    begin = np.searchsorted(sums.key, peers.key("actors", actor, 0))
    end = np.searchsorted(sums.key, peers.key("actors", actor + 1, 0))
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(sums.amount)])
    n = total[end] - total[begin]
    few = [
        (names.text(o), names.text(a))
        for o, a in zip(officer[n < least].tolist(), actor[n < least].tolist(), strict=True)
    ]
    rows = np.flatnonzero(n >= least)
    pair = np.repeat(
        np.arange(len(rows)), (end - begin)[rows]
    )  # one line for each type that an actor came with
    first = np.cumsum((end - begin)[rows]) - (end - begin)[rows]
    line = np.arange(len(pair)) - first[pair] + begin[rows][pair]
    of_type = sums.key[line] & MASK
    whole = sums.of(peers.key("types", of_type, np.zeros(len(line), np.int64)))
    his = sums.of(peers.key("officers", of_type, officer[rows][pair]))
    p = np.bincount(pair, sums.amount[line] * his / np.maximum(whole, 1), len(rows)) / n[rows]
    k = sums.of(met[rows])
    share = k / n[rows]
    found = share >= lift * p
    for place in np.flatnonzero(found).tolist():
        found[place] = binomial_tail(int(k[place]), int(n[rows][place]), float(p[place])) < alpha
    return Asked(
        [names.text(o) for o in officer[rows].tolist()], [names.text(a) for a in actor[rows].tolist()], found.tolist(),
        share.tolist(), (lift * p).tolist(), few,
    )  # fmt: skip


def shows(cases: Cases, officer: str, actor: str) -> Bools:
    """What the officer did in the closed cases of the actor."""
    one, other = cases.book.names.known(officer), cases.book.names.known(actor)
    his = cases.any((cases.column("applicant") == other) | (cases.column("agent") == other))
    mine: Bools = acting(cases) & (cases.column("officer") == one)
    return mine & (his & (cases.closed_at != NEVER))[cases.case_of]


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi pemusatan: {decimal(100 * told.observed)} % berkas seorang pemohon atau kuasa dalam setahun ditangani "
        f"petugas yang sama, wajarnya di bawah {decimal(100 * told.threshold)} % menurut pembagian kerja; perlu klarifikasi."
    )


def _met(officer: str, applicant: str | None = None, day: str = "2026-02-03") -> list[Event]:
    """A case that an officer had, of an applicant."""
    done = on(f"{day} 09:00", "finished", "BERKAS", officer, applicant_token=applicant)
    return [done, on(f"{day} 10:00", "closed")]


def _office(his: int, others: int) -> Groups:
    """So many earlier cases of the applicant, all by one officer, and of anybody by another."""
    return {
        "his": many(his, *_met(FIRST, APPLICANT, "2026-01-05")),
        "others": many(others, *_met(SECOND, day="2026-01-05")),
    }


EXAMPLES = (
    row("found", "found", *_met(FIRST, APPLICANT), level="breach", observed=1, peers=_office(9, 40)),
    row("not found", "not found", *_met(SECOND, APPLICANT), peers=_office(7, 40)),
    # 3 times 8 of 23 is more than all, 3 times 8 of 25 is 96 %
    row("just below", "not found", *_met(FIRST, APPLICANT), peers=_office(7, 15)),
    row("just above", "found", *_met(FIRST, APPLICANT), peers=_office(7, 17)),
    row("not applicable", "not applicable", *_met(FIRST), peers=_office(7, 40)),
    row("too few", "not applicable", *_met(FIRST, APPLICANT), peers=_office(4, 40)),
    row(
        "before a dated change",
        "not applicable",
        *_met(FIRST, APPLICANT, "2026-01-13"),
        peers=_office(6, 40),
    ),
    row("after a dated change", "found", *_met(FIRST, APPLICANT), observed=1, peers=_office(6, 40)),
)

RULE = Rule(
    id="P09",
    version="1",
    title="Pemohon atau kuasa terpusat pada satu petugas",
    domain="permits",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis("PP 60/2008 tentang SPIP"),
        LegalBasis("UU 28/1999 tentang penyelenggara negara yang bersih"),
    ),
    method=(
        "Bagian berkas seorang pemohon atau kuasa yang ditangani seorang petugas dalam 365 hari dibandingkan dengan bagian "
        "petugas itu dalam semua berkas sejenis; uji binomial. Ditanyakan setiap malam untuk pasangan yang bertemu hari itu."
    ),
    why="Hubungan tetap antara kuasa dan petugas adalah bentuk percaloan yang paling lazim.",
    innocent=(
        "Petugas satu-satunya yang ahli untuk jenis itu",
        "Pembagian wilayah kerja",
        "Kuasa hanya mengurus satu jenis izin",
    ),
    unit_of_measure="share",
    parameters=(
        Parameter("least", 8.0, "berkas", "paling sedikit berkas pemohon atau kuasa"),
        Parameter("lift", 3.0, "kali", "berapa kali bagian yang wajar"),
        Parameter("alpha", 0.001, "peluang", "taraf uji binomial"),
    ),
    minimum_sample=8,
    severity=0.5,
    family="contact",
    needs=("case_id", "occurred_at", "officer_token", "applicant_token"),
    sources=("Corruption risk index: pemusatan penyedia", "KPK: makelar perizinan"),
    not_applicable=("perkara terlalu sedikit",),
    measures=("types", "officers", "actors", "meetings"),
    facts=facts,
    ask=ask,
    shows=shows,
    sentence=sentence,
    examples=EXAMPLES,
)
