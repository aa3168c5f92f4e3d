"""R04: receipts that are voided far more by one cashier than by the others, or when their money was already counted."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD
from streams.rules.examples import FIRST, PAYEE, SECOND, Event, on, row
from streams.rules.outliers import STANDS_OUT, standing_out
from streams.rules.receipts import (
    FIELDS,
    OFFICE,
    deposited,
    moves_cash,
    numbered,
    numbered_voids,
    whole_deposits,
)
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole

RATE, DEPOSITED, CLOSED, AGAIN = "tingkat", "setoran", "penutupan", "ulang"
NO_CASHIER, TOO_FEW = 0, 1
WHO = ("group", "cashier_token")
#: What is read of a receipt or void.
READ = (
    *WHO, "row", "at", "day", "kind", "high", "low", "account", "amount", "payer_token", "officer_token", "receipt_number",
    "voided_event", "closing_id", *STOOD,
)  # fmt: skip
FOUND = ("group", "scope", "observed", "threshold", "at", "as_of", "proof")


def weigh(groups: Groups) -> Weighed:
    """Per cash office: cashiers who void a share beyond the fence; and by cashier and month the voids of what was
    deposited and of what is in another closing, that no second officer made, and of what was received again on a later day."""
    counted = _counted(groups)
    voids, receipts = _voids(groups)
    alone = voids.filter(~pl.col("officer_token").ne(pl.col("cashier_token")).fill_null(False))
    many = standing_out(counted, [groups.on(name) for name in STANDS_OUT]).with_columns(
        scope=_scope(RATE), as_of=pl.lit(None, pl.Int64)
    )
    parts = [
        many.select(*FOUND, "k", "n", "share", "limit"),
        _monthly(groups, alone.filter(pl.col("at") > pl.col("deposited_at")), DEPOSITED, "after_deposit"),
        _monthly(groups, alone.filter(pl.col("closing_id") != pl.col("closing_of")), CLOSED, "after_closing"),
        _monthly(groups, _received_again(groups, voids, receipts), AGAIN, "again"),
    ]
    found = pl.concat(parts, how="diagonal_relaxed")
    offices = groups.keys.select("group")
    nobody = offices.join(counted, on="group", how="anti")
    few = offices.join(counted.filter(pl.col("n") >= groups.on("least")), on="group", how="anti")
    few = few.join(nobody, on="group", how="anti")
    silent = {NO_CASHIER: nobody, TOO_FEW: few}
    said = {reason: some.join(found, on="group", how="anti").to_series() for reason, some in silent.items()}
    return Weighed(found, {reason: some for reason, some in said.items() if len(some)})


def _counted(groups: Groups) -> pl.DataFrame:
    """Receipts (n) and voids (k) of each cashier on each day that is asked about, and the voids."""
    known = groups.rows.select("row", "at", "day", "kind", *WHO, *STOOD).drop_nulls("cashier_token")
    who, kind = list(WHO), pl.col("kind")
    spans = known.group_by(*who, "day", *STOOD).agg(n=(kind == "receipt").sum().cast(pl.Int64))
    voided = groups.by_day(known.filter(kind == "void")).group_by(who).agg(
        k=pl.len().cast(pl.Int64), at=pl.col("at").last(), proof=pl.col("row")
    )  # fmt: skip
    counted = groups.by_day(spans).group_by(who).agg(pl.col("n").sum())
    return counted.join(voided, on=who, how="left").with_columns(pl.col("k").fill_null(0))


def _voids(groups: Groups) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Day by day, voids whose receipt is known, with what it was, and when it was first deposited; and the receipts of the
    same account, amount and payer."""
    number, same = ["group", "receipt_number"], ["group", "account", "amount", "payer_token"]
    rows = groups.rows.select(READ)
    receipts = numbered(rows)
    numbers = numbered_voids(rows, receipts).select(number).unique()
    of_voids = receipts.join(numbers, on=number, how="semi", maintain_order="left")
    like = rows.filter(pl.col("kind") == "receipt").join(of_voids, on=same, how="semi", maintain_order="left")
    parts = deposited(groups.rows).join(numbers, on=number, how="semi")
    of = groups.by_day(of_voids)
    first = of.unique(number, keep="first", maintain_order=True).select(
        "group", "receipt_number", pl.col("row").alias("of"), pl.col("day").alias("day_of"), pl.col("account").alias("account_of"),
        pl.col("amount").alias("amount_of"), pl.col("payer_token").alias("payer_of"), pl.col("closing_id").alias("closing_of"),
    )  # fmt: skip
    whole = whole_deposits(groups.rows).select(
        "group", "at", "day", *STOOD, pl.col("closing_id").alias("closing_of")
    )
    closings = (
        groups.by_day(whole).group_by("group", "closing_of").agg(pl.col("at").min().alias("in_closing"))
    )
    slips = groups.by_day(parts).group_by("group", "receipt_number").agg(pl.col("at").min().alias("in_slip"))
    voids = (
        numbered_voids(groups.by_day(rows.filter(pl.col("kind") == "void")), of)
        .join(first, on=number, maintain_order="left")
        .join(slips, on=number, how="left", maintain_order="left")
        .join(closings, on=["group", "closing_of"], how="left", maintain_order="left")
        .with_columns(deposited_at=pl.min_horizontal("in_slip", "in_closing"))
    )
    return voids, groups.by_day(like)


