"""B08: most of a department's packages to one payee, a new payee with much money, several payees with one bank account, or
the bank account of an employee."""

from __future__ import annotations

from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import OTHER_PAYEE, PAYEE, Event, on, row
from streams.rules.payees import (
    CHOSEN,
    awards,
    begins,
    is_award,
    is_bought,
    is_employees,
    is_paid,
    newcomers,
    unknown,
)
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah, whole

#: Scopes; that of a concentration goes on with the department.
CONCENTRATION, NEW, SHARED, EMPLOYEE = "pemusatan", "baru", "rekening bersama", "rekening pegawai"
UNKNOWN = 0
ACCOUNT, OTHER_ACCOUNT, EMPLOYEES_ACCOUNT = (
    "rekeningsatuaaaaaaaaaaaaaa", "rekeningduaaaaaaaaaaaaaaaa", "rekeningpegawaiaaaaaaaaaaa",
)  # fmt: skip


def read() -> pl.Expr:
    """Packages without a tender, and payments."""
    return is_award() | is_paid()


def weigh(groups: Groups) -> Weighed:
    """Per payee: its packages and its first payments. Per bank account: whose it is."""
    of_payee = groups.rows.filter(pl.col("field") == "payee_token")
    paid = of_payee.filter(is_paid())
    on_account = groups.rows.filter((pl.col("field") == "payee_account_token") & is_paid())
    packages = of_payee.join(
        awards(groups).select(pl.exclude("opd", "payee_token")), on=["today", "high", "low"]
    )
    enough = packages.filter(pl.col("given") >= groups.on("least"))
    since = begins(groups)
    parts = [
        _concentrated(groups, enough),
        _new(groups, paid, since),
        _shared(groups, on_account),
        _employees(groups, on_account),
    ]
    found = pl.concat(parts, how="diagonal_relaxed")
    judged = pl.concat([
        enough.select("group"), on_account.select("group"), paid.join(unknown(paid, groups, since), on="group", how="anti").select("group"),
    ])  # fmt: skip
    silent = groups.rows.join(judged, on="group", how="anti").get_column("group").unique()
    return Weighed(found, {UNKNOWN: silent} if len(silent) else {})


def _concentrated(groups: Groups, packages: pl.DataFrame) -> pl.DataFrame:
    scope = pl.concat_str(pl.lit(CONCENTRATION), pl.col("opd").cast(pl.String), separator=" ").alias("scope")
    shares = packages.group_by("group", scope, maintain_order=True).agg(
        observed=100.0 * pl.col("mine").first() / pl.col("given").first(), as_of=pl.col("day").max(),
        proof=pl.col("row"), mine=pl.col("mine").first(), given=pl.col("given").first(), of=pl.col("opd").first().cast(pl.String),
    )  # fmt: skip
    limit = groups.value("share", shares.get_column("as_of")).alias("threshold")
    return shares.with_columns(limit).filter(pl.col("observed") >= pl.col("threshold"))


def _new(groups: Groups, paid: pl.DataFrame, since: pl.DataFrame) -> pl.DataFrame:
    unbid = pl.col("package_id").is_null() | pl.col("package_method").cast(pl.String).is_in(CHOSEN)
    sums = newcomers(paid, groups, since).filter(unbid & is_bought()).group_by("group", maintain_order=True).agg(
        pl.col("amount").sum().cast(pl.Float64).alias("observed"), pl.col("as_of", "days").first(), proof=pl.col("row"),
        scope=pl.lit(NEW),
    )  # fmt: skip
    limit = groups.value("new_amount", sums.get_column("as_of")).alias("threshold")
    return sums.with_columns(limit).filter(pl.col("observed") > pl.col("threshold"))


def _shared(groups: Groups, paid: pl.DataFrame) -> pl.DataFrame:
    named = paid.drop_nulls("payee_token").group_by("group", maintain_order=True).agg(
        pl.col("payee_token").n_unique().cast(pl.Float64).alias("observed"), proof=pl.col("row"),
        as_of=pl.col("day").last(), scope=pl.lit(SHARED),
    )  # fmt: skip
    most = groups.value("payees", named.get_column("as_of")).alias("threshold")
    return named.with_columns(most).filter(pl.col("observed") > pl.col("threshold"))


