"""P12: an application was refused and soon after granted, with nothing new from the applicant."""

from __future__ import annotations

import numpy as np

from schemas import calendar_arrays
from streams.cases.events import NEW_DOCUMENTS
from streams.cases.view import Cases
from streams.rules.examples import FIRST, ONE_CASE, SECOND, on, row
from streams.rules.findings import BREACH, SEVERE, Judgement, applies, findings
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal

NOT_REJECTED = 0


def judge(cases: Cases, parameters: Parameters) -> Judgement:
    """Severe where another officer granted what one refused; ``observed`` are the working days between."""
    calendar = cases.book.profile.calendar
    at, officer, case_of = cases.column("at"), cases.column("officer"), cases.case_of
    rejected, issued = np.flatnonzero(cases.is_kind("rejected")), np.flatnonzero(cases.is_kind("issued"))
    following = np.append(issued, cases.m)[np.searchsorted(issued, rejected)]
    granted = following < cases.starts[case_of[rejected] + 1]
    rejected, following = rejected[granted], following[granted]
    fresh = np.cumsum(cases.flag(NEW_DOCUMENTS))
    days = calendar_arrays.elapsed(calendar, at[rejected], at[following])
    limit = parameters["days"]
    fits = (fresh[following] == fresh[rejected]) & (days <= limit[case_of[rejected]])
    rejected, following, days = rejected[fits], following[fits], days[fits]
    case, first = np.unique(case_of[rejected], return_index=True)
    one, other = officer[rejected[first]], officer[following[first]]
    changed = (one != 0) & (other != 0) & (one != other)
    found = findings(
        case, at[following[first]], days[first], limit[case], cases.last_unit[case],
        level=np.where(changed, SEVERE, BREACH),
    )  # fmt: skip
    return Judgement(found, applies(cases.n, (~cases.any(cases.is_kind("rejected")), NOT_REJECTED)))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    other = " oleh petugas lain" if told.level == "severe" else ""
    return (
        f"Indikasi penolakan yang dibalik: {told.subject} ditolak lalu diterbitkan{other} {decimal(told.observed)} hari "
        "kerja kemudian tanpa dokumen baru; perlu klarifikasi."
    )


REFUSED = on(
    "2026-02-02 07:30", "rejected", officer=FIRST
)  # three working days: until Wednesday 4 February, 16:00
EXAMPLES = (
    row(
        "found",
        "found",
        on("2026-02-02 07:30", "accepted"),
        on("2026-02-03 07:30", "rejected", officer=FIRST),
        on("2026-02-04 07:30", "issued", officer=SECOND),
        level="severe",
        observed=1,
    ),
    row(
        "found", "found", REFUSED, on("2026-02-03 07:30", "issued", officer=FIRST), level="breach", observed=1
    ),
    row(
        "not found",
        "not found",
        REFUSED,
        on("2026-02-02 10:00", "resubmitted", new_documents=True),
        on("2026-02-03 07:30", "issued"),
    ),
    row("just below", "found", REFUSED, on("2026-02-04 16:00", "issued"), level="breach", observed=3),
    row("just above", "not found", REFUSED, on("2026-02-05 07:31", "issued")),
    row(
        "not applicable",
        "not applicable",
        on("2026-02-02 07:30", "accepted"),
        on("2026-02-03 10:00", "issued"),
    ),
    row(
        "before a dated change",
        "found",
        on("2026-01-19 07:30", "rejected"),
        on("2026-01-23 07:30", "issued"),
        observed=4,
    ),
    row("after a dated change", "not found", REFUSED, on("2026-02-06 07:30", "issued")),
)

RULE = Rule(
    id="P12",
    version="1",
    title="Ditolak lalu segera diterbitkan",
    domain="permits",
    kind="soft",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 25/2009 tentang Pelayanan Publik"),),
    method="Hari kerja dari penolakan sampai terbit, bila di antaranya pemohon tidak menyerahkan dokumen baru.",
    why="Penolakan yang dibalik tanpa alasan baru dapat berarti ada kesepakatan di luar berkas.",
    innocent=(
        "Penolakan keliru yang diperbaiki atas keberatan",
        "Dokumen baru diterima tetapi tidak dicatat",
    ),
    unit_of_measure="working_days",
    parameters=(Parameter("days", 5.0, "hari kerja", "paling lama antara penolakan dan terbit"),),
    severity=0.5,
    family="returns",
    about=("agent_token",),
    sources=("Prozorro sas24-3-9: pemenang ulang setelah keberatan",),
    not_applicable=("tidak pernah ditolak",),
    judge=judge,
    sentence=sentence,
    examples=EXAMPLES,
    without=ONE_CASE,
)
