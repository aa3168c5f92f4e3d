"""R02: a deposit is not what was received, by cashier and day, by slip, or by closing."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import FIRST, SECOND, Event, on, row
from streams.rules.receipts import FIELDS, OFFICE, deposited, is_direct, moves_cash, net_receipts
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, rupiah

DIRECT_USE, NOTHING_TO_COMPARE = 0, 1
DAY, SLIP, CLOSING = "kuitansi", "STS", "penutupan"
FOUND = ("group", "scope", "day", "at", "received", "deposited", "observed", "proof")


def weigh(groups: Groups) -> Weighed:
    """Per cash office: receipts of a day that are in slips and the parts of them, cashier by cashier; slips and their parts;
    closings and the deposits of them that name no receipts."""
    direct = groups.rows.filter(is_direct(groups.profile)).get_column("group").unique()
    rows = groups.rows.filter(~is_direct(groups.profile))
    parts = deposited(rows)
    sums = pl.concat(
        [_days(rows, parts), _slips(parts, rows), _closings(rows, groups)], how="vertical_relaxed"
    )
    limited = sums.with_columns(
        groups.value("tolerance", sums.get_column("day")).alias("threshold"), as_of=pl.col("day").cast(pl.Int64),
        observed=pl.col("observed").cast(pl.Float64),
    )  # fmt: skip
    found = limited.filter(pl.col("observed") > pl.col("threshold")).drop("day")
    none = without(rows, sums)
    silent = {DIRECT_USE: direct, NOTHING_TO_COMPARE: none}
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _days(rows: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """What was received on a day and is named in slips, beside what they name; differences of cashiers do not cancel out.
    What is voided after its deposit was held by it, and is paid back by the treasury."""
    of = ["group", "receipt_number"]
    named = parts.group_by(of).agg(
        pl.col("amount").sum().alias("deposited"), pl.col("at").max().alias("until")
    )
    nets = net_receipts(rows, named.select(*of, "until"))
    first = pl.col("row") == pl.col("row").min().over("group", "receipt_number")
    beside = nets.join(named, on=of, how="inner", maintain_order="left").with_columns(
        deposited=pl.when(first).then(pl.col("deposited")).otherwise(0)
    )
    by_cashier = beside.group_by("group", "day", "cashier_token", maintain_order=True).agg(
        pl.col("net", "deposited").sum(), pl.col("row"), pl.col("at").last()
    )
    by_cashier = by_cashier.with_columns(observed=(pl.col("net") - pl.col("deposited")).abs())
    return (
        by_cashier.group_by("group", "day", maintain_order=True)
        .agg(
            pl.col("net").sum().alias("received"), pl.col("deposited", "observed").sum(), pl.col("at").max(),
            pl.col("row").list.explode().alias("proof"),
        )
        .with_columns(scope=pl.format("{} {}", pl.lit(DAY), pl.from_epoch("day", "d").dt.to_string("%Y-%m-%d")))
        .select(FOUND)
    )  # fmt: skip


def _slips(parts: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What the parts of a slip come to, beside the slip itself."""
    slips = parts.group_by("row", maintain_order=True).agg(pl.col("amount").sum().alias("received"))
    beside = slips.join(rows, on="row", maintain_order="left").filter(pl.col("deposit_number").is_not_null())
    return _named(
        beside.group_by("group", pl.col("deposit_number").alias("name"), maintain_order=True).agg(
            pl.col("received").sum(), pl.col("amount").sum().alias("deposited"), pl.col("day", "at").last(),
            pl.col("row").alias("proof"),
        ), SLIP,
    )  # fmt: skip


