"""B07: a payee whose payments for goods and services are round far more often than those of others."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from schemas.profile import Profile
from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import PAYEE, Event, on, row
from streams.rules.outliers import percentile
from streams.rules.payees import is_paid
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah, whole

#: Account of goods and services (Permendagri 90/2019).
GOODS_AND_SERVICES = "5.1.02"
#: How the profile's names of accounts begin whose payments are round by a tariff.
HONORARIA = ("honorarium", "belanja honorarium")
TOO_FEW, NO_PEERS = 0, 1
REACH = 1.5


def bought() -> pl.Expr:
    """SP2D LS for goods and services to a known payee."""
    goods = pl.col("account").cast(pl.String).str.starts_with(GOODS_AND_SERVICES)
    return is_paid() & goods & pl.col("payee_token").is_not_null()


def weigh(groups: Groups) -> Weighed:
    """Per payee: the share of payments that the unit divides, against the fence of all payees with enough payments."""
    least = groups.on("least")
    mine = groups.rows.filter(~_honoraria(groups.profile))
    shares = _shares(groups, mine, "group").filter(pl.col("n") >= least)
    everybody = groups.ledger("budget", where=bought() & ~_honoraria(groups.profile))
    peers = _shares(groups, everybody, "payee_token").filter(pl.col("n") >= least)
    low, high = (percentile("observed", percent) for percent in (25, 75))
    fence = pl.max_horizontal(high + REACH * (high - low), pl.lit(groups.on("share"))).alias("threshold")
    fences = peers.group_by("today").agg(fence, peers=pl.len()).filter(pl.col("peers") >= groups.on("peers"))
    compared = shares.join(fences, on="today", maintain_order="left").drop("peers")
    found = compared.with_columns(unit=pl.lit(groups.on("unit"))).filter(
        pl.col("observed") > pl.col("threshold")
    )
    silent = {TOO_FEW: without(groups.rows, shares), NO_PEERS: without(shares, compared)}
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _shares(groups: Groups, rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """By day: how many payments there are (``n``), and per cent of them that the unit divides."""
    even = pl.col("amount") % round(groups.on("unit")) == 0
    return rows.group_by("today", by, maintain_order=True).agg(
        n=pl.len(), observed=100.0 * even.sum() / pl.len()
    )


def _honoraria(profile: Profile) -> pl.Expr:
    codes = [code for code, name in profile.accounts.items() if name.lower().startswith(HONORARIA)]
    return pl.col("account").cast(pl.String).is_in(codes)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi jumlah bulat: {decimal(told.observed)} % dari {whole(told.more['n'])} pembayaran barang dan jasa kepada satu "
        f"penerima habis dibagi {rupiah(told.more['unit'])}, batas menurut penerima lain {decimal(told.threshold)} %; perlu "
        "klarifikasi."
    )


def _payments(day: str, even: int, odd: int, first: int = 0, **fields: Any) -> list[Event]:
    """Payments of a day, some of round millions and some not."""
    return [
        on(
            f"{day} {8 + n // 60:02d}:{n % 60:02d}", "sp2d", disbursement_type="LS",
            amount=(n + 2) * 1_000_000 + (0 if n < first + even else 123_000),
            **{"payee_token": PAYEE, "account": "5.1.02.01.01.0024", **fields},
        )
        for n in range(first, first + even + odd)
    ]  # fmt: skip


def _others(day: str, even: int = 1, payees: int = 20) -> list[Event]:
    """The payments of other payees, ten each; ``even`` of those of every second one are round."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        event
        for n in range(payees)
        for event in _payments(
            day,
            even * (n % 2),
            10 - even * (n % 2),
            20 * n,
            payee_token=f"penyedia{letters[n]}".ljust(26, "a"),
        )
    ]


EXAMPLES = (
    row("found", "found", *_others("2026-01-05"), *_payments("2026-01-06", 8, 2), observed=80.0),
    row("not found", "not found", *_others("2026-01-05"), *_payments("2026-01-06", 2, 8)),
    row("not found", "not found", *_others("2026-01-05", 5), *_payments("2026-01-06", 10, 0)),
    row("just below", "not found", *_others("2026-01-05"), *_payments("2026-01-06", 5, 5)),
    row("just above", "found", *_others("2026-01-05"), *_payments("2026-01-06", 6, 4), observed=60.0),
    row("not applicable", "not applicable", *_payments("2026-01-06", 10, 0)),
    row(
        "too few", "not applicable", *_others("2026-01-05"),
        *_payments("2026-01-13", 9, 0), *_payments("2026-01-13", 8, 0, 60, account="5.1.02.02.01.0003"),
    ),
    row("before a dated change", "not applicable", *_others("2026-01-05"), *_payments("2026-01-28", 6, 0)),
    row("after a dated change", "found", *_others("2026-01-05"), *_payments("2026-02-03", 6, 0), observed=100.0),
)  # fmt: skip

RULE = Rule(
    id="B07",
    version="2",
    title="Jumlah pembayaran bulat",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(LegalBasis("PP 12/2019: pembayaran berdasarkan bukti yang lengkap dan sah", date(2019, 3, 12)),),
    method=(
        "SP2D LS belanja barang dan jasa (5.1.02) menurut penerima: bagian yang jumlahnya habis dibagi satuan, dibandingkan "
        "dengan pagar Q3 + 1,5 kali jarak antarkuartil dari semua penerima yang pembayarannya cukup banyak, dan paling sedikit "
        "dengan batas bawahnya. UP, GU, TU, hibah, bantuan sosial, belanja modal, pembayaran berulang, dan rekening yang namanya "
        "dalam profil diawali Honorarium tidak dihitung, karena biasa bulat."
    ),
    why="Harga yang sebenarnya jarang bulat; jumlah yang selalu bulat dapat ditetapkan lebih dahulu daripada buktinya.",
    innocent=(
        "Harga satuan atau sewa yang memang ditetapkan dalam jutaan",
        "Kontrak lump sum dengan termin yang bulat",
        "Rekening honorarium belum bernama demikian dalam profil",
    ),
    unit_of_measure="persen",
    parameters=(
        Parameter("unit", 1e6, "rupiah", "jumlah yang habis dibagi satuan ini disebut bulat"),
        Parameter("share", 50.0, "persen", "batas bawah, juga bila pagar penerima lain lebih rendah"),
        Parameter("least", 10.0, "pembayaran", "pembayaran seorang penerima yang paling sedikit untuk dinilai"),
        Parameter("peers", 20.0, "penerima", "penerima yang paling sedikit untuk pagarnya"),
    ),
    minimum_sample=10,
    severity=0.3,
    needs=("amount", "disbursement_type", "account", "payee_token"),
    sources=("Bank Dunia: round or unnatural amounts", "Tukey: pagar kuartil"),
    not_applicable=("pembayaran barang dan jasa terlalu sedikit", "penerima lain terlalu sedikit"),
    weigh=weigh,
    reads={"budget": ("amount", "disbursement_type", "account", "recurring", "payee_token")},
    rows=bought,
    by=("payee_token",),
    window=400,
    every=7,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
