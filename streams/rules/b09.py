"""B09: one officer did two duties of spending that the profile gives to two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from schemas.profile.rows import DutyPair
from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD
from streams.rules.examples import FIRST, SECOND, Event, on, row
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, whole

PAPERS = ("spp", "spm", "sp2d", "accounting", "return", "reversal")
#: How the duties are called in the sentence.
CALLED = {"treasurer": "bendahara", "kuasa-BUD": "kuasa BUD"}
#: An accounting follows an SP2D, that an SPM, and that an SPP.
STEPS = 3
OFFICER = ("group", "officer_token")
#: An officer in the duties of a pair.
DOING = ("pair", "scope", *OFFICER)
NO_PAIR, NO_OFFICER = range(2)


def papers() -> pl.Expr:
    """Papers of a payment."""
    return pl.col("kind").is_in(PAPERS)


def weigh(groups: Groups) -> Weighed:
    """Per sub-activity and year, for each pair: how many officers did both duties for one payment, or both in one period."""
    if not groups.profile.duty_pairs:
        return Weighed(groups.rows.clear().select("group"), {NO_PAIR: groups.keys.get_column("group")})
    named = pl.col("officer_token").is_not_null() & pl.col("officer_role").is_not_null()
    acts = _of_several_roles(groups.rows.filter(named))
    found = _found(groups, acts) if len(acts) else acts
    return Weighed(found, {NO_OFFICER: groups.lacking(named)})


def _found(groups: Groups, acts: pl.DataFrame) -> pl.DataFrame:
    """Of the acts of officers with several roles, day by day."""
    before = groups.rows.select("group", "document_number", "refers_to", "day", *STOOD)
    known = before.join(acts, on="group", how="semi", maintain_order="left").drop_nulls("document_number")
    paid = _with_payment(groups.by_day(known), groups.by_day(acts))
    acts = _both(paid, groups.profile.duty_pairs).sort("row")
    return acts.group_by("group", "scope", maintain_order=True).agg(
        observed=pl.col("officer_token").n_unique().cast(pl.Float64), threshold=pl.lit(0.0), at=pl.col("at").last(),
        proof=pl.col("row").unique().sort(),
    )  # fmt: skip


def _of_several_roles(acts: pl.DataFrame) -> pl.DataFrame:
    """The acts of officers who had more than one role at all."""
    roles = acts.select(*OFFICER, "officer_role").unique()
    several = roles.filter(pl.len().over(OFFICER) > 1)
    return acts.join(several, on=OFFICER, how="semi", maintain_order="left").with_columns(
        pl.col("officer_role").cast(pl.String)
    )


def _with_payment(papers: pl.DataFrame, acts: pl.DataFrame) -> pl.DataFrame:
    """With the paper that began the payment: its number, or the one that it goes back to."""
    before = papers.unique(["group", "document_number"], keep="first", maintain_order=True).select(
        "group", pl.col("document_number").alias("payment"), pl.col("refers_to").alias("before")
    )
    found = acts.with_columns(pl.coalesce("refers_to", "document_number").alias("payment"))
    for _ in range(STEPS):
        found = found.join(before, on=["group", "payment"], how="left", maintain_order="left")
        found = found.with_columns(pl.coalesce("before", "payment").alias("payment")).drop("before")
    return found


def _both(acts: pl.DataFrame, pairs: Sequence[DutyPair]) -> pl.DataFrame:
    """The acts of officers who did both duties of a pair while it was in force. A change of post is no such thing: what was
    done in one duty comes after all of the other, and for another payment."""
    duties = pl.DataFrame(
        [
            (number, f"{pair.first}+{pair.second}", role, role == pair.first, pair.valid_from, pair.valid_to or date.max)
            for number, pair in enumerate(pairs) for role in (pair.first, pair.second)
        ],
        ["pair", "scope", "officer_role", "one", "from", "to"], orient="row",
    ).with_columns(pl.col("from", "to").dt.epoch("d"))  # fmt: skip
    dated = acts.join(duties, on="officer_role").filter(pl.col("day").is_between("from", "to"))
    one, other = dated.filter("one"), dated.filter(~pl.col("one"))
    same = one.join(other, on=[*DOING, "payment"], how="semi")
    began, ended = pl.col("day").min().alias("began"), pl.col("day").max().alias("ended")
    spans = (
        one.group_by(DOING)
        .agg(began, ended)
        .join(other.group_by(DOING).agg(began, ended), on=DOING, suffix="_other")
    )
    at_once = spans.filter(
        (pl.col("began") <= pl.col("ended_other")) & (pl.col("began_other") <= pl.col("ended"))
    )
    officers = pl.concat([same.select(DOING), at_once.select(DOING)]).unique()
    return dated.join(officers, on=DOING, how="semi").select("scope", *OFFICER, "row", "at")


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    first, second = (CALLED.get(name, name) for name in told.scope.split("+", 1))
    return (
        f"Indikasi rangkap tugas: {whole(told.observed)} petugas bertindak sebagai {first} dan sebagai {second} pada subkegiatan "
        f"{told.more['sub_activity']}, yang harus dua orang (seharusnya {whole(told.threshold)}); perlu klarifikasi."
    )


def _signed(at: str, kind: str, role: str, officer: str | None, number: int = 1, **fields: Any) -> Event:
    before = {"spp": None, "spm": "SPP", "sp2d": "SPM", "accounting": "SP2D"}[kind]
    own = {
        "document_number": f"{kind.upper()}/{number}", "refers_to": before and f"{before}/{number}", "disbursement_type": "TU",
        "officer_role": role, **fields,
    }  # fmt: skip
    return on(f"{at} 09:00", kind, officer=officer, **own)


CHAIN = (_signed("2026-01-06", "spm", "PA", None), _signed("2026-01-07", "sp2d", "kuasa-BUD", None))
EXAMPLES = (
    row(
        "found", "found", _signed("2026-01-05", "spp", "PPTK", FIRST), *CHAIN,
        _signed("2026-01-20", "accounting", "treasurer", FIRST), scope="PPTK+treasurer", observed=1,
    ),
    row(
        "found", "found", _signed("2026-01-05", "spp", "PPTK", FIRST), _signed("2026-01-06", "accounting", "treasurer", FIRST, 2),
        _signed("2026-01-07", "spp", "PPTK", FIRST, 3), scope="PPTK+treasurer", observed=1,
    ),
    row(
        "not found", "not found", _signed("2026-01-05", "spp", "PPTK", FIRST), *CHAIN,
        _signed("2026-01-20", "accounting", "treasurer", SECOND),
    ),
    row("not found", "not found", _signed("2026-01-05", "spp", "PPTK", FIRST), _signed("2026-01-06", "spm", "PA", FIRST)),
    row(
        "just below", "not found", _signed("2026-01-05", "spp", "PPTK", FIRST), _signed("2026-01-06", "accounting", "treasurer", FIRST, 2),
    ),
    row(
        "just above", "found", _signed("2026-01-05", "spp", "PPTK", FIRST), _signed("2026-01-05", "accounting", "treasurer", FIRST, 2),
        observed=1,
    ),
    row("not applicable", "not applicable", _signed("2026-01-05", "spp", "PPTK", None), *CHAIN),
    row(
        "before a dated change", "not found", _signed("2026-01-30", "spp", "PPTK", FIRST), _signed("2026-01-31", "spm", "PPK-SKPD", FIRST),
    ),
    row(
        "after a dated change", "found", _signed("2026-02-02", "spp", "PPTK", FIRST), _signed("2026-02-03", "spm", "PPK-SKPD", FIRST),
        scope="PPTK+PPK-SKPD",
    ),
)  # fmt: skip

RULE = Rule(
    id="B09",
    version="1",
    title="Satu petugas merangkap tugas keuangan yang harus terpisah",
    domain="budget",
    kind="hard",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("PP 60/2008 tentang SPIP: pemisahan fungsi", date(2008, 8, 28)),
        LegalBasis("Permendagri 77/2020", date(2020, 12, 30)),
    ),
    method=(
        "Untuk setiap pasangan tugas terlarang dalam profil, selama berlaku: apakah satu petugas menjalankan keduanya pada dokumen "
        "satu pembayaran (SPP, SPM, SP2D dan pertanggungjawabannya), atau pada subkegiatan yang sama dalam masa yang bertindihan. "
        "Beralih tugas tidak dihitung. Hanya pasangan yang ditetapkan yang dinilai: PPTK yang juga PPK pengadaan dibolehkan "
        "(Perpres 12/2021 pasal 11 ayat 3)."
    ),
    why="Yang mengajukan, memeriksa dan membayar saling mengawasi; bila orangnya sama, pengawasan itu hilang.",
    innocent=(
        "Pejabat pengganti yang sah dan peran aslinya masih tercatat",
        "Satu akun dipakai bersama",
        "Peran salah dicatat oleh sistem",
    ),
    unit_of_measure="petugas",
    severity=0.8,
    needs=("officer_token", "officer_role"),
    sources=("PP 60/2008", "Perpres 12/2021"),
    not_applicable=("profil tanpa pasangan tugas terlarang", "petugas atau tugasnya tidak disebut"),
    weigh=weigh,
    reads={"budget": ("fiscal_year", "document_number", "refers_to", "officer_token", "officer_role")},
    rows=papers,
    by=("fiscal_year", "opd", "sub_activity"),
    once=True,
    window=500,  # the year, and the months in which it is still corrected
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Dua dokumen cukup; aturan ini tidak membandingkan."},
)  # fmt: skip