def _employees(groups: Groups, paid: pl.DataFrame) -> pl.DataFrame:
    return paid.filter(is_employees(groups.profile)).group_by("group", maintain_order=True).agg(
        pl.col("amount").sum().cast(pl.Float64).alias("observed"), threshold=pl.lit(0.0), proof=pl.col("row"),
        as_of=pl.col("day").last(), scope=pl.lit(EMPLOYEE),
    )  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    seen, allowed = told.observed, told.threshold
    if told.scope == NEW:
        return (
            f"Indikasi penyedia baru dengan pembayaran besar: penerima yang setahun sebelumnya tidak pernah dibayar menerima "
            f"{rupiah(seen)} tanpa tender dalam {whole(told.more['days'])} hari pertama, batas {rupiah(allowed)}; perlu "
            "klarifikasi."
        )
    if told.scope == SHARED:
        return (
            f"Indikasi rekening bank bersama: {whole(seen)} penerima yang berbeda dibayar ke rekening yang sama, batas "
            f"{whole(allowed)} penerima; perlu klarifikasi."
        )
    if told.scope == EMPLOYEE:
        return (
            f"Indikasi pembayaran ke rekening pegawai: {rupiah(seen)} untuk barang atau paket pengadaan dibayar ke rekening bank "
            f"yang terdaftar sebagai rekening pegawai, batas {rupiah(allowed)}; perlu klarifikasi."
        )
    known = told.profile.departments.get(told.more["of"])
    return (
        f"Indikasi pemusatan penyedia: {whole(told.more['mine'])} dari {whole(told.more['given'])} paket tanpa tender pada "
        f"{known.name if known else told.more['of']} dalam setahun diberikan kepada satu penyedia, yaitu {decimal(seen)} %, "
        f"batas {decimal(allowed)} %; perlu klarifikasi."
    )


def _packages(day: str, mine: int, others: int, method: str = "direct") -> list[Event]:
    """Packages of one department, each announced in a minute of its own: some to one supplier, the rest to others."""
    return [
        on(
            f"{day} 09:{n:02d}", "package", package_id=f"P{n}", package_method=method, package_kind="goods",
            package_ceiling=50_000_000, procured_at=f"{day} 09:00",
            payee_token=PAYEE if n < mine else f"penyedia{'abcdefghijklmnop'[n]}aaaaaaaaaaaaaaaaaaaa"[:26],
        )
        for n in range(mine + others)
    ]  # fmt: skip


def _paid(at: str, millions: float, **fields: Any) -> Event:
    usual: dict[str, Any] = {"payee_token": PAYEE, "disbursement_type": "LS", "account": "5.1.02.01.01.0024"}
    return on(f"{at} 10:00", "sp2d", amount=round(millions * 1e6), **{**usual, **fields})


#: The records begin well over a year before.
LONG_AGO = _paid("2024-12-20", 10, payee_token=OTHER_PAYEE)

EXAMPLES = (
    row("found", "found", *_packages("2026-01-05", 9, 3), scope="pemusatan 1.03.01", observed=75),
    row("found", "found", LONG_AGO, _paid("2026-01-05", 250), _paid("2026-01-20", 180), scope="baru", observed=430e6),
    row(
        "found", "found", _paid("2026-01-05", 20, payee_account_token=ACCOUNT),
        _paid("2026-01-06", 20, payee_account_token=ACCOUNT, payee_token=OTHER_PAYEE), scope="rekening bersama", observed=2,
    ),
    row("not found", "not found", *_packages("2026-01-05", 3, 9)),
    row("not found", "not found", *_packages("2026-01-05", 7, 5), *_packages("2026-01-06", 2, 10)),
    row(
        "not found", "not found", LONG_AGO, _paid("2025-06-02", 10), _paid("2026-01-05", 250), _paid("2026-01-20", 180),
    ),
    row(
        "not found", "not found", LONG_AGO, _paid("2026-01-05", 250),
        _paid("2026-01-20", 180, package_id="P1", package_method="tender"),
    ),
    row(
        "not found", "not found", _paid("2026-01-05", 20, payee_account_token=ACCOUNT),
        _paid("2026-01-06", 20, payee_account_token=OTHER_ACCOUNT, payee_token=OTHER_PAYEE),
    ),
    row(
        "not found", "not found", _paid("2026-02-03", 2, payee_account_token=EMPLOYEES_ACCOUNT, account="5.1.02.04.01.0001"),
    ),
    row("not found", "not found", LONG_AGO, _paid("2026-01-05", 430, account="5.1.05.05.01.0001")),
    row("just below", "not found", *_packages("2026-01-05", 5, 6)),
    row("just above", "found", *_packages("2026-01-05", 6, 6), observed=50),
    row("just below", "not found", LONG_AGO, _paid("2026-01-05", 200), _paid("2026-04-05", 200)),
    row("just above", "found", LONG_AGO, _paid("2026-01-05", 200), _paid("2026-04-05", 200.1), observed=400.1e6),
    row("just below", "not found", LONG_AGO, _paid("2026-01-05", 200), _paid("2026-04-06", 200.1)),
    row("not applicable", "not applicable", _paid("2026-01-05", 250), _paid("2026-01-20", 180)),
    row("too few", "not applicable", *_packages("2026-01-05", 8, 1)),
    row("before a dated change", "not found", _paid("2026-01-30", 20, payee_account_token=EMPLOYEES_ACCOUNT)),
    row(
        "after a dated change", "found", _paid("2026-02-03", 20, payee_account_token=EMPLOYEES_ACCOUNT),
        scope="rekening pegawai", observed=20e6,
    ),
)  # fmt: skip

