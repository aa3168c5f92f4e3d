"""B04: a purchase beyond the limit of direct procurement, in one package or split into several."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from schemas.profile.rows import Threshold
from streams.days import DAY_MS, local_day
from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import OTHER_PAYEE, PAYEE, Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, rupiah, whole

#: Kinds of packages, each with a limit of its own.
KINDS = ("construction", "goods", "services", "consulting")
SPLIT, BEYOND = "pecah", "batas"
NO_KIND = 0


def direct() -> pl.Expr:
    """Packages that were procured directly, with the date that decides."""
    known = pl.col("package_id").is_not_null() & pl.col("procured_at").is_not_null()
    return (pl.col("kind") == "package") & (pl.col("package_method") == "direct") & known


def weigh(groups: Groups) -> Weighed:
    """Per supplier, department, account and kind: packages beyond the limit of their procurement date, and runs of packages
    within ``days`` that are each within it and together beyond."""
    newest = groups.rows.unique(["group", "package_id"], keep="last", maintain_order=True)
    named = newest.filter(pl.col("package_kind").cast(pl.String).is_in(KINDS))
    nameless = groups.rows.filter(~pl.col("package_kind").cast(pl.String).is_in(KINDS).fill_null(False))
    packages = _limited(groups, named).sort("group", "procured_at", "row")
    beyond = packages.filter(pl.col("package_ceiling") > pl.col("threshold")).select(
        "group", "threshold", "as_of", pl.concat_str(pl.lit(f"{BEYOND} "), pl.col("package_id").cast(pl.String)).alias("scope"),
        pl.col("package_ceiling").alias("observed"), pl.concat_list("row").alias("proof"), packages=pl.lit(1, pl.UInt32),
    )  # fmt: skip
    small = packages.filter(pl.col("package_ceiling") <= pl.col("threshold"))
    span = round(groups.on("days")) * DAY_MS
    runs = small.join(small, on="group", suffix="_other").filter(
        pl.col("procured_at_other").is_between(pl.col("procured_at"), pl.col("procured_at") + span)
    )
    sums = runs.group_by("group", "row", maintain_order=True).agg(
        pl.col("package_ceiling_other").sum().alias("observed"), pl.col("threshold", "as_of").first(),
        pl.col("row_other").sort().alias("proof"), packages=pl.len(),
    )  # fmt: skip
    split = (
        sums.filter((pl.col("packages") > 1) & (pl.col("observed") > pl.col("threshold")))
        .sort("observed", "row", descending=[True, False])
        .unique("group", keep="first", maintain_order=True)
        .with_columns(scope=pl.lit(SPLIT))
    )
    columns = ["group", "scope", "observed", "threshold", "proof", "packages", "as_of"]
    found = pl.concat([beyond.select(columns), split.select(columns)], how="vertical_relaxed")
    return Weighed(found, {NO_KIND: nameless.get_column("group").unique()} if len(nameless) else {})


def _limited(groups: Groups, packages: pl.DataFrame) -> pl.DataFrame:
    """With the limit of each package's kind on its procurement date."""
    procured = local_day(packages.get_column("procured_at"), groups.profile.timezone.key).to_physical()
    dated = packages.with_columns(procured.cast(pl.Int64).alias("as_of"))
    parts = [
        mine.with_columns(groups.value(kind, mine.get_column("as_of")).alias("threshold"))
        for kind in KINDS
        if len(mine := dated.filter(pl.col("package_kind") == kind))
    ]
    return pl.concat(parts) if parts else dated.with_columns(threshold=pl.lit(0.0)).clear()


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    limit = f"batas pengadaan langsung {rupiah(told.threshold)} yang berlaku pada tanggal pengadaannya"
    if told.scope == SPLIT:
        return (
            f"Indikasi pemecahan paket: {whole(told.more['packages'])} paket sejenis kepada satu penyedia, yang diadakan "
            f"berdekatan, berjumlah {rupiah(told.observed)}, melewati {limit}; perlu klarifikasi."
        )
    return (
        f"Indikasi pengadaan langsung di atas batas: paket {told.scope.removeprefix(BEYOND).strip()} berpagu "
        f"{rupiah(told.observed)}, melewati {limit}; perlu klarifikasi."
    )


def _package(name: str, procured: str, millions: float, kind: str = "construction", **fields: Any) -> Event:
    """A package as it is announced on the day it is procured."""
    return on(
        f"{procured} 09:00", "package", package_id=name, package_method="direct", package_kind=kind,
        package_ceiling=round(millions * 1e6), procured_at=f"{procured} 09:00",
        **{"payee_token": PAYEE, **fields},
    )  # fmt: skip