def _received_again(groups: Groups, voids: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    """Voids after which the same payer's same amount was received on another day than at first."""
    of = {"account_of": "account", "amount_of": "amount", "payer_of": "payer_token"}
    receipts = like.select(
        "group", *(pl.col(name).alias(as_) for as_, name in of.items()), pl.col("at").alias("again_at"),
        pl.col("day").alias("again_day"),
    )  # fmt: skip
    after = groups.value("again_days", voids.get_column("day")).alias("again_days")
    pairs = voids.with_columns(after).join(receipts, on=["group", *of], maintain_order="left")
    later = (pl.col("again_at") > pl.col("at")) & (pl.col("again_day") > pl.col("day_of"))
    near = pl.col("again_day") - pl.col("day") <= pl.col("again_days")
    return pairs.filter(later & near).unique(["group", "row"], keep="first", maintain_order=True)


def _monthly(groups: Groups, voids: pl.DataFrame, what: str, parameter: str) -> pl.DataFrame:
    """By cashier and month, where there are more than the parameter allows; voids and their receipts show it."""
    month = pl.from_epoch("day", "d").dt.to_string("%Y-%m").alias("month")
    sums = voids.group_by("group", "cashier_token", month, maintain_order=True).agg(
        observed=pl.col("row").n_unique().cast(pl.Float64), at=pl.col("at").last(), as_of=pl.col("day").last().cast(pl.Int64),
        proof=pl.concat_list("row", "of").explode().unique().sort(),
    )  # fmt: skip
    allowed = groups.value(parameter, sums.get_column("as_of")).alias("threshold")
    scope = pl.concat_str(_scope(what), "month", separator=" ").alias("scope")
    return sums.with_columns(allowed, scope).filter(pl.col("observed") > pl.col("threshold")).select(FOUND)


def _scope(what: str) -> pl.Expr:
    return pl.format("{} {}", pl.lit(what), pl.col("cashier_token").cast(pl.String).fill_null("-"))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    what = told.scope.split()[0]
    if what == RATE:
        return (
            f"Indikasi pembatalan kuitansi yang tidak biasa: seorang petugas kas membatalkan {whole(told.more['k'])} dari "
            f"{whole(told.more['n'])} kuitansinya ({decimal(told.more['share'])} %), batas menurut rekan-rekannya "
            f"{decimal(told.more['limit'])} %; perlu klarifikasi."
        )
    said = {
        DEPOSITED: "sesudah uangnya disetor",
        CLOSED: "pada penutupan kas yang lain dari kuitansinya",
        AGAIN: "lalu jumlah yang sama dari pembayar yang sama dicatat lagi pada hari lain",
    }[what]
    return (
        f"Indikasi pembatalan kuitansi yang tidak biasa: {whole(told.observed)} kuitansi oleh satu petugas kas dalam bulan "
        f"{told.scope.split()[-1]} dibatalkan {said}, batas {whole(told.threshold)}; perlu klarifikasi."
    )


def _receipts(count: int, cashier: str, voided: int, day: str = "2026-01-05") -> list[Event]:
    """Receipts of a cashier in one hour, of which some are voided."""
    name = [f"{cashier[:12]}-{day}-{n}" for n in range(count)]
    own: dict[str, Any] = {"amount": 50_000, "cashier_token": cashier}
    made = [on(f"{day} 09:{n % 60:02d}", "receipt", receipt_number=name[n], **own) for n in range(count)]
    return [*made, *(on(f"{day} 11:{n:02d}", "void", receipt_number=name[n], **own) for n in range(voided))]


def _office(voided: int, day: str = "2026-01-05", each: int = 0) -> list[Event]:
    """Five cashiers; the first voids so many of his receipts, the others none or so many ``each``."""
    others = [event for n in range(4) for event in _receipts(50, f"petugaslain{n}aaaaaaaaaaaaaa", each, day)]
    return [*others, *_receipts(50, FIRST, voided, day)]


def _one(at: str, kind: str, number: str = "K-1", **fields: Any) -> Event:
    own = {"amount": 50_000, "cashier_token": SECOND, "receipt_number": number, "payer_token": PAYEE}
    return on(at, kind, **{**own, **fields})


def _slip(at: str) -> Event:
    parts = [{"receipt_number": "K-1", "amount": 50_000}]
    return on(at, "deposit", deposit_number="STS-1", composition=parts, amount=50_000, channel="transfer")


EXAMPLES = (
    row("found", "found", *_office(9), scope=f"tingkat {FIRST}", observed=9.0),
    row("found", "found", *_office(12, each=1), scope=f"tingkat {FIRST}", observed=11.0),
    row(
        "found", "found", _one("2026-01-05 09:00", "receipt"), _slip("2026-01-06 09:00"), _one("2026-01-06 10:00", "void"),
        scope=f"setoran {SECOND} 2026-01", observed=1.0,
    ),
    row(
        "found", "found", _one("2026-01-05 09:00", "receipt", closing_id="T1"),
        _one("2026-01-06 09:00", "void", closing_id="T2"), scope=f"penutupan {SECOND} 2026-01",
    ),
    row(
        "found", "found", _one("2026-01-05 09:00", "receipt"), _one("2026-01-05 15:00", "void"),
        _one("2026-01-08 09:00", "receipt", "K-2"), scope=f"ulang {SECOND} 2026-01",
    ),
    row(
        "not found", "not found", *_office(0), _one("2026-01-05 09:00", "receipt"), _slip("2026-01-06 09:00"),
        _one("2026-01-06 10:00", "void", officer_token=FIRST),
    ),
    row("not found", "not found", *_office(0)),
    row(
        "not found", "not found", *_office(0), _one("2026-01-05 09:00", "receipt"), _one("2026-01-05 09:10", "void"),
        _one("2026-01-05 09:15", "receipt", "K-2"), _slip("2026-01-06 09:00"),
    ),
    row("just below", "not found", *_office(6)),
    row("just above", "found", *_office(7), scope=f"tingkat {FIRST}", observed=7.0),
    row("not applicable", "not applicable", _one("2026-01-05 09:00", "receipt", cashier_token=None)),
    row("too few", "not applicable", *_receipts(49, FIRST, 9)),
    row(
        "before a dated change", "found", _one("2026-01-29 09:00", "receipt"), _slip("2026-01-30 09:00"),
        _one("2026-01-30 10:00", "void"), scope=f"setoran {SECOND} 2026-01",
    ),
    row(
        "after a dated change", "not found", *_office(0, day="2026-02-02"), _one("2026-02-02 09:00", "receipt"),
        _slip("2026-02-03 09:00"), _one("2026-02-03 10:00", "void"),
    ),
)  # fmt: skip

RULE = Rule(
    id="R04",
    version="1",
    title="Pembatalan kuitansi yang tidak biasa",
    domain="revenue",
    kind="soft",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("Permendagri 77/2020: bendahara penerimaan menatausahakan setiap tanda bukti penerimaan", date(2020, 12, 30)),
        LegalBasis("PP 60/2008: sistem pengendalian intern pemerintah", date(2008, 8, 28)),
    ),
    method=(
        "Pada setiap kas, selama 200 hari terakhir. Tingkat: bagian kuitansi yang dibatalkan seorang petugas kas dibandingkan "
        "dengan pagar Tukey petugas kas pada kas itu, dan harus terlalu jarang untuk kebetulan (uji "
        "binomial terhadap bagian seluruh kas); perlu sedikitnya empat petugas dengan cukup kuitansi. Selain itu dihitung per "
        "petugas dan bulan: pembatalan sesudah kuitansinya disetor dan pembatalan yang masuk penutupan kas lain, bila tidak "
        "dilakukan petugas kedua, serta pembatalan yang jumlah dan pembayarnya dicatat lagi pada hari lain."
    ),
    why="Kuitansi yang dibatalkan setelah uangnya diterima memungkinkan uang itu diambil tanpa terlihat dalam pembukuan.",
    innocent=(
        "Petugas yang mengoreksi kesalahan rekan-rekannya",
        "Perangkat atau jaringan sering terganggu di satu loket",
        "Pembayar meminta kuitansi diganti",
        "Petugas kedua menyetujui pembatalannya, tetapi sumber data tidak mencatatnya",
    ),
    unit_of_measure="kuitansi di atas batas",
    parameters=(
        Parameter("least", 50.0, "kuitansi", "kuitansi seorang petugas kas agar bagiannya dibandingkan"),
        Parameter("reach", 1.5, "IQR", "jarak pagar di atas kuartil ketiga"),
        Parameter("alpha", 0.001, "peluang", "peluang kebetulan di bawahnya perbedaan dianggap berarti"),
        Parameter("after_deposit", 0.0, "kuitansi", "pembatalan sesudah setoran yang dibiarkan per petugas dan bulan"),
        Parameter("after_closing", 0.0, "kuitansi", "pembatalan pada penutupan lain yang dibiarkan per petugas dan bulan"),
        Parameter("again", 0.0, "kuitansi", "pembatalan yang dicatat lagi yang dibiarkan per petugas dan bulan"),
        Parameter("again_days", 7.0, "hari", "jarak dari pembatalan sampai pencatatan lagi"),
    ),
    minimum_sample=50,
    severity=0.5,
    needs=("cashier_token", "receipt_number", "voided_event"),
    sources=("Washington State Auditor: cash receipting, false voids and adjustments",),
    not_applicable=("petugas kas tidak tercatat", "kuitansi setiap petugas kas terlalu sedikit"),
    weigh=weigh,
    reads={"revenue": (*FIELDS, "cashier_token", "officer_token", "payer_token")},
    rows=moves_cash,
    by=OFFICE,
    window=200,
    every=7,
    once=True,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
