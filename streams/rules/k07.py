"""K07: an operator who corrects birth dates or person numbers by the dozen, or mostly outside working time."""

from __future__ import annotations

from datetime import date

import polars as pl

from schemas.calendar_arrays import is_working
from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import FIRST, Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole

#: What makes a person another one, by the contract's names.
IDENTITY = ("birth_date", "nik")
BULK, OFF_HOURS = "massal", "luar jam"
TOO_FEW = 0


def corrections() -> pl.Expr:
    """Corrections of persons' data that the registry holds and whose operator is known."""
    known = pl.col("operator_token").is_not_null()
    return (pl.col("kind") == "correction") & (pl.col("status") == "registered") & known


def weigh(groups: Groups) -> Weighed:
    """Per operator: the day with most corrections of an identity, and the share outside working time among all of the
    window, where there are enough of them."""
    columns = ["group", "scope", "observed", "threshold", "at", "as_of", "proof"]
    found = pl.concat([_bulk(groups).select(columns), _off_hours(groups).select(columns)])
    number = groups.rows.group_by("group", maintain_order=True).len()
    few = number.filter(pl.col("len") < groups.on("least")).join(found, on="group", how="anti")
    return Weighed(found, {TOO_FEW: few.get_column("group")})


def _bulk(groups: Groups) -> pl.DataFrame:
    changed = pl.col("changed_fields")
    days = (
        groups.rows.filter(pl.any_horizontal(changed.list.contains(name) for name in IDENTITY))
        .group_by("group", "day", maintain_order=True)
        .agg(pl.len().cast(pl.Float64).alias("observed"), pl.col("row").alias("proof"), pl.col("at").last())
    )
    return (
        days.with_columns(
            groups.value("per_day", days.get_column("day")).alias("threshold"),
            scope=pl.lit(BULK),
            as_of=pl.col("day"),
        )
        .filter(pl.col("observed") > pl.col("threshold"))
        .sort("observed", "day", descending=[True, False])
        .unique("group", keep="first", maintain_order=True)
    )


def _off_hours(groups: Groups) -> pl.DataFrame:
    working = is_working(groups.profile.calendar, groups.rows.get_column("at").to_numpy())
    return (
        groups.rows.with_columns(pl.Series("off", ~working))
        .group_by("group", maintain_order=True)
        .agg(
            (pl.col("off").sum() * 100.0 / pl.len()).alias("observed"), pl.len(), pl.col("at").last(),
            pl.col("row").filter("off").alias("proof"),
        )
        .filter((pl.col("len") >= groups.on("least")) & (pl.col("observed") > groups.on("share")))
        .with_columns(
            scope=pl.lit(OFF_HOURS), threshold=pl.lit(groups.on("share"), pl.Float64), as_of=pl.lit(None, pl.Int64)
        )
    )  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    if told.scope == BULK:
        return (
            f"Indikasi pembetulan massal: seorang operator membetulkan tanggal lahir atau nomor penduduk "
            f"{whole(told.observed)} kali pada {told.day(told.at)}, batas {whole(told.threshold)} kali sehari; "
            "perlu klarifikasi."
        )
    return (
        f"Indikasi pembetulan di luar jam kerja: {decimal(told.observed)} persen pembetulan data oleh seorang operator, "
        f"batas {decimal(told.threshold)} persen; perlu klarifikasi."
    )


def _fixed(day: str, times: int, field: str = "birth_date", hour: int = 9) -> tuple[Event, ...]:
    """Corrections by one operator within an hour, a minute after each other."""
    return tuple(
        on(f"{day} {hour:02d}:{n:02d}", "correction", operator_token=FIRST, changed_fields=[field])
        for n in range(times)
    )


EXAMPLES = (
    row("found", "found", *_fixed("2026-01-05", 14), scope="massal", observed=14),
    row(
        "found",
        "found",
        *_fixed("2026-01-05", 15, "occupation", 21),
        *_fixed("2026-01-06", 10, "occupation"),
        scope="luar jam",
        observed=60,
    ),
    row("not found", "not found", *_fixed("2026-01-05", 25, "occupation")),
    row("not found", "not found", *_fixed("2026-01-05", 10), *_fixed("2026-01-06", 10)),
    row("just below", "not found", *_fixed("2026-01-05", 10), *_fixed("2026-01-06", 10, "occupation")),
    row("just above", "found", *_fixed("2026-01-05", 11), scope="massal"),
    row(
        "just below",
        "not found",
        *_fixed("2026-01-05", 10, "occupation", 21),
        *_fixed("2026-01-06", 10, "occupation"),
    ),
    row(
        "just above",
        "found",
        *_fixed("2026-01-05", 11, "occupation", 21),
        *_fixed("2026-01-06", 10, "occupation"),
        scope="luar jam",
    ),
    row("too few", "not applicable", *_fixed("2026-01-05", 19, "occupation", 21)),
    row("before a dated change", "not applicable", *_fixed("2026-01-30", 8)),
    row("after a dated change", "found", *_fixed("2026-02-02", 8), scope="massal", observed=8),
)

RULE = Rule(
    id="K07",
    version="1",
    title="Pembetulan data massal atau di luar jam kerja oleh satu operator",
    domain="population",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis(
            "UU 23/2006 pasal 77 sebagaimana diubah UU 24/2013: larangan mengubah data kependudukan tanpa hak",
            date(2006, 12, 29),
        ),
        LegalBasis("Perpres 21/2023: hari dan jam kerja instansi pemerintah", date(2023, 4, 12)),
    ),
    method=(
        "Pembetulan data yang dicatat Dukcapil, menurut operator. Massal: jumlah pembetulan tanggal lahir atau nomor penduduk "
        "(birth_date, nik pada daftar kolom yang diubah) pada satu hari. Luar jam: bagian dari semua pembetulan selama 90 hari "
        "terakhir di luar jam kerja umum pada kalender profil, termasuk waktu istirahat, bila jumlahnya cukup."
    ),
    why="Identitas yang diubah banyak sekaligus, atau ketika kantor kosong, dapat membuat penerima bantuan atau pemilih baru.",
    innocent=(
        "Pembersihan data ganda atas perintah pusat",
        "Layanan jemput bola pada malam hari atau hari libur",
        "Satu operator memang bertugas khusus membetulkan data",
    ),
    unit_of_measure="kali atau persen",
    parameters=(
        Parameter("per_day", 10.0, "kali", "pembetulan identitas yang masih wajar oleh seorang operator sehari"),
        Parameter("share", 50.0, "persen", "bagian pembetulan di luar jam kerja yang masih wajar"),
        Parameter("least", 20.0, "kali", "jumlah pembetulan terkecil agar bagian di luar jam kerja berarti"),
    ),
    minimum_sample=20,
    severity=0.5,
    family="entry",
    needs=("operator_token", "changed_fields"),
    sources=("ACFE: unusual time of entry",),
    not_applicable=("pembetulan terlalu sedikit",),
    weigh=weigh,
    reads={"population": ("operator_token", "changed_fields", "status")},
    rows=corrections,
    by=("operator_token",),
    window=90,
    sentence=sentence,
    examples=EXAMPLES,
    without={"not applicable": "Selain pembetulan yang terlalu sedikit, setiap operator dapat dinilai."},
)  # fmt: skip
