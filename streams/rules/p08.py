"""P08: a permit was issued quickly, past many older complete applications of its type that still wait."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.cases.book import Floats
from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.days import local_days
from streams.peers.fences import Fence
from streams.peers.peers import Fact, Peers
from streams.peers.statistics import buckets_of, values_of
from streams.rules.examples import Event, Groups, many, on, row
from streams.rules.findings import Judgement, applies, findings
from streams.rules.parameters import Parameters, Values
from streams.rules.rule import Fenced, LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole

NOT_YET, NOT_ISSUED, NOT_ACCEPTED, FEW = range(4)
PEERS = 30


def facts(cases: Cases) -> Sequence[Fact]:
    """Working minutes from start to closing of issued cases, by type."""
    rows = np.flatnonzero(cases.issued)
    minutes = cases.course.minutes(cases.book.profile.calendar)[rows]
    day = local_days(cases.closed_at[rows], cases.book.zone)
    return [Fact("minutes", rows, cases.permit_type[rows], buckets_of(minutes), day)]


def limit(fence: Fence, parameters: Values) -> Floats:  # noqa: ARG001
    """A tenth of the peers waited no longer."""
    return values_of(fence.by_percent[10])


def compare(cases: Cases, parameters: Parameters, peers: Peers) -> Judgement:
    """It passed ``overtaken`` others and waited less than ``limit``."""
    minutes = cases.course.minutes(cases.book.profile.calendar)
    day = local_days(cases.closed_at, cases.book.zone)
    fence = peers.fence_of("minutes", cases.permit_type, day)
    few = fence.n < PEERS
    quick = (
        cases.issued
        & (cases.accepted >= 0)
        & ~few
        & (values_of(buckets_of(minutes)) < limit(fence, parameters))
    )
    rows = np.flatnonzero(quick)
    accepted = cases.column("at")[cases.accepted[rows]]
    passed = peers.overtaken(rows, cases.permit_type[rows], accepted, cases.closed_at[rows])
    least = parameters["overtaken"][rows]
    jumped = passed >= least
    rows, passed, least = rows[jumped], passed[jumped], least[jumped]
    types = cases.permit_type[rows]
    found = findings(
        rows, cases.closed_at[rows], passed, least, cases.last_unit[rows], detail=minutes[rows],
        fence=peers.fence_ids("minutes", types, day[rows], [cases.book.words.text(t) for t in types.tolist()]),
    )  # fmt: skip
    return Judgement(
        found,
        applies(
            cases.n, (cases.closed_at == NEVER, NOT_YET), (~cases.issued, NOT_ISSUED),
            (cases.accepted < 0, NOT_ACCEPTED), (few, FEW),
        ),
    )  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi menyela antrean: {told.subject} terbit dalam {whole(told.detail)} menit kerja, mendahului "
        f"{whole(told.observed)} berkas sejenis yang lebih dahulu lengkap dan masih menunggu; perlu klarifikasi."
    )


def _waited(end: str, day: str = "2026-02-03") -> list[Event]:
    """A case that was complete at 08:00 and issued at a time of the same day."""
    return [on(f"{day} 08:00", "accepted"), on(f"{day} {end}", "issued")]


def _queue(cases: int, day: str = "2026-02-02") -> Groups:
    """So many that are complete and still wait."""
    return {"queue": many(cases, on(f"{day} 09:00", "accepted"))}


_USUAL = {"usual": many(30, *_waited("09:40", "2026-01-05"))}
_FEW = {"usual": many(29, *_waited("09:40", "2026-01-05"))}

EXAMPLES = (
    row("found", "found", *_waited("08:50"), level="breach", observed=12, peers=_USUAL | _queue(12)),
    row("not found", "not found", *_waited("09:40"), peers=_USUAL | _queue(12)),
    row("just below", "not found", *_waited("08:50"), peers=_USUAL | _queue(4)),
    row("just above", "found", *_waited("08:50"), observed=5, peers=_USUAL | _queue(5)),
    row("not applicable", "not applicable", on("2026-02-03 08:50", "issued"), peers=_USUAL | _queue(12)),
    row("too few", "not applicable", *_waited("08:50"), peers=_FEW | _queue(12)),
    row(
        "before a dated change",
        "not found",
        *_waited("08:50", "2026-01-13"),
        peers=_USUAL | _queue(9, "2026-01-12"),
    ),
    row("after a dated change", "found", *_waited("08:50"), observed=9, peers=_USUAL | _queue(9)),
)

RULE = Rule(
    id="P08",
    version="1",
    title="Menyela antrean",
    domain="permits",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 25/2009 pasal 4: persamaan perlakuan"),),
    method=(
        "Berkas sejenis yang lebih dahulu lengkap dan pada saat terbit masih menunggu (tidak di pemohon) dihitung; berkas itu "
        "sendiri harus lebih cepat dari sepersepuluh izin sejenis dalam 365 hari sebelumnya."
    ),
    why="Calo perizinan menjual giliran; yang didahulukan membayar, yang lain menunggu.",
    innocent=(
        "Prioritas yang ditetapkan (bencana, investasi)",
        "Berkas jauh lebih sederhana",
        "Yang lain menunggu instansi lain",
    ),
    unit_of_measure="cases",
    parameters=(Parameter("overtaken", 10.0, "berkas", "paling sedikit yang didahului"),),
    minimum_sample=PEERS,
    severity=0.6,
    family="speed",
    about=("agent_token",),
    needs=("case_id", "occurred_at"),
    sources=(
        "Penambangan antrean (Senderovich dkk.)",
        "KPK, Februari 2025: makelar perizinan difasilitasi orang dalam",
    ),
    delivers=False,  # it comes with P18, once risks are combined: alone a tenth of quick cases would speak
    not_applicable=(
        "belum terbit",
        "tidak berakhir dengan izin",
        "tidak pernah dinyatakan lengkap",
        "kurang dari 30 pembanding",
    ),
    measures=("minutes",),
    fences=(Fenced("minutes", (10,), "below", limit),),
    facts=facts,
    compare=compare,
    sentence=sentence,
    examples=EXAMPLES,
)
