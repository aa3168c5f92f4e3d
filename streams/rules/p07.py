"""P07: a step was done far faster than it usually is, or than it can be."""

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
from streams.rules.done import done
from streams.rules.examples import Event, many, on, row
from streams.rules.findings import Judgement, applies, findings
from streams.rules.parameters import Parameters, Values
from streams.rules.rule import Fenced, LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole

NOT_YET, NOT_ISSUED, NO_START, MACHINE, FEW = range(5)
PEERS = 30


def facts(cases: Cases) -> Sequence[Fact]:
    """Working minutes of the steps of issued cases, by type and step."""
    steps = done(cases)
    rows = cases.issued[steps.case] & ~steps.automatic
    case = steps.case[rows]
    group = cases.book.both(cases.permit_type[case], steps.step[rows])
    day = local_days(cases.closed_at[case], cases.book.zone)
    return [Fact("minutes", case, group, buckets_of(np.maximum(steps.minutes[rows], 1)), day)]


def limit(fence: Fence, parameters: Values) -> Floats:
    """Q1 / (Q3 / Q1)**reach: the lower Tukey fence of logarithms."""
    low, high = values_of(fence.by_percent[25]), values_of(fence.by_percent[75])
    return low / (high / low) ** parameters["reach"]


def compare(cases: Cases, parameters: Parameters, peers: Peers) -> Judgement:
    """Below the ``limit`` of its peers, or below the least possible."""
    steps = done(cases)
    rows = np.flatnonzero(~steps.automatic & cases.issued[steps.case])
    case, step, minutes = steps.case[rows], steps.step[rows], steps.minutes[rows]
    group = cases.book.both(cases.permit_type[case], step)
    day = local_days(cases.closed_at[case], cases.book.zone)
    fence = peers.fence_of("minutes", group, day, case)
    least = limit(fence, {"reach": parameters["reach"][case]})
    compared = fence.n >= PEERS
    own = values_of(buckets_of(np.maximum(minutes, 1)))  # a bucket against buckets
    fast = compared & (own < least)
    impossible = minutes < steps.minimum[rows]
    wrong = np.flatnonzero(fast | impossible)
    threshold = np.maximum(np.where(fast, least, -np.inf), np.where(impossible, steps.minimum[rows], -np.inf))
    used = np.where(fast[wrong], peers.fence_ids(
        "minutes", group[wrong], day[wrong], [cases.book.words.text(g) for g in group[wrong].tolist()]
    ), np.uint32(0))  # fmt: skip
    found = findings(
        case[wrong], cases.closed_at[case[wrong]], minutes[wrong], threshold[wrong], cases.last_unit[case[wrong]],
        scope=step[wrong], detail=fence.n[wrong], fence=used,
    )  # fmt: skip
    judged, timed, manual = (np.zeros(cases.n, np.bool_) for _ in range(3))
    judged[case[compared | (steps.minimum[rows] > 0)]] = True
    timed[steps.case] = True
    manual[steps.case[~steps.automatic]] = True
    return Judgement(
        found,
        applies(
            cases.n, (cases.closed_at == NEVER, NOT_YET), (~cases.issued, NOT_ISSUED), (~timed, NO_START),
            (~manual, MACHINE), (~judged, FEW),
        ),
    )  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    usual = f" menurut {whole(told.detail)} izin sejenis" if told.detail >= PEERS else ""
    return (
        f"Indikasi terlalu cepat: {told.subject} selesai dalam {whole(told.observed)} menit kerja pada tahap itu, paling "
        f"sedikit {decimal(told.threshold)} menit{usual}; perlu klarifikasi."
    )


def _took(end: str, day: str = "2026-02-03", step: str = "NILAI", kind: str = "issued") -> list[Event]:
    """A case with a step from 08:00 to a time of the day."""
    return [
        on(f"{day} 08:00", "started", step),
        on(f"{day} {end}", "finished", step),
        on(f"{day} 15:00", kind),
    ]


#: 100 minutes and 200: below 36 is fast until the end of January, below 44 from then on.
_USUAL = {
    "quick": many(15, *_took("09:40", "2026-01-05")),
    "slow": many(15, *_took("11:20", "2026-01-05")),
}
_FEW = _USUAL | {"slow": many(14, *_took("11:20", "2026-01-05"))}

EXAMPLES = (
    row("found", "found", *_took("08:15"), level="breach", observed=15, scope="NILAI", peers=_USUAL),
    row("found", "found", *_took("08:09", step="BERKAS"), observed=9, scope="BERKAS"),
    row("not found", "not found", *_took("09:40"), peers=_USUAL),
    row("just below", "found", *_took("08:44"), observed=44, peers=_USUAL),
    row("just above", "not found", *_took("08:45"), peers=_USUAL),
    row("not applicable", "not applicable", *_took("08:15", kind="rejected"), peers=_USUAL),
    row("too few", "not applicable", *_took("08:15"), peers=_FEW),
    row("before a dated change", "not found", *_took("08:40", "2026-01-13"), peers=_USUAL),
    row("after a dated change", "found", *_took("08:40"), observed=40, peers=_USUAL),
)

RULE = Rule(
    id="P07",
    version="1",
    title="Tahap selesai terlalu cepat",
    domain="permits",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 25/2009 tentang Pelayanan Publik"),),
    method=(
        "Menit kerja tahap dibandingkan dengan pagar bawah Tukey (Q1/(Q3/Q1)^1,5) dari tahap yang sama pada izin sejenis yang "
        "terbit dalam 365 hari sebelumnya, dan dengan waktu paling singkat menurut uraian proses."
    ),
    why="Pemeriksaan yang terlalu cepat mungkin tidak dilakukan.",
    innocent=("Berkas pemohon sudah disiapkan baik", "Tahap dicatat sekaligus di akhir", "Berkas sederhana"),
    unit_of_measure="minutes",
    parameters=(Parameter("reach", 1.5, "jarak antarkuartil", "seberapa jauh di bawah kuartil pertama"),),
    minimum_sample=PEERS,
    severity=0.4,
    family="speed",
    about=("agent_token",),
    needs=("case_id", "occurred_at", "step"),
    sources=("Corruption risk index: masa keputusan yang terlalu pendek (Fazekas)", "indicatortoolbox.eu"),
    not_applicable=(
        "belum terbit",
        "tidak berakhir dengan izin",
        "tanpa langkah yang dimulai dan selesai",
        "otomatis",
        "kurang dari 30 pembanding",
    ),
    measures=("minutes",),
    fences=(Fenced("minutes", (25, 75), "below", limit),),
    facts=facts,
    compare=compare,
    sentence=sentence,
    examples=EXAMPLES,
)
