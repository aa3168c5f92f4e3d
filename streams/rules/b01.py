"""B01: realised spending of a line beyond its latest ceiling."""

from __future__ import annotations

from datetime import date

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, rupiah
from streams.spending import MOVING, STAGES, effects

#: The places of a line that have ceilings of their own.
PARTS = ("program", "activity", "fund", "village")
BEYOND = pl.col("observed") > pl.col("threshold")
NO_CEILING = 0


def lines() -> pl.Expr:
    """Approved ceilings, and what moves money."""
    kind = pl.col("kind")
    approved = (kind == "ceiling") & pl.col("ceiling_stage").is_in(list(STAGES))
    return (approved | kind.is_in(MOVING)).fill_null(False) & (pl.col("account") != "")


def weigh(groups: Groups) -> Weighed:
    """Per line: the sum of what was realised against the sum of the latest ceilings of its parts."""
    may = _may_exceed(groups)
    found = _beyond(groups, may) if len(may) else may
    return Weighed(found, {NO_CEILING: groups.lacking(pl.col("kind") == "ceiling")})


def _beyond(groups: Groups, some: pl.DataFrame) -> pl.DataFrame:
    """Of some lines, those that are beyond, day by day."""
    rows = groups.by_day(groups.rows.join(some, on="group", how="semi", maintain_order="left"))
    return _ceilings(rows).join(_spent(rows, effects()), on="group").filter(BEYOND)


def _may_exceed(groups: Groups) -> pl.DataFrame:
    """Lines that may be beyond on some day: those whose ceilings do not all stand on all of the days, and those of which
    more was paid than they allow, whatever was given back."""
    some = groups.rows.filter((pl.col("kind") == "ceiling") & ~groups.steady())
    paid = _spent(groups.rows, effects().filter(pl.col("realised") > 0))
    beyond = _ceilings(groups.rows).join(paid, on="group").filter(BEYOND)
    return pl.concat([some.select("group"), beyond.select("group")])


def _ceilings(rows: pl.DataFrame) -> pl.DataFrame:
    """The sum of the latest ceilings of the parts of each group."""
    stage = (
        pl.col("ceiling_stage").cast(pl.String).replace_strict(STAGES, default=None, return_dtype=pl.Int64)
    )
    latest = (
        rows.filter(pl.col("kind") == "ceiling")
        .with_columns(pl.col(PARTS).cast(pl.String).fill_null(""))
        .sort(stage, "row")
        .unique(["group", *PARTS], keep="last", maintain_order=True)
    )
    return latest.group_by("group").agg(pl.col("amount").sum().alias("threshold"))


def _spent(rows: pl.DataFrame, of: pl.DataFrame) -> pl.DataFrame:
    """What was realised of each group, by the effects of some kinds and types."""
    kinds = ["kind", "disbursement_type"]
    sums = (
        rows.group_by("group", *kinds).agg(pl.col("amount").sum()).with_columns(pl.col(kinds).cast(pl.String))
    )
    realised = pl.col("amount") * pl.col("realised")
    return sums.join(of, on=kinds).group_by("group").agg(realised.sum().alias("observed"))


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
    once=True,
    window=500,  # the year, and the months in which it is still corrected
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu pembayaran cukup untuk melewati pagu."},
)