def _closings(rows: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    """What is in a closing, less what was voided until its deposit, beside the deposits of it that name no receipts. A
    closing that may have begun before the window is left out."""
    whole = (pl.col("kind") != "deposit") | (pl.col("composition").list.len() == 0)
    kind, amount, at = pl.col("kind"), pl.col("amount"), pl.col("at")
    voided = amount.filter((kind == "void") & (at <= at.filter(kind == "deposit").max())).sum()
    sums = (
        rows.filter(pl.col("closing_id").is_not_null() & whole)
        .group_by("group", pl.col("closing_id").alias("name"), maintain_order=True)
        .agg(
            (amount.filter(kind == "receipt").sum() - voided).alias("received"),
            amount.filter(kind == "deposit").sum().alias("deposited"), pl.col("day", "at").last(),
            pl.col("row").alias("proof"), receipts=(kind == "receipt").sum(), deposits=(kind == "deposit").sum(),
            first_day=pl.col("day").min(), today=pl.col("today").first(),
        )
    )  # fmt: skip
    inside = pl.col("first_day") > pl.col("today") - groups.rule.window
    return _named(sums.filter((pl.col("receipts") > 0) & (pl.col("deposits") > 0) & inside), CLOSING)


def _named(sums: pl.DataFrame, what: str) -> pl.DataFrame:
    scope = pl.format("{} {}", pl.lit(what), pl.col("name").cast(pl.String))
    return sums.with_columns(scope=scope, observed=(pl.col("received") - pl.col("deposited")).abs()).select(
        FOUND
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    what, _, name = told.scope.partition(" ")
    received, deposit = rupiah(told.more["received"]), rupiah(told.more["deposited"])
    if what == DAY:
        seen = (
            f"kuitansi tanggal {told.day(told.at)} yang disetor berjumlah {received} setelah pembatalan, menurut rincian "
            f"setoran {deposit}, dibandingkan kasir demi kasir"
        )
    elif what == SLIP:
        seen = f"setoran {name} berjumlah {deposit}, rinciannya {received}"
    else:
        seen = f"penutupan kas {name} berjumlah {received} setelah pembatalan, setorannya {deposit}"
    return (
        f"Indikasi selisih setoran: {seen}; selisih {rupiah(told.observed)}, toleransi {rupiah(told.threshold)}; perlu "
        "klarifikasi."
    )


def _receipt(number: int, at: str, thousands: int, cashier: str = FIRST, **fields: Any) -> Event:
    name = f"K-{number:04d}"
    return on(at, "receipt", amount=thousands * 1000, receipt_number=name, cashier_token=cashier, **fields)


def _slip(at: str, thousands: float, *held: tuple[int, int], **fields: Any) -> Event:
    """A deposit of receipts, by number and thousands of rupiah."""
    parts = [{"receipt_number": f"K-{number:04d}", "amount": amount * 1000} for number, amount in held]
    return on(
        at, "deposit", deposit_number="STS-1", composition=parts, amount=round(thousands * 1000), **fields
    )


EXAMPLES = (
    row(
        "found", "found", _receipt(1, "2026-01-05 09:00", 250), _receipt(2, "2026-01-05 10:00", 100),
        _slip("2026-01-06 09:00", 300, (1, 200), (2, 100)), scope="kuitansi 2026-01-05", observed=50e3,
    ),
    row(
        "found", "found", _receipt(1, "2026-01-05 09:00", 250), _receipt(2, "2026-01-05 10:00", 100, SECOND),
        _slip("2026-01-06 09:00", 350, (1, 200), (2, 150)), scope="kuitansi 2026-01-05", observed=100e3,
    ),
    row(
        "found", "found", _receipt(1, "2026-01-05 09:00", 250), _slip("2026-01-06 09:00", 240, (1, 250)),
        scope="STS STS-1", observed=10e3,
    ),
    row(
        "found", "found", _receipt(1, "2026-01-05 09:00", 250, closing_id="T1"),
        _slip("2026-01-06 09:00", 200, closing_id="T1"), scope="penutupan T1", observed=50e3,
    ),
    row(
        "not found", "not found", _receipt(1, "2026-01-05 09:00", 250), _receipt(2, "2026-01-05 10:00", 100),
        on("2026-01-05 10:05", "void", amount=100_000, receipt_number="K-0002"), _slip("2026-01-06 09:00", 250, (1, 250)),
    ),
    row(
        "not found", "not found", _receipt(1, "2026-01-05 09:00", 250), _slip("2026-01-06 09:00", 250, (1, 250)),
        on("2026-01-09 10:00", "void", amount=250_000, receipt_number="K-0001"),
    ),
    row(
        "found", "found", _receipt(1, "2026-01-05 09:00", 250), _slip("2026-01-06 09:00", 200, (1, 200)),
        on("2026-01-09 10:00", "void", amount=50_000, receipt_number="K-0001"), scope="kuitansi 2026-01-05", observed=50e3,
    ),
    row(
        "not found", "not found", _receipt(1, "2026-01-05 09:00", 250, closing_id="T1"),
        _slip("2026-01-06 09:00", 250, closing_id="T1"),
        on("2026-01-09 10:00", "void", amount=250_000, receipt_number="K-0001", closing_id="T1"),
    ),
    row("just below", "not found", _receipt(1, "2026-01-05 09:00", 250), _slip("2026-01-06 09:00", 250, (1, 250))),
    row(
        "just above", "found", _receipt(1, "2026-01-05 09:00", 250), _slip("2026-01-06 09:00", 249.999, (1, 250)),
        observed=1.0,
    ),
    row(
        "not applicable", "not applicable", _receipt(1, "2026-01-05 09:00", 250, cash_office="KAS-BLUD"),
        _slip("2026-01-06 09:00", 200, (1, 250), cash_office="KAS-BLUD"),
    ),
    row("not applicable", "not applicable", _receipt(1, "2026-01-05 09:00", 250), _slip("2026-01-06 09:00", 200)),
    row(
        "before a dated change", "found", _receipt(1, "2026-01-30 09:00", 250), _slip("2026-01-30 14:00", 249.5, (1, 250)),
    ),
    row("after a dated change", "not found", _receipt(1, "2026-02-02 09:00", 250), _slip("2026-02-02 14:00", 249.5, (1, 250))),
)  # fmt: skip

RULE = Rule(
    id="R02",
    version="2",
    title="Setoran berbeda dengan penerimaan",
    domain="revenue",
    kind="hard",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019: penerimaan disetor seluruhnya ke rekening kas umum daerah", date(2019, 3, 12)),
        LegalBasis("Permendagri 77/2020: pembukuan dan penyetoran bendahara penerimaan", date(2020, 12, 30)),
    ),
    method=(
        "Tiga jumlah dibandingkan pada setiap kas. Kuitansi suatu hari yang dirinci dalam setoran, dikurangi pembatalan, "
        "dengan jumlah rinciannya, kasir demi kasir; jumlah setoran (STS) dengan jumlah rinciannya; penutupan kas, "
        "dikurangi pembatalan, dengan setoran yang tidak memiliki rincian. Pembatalan sesudah setorannya tidak mengurangi: "
        "uangnya sudah disetor, dan dikembalikan dari kas daerah."
    ),
    why="Setoran yang kurang dari penerimaan berarti ada uang daerah yang tidak sampai ke kas daerah.",
    innocent=(
        "Sisa kuitansi disetor pada hari lain dan belum dikirim",
        "Kuitansi dikoreksi setelah setoran",
        "Salah ketik pada rincian setoran",
    ),
    unit_of_measure="rupiah",
    parameters=(Parameter("tolerance", 0.0, "rupiah", "selisih yang dibiarkan"),),
    severity=0.8,
    family="deposit",
    about=("cashier_token",),
    needs=("receipt_number", "composition", "cashier_token"),
    sources=(
        "Washington State Auditor: cash receipting, perbandingan kuitansi dan setoran menurut kasir dan hari",
        "ACFE: cash larceny",
    ),
    not_applicable=(
        "kas yang memakai pendapatannya langsung (BLUD, BOS, JKN)",
        "tidak ada setoran dengan rincian atau penutupan kas",
    ),
    weigh=weigh,
    reads={"revenue": (*FIELDS, "cashier_token")},
    rows=moves_cash,
    by=OFFICE,
    window=120,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu setoran cukup; aturan ini tidak membandingkan dengan kas lain."},
)  # fmt: skip
