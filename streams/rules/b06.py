"""B06: first two digits of a department's payments that stray from Benford's law: on the page, never an alert."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import PAYEE, Event, on, row
from streams.rules.payees import is_paid
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole

FIRST, LAST = 10, 99
TOO_FEW = 0
#: The share of each pair of first digits (Benford, 1938).
EXPECTED = pl.DataFrame(
    {"digits": list(range(FIRST, LAST + 1)), "expected": [math.log10(1 + 1 / d) for d in range(FIRST, LAST + 1)]},
    schema={"digits": pl.Int64, "expected": pl.Float64},
)  # fmt: skip


def digits() -> pl.Expr:
    """Amounts that have two digits."""
    return is_paid() & (pl.col("amount") >= FIRST)


def weigh(groups: Groups) -> Weighed:
    """Per department and year: the mean absolute deviation of the shares of the first two digits."""
    first = pl.col("amount").cast(pl.String).str.head(2).cast(pl.Int64).alias("digits")
    counts = groups.rows.group_by("group", first).agg(n=pl.len())
    sums = counts.group_by("group").agg(pl.col("n").sum().alias("all"))
    enough = sums.filter(pl.col("all") >= groups.on("least"))
    shares = (
        enough.join(EXPECTED, how="cross")
        .join(counts, on=["group", "digits"], how="left")
        .sort("group", "digits")
    )
    strays = (pl.col("n").fill_null(0) / pl.col("all") - pl.col("expected")).abs()
    mads = shares.group_by("group", maintain_order=True).agg(
        strays.alias("strays"), payments=pl.col("all").first()
    )
    # added up exactly, so that it does not matter in which order
    means = [math.fsum(some) / len(EXPECTED) for some in mads.get_column("strays").to_list()]
    mads = mads.with_columns(pl.Series("observed", means, pl.Float64), threshold=pl.lit(groups.on("mad")))
    few = without(groups.rows, enough)
    found = mads.drop("strays").filter(pl.col("observed") > pl.col("threshold"))
    return Weighed(found, {TOO_FEW: few} if len(few) else {})


def sentence(told: Told) -> str:
    """What was seen, in one sentence; on the page only."""
    return (
        f"Dua angka pertama dari {whole(told.more['payments'])} pembayaran menyimpang dari hukum Benford: rata-rata simpangan "
        f"{_share(told.observed)}, biasanya {_share(told.threshold)} atau kurang."
    )


def _share(value: float) -> str:
    return f"{value:.4f}".replace(".", ",")


def _payments(year: int, amounts: list[int], **fields: Any) -> list[Event]:
    return [
        on(
            f"{year}-03-{1 + n // 1000:02d} {8 + n // 60 % 12:02d}:{n % 60:02d}", "sp2d", disbursement_type="LS", amount=amount,
            **{"payee_token": PAYEE, "account": "5.1.02.01.01.0024", **fields},
        )
        for n, amount in enumerate(amounts)
    ]  # fmt: skip


def _benford(count: int) -> list[int]:
    """Amounts that follow the law: evenly spread on a logarithmic scale."""
    return [round(1_000_000 * 10 ** ((n + 0.5) / count)) for n in range(count)]


EXAMPLES = (
    row("found", "found", *_payments(2025, [2_500_000] * 400 + _benford(700))),
    row("not found", "not found", *_payments(2025, _benford(1000))),
    row("just below", "not found", *_payments(2025, [2_500_000] * 100 + _benford(900))),
    row("just above", "found", *_payments(2025, [2_500_000] * 101 + _benford(899))),
    row("not applicable", "not applicable", *_payments(2025, [12_000_000] * 5, recurring=True)),
    row("too few", "not applicable", *_payments(2025, [2_500_000] * 400 + _benford(599))),
    row("before a dated change", "not applicable", *_payments(2025, [2_500_000] * 200)),
    row("after a dated change", "found", *_payments(2026, [2_500_000] * 200)),
)

RULE = Rule(
    id="B06",
    version="2",
    title="Angka pertama pembayaran menurut hukum Benford",
    domain="budget",
    kind="page",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(LegalBasis("PP 60/2008: sistem pengendalian intern pemerintah"),),
    method=(
        "SP2D LS suatu perangkat daerah dalam satu tahun anggaran: bagian setiap pasangan dua angka pertama (10 sampai 99) "
        "dibandingkan dengan hukum Benford; diukur dengan rata-rata simpangan mutlak (MAD). Belanja pegawai (5.1.01) dan "
        "pembayaran berulang tidak dihitung. Ditampilkan saja, tidak pernah menjadi indikasi."
    ),
    why="Jumlah yang dikarang biasanya tidak tersebar seperti jumlah yang timbul dari kegiatan nyata.",
    innocent=(
        "Harga satuan, tarif, dan batas pengadaan membuat jumlah tertentu sering muncul",
        "Banyak pembayaran kecil yang sejenis",
    ),
    unit_of_measure="rata-rata simpangan mutlak",
    parameters=(
        Parameter("mad", 0.0022, "bagian", "rata-rata simpangan yang masih sesuai (Nigrini)"),
        Parameter("least", 1000.0, "pembayaran", "pembayaran yang paling sedikit untuk dinilai"),
    ),
    minimum_sample=1000,
    severity=0.1,
    needs=("amount", "disbursement_type"),
    sources=("Nigrini: MAD dua angka pertama, 0,0022", "INTOSAI Journal: pemerintah kota di Yunani", "Cella & Zanolla 2018"),
    not_applicable=("pembayaran terlalu sedikit",),
    weigh=weigh,
    reads={"budget": ("fiscal_year", "amount", "disbursement_type", "account", "recurring")},
    rows=digits,
    by=("fiscal_year", "opd"),
    window=500,  # the year, and the months in which it is still corrected
    every=7,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
