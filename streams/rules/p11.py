"""P11: an event was entered long after it happened, or a decision or document is dated before what it rests on."""

from __future__ import annotations

import numpy as np

from schemas import calendar_arrays
from streams.cases.events import NO_DAY
from streams.cases.view import Cases
from streams.days import local_days
from streams.engine.chunk import Int64s
from streams.rules.findings import Findings, Judgement, applies, findings, joined
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal

MINUTE_MS = 60_000
HISTORIC = 0
LAG, ORDER, DOCUMENT = "lag", "order", "document"


def judge(cases: Cases, parameters: Parameters) -> Judgement:
    """Findings by what is wrong (``scope``), each from the first event that shows it."""
    case_of, at, stamp = cases.case_of, cases.column("at"), cases.column("stamp")
    live = ~cases.backfill
    events = cases.past & live[case_of]
    limit = parameters["lag_days"]
    late = calendar_arrays.elapsed(cases.book.profile.calendar, at, stamp)
    lag = cases.first(events & (late > limit[case_of]))
    found = [_found(cases, lag, LAG, stamp, late, limit)]

    closing = cases.closing
    tolerance = cases.lateness + (parameters["tolerance_minutes"] * MINUTE_MS).astype(np.int64)
    earlier = cases.column("offset") < cases.pick("offset", closing, -1)[case_of]
    ahead = np.where(earlier & live[case_of], at - cases.closed_at[case_of], 0)
    worst = np.zeros(cases.n, np.int64)
    np.maximum.at(worst, case_of, ahead)
    wrong = np.where(worst > tolerance, closing, -1)
    found.append(_found(cases, wrong, ORDER, stamp, (worst / MINUTE_MS)[case_of], tolerance / MINUTE_MS))

    entered = local_days(cases.entered_at, cases.book.zone)[case_of]
    dated = cases.column("document_day")
    old = cases.first(events & (dated != NO_DAY) & (dated < entered))
    found.append(_found(cases, old, DOCUMENT, at, entered - dated.astype(np.float64), np.zeros(cases.n)))
    return Judgement(joined(found), applies(cases.n, (cases.backfill, HISTORIC)))


def _found(
    cases: Cases, event: Int64s, scope: str, at: Int64s, observed: np.ndarray, threshold: np.ndarray
) -> Findings:
    rows = np.flatnonzero(event >= 0)
    chosen = event[rows]
    word = np.full(len(rows), cases.book.words.number(scope), np.uint32)
    return findings(rows, at[chosen], observed[chosen], threshold[rows], cases.last_unit[rows], scope=word)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    what = {
        LAG: f"memuat peristiwa yang baru dikirim {decimal(told.observed)} hari kerja sesudah terjadi",
        ORDER: f"ditutup dengan waktu {decimal(told.observed / 60)} jam sebelum tahap yang sudah tercatat",
        DOCUMENT: f"memuat dokumen bertanggal {decimal(told.observed)} hari sebelum permohonan masuk",
    }[told.scope]
    return f"Indikasi waktu mundur: {told.subject} {what}; perlu klarifikasi."


RULE = Rule(
    id="P11",
    version="1",
    title="Waktu dicatat mundur",
    domain="permits",
    kind="soft",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 25/2009; tata naskah dinas"),),
    method=(
        "Selisih hari kerja antara kejadian dan pengirimannya; penutupan yang bertanggal sebelum tahap yang lebih dahulu "
        "tercatat; dokumen yang bertanggal sebelum permohonan masuk."
    ),
    why="Tanggal mundur menutupi keterlambatan atau keputusan yang mendahului pemeriksaan.",
    innocent=("Berkas kertas dimasukkan belakangan", "Sistem terputus lalu mengejar", "Salah ketik tanggal"),
    unit_of_measure="time",
    parameters=(
        Parameter("lag_days", 3.0, "hari kerja", "pengiriman yang lebih lambat dari ini"),
        Parameter("tolerance_minutes", 2.0, "menit", "selisih jam yang dimaklumi, di atas kelambatan sumber"),
    ),
    severity=0.4,
    sources=("Cardinal R030: penawaran terlambat yang menang",),
    not_applicable=("data historis",),
    historic=False,
    judge=judge,
    sentence=sentence,
)