def _paid(name: str, at: str, millions: float) -> Event:
    """A payment of the package: it decides nothing."""
    return on(f"{at} 10:00", "sp2d", package_id=name, amount=round(millions * 1e6), disbursement_type="LS")


EXAMPLES = (
    row(
        "found",
        "found",
        _package("P1", "2026-02-02", 190, "goods"),
        _package("P2", "2026-02-20", 150, "goods"),
        scope="pecah",
        observed=340e6,
    ),
    row("not found", "not found", _package("P1", "2026-02-02", 150, "goods")),
    row(
        "not found",
        "not found",
        _package("P1", "2026-02-02", 190, "goods"),
        _package("P2", "2026-02-20", 150, "goods", payee_token=OTHER_PAYEE),
    ),
    row(
        "just below",
        "not found",
        _package("P1", "2026-02-02", 100, "goods"),
        _package("P2", "2026-02-20", 100, "goods"),
    ),
    row(
        "just above",
        "found",
        _package("P1", "2026-02-02", 100, "goods"),
        _package("P2", "2026-02-20", 100.1, "goods"),
        scope="pecah",
    ),
    row(
        "just above",
        "not found",
        _package("P1", "2026-02-02", 190, "goods"),
        _package("P2", "2026-03-05", 150, "goods"),
    ),
    row("not applicable", "not applicable", _package("P1", "2026-02-02", 900, "lain-lain")),
    row(
        "before a dated change",
        "found",
        _package("P1", "2025-04-29", 390),
        _paid("P1", "2025-06-10", 390),
        scope="batas P1",
        observed=390e6,
        clock="2025-06-11 01:00",
    ),
    row(
        "after a dated change",
        "not found",
        _package("P1", "2025-05-02", 390),
        _paid("P1", "2025-06-10", 390),
        clock="2025-06-11 01:00",
    ),
)

RULE = Rule(
    id="B04",
    version="1",
    title="Paket dipecah atau di atas batas pengadaan langsung",
    domain="budget",
    kind="hard",
    task="regency",
    area="Pengadaan Barang dan Jasa",
    legal_basis=(
        LegalBasis("Perpres 16/2018 pasal 20: larangan memecah paket"),
        LegalBasis("Perpres 12/2021", None, date(2025, 4, 29)),
        LegalBasis("Perpres 46/2025", date(2025, 4, 30)),
    ),
    method=(
        "Paket pengadaan langsung menurut penyedia, perangkat daerah, rekening dan jenis. Setiap paket dibandingkan dengan "
        "batas jenisnya pada tanggal pengadaan, kapan pun dibayar; paket yang masing-masing di bawah batas dijumlahkan bila "
        "tanggal pengadaannya berdekatan."
    ),
    why="Paket yang dipecah atau melewati batas menghindari tender, sehingga penyedia lain tidak dapat menawar.",
    innocent=(
        "Kebutuhan yang memang datang terpisah",
        "Lokasi pekerjaan berbeda pada rekening yang sama",
        "Salah ketik pagu atau metode",
    ),
    unit_of_measure="rupiah",
    parameters=(
        Parameter(
            "construction", 200e6, "rupiah", "batas pengadaan langsung pekerjaan konstruksi",
            (Threshold("B04.construction", 400e6, date(2025, 4, 30), legal_basis="Perpres 46/2025"),),
        ),
        Parameter("goods", 200e6, "rupiah", "batas pengadaan langsung barang"),
        Parameter("services", 200e6, "rupiah", "batas pengadaan langsung jasa lainnya"),
        Parameter("consulting", 100e6, "rupiah", "batas pengadaan langsung jasa konsultansi"),
        Parameter("days", 30.0, "hari", "jarak tanggal pengadaan yang dijumlahkan"),
    ),
    severity=0.7,
    needs=("package_id", "package_method", "package_kind", "package_ceiling", "procured_at", "payee_token"),
    sources=(
        "Bank Dunia: unusual split; many awards just below threshold",
        "Prozorro sas24-3-14-2",
    ),
    delivers=True,
    not_applicable=("jenis paket tidak dikenal",),
    weigh=weigh,
    reads={
        "budget": (
            "package_id", "package_method", "package_kind", "package_ceiling", "procured_at", "payee_token", "account",
        )
    },
    rows=direct,
    by=("payee_token", "opd", "account", "package_kind"),
    window=400,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu paket cukup untuk batasnya; pemecahan memerlukan dua, dan itu tertulis pada cara kerjanya."},
)  # fmt: skip
