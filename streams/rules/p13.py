"""P13: a case lay idle for long, then a contact, a payment or another officer of a step brought it to its permit within a day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schemas import calendar_arrays
from streams.cases.book import Floats
from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.days import local_days
from streams.engine.chunk import Int64s
from streams.peers.fences import Fence
from streams.peers.peers import Fact, Peers
from streams.peers.statistics import buckets_of, values_of
from streams.rules.examples import FIRST, SECOND, Event, many, on, row
from streams.rules.findings import Judgement, applies, findings
from streams.rules.parameters import Parameters, Values
from streams.rules.rule import Fenced, LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole
from streams.runs import Bools

NOT_YET, NOT_ISSUED, FEW = range(3)
PEERS = 30


def gaps(cases: Cases) -> tuple[Int64s, Int64s]:
    """Neighbouring events of the past of a case, by the later one's row, and the working minutes between them: none
    while the file is with the applicant."""
    later = np.flatnonzero(cases.past & (np.arange(cases.m) != cases.first_event[cases.case_of]))
    at = cases.column("at")
    minutes = calendar_arrays.minutes(cases.book.profile.calendar, at[later - 1], at[later])
    away = cases.is_kind("returned")[later - 1]
    return later, np.where(away, 0, minutes)


def longest(cases: Cases, later: Int64s, minutes: Int64s) -> Int64s:
    """The longest of some gaps of each case; -1 for a case without any."""
    most = np.full(cases.n, -1)
    np.maximum.at(most, cases.case_of[later], minutes)
    return most


def facts(cases: Cases) -> Sequence[Fact]:
    """The longest gap of each issued case, by type."""
    most = longest(cases, *gaps(cases))
    rows = np.flatnonzero(cases.issued & (most >= 0))
    day = local_days(cases.closed_at[rows], cases.book.zone)
    return [Fact("gaps", rows, cases.permit_type[rows], buckets_of(most[rows]), day)]


def _moved(cases: Cases) -> Bools:
    """Events with a contact, a payment, or another officer than the last one named before, who had the same step: that the next
    step is another officer's is the usual way of a file, and no change of officers."""
    officer, step = cases.column("officer"), cases.column("step")
    named = np.where(officer != 0, np.arange(cases.m), -1)
    last = np.maximum.accumulate(named)
    before = np.full(cases.m, -1)
    before[1:] = last[:-1]
    known = before >= cases.first_event[cases.case_of]
    other = known & (officer != 0) & (officer != officer[before]) & (step == step[before])
    return (cases.column("contact") != 0) | (cases.column("fee_paid") > 0) | other


def limit(fence: Fence, parameters: Values) -> Floats:
    """``times`` the median of the peers."""
    return parameters["times"] * values_of(fence.by_percent[50])


def compare(cases: Cases, parameters: Parameters, peers: Peers) -> Judgement:
    """Idle for more than ``limit``, and closed within ``fast_days`` of being moved."""
    later, minutes = gaps(cases)
    case = cases.case_of[later]
    closed = np.where(cases.closed_at[case] == NEVER, cases.column("at")[later], cases.closed_at[case])
    rest = calendar_arrays.elapsed(cases.book.profile.calendar, cases.column("at")[later], closed)
    sudden = _moved(cases)[later] & (rest < parameters["fast_days"][case])
    most = longest(cases, later[sudden], minutes[sudden])
    day = local_days(cases.closed_at, cases.book.zone)
    fence = peers.fence_of("gaps", cases.permit_type, day)
    few = (fence.n < PEERS) & (most >= 0)
    idle = limit(fence, parameters)
    rows = np.flatnonzero(cases.issued & ~few & (most > idle))
    types = cases.permit_type[rows]
    found = findings(
        rows, cases.closed_at[rows], most[rows], idle[rows], cases.last_unit[rows],
        fence=peers.fence_ids("gaps", types, day[rows], [cases.book.words.text(t) for t in types.tolist()]),
    )  # fmt: skip
    return Judgement(
        found,
        applies(cases.n, (cases.closed_at == NEVER, NOT_YET), (~cases.issued, NOT_ISSUED), (few, FEW)),
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi ditahan lalu dipercepat: {told.subject} diam {whole(told.observed / 60)} jam kerja, lalu terbit dalam "
        "sehari sesudah kontak, pembayaran, atau pergantian petugas; perlu klarifikasi."
    )


