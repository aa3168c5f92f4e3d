"""P11: an event was entered long after it happened, a decision or document is dated before what it rests on, or a number
in the office's register is dated before the numbers before it."""

from __future__ import annotations

import numpy as np

from schemas import calendar_arrays
from streams.cases.book import Floats
from streams.cases.events import CATCHING_UP, NO_DAY
from streams.cases.view import Cases
from streams.days import local_days
from streams.engine.chunk import Int64s
from streams.peers.peers import Peers
from streams.peers.registers import registered
from streams.rules.examples import Event, Groups, many, on, row
from streams.rules.findings import Findings, Judgement, applies, findings, joined
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, span
from streams.runs import begins

MINUTE_MS = 60_000
HISTORIC, NO_NUMBER, FEW = range(3)
LAG, ORDER, DOCUMENT, REGISTER = "lag", "order", "document", "register"


def judge(cases: Cases, parameters: Parameters) -> Judgement:
    """Findings by what is wrong (``scope``), each of the event that shows it most."""
    case_of, at, stamp = cases.case_of, cases.column("at"), cases.column("stamp")
    live = ~cases.backfill
    events = np.flatnonzero(cases.past & live[case_of])
    prompt = events[~cases.flag(CATCHING_UP)[events]]  # an outage is not fraud
    late = calendar_arrays.elapsed(cases.book.profile.calendar, at[prompt], stamp[prompt])
    found = [_greatest(cases, LAG, prompt, late, stamp[prompt], parameters["lag_days"])]

    closing = cases.closing
    ahead = np.flatnonzero(
        (cases.column("offset") < cases.pick("offset", closing, -1)[case_of]) & live[case_of]
    )
    minutes = (at[ahead] - cases.closed_at[case_of[ahead]]) / MINUTE_MS
    distance = cases.lateness / MINUTE_MS + parameters["tolerance_minutes"]
    found.append(_greatest(cases, ORDER, ahead, minutes, stamp[closing[case_of[ahead]]], distance))

    dated = cases.column("document_day")
    events = events[dated[events] != NO_DAY]
    entered = local_days(cases.entered_at, cases.book.zone)[case_of[events]]
    found.append(
        _greatest(
            cases, DOCUMENT, events, entered - dated[events].astype(np.float64), at[events], np.zeros(cases.n)
        )
    )
    return Judgement(joined(found), applies(cases.n, (cases.backfill, HISTORIC)))


def compare(cases: Cases, parameters: Parameters, peers: Peers) -> Judgement:
    """Dated before the middle of the days of the numbers before its own, in the same register."""
    entry = registered(cases)
    enough, usual = peers.known.enough, peers.known.usual
    day = local_days(cases.pick("at", entry, 0), cases.book.zone)
    days, limit = usual - day, parameters["register_days"]
    rows = np.flatnonzero(enough & ~cases.backfill & (days > limit))
    events = entry[rows]
    unit, opd = cases.column("unit")[events], cases.column("opd")[events]
    found = findings(
        rows, cases.column("stamp")[events], days[rows], limit[rows], np.where(unit != 0, unit, opd),
        scope=np.full(len(rows), cases.book.words.number(REGISTER), np.uint32),
        detail=cases.column("register")[events],
    )  # fmt: skip
    return Judgement(
        found, applies(cases.n, (cases.backfill, HISTORIC), (entry < 0, NO_NUMBER), (~enough, FEW))
    )


def _greatest(
    cases: Cases, scope: str, events: Int64s, observed: Floats, at: Int64s, threshold: Floats
) -> Findings:
    """Of the events of each case beyond the threshold the one that is so most, the earliest of equals."""
    case = cases.case_of[events]
    beyond = np.flatnonzero(observed > threshold[case])
    case, observed, at = case[beyond], observed[beyond], at[beyond]
    order = np.lexsort((at, -observed, case))
    first = order[begins(case[order])]
    case = case[first]
    word = np.full(len(case), cases.book.words.number(scope), np.uint32)
    return findings(case, at[first], observed[first], threshold[case], cases.last_unit[case], scope=word)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    days = f"{decimal(told.observed)} hari kerja"
    if decimal(told.observed) == decimal(told.threshold):
        days = f"sedikit lebih dari {days}"
    what = {
        LAG: f"memuat peristiwa yang baru dikirim {days} sesudah terjadi",
        ORDER: f"ditutup dengan waktu {span(told.observed)} sebelum tahap yang sudah tercatat",
        DOCUMENT: f"memuat dokumen bertanggal {decimal(told.observed)} hari sebelum permohonan masuk",
        REGISTER: f"terdaftar dengan nomor {told.detail} tetapi bertanggal {decimal(told.observed)} hari sebelum nomor-nomor "
        "yang mendahuluinya",
    }[told.scope]
    return f"Indikasi waktu mundur: {told.subject} {what}; perlu klarifikasi."


def _entered(day: str, heard: str = "") -> list[Event]:
    """A case that was entered in the register with number 17, and heard of on a later day."""
    return [on(f"{day} 08:00", "submitted", register_number=17, arrives=f"{heard or day} 10:00")]


