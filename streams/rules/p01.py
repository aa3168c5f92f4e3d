"""P01: a permit, or a step of it, takes longer than its service standard.

The standard is in working days, by permit type and day of start (PP 28/2025; the regency's own table). The clock starts
at a complete and correct application and stops while the applicant repairs documents. Warning at 80 %, breach beyond
100 %, severe at 150 %. A due date that the case brings itself replaces the deadline and makes its working days the
standard. A case that closes within its deadline is no longer warned of.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from streams.cases.courses import Courses
from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.days import local_days
from streams.engine.chunk import Int64s
from streams.rules.examples import ONE_CASE, OTHER_TYPE, on, row
from streams.rules.findings import BREACH, SEVERE, WARNING, Findings, Judgement, applies, findings, joined
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal

NO_STANDARD = 0


def judge(cases: Cases, parameters: Parameters) -> Judgement:
    """The levels that each case and each step with a standard has reached, or will reach if nothing more happens."""
    book, n = cases.book, cases.n
    everyone = np.arange(n)
    general = np.zeros(n, np.int64)
    due = cases.due_at
    own = due != NEVER
    standard = book.standard(cases.permit_type, cases.started_day, np.zeros(n, np.uint32))
    whole = Courses(n, everyone[own], cases.started_at[own], due[own])
    begun = np.where(own, due, cases.started_at)
    worked = whole.days(book.calendars, general, begun)
    back = own & (due < cases.started_at)  # a due date before the start: as many days, negative
    if back.any():
        rows = everyone[back]
        turned = Courses(n, rows, due[rows], cases.started_at[rows]).days(
            book.calendars, general, cases.started_at
        )
        worked = np.where(back, -turned, worked)
    standard = np.where(own, worked, standard)
    judged = _levels(
        cases, parameters, everyone, np.zeros(n, np.uint32), cases.course, general, cases.closed_at, standard,
        np.where(own, due, NEVER), cases.last_unit, cases.started_at,
    )  # fmt: skip
    steps = cases.steps
    case, step = steps.case[steps.first], steps.step[steps.first]
    started, closed = steps.since[steps.first], steps.until[steps.last]
    types = cases.permit_type[case]
    days = local_days(started, book.zone)
    promised = book.standard(types, days, step)
    holder = book.step_unit(types, step)
    unit = np.where(holder != 0, holder, cases.last_unit[case])
    of_steps = _levels(
        cases, parameters, case, step, cases.step_courses, book.calendar_index(unit), closed, promised,
        np.full(len(case), NEVER), unit, started,
    )  # fmt: skip
    has = ~np.isnan(standard)
    has[case[~np.isnan(promised)]] = True
    return Judgement(joined([judged, of_steps]), applies(n, (~has, NO_STANDARD)))


def _levels(
    cases: Cases, parameters: Parameters, case: Int64s, scope: np.ndarray, course: Courses, which: Int64s,
    closed: Int64s, standard: np.ndarray, due: Int64s, unit: np.ndarray, started: Int64s,
) -> Findings:  # fmt: skip
    """Findings of each clock at each level. ``standard`` is NaN where nothing is promised."""
    calendars = cases.book.calendars
    types, sources, days = cases.permit_type[case], cases.source[case], local_days(started, cases.book.zone)
    own = due != NEVER
    asked = ~np.isnan(standard) & ((standard > 0) | own)
    at, limits = {}, {}
    for level, name in ((WARNING, "warning"), (BREACH, "breach"), (SEVERE, "severe")):
        limit = np.maximum(parameters.at(name, types, sources, days) * standard, 0.0)
        usable = asked if level == BREACH else asked & (standard > 0)
        reached = course.reach(calendars, which, np.where(usable & ~(own & (level == BREACH)), limit, np.nan))
        if level == BREACH:
            reached = np.where(own & asked, due, reached)
            reached = np.where(reached == NEVER, NEVER, reached + 1)  # strictly after
        at[level] = np.where(reached <= closed, reached, NEVER)
        limits[level] = limit
    in_time = (at[BREACH] == NEVER) & (closed != NEVER)  # closed in time: nothing to warn of
    at[WARNING] = np.where(in_time, NEVER, at[WARNING])
    at[SEVERE] = np.where(at[BREACH] == NEVER, NEVER, at[SEVERE])
    passed = np.where(at[BREACH] == NEVER, NEVER, at[BREACH] - 1)
    found = []
    for level in (WARNING, BREACH, SEVERE):
        rows = np.flatnonzero(at[level] != NEVER)
        end = np.maximum(at[level], cases.seen[case])
        ended = closed != NEVER
        end = np.where(ended, np.minimum(end, closed) if level == WARNING else closed, end)
        some = end if len(rows) == len(case) else np.where(at[level] != NEVER, end, np.iinfo(np.int64).min)
        observed = course.days(calendars, which, some)
        found.append(
            findings(
                case[rows],
                at[level][rows],
                observed[rows],
                limits[level][rows],
                unit[rows],
                scope=scope[rows],
                level=level,
                due_at=passed[rows],
                detail=(standard[rows] * 1e6).round().astype(np.int64) * 4 + ended[rows] * 2 + own[rows],
                as_of=days[rows],
            )
        )
    return joined(found)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    standard, closed, own = told.detail // 4 / 1e6, told.detail & 2, told.detail & 1
    due = told.case_due_at
    limit = (
        f"tenggat {told.day(due)}" if own and due is not None else f"standar {decimal(standard)} hari kerja"
    )
    took = f"{decimal(told.observed)} hari kerja"
    if told.level != "warning" and not own and decimal(told.observed) == decimal(standard):
        took = f"sedikit lebih dari {took}"
    if told.level == "warning":
        return (
            f"Indikasi akan terlambat: {told.subject} sudah {took} di {told.unit}, {limit}; perlu perhatian."
        )
    if closed:
        return f"Indikasi keterlambatan: {told.subject} selesai dalam {took}, terakhir di {told.unit}, {limit}; perlu klarifikasi."
    return f"Indikasi keterlambatan: {told.subject} sudah {took} di {told.unit}, {limit}; perlu klarifikasi."


def withdrawn(closed: bool) -> str:
    """Why an alert no longer stands."""
    if closed:
        return "Berkas selesai sebelum tenggat."
    return "Peristiwa yang datang kemudian mengubah hitungan waktu; standar tidak terlewati."


START = on("2026-02-02 07:30", "accepted")  # four working days: until Thursday 5 February, 16:00
EXAMPLES = (
    row("found", "found", START, on("2026-02-06 16:30", "issued"), level="breach", observed=5),
    row("found", "found", START, clock="2026-02-10 08:00", level="severe"),
    row(
        "found",
        "found",
        START,
        on("2026-02-02 08:00", "started", "SURVEI"),
        on("2026-02-05 09:00", "finished", "SURVEI"),
        scope="SURVEI",
        level="severe",
    ),
    row("not found", "not found", START, on("2026-02-04 10:00", "issued")),
    row(
        "not found",
        "not found",
        START,
        on("2026-02-03 07:30", "returned"),
        on("2026-02-09 07:30", "resubmitted"),
        on("2026-02-11 16:00", "issued"),
    ),
    row("just below", "not found", START, on("2026-02-05 16:00", "issued")),
    row("just below", "not found", START, clock="2026-02-05 16:00", level="warning"),
    row("just above", "found", START, on("2026-02-05 16:01", "issued"), level="breach"),
    row("not applicable", "not applicable", on("2026-02-02 07:30", "accepted", permit_type=OTHER_TYPE)),
    row(
        "before a dated change",
        "not found",
        on("2026-01-19 07:30", "accepted"),
        on("2026-01-23 16:00", "issued"),
    ),
    row("after a dated change", "found", START, on("2026-02-06 16:00", "issued"), level="breach"),
)

RULE = Rule(
    id="P01",
    version="2",
    title="Pelayanan melewati standar waktu",
    domain="permits",
    kind="hard",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis("UU 25/2009 tentang Pelayanan Publik"),
        LegalBasis("PP 5/2021", None, date(2025, 6, 4)),
        LegalBasis("PP 28/2025", date(2025, 6, 5)),
    ),
    method=(
        "Hari kerja sejak berkas lengkap dan benar, dikurangi waktu perbaikan oleh pemohon, dibandingkan dengan standar "
        "pelayanan izin atau tahapnya yang berlaku pada hari mulai. Peringatan pada 80 %, pelanggaran di atas 100 %, berat "
        "pada 150 %. Tenggat yang dibawa berkas sendiri menggantikan standar. Yang memegang berkas disebut per tahap."
    ),
    why="Penundaan berlarut adalah maladministrasi, dan berkas yang ditahan dapat menjadi alat meminta imbalan.",
    innocent=(
        "Peninjauan lapangan menunggu cuaca",
        "Pendapat instansi lain belum datang",
        "Pengembalian kepada pemohon tidak dicatat",
    ),
    unit_of_measure="working_days",
    parameters=(
        Parameter("warning", 0.8, "bagian standar", "mulai diperingatkan"),
        Parameter("breach", 1.0, "bagian standar", "pelanggaran, bila lebih lama dari ini"),
        Parameter("severe", 1.5, "bagian standar", "pelanggaran berat"),
    ),
    severity=0.6,
    family="delay",
    sources=("UU 25/2009", "Ombudsman RI: penundaan berlarut", "PP 28/2025"),
    delivers=True,
    reads_absence=True,
    not_applicable=("tidak ada standar pelayanan untuk jenis izin ini",),
    judge=judge,
    sentence=sentence,
    withdrawn=withdrawn,
    examples=EXAMPLES,
    without=ONE_CASE,
)