def _idle(
    until: str,
    day: str = "2026-02-03",
    kind: str = "issued",
    contact: str | None = None,
    officer: str | None = None,
    after: str = "BERKAS",
) -> list[Event]:
    """A case in which nothing happened from 08:00, when an officer had the step ``after``, to a time of the day."""
    return [
        on(f"{day} 08:00", "started", after, FIRST),
        on(f"{day} {until}", "finished", "BERKAS", officer, contact=contact),
        on(f"{day} 15:00", kind),
    ]


#: Idle for 100 minutes: more than 200 is long until the end of January, more than 150 from then on.
_EVENTS = (
    on("2026-01-05 08:00", "accepted"), on("2026-01-05 09:40", "finished", "BERKAS"), on("2026-01-05 09:41", "issued"),
)  # fmt: skip
_USUAL, _FEW = {"usual": many(30, *_EVENTS)}, {"usual": many(29, *_EVENTS)}
_CALL = "telepon"

EXAMPLES = (
    row("found", "found", *_idle("12:00", contact=_CALL), level="breach", observed=240, peers=_USUAL),
    row("found", "found", *_idle("12:00", officer=SECOND), observed=240, peers=_USUAL),
    row("not found", "not found", *_idle("12:00"), peers=_USUAL),
    row("not found", "not found", *_idle("12:00", officer=SECOND, after="LOKET"), peers=_USUAL),
    row("just below", "not found", *_idle("10:30", contact=_CALL), peers=_USUAL),
    row("just above", "found", *_idle("10:31", contact=_CALL), observed=151, peers=_USUAL),
    row("not applicable", "not applicable", *_idle("12:00", kind="withdrawn", contact=_CALL), peers=_USUAL),
    row("too few", "not applicable", *_idle("12:00", contact=_CALL), peers=_FEW),
    row("before a dated change", "not found", *_idle("11:00", "2026-01-13", contact=_CALL), peers=_USUAL),
    row("after a dated change", "found", *_idle("11:00", contact=_CALL), observed=180, peers=_USUAL),
)

RULE = Rule(
    id="P13",
    version="2",
    title="Ditahan lama lalu tiba-tiba cepat",
    domain="permits",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 25/2009 tentang Pelayanan Publik"),),
    method=(
        "Jeda kerja terpanjang yang berakhir dengan kontak, pembayaran, atau petugas lain pada tahap yang sama dan kurang dari "
        "sehari kerja sebelum terbit, dibandingkan dengan dua kali median jeda izin sejenis dalam 365 hari sebelumnya."
    ),
    why="Berkas dikatakan belum lengkap padahal lengkap, sampai pemohon menghubungi dan membayar.",
    innocent=(
        "Pemohon mengingatkan berkas yang terlupa",
        "Petugas baru merapikan tunggakan",
        "Menunggu pembayaran retribusi",
    ),
    unit_of_measure="minutes",
    parameters=(
        Parameter("times", 2.0, "kali median", "seberapa panjang jeda"),
        Parameter("fast_days", 1.0, "hari kerja", "seberapa cepat terbit sesudahnya"),
    ),
    minimum_sample=PEERS,
    severity=0.5,
    family="speed",
    about=("agent_token",),
    sources=("Komisioner KPK, 2025: disebut belum lengkap padahal lengkap",),
    not_applicable=("belum terbit", "tidak berakhir dengan izin", "kurang dari 30 pembanding"),
    measures=("gaps",),
    fences=(Fenced("gaps", (50,), "above", limit),),
    facts=facts,
    compare=compare,
    sentence=sentence,
    examples=EXAMPLES,
)
