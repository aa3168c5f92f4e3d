"""P10: a permit was issued outside working time. It accompanies other alerts and is never one by itself."""

from __future__ import annotations

import numpy as np

from schemas import calendar_arrays
from streams.cases.events import AUTOMATIC, NEVER
from streams.cases.view import Cases
from streams.rules.examples import ONE_CASE, on, row
from streams.rules.findings import Judgement, applies, findings
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Rule

NOT_YET, NOT_ISSUED, MACHINE = range(3)


def judge(cases: Cases, parameters: Parameters) -> Judgement:  # noqa: ARG001
    """A finding for each permit that a person issued outside the working time of the unit that held it."""
    automatic = cases.issued & ((cases.pick("flags", cases.closing, 0) & AUTOMATIC) != 0)
    judged = np.flatnonzero(cases.issued & ~automatic)
    which = cases.book.calendar_index(cases.last_unit[judged])
    outside = np.zeros(len(judged), np.bool_)
    for index in np.unique(which).tolist():
        mine = which == index
        outside[mine] = ~calendar_arrays.is_working(
            cases.book.calendars[index], cases.closed_at[judged[mine]]
        )
    rows = judged[outside]
    found = findings(rows, cases.closed_at[rows], 1.0, 0.0, cases.last_unit[rows])
    return Judgement(
        found,
        applies(
            cases.n, (cases.closed_at == NEVER, NOT_YET), (~cases.issued, NOT_ISSUED), (automatic, MACHINE)
        ),
    )


START = on("2026-02-02 08:00", "accepted")
EXAMPLES = (
    row("found", "found", START, on("2026-02-07 10:00", "issued")),
    row("not found", "not found", START, on("2026-02-04 10:00", "issued")),
    row("just below", "not found", START, on("2026-02-04 07:30", "issued")),
    row("just above", "found", START, on("2026-02-04 07:29", "issued")),
    row("not applicable", "not applicable", START),
    row("not applicable", "not applicable", START, on("2026-02-07 10:00", "rejected")),
    row("not applicable", "not applicable", START, on("2026-02-07 10:00", "issued", automatic=True)),
    row(
        "before a dated change",
        "found",
        on("2026-01-19 08:00", "accepted", unit="MPP"),
        on("2026-01-20 17:00", "issued"),
    ),
    row(
        "after a dated change",
        "not found",
        on("2026-02-02 08:00", "accepted", unit="MPP"),
        on("2026-02-03 17:00", "issued"),
    ),
)

RULE = Rule(
    id="P10",
    version="1",
    title="Terbit di luar jam kerja",
    domain="permits",
    kind="context",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("Perpres 21/2023 tentang hari dan jam kerja"),),
    method="Saat terbit dibandingkan dengan jam kerja unit yang memegang berkas, termasuk hari libur dan cuti bersama.",
    why="Keputusan di luar jam kerja luput dari rekan kerja; hanya berarti bersama tanda lain.",
    innocent=("Tanda tangan elektronik pada malam hari adalah wajar", "Lembur yang diperintahkan"),
    unit_of_measure="decisions",
    severity=0.1,
    sources=("Perpres 21/2023", "ACFE: transaksi pada waktu tak lazim"),
    not_applicable=("belum terbit", "tidak berakhir dengan izin", "otomatis"),
    judge=judge,
    examples=EXAMPLES,
    without=ONE_CASE,
)