RULE = Rule(
    id="B08",
    version="2",
    title="Pemusatan penyedia, penyedia baru, dan rekening bank yang sama",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengadaan Barang dan Jasa",
    legal_basis=(
        LegalBasis("Perpres 16/2018 sebagaimana diubah Perpres 12/2021 dan Perpres 46/2025: pengadaan barang dan jasa pemerintah"),
        LegalBasis("UU 27/2022 tentang Pelindungan Data Pribadi: rekening pegawai hanya ditautkan dengan tujuan yang dinyatakan"),
    ),
    method=(
        "Empat hal. Pemusatan: bagian satu penyedia dari paket pengadaan langsung dan darurat suatu perangkat daerah dalam "
        "setahun, menurut jumlah paket. Penyedia baru: SP2D LS barang, jasa dan modal (5.1.02, 5.2) tanpa tender kepada penerima "
        "yang setahun sebelumnya tidak dibayar, sejak pembayaran pertamanya; dinilai selama pembayaran itu masih baru. "
        "Rekening bersama: penerima yang berbeda pada satu rekening bank. Rekening pegawai: pembayaran barang atau paket ke "
        "rekening yang terdaftar sebagai rekening pegawai; hanya bila profil menyatakan tujuan penautan itu (joins.csv), baik pada tanggal pembayaran maupun "
        "pada hari penilaian. Belanja pegawai (5.1.01) dan pembayaran berulang tidak dihitung."
    ),
    why=(
        "Penyedia yang selalu sama, yang baru muncul, atau yang berbagi rekening dapat menutupi siapa yang sebenarnya menerima "
        "uang."
    ),
    innocent=(
        "Hanya satu penyedia di daerah terpencil",
        "Penyedia lama berganti nama atau bentuk badan usaha",
        "Satu orang memimpin dua badan usaha, atau koperasi menerima untuk anggotanya",
        "Penggantian uang yang lebih dahulu dibayar pegawai",
    ),
    unit_of_measure="persen, rupiah, atau penerima",
    parameters=(
        Parameter("share", 50.0, "persen", "bagian paket tanpa tender yang sudah terpusat"),
        Parameter("least", 10.0, "paket", "paket tanpa tender perangkat daerah yang paling sedikit untuk dinilai"),
        Parameter("new_days", 90.0, "hari", "jangka sejak pembayaran pertama yang dijumlahkan"),
        Parameter("new_amount", 400e6, "rupiah", "jumlah yang masih wajar bagi penyedia baru: batas pengadaan langsung terbesar"),
        Parameter("payees", 1.0, "penerima", "penerima yang masih wajar pada satu rekening bank"),
    ),
    minimum_sample=10,
    severity=0.5,
    needs=("payee_token", "payee_account_token", "package_id", "package_method"),
    sources=(
        "Bank Dunia: multiple sole source awards",
        "Fazekas, Corruption Risk Index: supplier concentration",
        "ACFE: ghost vendor, rekening penyedia sama dengan rekening pegawai",
    ),
    not_applicable=("paket tanpa tender terlalu sedikit, dan riwayat pembayaran kurang dari setahun",),
    weigh=weigh,
    reads={
        "budget": (
            "amount", "disbursement_type", "account", "recurring", "payee_token", "payee_account_token", "package_id",
            "package_method",
        )
    },
    rows=read,
    by=("token",),
    each=("payee_token", "payee_account_token"),
    window=500,
    every=7,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
