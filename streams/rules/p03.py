"""P03: a permit was issued without a step that its process demands."""

from __future__ import annotations

import numpy as np

from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.rules.examples import ONE_CASE, OTHER_TYPE, on, row
from streams.rules.facts import done_steps
from streams.rules.findings import Judgement, applies, findings
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, whole

NO_TEMPLATE, NOT_YET, NOT_ISSUED = range(3)


def judge(cases: Cases, parameters: Parameters) -> Judgement:  # noqa: ARG001
    """One finding for an issued case that lacks mandatory steps; ``observed`` is how many."""
    words = cases.book.words
    described = np.array([bool(process.steps) for process in cases.templates])
    wanted = np.zeros(len(cases.templates), np.int64)
    present = np.zeros(cases.n, np.int64)
    done = done_steps(cases)
    template = cases.template[done.case]
    for number, process in enumerate(cases.templates):
        codes = np.array([words.number(step.code) for step in process.steps if step.mandatory], np.uint32)
        wanted[number] = len(codes)
        mine = (template == number) & np.isin(done.other, codes)
        present += np.bincount(done.case[mine], minlength=cases.n)
    missing = wanted[cases.template] - present
    rows = np.flatnonzero(cases.issued & (missing > 0))
    found = findings(rows, cases.closed_at[rows], missing[rows], 0.0, cases.last_unit[rows])
    open_yet = cases.closed_at == NEVER
    return Judgement(
        found,
        applies(
            cases.n,
            (~described[cases.template], NO_TEMPLATE),
            (open_yet, NOT_YET),
            (~cases.issued, NOT_ISSUED),
        ),
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi tahap wajib dilewati: {told.subject} terbit pada {told.day(told.at)} tanpa {whole(told.observed)} tahap "
        f"wajib, terakhir di {told.unit}; perlu klarifikasi."
    )


START, END = on("2026-02-02 08:00", "accepted"), on("2026-02-04 10:00", "issued")
EXAMPLES = (
    row("found", "found", START, on("2026-02-02 09:00", "finished", "BERKAS"), END, observed=2),
    row(
        "not found",
        "not found",
        START,
        on("2026-02-02 09:00", "finished", "BERKAS"),
        on("2026-02-03 09:00", "finished", "SURVEI"),
        on("2026-02-03 10:00", "finished", "NILAI"),
        END,
    ),
    row(
        "just below",
        "not found",
        START,
        on("2026-02-02 09:00", "finished", "BERKAS"),
        on("2026-02-03 09:00", "finished", "SURVEI"),
        on("2026-02-03 10:00", "started", "NILAI"),
        END,
    ),
    row(
        "just above",
        "found",
        START,
        on("2026-02-02 09:00", "finished", "BERKAS"),
        on("2026-02-03 09:00", "finished", "SURVEI"),
        END,
        observed=1,
    ),
    row("not applicable", "not applicable", START),
    row("not applicable", "not applicable", START, on("2026-02-04 10:00", "rejected")),
    row(
        "not applicable",
        "not applicable",
        on("2026-02-02 08:00", "accepted", permit_type=OTHER_TYPE),
        on("2026-02-04 10:00", "issued", permit_type=OTHER_TYPE),
    ),
    row(
        "before a dated change",
        "not found",
        on("2026-01-19 08:00", "accepted"),
        on("2026-01-20 09:00", "finished", "BERKAS"),
        on("2026-01-21 09:00", "finished", "SURVEI"),
        on("2026-01-22 10:00", "issued"),
    ),
    row(
        "after a dated change",
        "found",
        START,
        on("2026-02-02 09:00", "finished", "BERKAS"),
        on("2026-02-03 09:00", "finished", "SURVEI"),
        END,
        observed=1,
    ),
)

RULE = Rule(
    id="P03",
    version="1",
    title="Terbit tanpa tahap wajib",
    domain="permits",
    kind="hard",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("PP 28/2025 dan SOP perizinan daerah"),),
    method="Tahap wajib menurut uraian proses yang berlaku pada hari mulai; yang tidak dimulai dan tidak selesai sampai izin terbit dihitung.",
    why="Tahap yang dilewati adalah pemeriksaan yang tidak dilakukan: celah untuk izin titipan.",
    innocent=(
        "Tahap dikerjakan tetapi tidak dicatat",
        "Sistem lain mencatat tahap itu",
        "Uraian proses belum diperbarui",
    ),
    unit_of_measure="steps",
    severity=0.8,
    about=("officer_token",),
    needs=("case_id", "occurred_at", "step"),
    sources=("Jans dkk. 2011: penambangan proses untuk kecurangan transaksi internal", "Stoop 2012"),
    delivers=True,
    not_applicable=(
        "jenis ini tanpa susunan langkah",
        "belum terbit",
        "tidak berakhir dengan izin",
    ),
    judge=judge,
    sentence=sentence,
    examples=EXAMPLES,
    without=ONE_CASE,
)
