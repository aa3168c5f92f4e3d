"""P16: a decision was taken by an officer who had no authority for it on that day."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np

from schemas.profile import Profile
from streams.cases.book import Book, day_of
from streams.cases.events import AUTOMATIC
from streams.cases.view import Cases
from streams.days import local_days
from streams.rules.examples import FIRST, ONE_CASE, OTHER_TYPE, SECOND, on, row
from streams.rules.findings import Judgement, applies, findings
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told

NO_LIST, NO_DECISION, NOT_NAMED = range(3)


def judge(cases: Cases, parameters: Parameters) -> Judgement:  # noqa: ARG001
    """One finding for a decision whose officer and delegation are in no row that holds on its day."""
    book = cases.book
    listed = book.each(
        "authorities",
        cases.permit_type,
        lambda n: bool(book.profile.authorities_for(book.words.text(n))),
        np.bool_,
    )
    decision = cases.first(cases.is_kind("issued", "rejected") & cases.past)
    machine = (decision >= 0) & ((cases.pick("flags", decision, 0) & AUTOMATIC) != 0)
    officer = cases.pick("officer", decision, 0)
    rows = np.flatnonzero(listed & (decision >= 0) & ~machine & (officer != 0))
    at = cases.column("at")[decision[rows]]
    days = local_days(at, book.zone)
    delegation = cases.pick("delegation", decision, 0)[rows]
    wrong = np.array(
        [
            not _allowed(book, *key)
            for key in zip(
                cases.permit_type[rows].tolist(),
                officer[rows].tolist(),
                delegation.tolist(),
                days.tolist(),
                strict=True,
            )
        ],
        np.bool_,
    )
    rows, at = rows[wrong], at[wrong]
    found = findings(rows, at, 0.0, 1.0, cases.last_unit[rows])
    return Judgement(
        found,
        applies(
            cases.n, (~listed, NO_LIST), ((decision < 0) | machine, NO_DECISION), (officer == 0, NOT_NAMED)
        ),
    )


def _allowed(book: Book, permit_type: int, officer: int, delegation: int, day: int) -> bool:
    return allowed(
        book.profile,
        book.words.text(permit_type),
        book.names.text(officer),
        book.names.text(delegation),
        day_of(day),
    )


@lru_cache(maxsize=100_000)
def allowed(profile: Profile, permit_type: str, officer: str, delegation: str, day: date) -> bool:
    """Whether an officer may decide a permit of a type on a day: by a row of their own, or of the delegation."""
    return any(
        row.holds(day)
        and (row.officer_token == officer or (delegation != "" and row.delegation_id == delegation))
        for row in profile.authorities_for(permit_type)
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi keputusan tanpa wewenang: {told.subject} diputus pada {told.day(told.at)} oleh petugas yang tidak ada "
        "dalam daftar pejabat berwenang hari itu; perlu klarifikasi."
    )


START = on("2026-01-28 08:00", "accepted")
EXAMPLES = (
    row("found", "found", START, on("2026-02-03 10:00", "issued", officer=FIRST), level="breach", observed=0),
    row("not found", "not found", START, on("2026-02-03 10:00", "issued", officer=SECOND)),
    row(
        "not found",
        "not found",
        START,
        on("2026-02-03 10:00", "issued", officer=FIRST, delegation_id="SK/1/2026"),
    ),
    row("just below", "not found", START, on("2026-01-31 23:59", "rejected", officer=FIRST)),
    row("just above", "found", START, on("2026-02-01 00:00", "rejected", officer=FIRST)),
    row("not applicable", "not applicable", START),
    row("not applicable", "not applicable", START, on("2026-02-03 10:00", "issued")),
    row("not applicable", "not applicable", on("2026-02-02 08:00", "accepted", permit_type=OTHER_TYPE)),
    row("before a dated change", "not found", START, on("2026-01-29 10:00", "issued", officer=FIRST)),
    row("after a dated change", "found", START, on("2026-02-02 10:00", "issued", officer=FIRST), observed=0),
)

RULE = Rule(
    id="P16",
    version="1",
    title="Keputusan oleh yang tidak berwenang",
    domain="permits",
    kind="hard",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 30/2014 tentang Administrasi Pemerintahan: wewenang dan delegasi"),),
    method="Petugas yang memutus dicocokkan dengan daftar pejabat berwenang untuk jenis izin itu pada hari keputusan, atau dengan nomor delegasinya.",
    why="Keputusan sesudah mutasi atau tanpa delegasi batal menurut hukum, dan kerap pesanan.",
    innocent=("Daftar pejabat belum diperbarui", "Pelaksana harian yang suratnya belum dimasukkan"),
    unit_of_measure="decisions",
    severity=0.8,
    about=("officer_token",),
    needs=("case_id", "occurred_at", "officer_token"),
    sources=("Perkara perizinan di pengadilan, 2022",),
    not_applicable=(
        "jenis ini tanpa daftar wewenang",
        "belum diputus",
        "petugas tidak disebut",
    ),
    judge=judge,
    sentence=sentence,
    examples=EXAMPLES,
    without=ONE_CASE,
)
