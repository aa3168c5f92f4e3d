"""P04: a step began before the one that must be finished first."""

from __future__ import annotations

import numpy as np

from streams.cases.book import combined
from streams.cases.view import Cases
from streams.rules.examples import ONE_CASE, OTHER_TYPE, on, row
from streams.rules.facts import done_steps, firsts
from streams.rules.findings import Judgement, applies, findings, joined, none_found
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, span

MINUTE_MS = 60_000
NO_ORDER = 0


def judge(cases: Cases, parameters: Parameters) -> Judgement:
    """One finding a step; ``observed`` are the minutes by which it was too early, the greatest over what it waits for."""
    words = cases.book.words
    begun = done_steps(cases)
    ended = firsts(cases, cases.is_kind("finished") & cases.past, "step")
    ordered = np.zeros(len(cases.templates), np.bool_)
    found = [none_found()]
    tolerance = parameters["tolerance_minutes"]
    for number, process in enumerate(cases.templates):
        for step in process.steps:
            if not step.after:
                continue
            ordered[number] = True
            code = words.number(step.code)
            rows = np.flatnonzero((begun.other == code) & (cases.template[begun.case] == number))
            case, at = begun.case[rows], begun.at[rows]
            worst, when = np.full(len(rows), -np.inf), np.zeros(len(rows), np.int64)
            for before in step.after:
                other = np.full(len(rows), words.number(before), np.uint32)
                there, end = ended.find(combined(case, other))
                early = np.where(there, (end - at) / MINUTE_MS, -np.inf)
                when = np.where(early > worst, end, when)
                worst = np.maximum(worst, early)
            wrong = worst > tolerance[case]
            case = case[wrong]
            found.append(
                findings(
                    case, when[wrong], worst[wrong], tolerance[case], cases.last_unit[case],
                    scope=np.full(len(case), code, np.uint32),
                )
            )  # fmt: skip
    return Judgement(joined(found), applies(cases.n, (~ordered[cases.template], NO_ORDER)))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi urutan terbalik: {told.subject} dimulai {span(told.observed)} sebelum tahap pendahulunya selesai; "
        "perlu klarifikasi."
    )


EXAMPLES = (
    row(
        "found",
        "found",
        on("2026-02-02 08:00", "accepted"),
        on("2026-02-02 09:00", "started", "SURVEI"),
        on("2026-02-02 11:00", "finished", "BERKAS"),
        scope="SURVEI",
        observed=120,
    ),
    row(
        "not found",
        "not found",
        on("2026-02-02 09:00", "finished", "BERKAS"),
        on("2026-02-02 10:00", "started", "SURVEI"),
    ),
    row("not found", "not found", on("2026-02-02 09:00", "started", "SURVEI")),
    row(
        "just below",
        "not found",
        on("2026-02-02 09:00", "started", "SURVEI"),
        on("2026-02-02 09:02", "finished", "BERKAS"),
    ),
    row(
        "just above",
        "found",
        on("2026-02-02 09:00", "started", "SURVEI"),
        on("2026-02-02 09:03", "finished", "BERKAS"),
        scope="SURVEI",
        observed=3,
    ),
    row("not applicable", "not applicable", on("2026-02-02 08:00", "accepted", permit_type=OTHER_TYPE)),
    row(
        "before a dated change",
        "not found",
        on("2026-01-20 09:00", "started", "NILAI"),
        on("2026-01-20 11:00", "finished", "SURVEI"),
    ),
    row(
        "after a dated change",
        "found",
        on("2026-02-03 09:00", "started", "NILAI"),
        on("2026-02-03 11:00", "finished", "SURVEI"),
        scope="NILAI",
        observed=120,
    ),
)

RULE = Rule(
    id="P04",
    version="1",
    title="Urutan tahap terbalik",
    domain="permits",
    kind="hard",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("PP 28/2025 dan SOP perizinan daerah"),),
    method="Saat mulai sebuah tahap dibandingkan dengan saat selesai pertama tahap yang harus mendahuluinya menurut uraian proses.",
    why="Hasil yang dibuat sebelum pemeriksaannya selesai menandakan keputusan sudah ada lebih dahulu.",
    innocent=(
        "Jam dua sistem berbeda",
        "Tahap dicatat setelah dikerjakan",
        "Tahap dikerjakan serempak dengan izin atasan",
    ),
    unit_of_measure="minutes",
    parameters=(Parameter("tolerance_minutes", 2.0, "menit", "selisih jam yang dimaklumi"),),
    severity=0.5,
    needs=("case_id", "occurred_at", "step"),
    sources=("BINet: anomali terlalu dini dan terlambat (tnolle/binet)",),
    not_applicable=("jenis ini tanpa urutan langkah",),
    judge=judge,
    sentence=sentence,
    examples=EXAMPLES,
    without=ONE_CASE,
)
