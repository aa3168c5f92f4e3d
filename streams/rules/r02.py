"""R02: a deposit is not what was received, by cashier and day, by slip, or by closing."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD, both_stood
from streams.rules.examples import FIRST, SECOND, Event, on, row
from streams.rules.receipts import (
    FIELDS,
    NUMBER,
    OFFICE,
    deposited,
    is_direct,
    moves_cash,
    net_receipts,
    numbered,
    numbered_voids,
    of_numbers,
    read,
    whole_deposits,
)
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, rupiah

DIRECT_USE, NOTHING_TO_COMPARE = 0, 1
#: Days in which auditors may still have a receipt of the year corrected.
WINDOW = 240
DAY, SLIP, CLOSING = "kuitansi", "STS", "penutupan"
#: What each of these is known by.
KEYS = (["group", "day"], ["group", "deposit_number"], ["group", "closing_id"])
#: What is read of a row.
READ = (
    "high", "low", "amount", "receipt_number", "voided_event", "deposit_number", "composition", "closing_id", "cashier_token",
)  # fmt: skip
FOUND = ("group", "scope", "day", "at", "received", "deposited", "observed", "proof")


def weigh(groups: Groups) -> Weighed:
    """Per cash office: receipts of a day that are in slips and the parts of them, cashier by cashier; slips and their parts;
    closings and the deposits of them that name no receipts. Only what can be wrong on one of the days is compared day by
    day."""
    direct = groups.keys.filter(is_direct(groups.profile))
    mine = groups.keys.join(direct, on="of", how="anti")
    rows = read(groups, mine, *READ)
    parts = deposited(rows)
    found = pl.concat(
        [
            _wrong(groups, some).select(*FOUND, "threshold", "as_of")
            for some in (_days(groups, rows, parts), _slips(groups, rows, parts), _closings(groups, rows))
        ],
        how="vertical_relaxed",
    )  # fmt: skip
    silent = {
        DIRECT_USE: direct.get_column("group"),
        NOTHING_TO_COMPARE: _incomparable(groups, rows, mine),
    }
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _wrong(groups: Groups, sums: pl.DataFrame) -> pl.DataFrame:
    """What differs by more than is allowed on its day."""
    return sums.with_columns(
        groups.value("tolerance", sums.get_column("day")).alias("threshold"), as_of=pl.col("day").cast(pl.Int64),
        observed=pl.col("observed").cast(pl.Float64),
    ).filter(pl.col("observed") > pl.col("threshold"))  # fmt: skip


def _incomparable(groups: Groups, rows: pl.DataFrame, asked: pl.DataFrame) -> pl.Series:
    """Of the groups asked about, those that have no receipt that a slip names, no slip with parts, and no closing with its
    deposit."""
    others = asked.join(_always_compared(groups, rows), left_on="of", right_on="group", how="anti")
    if not len(others):
        return others.get_column("group")
    rows = rows.join(others, left_on="group", right_on="of", how="semi", maintain_order="left")
    named = (
        numbered(rows).join(deposited(rows), on=NUMBER, suffix="_part").with_columns(**both_stood("_part"))
    )
    compared = (
        groups.by_day(named.select("group", "oldest", *STOOD).unique(), oldest="oldest"),
        groups.by_day(rows.filter(_in_slip()).select("group", "day", *STOOD).unique()),
        _sums_of_closings(groups.by_day(rows.drop_nulls("closing_id")), groups.rule.window),
    )
    return others.join(
        pl.concat(some.select("group") for some in compared), on="group", how="anti"
    ).get_column("group")


def _always_compared(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """The groups with a slip, or a closing and its deposit, that stand on all of the days."""
    slips = rows.filter(_in_slip() & groups.steady())
    in_closing = rows.drop_nulls("closing_id")
    steady = in_closing.filter(groups.steady())
    closings = (
        steady.filter(pl.col("kind") == "receipt")
        .join(whole_deposits(steady), on=KEYS[2], how="semi")
        .join(in_closing.filter(_leaves(groups)), on=KEYS[2], how="anti")
    )
    return pl.concat([slips.select("group"), closings.select("group")])


def _leaves(groups: Groups) -> pl.Expr:
    """Rows of the first day of the window on one of the days, or of one before it."""
    return pl.col("day") <= groups.days[-1] - groups.rule.window


def _in_slip() -> pl.Expr:
    """Slips with parts."""
    slip = (pl.col("kind") == "deposit") & pl.col("deposit_number").is_not_null()
    return slip & (pl.col("composition").list.len() > 0)


def _days(groups: Groups, rows: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """What was received on a day and is named in slips, beside what they name, where receipts that can differ from their parts
    make a difference."""
    cash = rows.drop("composition")
    receipts, voids = numbered(cash), cash.filter(pl.col("kind") == "void")
    of_voids = numbered_voids(voids, receipts)

    def sums(numbers: pl.DataFrame) -> pl.DataFrame:
        voided = voids.join(of_numbers(of_voids, numbers), on="row", how="semi", maintain_order="left")
        return _sums_of_days(groups, of_numbers(receipts, numbers), voided, of_numbers(parts, numbers))

    unlike = _unlike(receipts, of_voids, parts)
    odd = _odd(groups, *(of_numbers(some, unlike) for some in (receipts, of_voids, parts)))
    wrong = (
        _wrong(groups, sums(odd)).join(groups.keys.select("group", "of"), on="group").select("of", *KEYS[0])
    )
    whole = receipts.join(wrong, left_on=KEYS[0], right_on=["of", "day"], how="semi")
    return sums(whole).join(wrong, on=KEYS[0], how="semi")


def _unlike(receipts: pl.DataFrame, voids: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """The numbers of receipts but for those that one receipt has and one lasting part names, with its amount, and no void."""
    unequal = parts.join(receipts, on=[*NUMBER, "amount"], how="anti")
    again = [some.filter(some.select(NUMBER).is_duplicated()) for some in (receipts, parts)]
    taken_back = parts.filter(pl.col("gone").is_not_null())
    return pl.concat(some.select(NUMBER) for some in (unequal, *again, taken_back, voids))


def _odd(groups: Groups, receipts: pl.DataFrame, voids: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """The numbers of receipts that may differ from their parts on one of the days: all but those that one receipt has and one
    part names, after what was voided by then, with what is left of it."""
    gone, seen = pl.col("gone").is_not_null(), pl.col("seen")
    named = parts.group_by(NUMBER).agg(
        parts=pl.len(),
        part=pl.col("amount").sum(),
        until=pl.col("at").max(),
        told=seen.min(),
        left=gone.any(),
    )
    by_then = voids.join(named, on=NUMBER, how="inner").filter(pl.col("at") <= pl.col("until"))
    taken = by_then.group_by(NUMBER).agg(
        taken=pl.col("amount").sum(), late=((seen > pl.col("told")) | gone | _leaves(groups)).any()
    )
    numbers = receipts.group_by(NUMBER).agg(receipts=pl.len(), amount=pl.col("amount").sum())
    numbers = numbers.join(named, on=NUMBER).join(taken, on=NUMBER, how="left")
    once = (pl.col("receipts") == 1) & (pl.col("parts") == 1) & ~pl.col("left")
    equal = pl.col("amount") - pl.col("taken").fill_null(0) == pl.col("part")
    settled = once & equal & ~pl.col("late").fill_null(False)
    return numbers.filter(~settled.fill_null(False))


def _sums_of_days(
    groups: Groups, receipts: pl.DataFrame, voids: pl.DataFrame, parts: pl.DataFrame
) -> pl.DataFrame:
    """Receipts and their parts by day of receipt, on each of the days; ``proof`` are the receipts that differ, and the slips that
    name them. Differences of cashiers do not cancel out. What is voided after its deposit was held by it, and is paid back by
    the treasury."""
    named = (
        groups.by_day(parts)
        .group_by(NUMBER)
        .agg(
            pl.col("amount").sum().alias("deposited"),
            pl.col("at").max().alias("until"),
            pl.col("row").alias("slips"),
        )
    )
    rows = groups.by_day(pl.concat([receipts, voids]))
    nets = net_receipts(rows, named.select(*NUMBER, "until"))
    first = pl.col("row") == pl.col("row").min().over(NUMBER)
    beside = nets.join(named, on=NUMBER, how="inner", maintain_order="left").with_columns(
        deposited=pl.when(first).then(pl.col("deposited")).otherwise(0)
    )
    by = ["group", "day", "cashier_token"]
    unequal = pl.col("net").sum() != pl.col("deposited").sum()
    beside = beside.with_columns(unequal=unequal.over(*by, "receipt_number"))
    by_cashier = beside.group_by(by, maintain_order=True).agg(
        pl.col("net", "deposited").sum(), pl.col("at").last(),
        pl.concat_list("row", "slips").filter("unequal").list.explode().alias("proof"),
    )  # fmt: skip
    by_cashier = by_cashier.with_columns(observed=(pl.col("net") - pl.col("deposited")).abs())
    return (
        by_cashier.group_by("group", "day", maintain_order=True)
        .agg(
            pl.col("net").sum().alias("received"), pl.col("deposited", "observed").sum(), pl.col("at").max(),
            pl.col("proof").filter(pl.col("observed") > 0).list.explode(),
        )
        .with_columns(scope=pl.format("{} {}", pl.lit(DAY), pl.from_epoch("day", "d").dt.to_string("%Y-%m-%d")))
        .select(FOUND)
    )  # fmt: skip


def _slips(groups: Groups, rows: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """What the parts of a slip come to, beside the slip itself, where one of its rows differs from its own."""
    received = parts.group_by("row").agg(pl.col("amount").sum().alias("received"))
    slips = rows.filter(_in_slip()).drop("composition").join(received, on="row", maintain_order="left")
    odd = slips.filter(pl.col("received").ne_missing(pl.col("amount")))
    return _named(
        groups.by_day(slips.join(odd, on=KEYS[1], how="semi", maintain_order="left"))
        .group_by(KEYS[1], maintain_order=True)
        .agg(
            pl.col("received").sum(), pl.col("amount").sum().alias("deposited"), pl.col("day", "at").last(),
            pl.col("row").alias("proof"),
        ), SLIP, "deposit_number",
    )  # fmt: skip


def _closings(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """What is in a closing, less what was voided until its deposit, beside the deposits of it that name no receipts. It can be
    wrong where it is so on the whole, where a row of it is void, was taken back or leaves the window, and where there are more
    deposits of it or one came before its receipts."""
    whole = whole_deposits(rows).drop_nulls("closing_id")
    rows = rows.drop_nulls("closing_id").join(whole, on=KEYS[2], how="semi", maintain_order="left")
    kind, seen = pl.col("kind"), pl.col("seen")
    odd = rows.group_by(KEYS[2]).agg(
        (
            ((kind == "void") | pl.col("gone").is_not_null() | _leaves(groups)).any()
            | ((kind == "deposit").sum() > 1)
            | (seen.filter(kind == "receipt").max() > seen.filter(kind == "deposit").min()).fill_null(False)
        ).alias("odd")
    )
    sums = _sums_of_closings(rows.with_columns(today=pl.lit(groups.days[-1])), groups.rule.window)
    open_ = pl.concat([odd.filter("odd").select(KEYS[2]), _wrong(groups, sums).select(KEYS[2])])
    laid = groups.by_day(rows.join(open_, on=KEYS[2], how="semi", maintain_order="left"))
    return _sums_of_closings(laid, groups.rule.window)


def _sums_of_closings(rows: pl.DataFrame, window: int) -> pl.DataFrame:
    """Closings with a receipt and a deposit. One that may have begun before the window is left out."""
    whole = (pl.col("kind") != "deposit") | (pl.col("composition").list.len() == 0)
    kind, amount, at = pl.col("kind"), pl.col("amount"), pl.col("at")
    voided = amount.filter((kind == "void") & (at <= at.filter(kind == "deposit").max())).sum()
    sums = (
        rows.filter(whole)
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
    version="4",
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
