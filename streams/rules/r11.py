"""R11: a transfer of land that is declared far below the reference value of its zone."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah

TOO_FEW = 0


def valued() -> pl.Expr:
    """Assessments of a transfer whose declared value and zone are known."""
    known = [pl.col(name).is_not_null() for name in ("zone", "assessment_id", "declared_value")]
    return pl.all_horizontal(pl.col("kind") == "assessment", *known, pl.col("reference_value") > 0)


def weigh(groups: Groups) -> Weighed:
    """Per zone with enough transfers: those that are declared below the share of their reference value."""
    newest = groups.rows.unique(["group", "assessment_id"], keep="last", maintain_order=True)
    dated = newest.with_columns(
        groups.value("share", newest.get_column("day")).alias("threshold"),
        observed=100.0 * pl.col("declared_value") / pl.col("reference_value"), as_of=pl.col("day"),
        scope=pl.col("assessment_id").cast(pl.String), proof=pl.concat_list("row"),
    )  # fmt: skip
    many = pl.len().over("group") >= groups.on("least")
    low = dated.filter(many & (pl.col("observed") < pl.col("threshold")))
    few = dated.filter(~many).get_column("group").unique()
    columns = (
        "group", "scope", "observed", "threshold", "as_of", "at", "proof", "declared_value", "reference_value",
    )  # fmt: skip
    return Weighed(low.select(columns), {TOO_FEW: few} if len(few) else {})


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    declared, reference = told.more["declared_value"], told.more["reference_value"]
    return (
        f"Indikasi nilai perolehan terlalu rendah: ketetapan {told.scope} menyatakan {rupiah(declared)}, yaitu "
        f"{decimal(told.observed)} % dari nilai acuan zona {rupiah(reference)}, di bawah batas {decimal(told.threshold)} %; "
        "perlu klarifikasi."
    )


def _transfers(day: str, count: int, millions: int = 200, first: int = 0, **fields: Any) -> list[Event]:
    """Transfers of a day in one zone, whose reference value is 200 million."""
    return [
        on(
            f"{day} {8 + n // 60:02d}:{n % 60:02d}", "assessment", account="4.1.01.16.01.0001",
            assessment_id=f"BPHTB-{first + n}",
            **{"zone": "Z1", "declared_value": millions * 1_000_000, "reference_value": 200_000_000, **fields},
        )
        for n in range(count)
    ]  # fmt: skip


EXAMPLES = (
    row(
        "found", "found", *_transfers("2026-01-05", 29), *_transfers("2026-01-06", 1, 60, first=29),
        scope="BPHTB-29", observed=30.0,
    ),
    row("not found", "not found", *_transfers("2026-01-05", 30)),
    row("just below", "not found", *_transfers("2026-01-05", 29), *_transfers("2026-01-06", 1, 100, first=29)),
    row(
        "just above", "found", *_transfers("2026-01-05", 29), *_transfers("2026-01-06", 1, 99, first=29),
        scope="BPHTB-29", observed=49.5,
    ),
    row("not applicable", "not applicable", *_transfers("2026-01-05", 30, 60, zone=None)),
    row("too few", "not applicable", *_transfers("2026-01-05", 28), *_transfers("2026-01-06", 1, 60, first=28)),
    row(
        "before a dated change", "found", *_transfers("2026-01-05", 29), *_transfers("2026-01-30", 1, 90, first=29),
        scope="BPHTB-29", observed=45.0, clock="2026-02-03 01:00",
    ),
    row("after a dated change", "not found", *_transfers("2026-01-05", 29), *_transfers("2026-02-02", 1, 90, first=29)),
)  # fmt: skip

RULE = Rule(
    id="R11",
    version="1",
    title="Nilai perolehan BPHTB jauh di bawah acuan",
    domain="revenue",
    kind="soft",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("UU 1/2022: dasar pengenaan BPHTB adalah nilai perolehan objek pajak", date(2022, 1, 5)),
        LegalBasis("PP 35/2023: ketentuan umum pajak daerah, penelitian BPHTB", date(2023, 6, 16)),
    ),
    method=(
        "Nilai yang dinyatakan para pihak dibagi nilai acuan zonanya. Zona dinilai bila cukup banyak perolehan tercatat; yang "
        "di bawah batas pada tanggal ketetapannya adalah indikasi."
    ),
    why="Nilai yang dinyatakan terlalu rendah mengurangi pajak; hal itu dapat terjadi dengan bantuan petugas peneliti.",
    innocent=(
        "Perolehan antarkeluarga, waris, atau lelang",
        "Objek rusak, bersengketa, atau bentuknya tidak beraturan",
        "Nilai acuan zona sudah usang",
    ),
    unit_of_measure="persen",
    parameters=(
        Parameter("share", 50.0, "persen", "batas bawah nilai yang dinyatakan terhadap nilai acuan"),
        Parameter("least", 30.0, "perolehan", "perolehan dalam zona agar zona dinilai"),
    ),
    minimum_sample=30,
    severity=0.5,
    family="value",
    about=("officer_token",),
    needs=("zone", "declared_value", "reference_value", "assessment_id"),
    sources=("Aturan sendiri: nilai yang dinyatakan terhadap nilai acuan zona",),
    not_applicable=("perolehan dalam zona terlalu sedikit",),
    weigh=weigh,
    reads={"revenue": ("zone", "assessment_id", "declared_value", "reference_value")},
    rows=valued,
    by=("opd", "zone"),
    window=400,
    sentence=sentence,
    examples=EXAMPLES,
)
