"""P17: many permits issued by one officer within minutes: shown on the rule's page, never an alert."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.cases.book import day_of
from streams.cases.events import AUTOMATIC
from streams.cases.view import Cases
from streams.days import DAY_MS, local_days
from streams.peers.counts import BITS, MASK
from streams.peers.peers import Asked, Fact, Peers, nothing_asked
from streams.rules.examples import FIRST, Event, Groups, many, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole
from streams.runs import Bools

SECONDS = 86_400


def facts(cases: Cases) -> Sequence[Fact]:
    """Permits that an officer issued, by the second of the UTC day; the day they count for is the local one."""
    officer = cases.pick("officer", cases.closing, 0)
    machine = (cases.pick("flags", cases.closing, 0) & AUTOMATIC) != 0
    rows = np.flatnonzero(cases.issued & (officer != 0) & ~machine)
    at = cases.closed_at[rows]
    return [Fact("issued", rows, officer[rows], at % DAY_MS // 1000, local_days(at, cases.book.zone))]


def ask(peers: Peers) -> Asked:
    """The most permits within ``minutes`` of every officer who issued some on the day before."""
    least, seconds = peers.parameter("least"), peers.parameter("minutes") * 60
    issued = peers.yesterday("issued")
    officer, second = (issued.key >> BITS) & MASK, issued.key & MASK
    start = _seconds_before_midnight(peers)
    asked = nothing_asked()
    for one in np.unique(officer).tolist():
        mine = officer == one
        local = (second[mine] - start) % SECONDS
        order = np.argsort(local)
        times, counts = local[order], issued.amount[mine][order]
        total = np.cumsum(counts)
        ends = np.searchsorted(times, times + seconds, side="right")
        most = int((total[ends - 1] - total + counts).max())
        asked.answer(
            peers.book.names.text(one),
            day_of(peers.day - 1).isoformat(),
            found=most >= least,
            observed=float(most),
            threshold=least,
        )
    return asked


def _seconds_before_midnight(peers: Peers) -> int:
    """The second of the UTC day at which the local day before ``peers.day`` began."""
    begin = peers.book.profile.calendar.day_start(day_of(peers.day - 1).isoformat())
    return begin // 1000 % SECONDS


def shows(cases: Cases, officer: str, day: str) -> Bools:  # noqa: ARG001
    """A page has no evidence of its own."""
    return np.zeros(cases.m, np.bool_)


def sentence(told: Told) -> str:
    """What was seen, in one sentence; on the page only."""
    return f"Seorang petugas menerbitkan {whole(told.observed)} izin dalam sepuluh menit; biasanya pencatatan sekaligus."


def _issued(at: str = "10:00", day: str = "2026-02-03", officer: str | None = FIRST) -> list[Event]:
    """A case that was issued at a time of the day."""
    return [on(f"{day} 08:00", "accepted"), on(f"{day} {at}", "issued", None, officer)]


def _others(cases: int, at: str = "10:10", day: str = "2026-02-03") -> Groups:
    """So many others that the officer issued on the same day."""
    return {"others": many(cases, *_issued(at, day))}


EXAMPLES = (
    row("found", "found", *_issued(), peers=_others(24)),
    row("not found", "not found", *_issued(), peers=_others(10) | {"later": many(10, *_issued("10:21"))}),
    row("just below", "not found", *_issued(), peers=_others(13)),
    row("just above", "found", *_issued(), peers=_others(14)),
    row("not applicable", "not applicable", *_issued(officer=None)),
    row(
        "before a dated change",
        "not found",
        *_issued(day="2026-01-13"),
        peers=_others(14, "10:05", "2026-01-13"),
    ),
    row("after a dated change", "found", *_issued(), peers=_others(14, "10:05")),
)

RULE = Rule(
    id="P17",
    version="1",
    title="Penerbitan beruntun",
    domain="permits",
    kind="page",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("SOP perizinan daerah"),),
    method=(
        "Izin terbanyak yang diterbitkan seorang petugas dalam sepuluh menit, menurut detik terbitnya dan dalam satu hari "
        "setempat: jendelanya tidak melewati tengah malam. Dihitung dan ditampilkan, tidak pernah menjadi peringatan."
    ),
    why="Tanda tangan tanpa membaca; tetapi pencatatan sekaligus adalah hal biasa.",
    innocent=("Pencatatan sekaligus pada akhir hari", "Tanda tangan elektronik beruntun"),
    unit_of_measure="permits",
    parameters=(
        Parameter("least", 20.0, "izin", "paling sedikit yang ditampilkan"),
        Parameter("minutes", 10.0, "menit", "panjang jendela"),
    ),
    severity=0.1,
    sources=("Catatan izin nyata: entri sekaligus adalah biasa",),
    measures=("issued",),
    facts=facts,
    ask=ask,
    shows=shows,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Hanya menghitung; tidak ada pembanding yang diperlukan."},
)
