"""P05: a step was done again far more often than in other cases of its type."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.cases.book import Floats, combined
from streams.cases.events import NEVER
from streams.cases.view import Cases
from streams.days import local_days
from streams.engine.chunk import Int64s
from streams.peers.fences import Fence
from streams.peers.peers import Fact, Peers
from streams.rules.examples import Event, many, on, row
from streams.rules.findings import Judgement, applies, findings
from streams.rules.parameters import Parameters, Values
from streams.rules.rule import Fenced, LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole

NOT_CLOSED, FEW, NO_STEPS = range(3)
PEERS = 30


def repetitions(cases: Cases) -> Int64s:
    """How often the step was done that was done most, leaving out those that the process repeats anyway; 0 for none."""
    most = np.zeros(cases.n, np.int64)
    loops = np.zeros(cases.m, np.bool_)
    template = cases.template[cases.case_of]
    for number, process in enumerate(cases.templates):
        codes = [cases.book.words.number(step.code) for step in process.steps if step.loop]
        if codes:
            loops |= (template == number) & np.isin(cases.column("step"), codes)
    for kind in ("started", "finished"):
        rows = np.flatnonzero(cases.is_kind(kind) & cases.past & (cases.column("step") != 0) & ~loops)
        key, count = np.unique(combined(cases.case_of[rows], cases.column("step")[rows]), return_counts=True)
        np.maximum.at(most, key >> 32, count)
    return most


def facts(cases: Cases) -> Sequence[Fact]:
    """Closed cases of a type by how often a step was repeated."""
    most = repetitions(cases)
    rows = np.flatnonzero((most > 0) & (cases.closed_at != NEVER))
    day = local_days(cases.closed_at[rows], cases.book.zone)
    return [Fact("repeats", rows, cases.permit_type[rows], most[rows], day)]


def limit(fence: Fence, parameters: Values) -> Floats:
    """As often as 95 % of the peers at most, but never less than ``least``."""
    return np.maximum(fence.by_percent[95], parameters["least"])


def _as_counted(times: Int64s) -> Floats:
    """Repetitions are counted one by one, not in log buckets."""
    return times.astype(np.float64)


def compare(cases: Cases, parameters: Parameters, peers: Peers) -> Judgement:
    """More often than ``limit`` allows."""
    most = repetitions(cases)
    day = local_days(cases.closed_at, cases.book.zone)
    fence = peers.fence_of("repeats", cases.permit_type, day)
    most_allowed = limit(fence, parameters)
    few = fence.n < PEERS
    rows = np.flatnonzero((most > most_allowed) & ~few & (cases.closed_at != NEVER))
    types = cases.permit_type[rows]
    found = findings(
        rows, cases.closed_at[rows], most[rows], most_allowed[rows], cases.last_unit[rows],
        fence=peers.fence_ids("repeats", types, day[rows], [cases.book.words.text(t) for t in types.tolist()]),
    )  # fmt: skip
    return Judgement(
        found, applies(cases.n, (cases.closed_at == NEVER, NOT_CLOSED), (few, FEW), (most == 0, NO_STEPS))
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi pengulangan tak lazim: pada {told.subject} sebuah tahap dikerjakan {whole(told.observed)} kali, paling "
        f"banyak {whole(told.threshold)} kali pada izin sejenis; perlu klarifikasi."
    )


def _repeats(times: int, day: str = "2026-02-03") -> list[Event]:
    """A case with a step that was finished so many times."""
    again = [on(f"{day} 09:{10 * number:02d}", "finished", "BERKAS") for number in range(times)]
    return [on(f"{day} 08:00", "accepted"), *again, on(f"{day} 14:00", "closed")]


_USUAL = {"usual": many(30, *_repeats(1, "2026-01-05"))}
_FEW = {"usual": many(29, *_repeats(1, "2026-01-05"))}

EXAMPLES = (
    row("found", "found", *_repeats(5), level="breach", observed=5, peers=_USUAL),
    row("not found", "not found", *_repeats(1), peers=_USUAL),
    row("just below", "not found", *_repeats(3), peers=_USUAL),
    row("just above", "found", *_repeats(4), observed=4, peers=_USUAL),
    row("not applicable", "not applicable", *_repeats(5)[:-1], peers=_USUAL),
    row("too few", "not applicable", *_repeats(5), peers=_FEW),
    row("before a dated change", "found", *_repeats(3, "2026-01-13"), observed=3, peers=_USUAL),
    row("after a dated change", "not found", *_repeats(3), peers=_USUAL),
)

RULE = Rule(
    id="P05",
    version="1",
    title="Tahap diulang jauh lebih sering dari biasanya",
    domain="permits",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("UU 25/2009 tentang Pelayanan Publik"),),
    method="Pengulangan tahap terbanyak pada berkas dibandingkan dengan persentil 95 berkas sejenis yang selesai dalam 365 hari sebelumnya.",
    why="Berkas yang diputar-putar melelahkan pemohon sampai ia mau membayar jalan pintas.",
    innocent=("Berkas memang rumit", "Pemohon berkali-kali salah", "Pencatatan ganda"),
    unit_of_measure="times",
    parameters=(Parameter("least", 2.0, "kali", "paling sedikit sebelum dianggap banyak"),),
    minimum_sample=PEERS,
    severity=0.3,
    family="returns",
    needs=("case_id", "occurred_at", "step"),
    sources=("Penambangan proses: rework",),
    not_applicable=("belum ditutup", "kurang dari 30 pembanding", "tanpa langkah"),
    measures=("repeats",),
    fences=(Fenced("repeats", (95,), "above", limit, "times", _as_counted),),
    facts=facts,
    compare=compare,
    sentence=sentence,
    examples=EXAMPLES,
)
