"""B01: realised spending of a line beyond its latest ceiling."""

from __future__ import annotations

from datetime import date

import polars as pl

from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, rupiah
from streams.spending import MOVING, STAGES, effects

#: The places of a line that have ceilings of their own.
PARTS = ("program", "activity", "fund", "village")
NO_CEILING = 0


def lines() -> pl.Expr:
    """Approved ceilings, and what moves money."""
    kind = pl.col("kind").cast(pl.String)
    approved = (kind == "ceiling") & pl.col("ceiling_stage").cast(pl.String).is_in(list(STAGES))
    return (approved | kind.is_in(MOVING)).fill_null(False) & (pl.col("account").cast(pl.String) != "")


def weigh(groups: Groups) -> Weighed:
    """Per line: the sum of what was realised against the sum of the latest ceilings of its parts."""
    rows = groups.rows.with_columns(
        pl.col("kind", "disbursement_type", "ceiling_stage").cast(pl.String),
        pl.col(PARTS).cast(pl.String).fill_null(""),
    )
    stage = pl.col("ceiling_stage").replace_strict(STAGES, default=None, return_dtype=pl.Int64)
    latest = (
        rows.filter(pl.col("kind") == "ceiling")
        .sort(stage, "row")
        .unique(["group", *PARTS], keep="last", maintain_order=True)
    )
    ceilings = latest.group_by("group").agg(pl.col("amount").sum().alias("threshold"))
    spent = (
        rows.join(effects(), on=["kind", "disbursement_type"])
        .group_by("group")
        .agg((pl.col("amount") * pl.col("realised")).sum().alias("observed"))
    )
    found = ceilings.join(spent, on="group").filter(pl.col("observed") > pl.col("threshold"))
    return Weighed(found, {NO_CEILING: without(rows, ceilings)})


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi realisasi melampaui pagu: rekening {told.more['account']} pada subkegiatan "
        f"{told.more['sub_activity']} terealisasi {rupiah(told.observed)}, sedangkan pagu terakhirnya "
        f"{rupiah(told.threshold)}; perlu klarifikasi."
    )


def _ceiling(at: str, millions: float, stage: str = "APBD", fund: str = "PAD") -> Event:
    return on(f"{at} 08:00", "ceiling", ceiling_stage=stage, amount=round(millions * 1e6), fund=fund)


def _moved(at: str, kind: str, of: str, millions: float) -> Event:
    return on(f"{at} 10:00", kind, disbursement_type=of, amount=round(millions * 1e6))


EXAMPLES = (
    row(
        "found",
        "found",
        _ceiling("2026-01-02", 100),
        _moved("2026-03-02", "sp2d", "LS", 70),
        _moved("2026-04-01", "sp2d", "GU", 40),
        observed=110e6,
    ),
    row("not found", "not found", _ceiling("2026-01-02", 100), _moved("2026-03-02", "sp2d", "LS", 70)),
    row(
        "not found",
        "not found",
        _ceiling("2026-01-02", 100),
        _moved("2026-03-02", "sp2d", "TU", 120),
        _moved("2026-03-20", "accounting", "TU", 90),
        _moved("2026-03-21", "return", "TU", 30),
    ),
    row(
        "not found",
        "not found",
        _ceiling("2026-01-02", 100),
        _moved("2026-03-02", "sp2d", "LS", 110),
        _moved("2026-03-20", "return", "LS", 20),
    ),
    row("just below", "not found", _ceiling("2026-01-02", 100), _moved("2026-03-02", "sp2d", "LS", 100)),
    row("just above", "found", _ceiling("2026-01-02", 100), _moved("2026-03-02", "sp2d", "LS", 100.001)),
    row(
        "just above",
        "found",
        _ceiling("2026-01-02", 100),
        _moved("2026-03-02", "sp2d", "TU", 120),
        _moved("2026-03-20", "accounting", "TU", 101),
        observed=101e6,
    ),
    row("not applicable", "not applicable", _moved("2026-03-02", "sp2d", "LS", 10)),
    row(
        "not applicable",
        "not applicable",
        _ceiling("2026-01-02", 5, "RAPBD"),
        _moved("2026-03-02", "sp2d", "LS", 10),
    ),
    row(
        "before a dated change",
        "found",
        _ceiling("2026-01-02", 100),
        _moved("2026-03-02", "sp2d", "LS", 150),
        _ceiling("2026-09-26", 160, "APBD-P"),
        clock="2026-03-03 01:00",
    ),
    row(
        "after a dated change",
        "not found",
        _ceiling("2026-01-02", 100),
        _moved("2026-03-02", "sp2d", "LS", 150),
        _ceiling("2026-09-26", 160, "APBD-P"),
    ),
)

RULE = Rule(
    id="B01",
    version="1",
    title="Realisasi melampaui pagu",
    domain="budget",
    kind="hard",
    task="regency",
    area="Perencanaan dan Penganggaran APBD",
    legal_basis=(
        LegalBasis("PP 12/2019: larangan membebani anggaran yang tidak tersedia", date(2019, 3, 12)),
        LegalBasis("Permendagri 77/2020", date(2020, 12, 30)),
    ),
    method=(
        "Menurut tahun anggaran, perangkat daerah, subkegiatan dan rekening: SP2D LS dan GU serta pertanggungjawaban UP dan "
        "TU, dikurangi pengembalian dan pembatalan, dibandingkan dengan jumlah pagu terakhir (APBD, pergeseran, APBD-P). SP2D "
        "UP dan TU ialah uang muka dan tidak dihitung sampai dipertanggungjawabkan."
    ),
    why="Belanja yang melewati pagu dilakukan tanpa persetujuan anggaran.",
    innocent=(
        "Pergeseran atau perubahan pagu belum dikirim",
        "Salah kode rekening, yang menunggu pembetulan",
        "Pengembalian belanja belum dicatat",
    ),
    unit_of_measure="rupiah",
    severity=0.8,
    needs=("amount", "account", "disbursement_type", "ceiling_stage"),
    sources=("PP 12/2019", "Permendagri 77/2020"),
    not_applicable=("pagu rekening ini belum diterima",),
    weigh=weigh,
    reads={"budget": ("fiscal_year", "account", "amount", "disbursement_type", "ceiling_stage", *PARTS)},
    rows=lines,
    by=("fiscal_year", "opd", "sub_activity", "account"),
    window=500,  # the year, and the months in which it is still corrected
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu pembayaran cukup untuk melewati pagu."},
)
