"""P03: a permit was issued without a step that its process demands."""

from __future__ import annotations

import numpy as np

from streams.cases.events import NEVER
from streams.cases.view import Cases
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
)
