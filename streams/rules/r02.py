"""R02: a deposit is not what was received, by cashier and day, by slip, or by closing."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import FIRST, SECOND, Event, on, row
from streams.rules.receipts import (
    FIELDS,
    OFFICE,
    deposited,
    is_direct,
    moves_cash,
    net_receipts,
    numbered,
    numbered_voids,
)
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, rupiah

DIRECT_USE, NOTHING_TO_COMPARE = 0, 1
#: Days in which auditors may still have a receipt of the year corrected.
WINDOW = 240
DAY, SLIP, CLOSING = "kuitansi", "STS", "penutupan"
#: What each of these is known by.
KEYS = (["group", "day"], ["group", "deposit_number"], ["group", "closing_id"])
NUMBER = ["group", "receipt_number"]
FOUND = ("group", "scope", "day", "at", "received", "deposited", "observed", "proof")


def weigh(groups: Groups) -> Weighed:
    """Per cash office: receipts of a day that are in slips and the parts of them, cashier by cashier; slips and their parts;
    closings and the deposits of them that name no receipts. What is right and stands on all of the days, or comes in an order
    in which it is never wrong, is right on each; the rest is compared day by day."""
    direct = is_direct(groups.profile)
    mine = groups.keys.filter(~direct)
    rows = groups.rows.filter(~direct)
    parts, last = deposited(rows), pl.lit(groups.days[-1])
    whole = (
        _days(rows, parts),
        _slips(rows, parts),
        _closings(rows.with_columns(today=last), groups.rule.window),
    )
    limited = [_limited(groups, some) for some in whole]
    wrong = [some.filter(_wrong()).select(key) for some, key in zip(limited, KEYS, strict=True)]
    receipts = numbered(rows)
    voids = numbered_voids(rows, receipts)
    moving = _moving(groups, rows, receipts, voids, parts)
    steady = pl.concat(
        some.join(pl.concat([bad, moved]), on=key, how="anti").select("group")
        for some, key, bad, moved in zip(limited, KEYS, wrong, moving, strict=True)
    )
    unsettled = _unsettled(groups, rows, receipts, voids, parts)
    open_ = [
        pl.concat(
            [bad, moved.join(odd, on=key, how="semi"), moved.join(steady, on="group", how="anti")]
        ).unique()
        for key, bad, moved, odd in zip(KEYS, wrong, moving, unsettled, strict=True)
    ]
    by_day = [_limited(groups, some) for some in _compared(groups, rows, parts, *open_)]
    found = pl.concat(
        [some.filter(_wrong()).select(*FOUND, "threshold", "as_of") for some in by_day],
        how="vertical_relaxed",
    )
    right = [
        some.join(moved, on=key, how="anti") for some, key, moved in zip(limited, KEYS, open_, strict=True)
    ]
    of = pl.concat([some.select(of="group") for some in right])
    none = mine.join(of, on="of", how="anti").join(
        pl.concat([some.select("group") for some in by_day]), on="group", how="anti"
    )
    silent = {
        DIRECT_USE: groups.keys.filter(direct).get_column("group"), NOTHING_TO_COMPARE: none.get_column("group"),
    }  # fmt: skip
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _limited(groups: Groups, sums: pl.DataFrame) -> pl.DataFrame:
    """With what is allowed."""
    return sums.with_columns(
        groups.value("tolerance", sums.get_column("day")).alias("threshold"), as_of=pl.col("day").cast(pl.Int64),
        observed=pl.col("observed").cast(pl.Float64),
    )  # fmt: skip


def _wrong() -> pl.Expr:
    return pl.col("observed") > pl.col("threshold")


def _moving(
    groups: Groups, rows: pl.DataFrame, receipts: pl.DataFrame, voids: pl.DataFrame, parts: pl.DataFrame
) -> list[pl.DataFrame]:
    """The keys of what is not made of the same rows on all of the days; and days that share a number of a receipt with
    another, as only the first of the number counts."""
    moving = ~groups.steady()
    numbers = [some.filter(moving).select(NUMBER) for some in (receipts, voids, parts)]
    dated = receipts.select(*NUMBER, "day").unique()
    numbers.append(dated.group_by(NUMBER).len().filter(pl.col("len") > 1).select(NUMBER))
    days = dated.join(pl.concat(numbers), on=NUMBER, how="semi").select(KEYS[0])
    return [days, *(rows.filter(moving).select(key).drop_nulls() for key in KEYS[1:])]


def _unsettled(
    groups: Groups, rows: pl.DataFrame, receipts: pl.DataFrame, voids: pl.DataFrame, parts: pl.DataFrame
) -> list[pl.DataFrame]:
    """The keys of what may be wrong on one of the days though it is right on the whole: all but days of receipts of which
    each is named at most once, after what was voided by then, with what is left of it; slips of one row; and closings of
    one deposit that came last."""
    gone, seen, kind = pl.col("gone").is_not_null(), pl.col("seen"), pl.col("kind")
    named = parts.group_by(NUMBER).agg(
        parts=pl.len(),
        part=pl.col("amount").sum(),
        until=pl.col("at").max(),
        told=seen.min(),
        left=gone.any(),
    )
    by_then = voids.join(named, on=NUMBER, how="inner").filter(pl.col("at") <= pl.col("until"))
    taken = by_then.group_by(NUMBER).agg(
        taken=pl.col("amount").sum(), late=((seen > pl.col("told")) | gone).any()
    )
    numbers = receipts.group_by(NUMBER).agg(receipts=pl.len(), amount=pl.col("amount").sum())
    numbers = numbers.join(named, on=NUMBER).join(taken, on=NUMBER, how="left")
    once = (pl.col("receipts") == 1) & (pl.col("parts") == 1) & ~pl.col("left")
    equal = pl.col("amount") - pl.col("taken").fill_null(0) == pl.col("part")
    settled = once & equal & ~pl.col("late").fill_null(False)
    odd = numbers.filter(~settled.fill_null(False))
    slips = rows.group_by(KEYS[1]).len().filter(pl.col("len") > 1)
    leaves = pl.col("day") <= groups.days[-1] - groups.rule.window
    closings = rows.group_by(KEYS[2]).agg(
        ((kind == "void") | gone | leaves).any()
        | ((kind == "deposit").sum() > 1)
        | (seen.filter(kind == "receipt").max() > seen.filter(kind == "deposit").min()).fill_null(False)
    )
    return [
        receipts.join(odd, on=NUMBER, how="semi").select(KEYS[0]).unique(),
        slips.select(KEYS[1]),
        closings.filter("kind").select(KEYS[2]),
    ]


def _compared(
    groups: Groups, rows: pl.DataFrame, parts: pl.DataFrame, days: pl.DataFrame, slips: pl.DataFrame, closings: pl.DataFrame
) -> tuple[pl.DataFrame, ...]:  # fmt: skip
    """What is compared of some days of receipts, slips and closings, day by day."""
    receipts = numbered(rows).join(days, on=KEYS[0], how="semi", maintain_order="left")
    received = pl.concat([receipts, rows.filter(pl.col("kind") == "void")]).drop("composition")
    held = rows.join(slips, on=KEYS[1], how="semi", maintain_order="left")
    in_closing = rows.join(closings, on=KEYS[2], how="semi", maintain_order="left")
    return (
        _days(
            groups.by_day(received),
            groups.by_day(parts.join(receipts, on=NUMBER, how="semi", maintain_order="left")),
        ),
        _slips(
            groups.by_day(held), groups.by_day(parts.join(held, on="row", how="semi", maintain_order="left"))
        ),
        _closings(groups.by_day(in_closing), groups.rule.window),
    )


def _days(rows: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """What was received on a day and is named in slips, beside what they name; differences of cashiers do not cancel out.
    What is voided after its deposit was held by it, and is paid back by the treasury."""
    named = parts.group_by(NUMBER).agg(
        pl.col("amount").sum().alias("deposited"), pl.col("at").max().alias("until")
    )
    nets = net_receipts(rows, named.select(*NUMBER, "until"))
    first = pl.col("row") == pl.col("row").min().over(NUMBER)
    beside = nets.join(named, on=NUMBER, how="inner", maintain_order="left").with_columns(
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


def _slips(rows: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """What the parts of a slip come to, beside the slip itself."""
    one = ["group", "row"]
    slips = parts.group_by(one, maintain_order=True).agg(pl.col("amount").sum().alias("received"))
    beside = slips.join(rows, on=one, maintain_order="left").filter(pl.col("deposit_number").is_not_null())
    return _named(
        beside.group_by(KEYS[1], maintain_order=True).agg(
            pl.col("received").sum(), pl.col("amount").sum().alias("deposited"), pl.col("day", "at").last(),
            pl.col("row").alias("proof"),
        ), SLIP, "deposit_number",
    )  # fmt: skip


def _closings(rows: pl.DataFrame, window: int) -> pl.DataFrame:
    """What is in a closing, less what was voided until its deposit, beside the deposits of it that name no receipts. A
    closing that may have begun before the window is left out."""
    whole = (pl.col("kind") != "deposit") | (pl.col("composition").list.len() == 0)
    kind, amount, at = pl.col("kind"), pl.col("amount"), pl.col("at")
    voided = amount.filter((kind == "void") & (at <= at.filter(kind == "deposit").max())).sum()
    sums = (
        rows.filter(pl.col("closing_id").is_not_null() & whole)
        .group_by(KEYS[2], maintain_order=True)
        .agg(
            (amount.filter(kind == "receipt").sum() - voided).alias("received"),
            amount.filter(kind == "deposit").sum().alias("deposited"), pl.col("day", "at").last(),
            pl.col("row").alias("proof"), receipts=(kind == "receipt").sum(), deposits=(kind == "deposit").sum(),
            first_day=pl.col("day").min(), today=pl.col("today").first(),
        )
    )  # fmt: skip
    inside = pl.col("first_day") > pl.col("today") - window
    both = sums.filter((pl.col("receipts") > 0) & (pl.col("deposits") > 0) & inside)
    return _named(both, CLOSING, "closing_id")


def _named(sums: pl.DataFrame, what: str, name: str) -> pl.DataFrame:
    scope = pl.format("{} {}", pl.lit(what), pl.col(name).cast(pl.String))
    observed = (pl.col("received") - pl.col("deposited")).abs()
    return sums.with_columns(scope=scope, observed=observed).select(*FOUND, name)


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
    version="3",
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
        "uangnya sudah disetor, dan dikembalikan dari kas daerah. "
        f"Dokumen {WINDOW} hari terakhir dinilai kembali setiap ada yang baru."
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
    window=WINDOW,
    once=True,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu setoran cukup; aturan ini tidak membandingkan dengan kas lain."},
)  # fmt: skip