def _before(day: str, *numbers: int) -> Groups:
    """Other cases that were entered in the same register on a day."""
    return {
        f"no. {number}": many(1, on(f"{day} 09:00", "submitted", register_number=number))
        for number in numbers
    }


EXAMPLES = (
    row(
        "found",
        "found",
        on("2026-02-02 08:00", "accepted", arrives="2026-02-06 08:00"),
        scope="lag",
        level="breach",
        observed=4,
    ),
    row(
        "found",
        "found",
        on("2026-02-02 08:00", "accepted"),
        on("2026-02-03 11:00", "finished", "BERKAS", arrives="2026-02-03 11:05"),
        on("2026-02-03 10:00", "issued", arrives="2026-02-03 11:10"),
        scope="order",
        observed=60,
    ),
    row(
        "found",
        "found",
        on("2026-02-02 08:00", "submitted"),
        on("2026-02-03 08:00", "finished", "BERKAS", document_date="2026-01-30 00:00"),
        scope="document",
        observed=3,
    ),
    row(
        "found",
        "found",
        *_entered("2026-02-05", "2026-02-10"),
        scope="register",
        level="breach",
        observed=5,
        peers=_before("2026-02-10", 12, 13, 14, 15, 16),
    ),
    row("not found", "not found", on("2026-02-02 08:00", "accepted"), on("2026-02-03 08:00", "issued")),
    row(
        "not found",
        "not found",
        *_entered("2026-02-05", "2026-02-10"),
        peers=_before("2026-02-10", 15, 16, 18, 19) | _before("2026-02-04", 12, 13, 14),
    ),
    row("just below", "not found", on("2026-02-02 08:00", "accepted", arrives="2026-02-04 08:00")),
    row("just above", "found", on("2026-02-02 08:00", "accepted", arrives="2026-02-04 08:01"), scope="lag"),
    row(
        "just below",
        "not found",
        *_entered("2026-02-08", "2026-02-10"),
        peers=_before("2026-02-10", 12, 13, 14, 15, 16),
    ),
    row(
        "just above",
        "found",
        *_entered("2026-02-07", "2026-02-10"),
        scope="register",
        observed=3,
        peers=_before("2026-02-10", 12, 13, 14, 15, 16),
    ),
    row(
        "not applicable",
        "not applicable",
        on("2026-02-02 08:00", "accepted", mode="backfill", arrives="2026-02-12 08:00"),
    ),
    row(
        "not applicable",
        "not applicable",
        on("2026-02-05 08:00", "submitted", arrives="2026-02-10 10:00"),
        peers=_before("2026-02-10", 12, 13, 14, 15, 16),
    ),
    row(
        "too few",
        "not applicable",
        *_entered("2026-02-05", "2026-02-10"),
        peers=_before("2026-02-10", 13, 14, 15, 16),
    ),
    row("before a dated change", "not found", on("2026-01-19 08:00", "accepted", arrives="2026-01-22 08:00")),
    row(
        "before a dated change",
        "not found",
        *_entered("2026-01-13", "2026-01-16"),
        peers=_before("2026-01-16", 12, 13, 14, 15, 16),
    ),
    row(
        "after a dated change",
        "found",
        on("2026-02-02 08:00", "accepted", arrives="2026-02-05 08:00"),
        scope="lag",
        observed=3,
    ),
)

RULE = Rule(
    id="P11",
    version="2",
    title="Waktu dicatat mundur",
    domain="permits",
    kind="soft",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 25/2009; tata naskah dinas"),),
    method=(
        "Selisih hari kerja antara kejadian dan pengirimannya; penutupan yang bertanggal sebelum tahap yang lebih dahulu "
        "tercatat; dokumen yang bertanggal sebelum permohonan masuk. Sekali sehari juga nomor register: tanggalnya terhadap "
        "tanggal tengah lima nomor terdekat sebelumnya dalam register kantor (OPD dan unit) dan tahun yang sama, supaya satu "
        "atau dua salah ketik di antaranya tidak menyalahkan berkas lain."
    ),
    why="Tanggal mundur menutupi keterlambatan atau keputusan yang mendahului pemeriksaan.",
    innocent=(
        "Berkas kertas dimasukkan belakangan",
        "Sistem terputus lalu mengejar",
        "Salah ketik tanggal atau nomor",
    ),
    unit_of_measure="time",
    parameters=(
        Parameter("lag_days", 3.0, "hari kerja", "pengiriman yang lebih lambat dari ini"),
        Parameter("tolerance_minutes", 2.0, "menit", "selisih jam yang dimaklumi, di atas kelambatan sumber"),
        Parameter("register_days", 3.0, "hari", "nomor register yang bertanggal lebih awal dari ini"),
    ),
    severity=0.4,
    family="dates",
    about=("officer_token",),
    sources=("Cardinal R030: penawaran terlambat yang menang",),
    not_applicable=("data historis", "tanpa nomor register", "kurang dari lima nomor sebelumnya"),
    historic=False,
    judge=judge,
    compare=compare,
    compares=REGISTER,
    sentence=sentence,
    examples=EXAMPLES,
)
