"""P06: one officer did two parts of a case that two must do (four eyes)."""

from __future__ import annotations

import numpy as np

from streams.cases.events import AUTOMATIC
from streams.cases.view import Cases
from streams.rules.examples import FIRST, ONE_CASE, OTHER_TYPE, SECOND, on, row
from streams.rules.facts import firsts
from streams.rules.findings import Findings, Judgement, applies, findings, joined, none_found
from streams.rules.parameters import Parameters
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, act
from streams.runs import Bools

NO_PAIR, NO_OFFICER = range(2)
KIND = "kind:"


def judge(cases: Cases, parameters: Parameters) -> Judgement:  # noqa: ARG001
    """One finding a declared pair; ``observed`` is how many officers did both parts."""
    words = cases.book.words
    acted = (cases.column("officer") != 0) & ~cases.flag(
        AUTOMATIC
    )  # after the closing too: who did both is a fact
    template = cases.template[cases.case_of]
    declared = np.zeros(len(cases.templates), np.bool_)
    named = np.zeros(cases.n, np.bool_)
    found: list[Findings] = [none_found()]
    for number, process in enumerate(cases.templates):
        declared[number] = bool(process.pairs)
        here = acted & (template == number) if process.pairs else acted
        for pair in process.pairs:
            first = firsts(cases, here & _member(cases, pair.first), "officer")
            second = firsts(cases, here & _member(cases, pair.second), "officer")
            named[first.case] = True
            named[second.case] = True
            both, one, other = np.intersect1d(first.key, second.key, assume_unique=True, return_indices=True)
            at = np.maximum(first.at[one], second.at[other])
            case, begins, count = np.unique(both >> 32, return_index=True, return_counts=True)
            if len(case):
                scope = np.full(len(case), words.number(f"{pair.first}+{pair.second}"), np.uint32)
                found.append(
                    findings(
                        case, np.minimum.reduceat(at, begins), count, 0.0, cases.last_unit[case], scope=scope
                    )
                )
    return Judgement(
        joined(found), applies(cases.n, (~declared[cases.template], NO_PAIR), (~named, NO_OFFICER))
    )


def _member(cases: Cases, name: str) -> Bools:
    """Events that are of a member of a pair: of a step, or of a kind."""
    known = cases.book.words.known(name.removeprefix(KIND))
    field = "kind" if name.startswith(KIND) else "step"
    result: Bools = cases.column(field) == (0xFFFFFFFF if known is None else known)
    return result


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    first, second = (
        act(part.removeprefix(KIND)) if part.startswith(KIND) else f"tahap {part}"
        for part in told.scope.split("+", 1)
    )
    return (
        f"Indikasi rangkap tugas: pada {told.subject} petugas yang sama mengerjakan {first} dan {second}, yang harus dua "
        "orang; perlu klarifikasi."
    )


SURVEYED = on("2026-02-03 09:00", "finished", "SURVEI", FIRST)
EXAMPLES = (
    row(
        "found",
        "found",
        on("2026-02-02 08:00", "accepted"),
        SURVEYED,
        on("2026-02-04 10:00", "issued", officer=FIRST),
        scope="SURVEI+kind:issued",
        observed=1,
    ),
    row("not found", "not found", SURVEYED, on("2026-02-04 10:00", "issued", officer=SECOND)),
    row("just below", "not found", SURVEYED, on("2026-02-04 10:00", "issued", officer=FIRST, automatic=True)),
    row(
        "just above",
        "found",
        SURVEYED,
        on("2026-02-03 10:00", "finished", "SURVEI", SECOND),
        on("2026-02-04 10:00", "issued", officer=SECOND),
        observed=1,
    ),
    row("not applicable", "not applicable", on("2026-02-02 08:00", "accepted", permit_type=OTHER_TYPE)),
    row(
        "not applicable",
        "not applicable",
        on("2026-02-03 09:00", "finished", "SURVEI"),
        on("2026-02-04 10:00", "issued"),
    ),
    row(
        "before a dated change",
        "not found",
        on("2026-01-20 09:00", "finished", "BERKAS", FIRST),
        on("2026-01-21 09:00", "finished", "NILAI", FIRST),
        on("2026-01-22 09:00", "issued", officer=SECOND),
    ),
    row(
        "after a dated change",
        "found",
        on("2026-02-02 09:00", "finished", "BERKAS", FIRST),
        on("2026-02-03 09:00", "finished", "NILAI", FIRST),
        scope="BERKAS+NILAI",
        observed=1,
    ),
)

RULE = Rule(
    id="P06",
    version="1",
    title="Satu petugas mengerjakan dua tugas yang harus terpisah",
    domain="permits",
    kind="hard",
    task="case",
    area="Pelayanan Publik",
    legal_basis=(LegalBasis("PP 60/2008 tentang SPIP: pemisahan fungsi"),),
    method="Untuk setiap pasangan yang ditetapkan bagi jenis izin itu: apakah seorang petugas mengerjakan keduanya pada berkas yang sama.",
    why="Pemeriksa yang juga memutuskan tidak diawasi siapa pun; di situ persekongkolan paling mudah.",
    innocent=("Petugas pengganti yang sah tidak dicatat", "Satu akun dipakai bersama"),
    unit_of_measure="officers",
    severity=0.8,
    about=("officer_token",),
    needs=("case_id", "occurred_at", "officer_token", "step"),
    sources=("PP 60/2008", "Pemisahan tugas dengan penambangan proses (fluxicon, 2011)"),
    delivers=True,
    not_applicable=("jenis ini tanpa pasangan terlarang", "petugas tidak disebut"),
    judge=judge,
    sentence=sentence,
    examples=EXAMPLES,
    without=ONE_CASE,
)
