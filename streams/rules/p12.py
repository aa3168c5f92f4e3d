"""P12: an application was refused and soon after granted, with nothing new from the applicant."""

from __future__ import annotations

import numpy as np

from schemas import calendar_arrays
from streams.cases.events import NEW_DOCUMENTS
from streams.cases.view import Cases
from streams.rules.findings import BREACH, SEVERE, Judgement, applies, findings
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal

NOT_REJECTED = 0


def judge(cases: Cases, parameters: Parameters) -> Judgement:
    """Severe where another officer granted what one refused; ``observed`` are the working days between."""
    calendar = cases.book.profile.calendar
    at, place = cases.column("at"), np.arange(cases.m)
    rejected = cases.first(cases.is_kind("rejected"))
    after = np.where(rejected >= 0, rejected, cases.m)[cases.case_of]
    issued = cases.first(cases.is_kind("issued") & (place > after))
    ends = np.where(issued >= 0, issued, -1)[cases.case_of]
    fresh = cases.any(cases.flag(NEW_DOCUMENTS) & (place > after) & (place <= ends))
    rows = np.flatnonzero((rejected >= 0) & (issued >= 0) & ~fresh)
    days = calendar_arrays.elapsed(calendar, at[rejected[rows]], at[issued[rows]])
    limit = parameters["days"][rows]
    soon = days <= limit
    rows, days, limit = rows[soon], days[soon], limit[soon]
    officer = cases.column("officer")
    one, other = officer[rejected[rows]], officer[issued[rows]]
    changed = (one != 0) & (other != 0) & (one != other)
    found = findings(
        rows, at[issued[rows]], days, limit, cases.last_unit[rows], level=np.where(changed, SEVERE, BREACH)
    )
    return Judgement(found, applies(cases.n, (rejected < 0, NOT_REJECTED)))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    other = " oleh petugas lain" if told.level == "severe" else ""
    return (
        f"Indikasi penolakan yang dibalik: {told.subject} ditolak lalu diterbitkan{other} {decimal(told.observed)} hari "
        "kerja kemudian tanpa dokumen baru; perlu klarifikasi."
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
    sources=("Prozorro sas24-3-9: pemenang ulang setelah keberatan",),
    not_applicable=("tidak pernah ditolak",),
    judge=judge,
    sentence=sentence,
)
