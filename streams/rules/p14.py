"""P14: the fee paid is not the fee assessed, or not what the tariff says, or a permit was issued before it was paid."""

from __future__ import annotations

from datetime import date

import numpy as np

from streams.cases.book import FREE
from streams.cases.events import NEVER, NO_AMOUNT
from streams.cases.view import Cases
from streams.rules.examples import ONE_CASE, OTHER_TYPE, on, row
from streams.rules.findings import Findings, Judgement, applies, findings, joined
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, rupiah
from streams.runs import Bools

NO_FEE, NOT_YET = range(2)
UNPAID, DIFFERENT, TARIFF, NOT_ISSUED = "issued-unpaid", "different", "tariff", "paid-not-issued"


def judge(cases: Cases, parameters: Parameters) -> Judgement:  # noqa: ARG001
    """Findings by what is wrong (``scope``), in rupiah, judged when the case closes."""
    fixed = cases.book.tariff(cases.permit_type, cases.started_day)
    assessed, paid = (
        cases.pick(name, cases.last((cases.column(name) != NO_AMOUNT) & cases.past), NO_AMOUNT)
        for name in ("fee_assessed", "fee_paid")
    )
    closed = (cases.closed_at != NEVER) & (fixed != FREE)
    owed = np.where(assessed != NO_AMOUNT, assessed, np.maximum(fixed, 0))
    nothing = paid <= 0
    found = [
        _found(cases, closed & cases.issued & nothing & (owed > 0), UNPAID, np.maximum(paid, 0), owed),
        _found(
            cases, closed & ~nothing & (assessed != NO_AMOUNT) & (paid != assessed), DIFFERENT, paid, assessed
        ),
        _found(
            cases,
            closed & (fixed >= 0) & (assessed != NO_AMOUNT) & (assessed != fixed),
            TARIFF,
            assessed,
            fixed,
        ),
        _found(cases, closed & ~cases.issued & ~nothing, NOT_ISSUED, paid, np.zeros(cases.n)),
    ]
    return Judgement(
        joined(found), applies(cases.n, (fixed == FREE, NO_FEE), (cases.closed_at == NEVER, NOT_YET))
    )


def _found(cases: Cases, where: Bools, scope: str, observed: np.ndarray, threshold: np.ndarray) -> Findings:
    rows = np.flatnonzero(where)
    word = np.full(len(rows), cases.book.words.number(scope), np.uint32)
    return findings(
        rows, cases.closed_at[rows], observed[rows], threshold[rows], cases.last_unit[rows], scope=word
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    seen, due = rupiah(told.observed), rupiah(told.threshold)
    what = {
        UNPAID: f"terbit dengan retribusi {seen} terbayar dari {due}",
        DIFFERENT: f"membayar {seen}, ditetapkan {due}",
        TARIFF: f"ditetapkan {seen}, tarifnya {due}",
        NOT_ISSUED: f"membayar {seen} tetapi izinnya tidak terbit",
    }[told.scope]
    return f"Indikasi retribusi tidak sesuai: {told.subject} {what}; perlu klarifikasi."


START, END = on("2026-02-02 08:00", "accepted"), on("2026-02-05 10:00", "issued")
ASSESSED = on("2026-02-03 09:00", "finished", "NILAI", fee_assessed=500_000)
EXAMPLES = (
    row(
        "found",
        "found",
        START,
        ASSESSED,
        on("2026-02-04 09:00", "finished", "BERKAS", fee_paid=300_000),
        END,
        scope="different",
        observed=300_000,
    ),
    row("found", "found", START, ASSESSED, END, scope="issued-unpaid", observed=0),
    row(
        "found",
        "found",
        START,
        ASSESSED,
        on("2026-02-04 09:00", "finished", "BERKAS", fee_paid=500_000),
        on("2026-02-05 10:00", "rejected"),
        scope="paid-not-issued",
        observed=500_000,
    ),
    row("not found", "not found", START, ASSESSED, on("2026-02-05 10:00", "rejected")),
    row(
        "just below",
        "not found",
        START,
        ASSESSED,
        on("2026-02-04 09:00", "finished", "BERKAS", fee_paid=500_000),
        END,
    ),
    row(
        "just above",
        "found",
        START,
        ASSESSED,
        on("2026-02-04 09:00", "finished", "BERKAS", fee_paid=499_999),
        END,
        scope="different",
        observed=499_999,
    ),
    row("not applicable", "not applicable", START, ASSESSED),
    row("not applicable", "not applicable", on("2026-02-02 08:00", "accepted", permit_type=OTHER_TYPE)),
    row(
        "before a dated change",
        "not found",
        on("2026-01-19 08:00", "accepted"),
        on("2026-01-20 09:00", "finished", "NILAI", fee_assessed=450_000, fee_paid=450_000),
        on("2026-01-21 10:00", "issued"),
    ),
    row(
        "after a dated change",
        "found",
        START,
        on("2026-02-03 09:00", "finished", "NILAI", fee_assessed=450_000, fee_paid=450_000),
        END,
        scope="tariff",
        observed=450_000,
    ),
)

RULE = Rule(
    id="P14",
    version="1",
    title="Retribusi tidak sesuai",
    domain="permits",
    kind="hard",
    task="case",
    area="Optimalisasi Pendapatan",
    legal_basis=(
        LegalBasis("UU 28/2009", None, date(2024, 1, 4)),
        LegalBasis("UU 1/2022 dan Perda pajak dan retribusi", date(2024, 1, 5)),
    ),
    method="Retribusi yang dibayar, yang ditetapkan, dan tarif tetap yang berlaku pada hari mulai dibandingkan saat berkas selesai.",
    why="Selisih retribusi adalah kerugian daerah, dan tempat uang berpindah tangan.",
    innocent=(
        "Pembayaran tercatat di sistem lain",
        "Keringanan yang sah belum dicatat",
        "Pengembalian sedang diproses",
    ),
    unit_of_measure="rupiah",
    severity=0.7,
    about=("agent_token",),
    needs=("case_id", "occurred_at", "fee_assessed", "fee_paid"),
    sources=("Temuan BPK tentang retribusi",),
    not_applicable=("jenis ini tidak berbayar", "belum ditutup"),
    judge=judge,
    sentence=sentence,
    examples=EXAMPLES,
    without=ONE_CASE,
)
