"""P02: a permit is about to count as given because nobody decided (deemed approval, *fiktif positif*)."""

from __future__ import annotations

from datetime import date

import numpy as np

from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.rules.examples import ONE_CASE, OTHER_TYPE, on, row
from streams.rules.findings import BREACH, WARNING, Judgement, applies, findings, joined
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal

NO_DEEMED = 0


def judge(cases: Cases, parameters: Parameters) -> Judgement:
    """A warning ``near`` working days before the deemed days have run, a breach once they have and nothing closed: it
    observes what had run then, or when it was closed after all."""
    book = cases.book
    days = book.deemed(cases.permit_type, cases.started_day)
    which = np.zeros(cases.n, np.int64)
    passed = cases.course.reach(book.calendars, which, days)
    soon = np.maximum(days - parameters["near_days"], 0.0)
    near = cases.course.reach(book.calendars, which, soon)
    open_then = (passed == NEVER) & (cases.closed_at == NEVER) | (passed != NEVER) & (
        passed + 1 <= cases.closed_at
    )
    found = []
    for level, at, limit in (
        (WARNING, near, soon),
        (BREACH, np.where(passed == NEVER, NEVER, passed + 1), days),
    ):
        rows = np.flatnonzero(open_then & (at != NEVER))
        end = np.maximum(at, cases.seen)
        late = cases.closed_at if level == BREACH else np.minimum(end, cases.closed_at)
        end = np.where(cases.closed_at == NEVER, end, late)
        some = np.where(at != NEVER, end, np.iinfo(np.int64).min)
        observed = cases.course.days(book.calendars, which, some)
        found.append(
            findings(
                rows,
                at[rows],
                observed[rows],
                limit[rows],
                cases.last_unit[rows],
                level=level,
                due_at=passed[rows],
            )
        )
    return Judgement(joined(found), applies(cases.n, (np.isnan(days), NO_DEEMED)))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    if told.level == "warning":
        return (
            f"Indikasi akan dianggap dikabulkan: {told.subject} sudah {decimal(told.observed)} hari kerja di {told.unit} "
            f"tanpa keputusan, batas peringatannya {decimal(told.threshold)} hari kerja; perlu perhatian."
        )
    return (
        f"Indikasi fiktif positif: {told.subject} melewati batas keputusan {decimal(told.threshold)} hari kerja tanpa keputusan, terakhir di {told.unit}; "
        "perlu klarifikasi."
    )


START = on(
    "2026-02-02 07:30", "accepted"
)  # counts as granted after three working days: Wednesday 4 February, 16:00
EXAMPLES = (
    row("found", "found", START, clock="2026-02-06 08:00", level="breach", observed=3),
    row("found", "found", START, on("2026-02-05 16:00", "issued"), level="breach", observed=4),
    row("not found", "not found", START, on("2026-02-03 10:00", "rejected")),
    row("just below", "not found", START, clock="2026-02-04 16:00", level="warning", observed=2),
    row("just above", "found", START, clock="2026-02-04 16:01", level="breach"),
    row("not applicable", "not applicable", on("2026-02-02 07:30", "accepted", permit_type=OTHER_TYPE)),
    row("before a dated change", "not found", on("2026-01-19 07:30", "accepted"), clock="2026-01-22 08:00"),
    row("after a dated change", "found", START, clock="2026-02-05 08:00", level="breach"),
)

RULE = Rule(
    id="P02",
    version="2",
    title="Mendekati atau melewati batas dianggap dikabulkan",
    domain="permits",
    kind="hard",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis("UU 30/2014 pasal 53, sebagaimana diubah"),
        LegalBasis("PP 28/2025", date(2025, 6, 5)),
    ),
    method=(
        "Hari kerja sejak berkas lengkap dan benar, dikurangi waktu perbaikan oleh pemohon, dibandingkan dengan batas "
        "keputusan jenis izin itu. Peringatan sebelum batas tercapai, pelanggaran bila terlewati tanpa keputusan."
    ),
    why="Izin yang dianggap dikabulkan terbit tanpa pemeriksaan; pembiaran dapat disengaja.",
    innocent=(
        "Keputusan sudah dibuat tetapi belum dicatat",
        "Menunggu dokumen yang pengembaliannya tidak dicatat",
    ),
    unit_of_measure="working_days",
    parameters=(Parameter("near_days", 1.0, "hari kerja", "peringatan sekian hari sebelum batas"),),
    severity=0.7,
    family="delay",
    sources=("UU 30/2014 pasal 53", "PP 28/2025"),
    reads_absence=True,
    not_applicable=("jenis ini tanpa fiktif positif",),
    judge=judge,
    sentence=sentence,
    withdrawn=lambda closed: (
        "Keputusan ada sebelum batasnya." if closed else "Hitungan waktu berubah; batas belum tercapai."
    ),
    examples=EXAMPLES,
    without=ONE_CASE,
)
