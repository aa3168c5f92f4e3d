"""R06: money that is deposited later and later, or payments that are booked for somebody else in a chain (lapping)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from streams.cases.book import day_of
from streams.ledgers.groups import Groups, Weighed, without
from streams.ledgers.standing import STOOD, both_stood
from streams.rules.examples import FIRST, OTHER_PERSON, PAYEE, PERSON, Event, on, row
from streams.rules.receipts import FIELDS, OFFICE, deposited, is_direct, read, whole_deposits
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole
from streams.rules.trends import trend

AGE, CROSSED = "umur", "silang"
DIRECT_USE, HISTORY, TOO_FEW = 0, 1, 2
#: Local days of receipts whose ages are compared, and in which a chain goes on.
SPAN = 60
#: What is read of a row.
READ = (
    "channel", "receipt_number", "composition", "closing_id", "cashier_token", "payer_token", "assessment_id", "backfill",
)  # fmt: skip
FOUND = ("group", "scope", "observed", "threshold", "at", "proof")


def moves_or_asks() -> pl.Expr:
    """Receipts, deposits and assessments."""
    return pl.col("kind").is_in(["receipt", "deposit", "assessment"])


def weigh(groups: Groups) -> Weighed:
    """Per cash office and cashier: whether the working days from receipt to deposit grow, and how many payments are booked
    for another payer whose own are later paid by a third."""
    direct, mine = (
        groups.keys.filter(is_direct(groups.profile)),
        groups.keys.filter(~is_direct(groups.profile)),
    )
    rows = read(groups, mine, *READ)
    receipts = rows.filter((pl.col("kind") == "receipt") & pl.col("cashier_token").is_not_null())
    days = _ages(groups, rows, receipts.filter(~pl.col("backfill")))
    found = pl.concat([_growing(groups, days), _crossed(groups, rows)], how="vertical_relaxed")
    known = groups.by_day(receipts.select("group", "backfill", "day", *STOOD).unique())
    historic = without(known, known.filter(~pl.col("backfill")))
    many = days.filter(pl.len().over("group", "cashier_token") >= groups.on("least"))
    few = mine.join(many, on="group", how="anti").join(found, on="group", how="anti").get_column("group")
    silent = {
        DIRECT_USE: direct.get_column("group"), HISTORY: historic, TOO_FEW: few.filter(~few.is_in(historic.implode())),
    }  # fmt: skip
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _ages(groups: Groups, rows: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """By cashier and day of receipt, of cash that is in a deposit: its ages in working days together, how many, and which."""
    cash = receipts.filter((pl.col("day") >= groups.days[0] - SPAN) & (pl.col("channel") == "cash")).select(
        "group", "receipt_number", "closing_id", "cashier_token", "at", "day", "row", *STOOD
    )
    deposits = (("receipt_number", deposited(rows)), ("closing_id", whole_deposits(rows)))
    held = (
        pl.concat(
            cash.join(some.select("group", name, "day", *STOOD), on=["group", name], suffix="_of")
            for name, some in deposits
        )
        .with_columns(**both_stood("_of"))
        .filter(pl.col("seen") <= groups.days[-1])
    )
    again = pl.col("row").is_duplicated()
    first = groups.by_day(held.filter(again), "oldest").group_by("group", "row").agg(
        pl.col("today", "cashier_token", "at", "day").first(), pl.col("day_of").min()
    )  # fmt: skip
    seen = pl.col("seen").clip(groups.days[0])
    sums = [
        groups.by_day(_aged(groups, held.filter(~again).with_columns(seen), *STOOD)),
        _aged(groups, first, "today"),
    ]
    lately = pl.concat(sums, how="diagonal").filter(pl.col("day") >= pl.col("today") - SPAN)
    return (
        lately.group_by("group", "cashier_token", "day")
        .agg(pl.col("age", "n").sum(), pl.col("row").explode(), pl.col("at").max())
        .sort("group", "cashier_token", "day")
    )


def _aged(groups: Groups, held: pl.DataFrame, *besides: str) -> pl.DataFrame:
    """Ages of receipts whose first deposit is of their day or later, by cashier and day and what is named ``besides``."""
    held = held.filter(pl.col("day_of") >= pl.col("day"))
    first, works = groups.days[0] - SPAN, groups.profile.calendar.is_working_day
    working = np.cumsum([works(day_of(day)) for day in range(first, groups.days[-1])])
    until, since = (working[held.get_column(name).to_numpy() - first] for name in ("day_of", "day"))
    return (
        held.with_columns(pl.Series("age", until - since, pl.Int64))
        .group_by("group", "cashier_token", "day", *besides)
        .agg(pl.col("age").sum(), pl.len().cast(pl.Int64).alias("n"), pl.col("row"), pl.col("at").max())
    )


def _growing(groups: Groups, days: pl.DataFrame) -> pl.DataFrame:
    """Cashiers whose last third of days is older than the first by more than chance (Mann-Kendall)."""
    least, rise, limit = (groups.on(name) for name in ("least", "rise", "z"))
    found = []
    for (group, cashier), some in days.group_by("group", "cashier_token", maintain_order=True):
        if len(some) < least:
            continue
        age, n = some.get_column("age").to_numpy(), some.get_column("n").to_numpy()
        third = len(some) // 3
        grown = float(age[-third:].sum() / n[-third:].sum() - age[:third].sum() / n[:third].sum())
        if grown >= rise and trend(age / n) >= limit:
            proof = some.get_column("row").explode().sort().to_list()
            found.append((group, f"{AGE} {cashier}", grown, rise, some.get_column("at").max(), proof))
    schema: dict[str, Any] = {
        "group": pl.UInt32, "scope": pl.String, "observed": pl.Float64, "threshold": pl.Float64, "at": pl.Int64,
        "proof": pl.List(pl.UInt32),
    }  # fmt: skip
    return pl.DataFrame(found, schema=schema, orient="row")


def _crossed(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """Payments of one payer that are booked for another, where the payer's own assessment is paid by a third one later. The
    letters that say who owes are among what shows it: once one is older than the window it cannot be judged anew."""
    kind, paid = pl.col("kind"), pl.col("cashier_token").is_not_null() & ~pl.col("backfill")
    about = pl.col("payer_token").is_not_null() & pl.col("assessment_id").is_not_null()
    assessment = ["group", "assessment_id"]
    about_one = rows.filter(about)
    several = about_one.group_by(assessment).agg(pl.col("payer_token").n_unique().alias("payers"))
    crossed = several.filter(pl.col("payers") > 1)
    rows = groups.by_day(
        about_one.join(crossed, on=assessment, how="semi", maintain_order="left").drop("composition")
    )
    owed = rows.filter(kind == "assessment").unique(
        assessment, keep="last", maintain_order=True
    ).select("group", "assessment_id", pl.col("payer_token").alias("owes"), pl.col("row").alias("letter"))  # fmt: skip
    other = (
        rows.filter((kind == "receipt") & paid)
        .join(owed, on=assessment, maintain_order="left")
        .filter(pl.col("payer_token") != pl.col("owes"))
    )
    filled = other.select(
        "group", "cashier_token", pl.col("owes").alias("payer_token"), pl.col("row").alias("later"), pl.col("day").alias("later_day"),
        pl.col("letter").alias("later_letter"),
    )  # fmt: skip
    chained = other.join(filled, on=["group", "cashier_token", "payer_token"], maintain_order="left").filter(
        (pl.col("later") > pl.col("row")) & (pl.col("later_day") - pl.col("day") <= SPAN)
    )
    sums = chained.group_by("group", "cashier_token", maintain_order=True).agg(
        observed=pl.col("row").n_unique().cast(pl.Float64), at=pl.col("at").last(),
        proof=pl.concat_list("letter", "row", "later_letter", "later").explode().unique().sort(),
    )  # fmt: skip
    scope = pl.format("{} {}", pl.lit(CROSSED), "cashier_token").alias("scope")
    limited = sums.with_columns(scope, threshold=pl.lit(groups.on("chained"), pl.Float64))
    return limited.filter(pl.col("observed") > pl.col("threshold")).select(FOUND)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    if told.scope.startswith(AGE):
        return (
            f"Indikasi penerimaan tunai makin lama ditahan: jarak dari kuitansi sampai setoran seorang petugas kas bertambah "
            f"{decimal(told.observed)} hari kerja dalam {SPAN} hari, batas {decimal(told.threshold)}; perlu klarifikasi."
        )
    return (
        f"Indikasi pembayaran dicatat silang: {whole(told.observed)} pembayaran pada seorang petugas kas dicatat untuk "
        f"ketetapan orang lain, sedangkan ketetapan pembayarnya kemudian ditutup pembayaran pihak ketiga, batas "
        f"{whole(told.threshold)}; perlu klarifikasi."
    )


#: Weekdays without work in the months of the examples.
FREE = (date(2026, 2, 16), date(2026, 2, 17))


def _working_day(first: date, number: int) -> date:
    """The working day so many after one."""
    day = first
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5 and day not in FREE
    return day


def _aging(*ages: int, first: date = date(2025, 11, 3), **fields: Any) -> list[Event]:
    """A receipt each working day, deposited after so many working days."""
    made = []
    for n, age in enumerate(ages):
        day, until = _working_day(first, n), _working_day(first, n + age)
        own = {"amount": 50_000, "closing_id": f"T{n}", **fields}
        made.append(on(f"{day} 09:00", "receipt", receipt_number=f"K-{n}", cashier_token=FIRST, **own))
        made.append(on(f"{until} 10:00", "deposit", **own))
    return sorted(made, key=lambda event: event[1])


def _paid(day: str, payer: str, number: int, kind: str = "receipt") -> Event:
    cashier = FIRST if kind == "receipt" else None
    return on(
        f"{day} 09:{number:02d}", kind, amount=50_000, payer_token=payer, assessment_id=f"SKPD-{number}", cashier_token=cashier,
    )  # fmt: skip


def _owed(day: str) -> tuple[Event, ...]:
    """Three who owe, an assessment each."""
    return tuple(_paid(day, who, n, "assessment") for n, who in enumerate((PAYEE, PERSON, OTHER_PERSON)))


OWED = _owed("2026-01-05")
#: Each pays, and it is booked for the next one.
CHAIN = (_paid("2026-01-06", PAYEE, 1), _paid("2026-01-07", PERSON, 2), _paid("2026-01-08", OTHER_PERSON, 0))
#: A third one closes what is left of them.
CLOSED = (*CHAIN, _paid("2026-01-09", FIRST, 2), _paid("2026-01-12", FIRST, 1))
AFTERWARDS = on("2026-02-09 09:00", "receipt", amount=50_000, receipt_number="K-99", cashier_token=FIRST)

EXAMPLES = (
    row("found", "found", *_aging(*[1] * 7, *[3] * 6, *[5] * 7), scope=f"umur {FIRST}", observed=4.0),
    row("found", "found", *OWED, *CLOSED, scope=f"silang {FIRST}", observed=3.0),
    row("not found", "not found", *_aging(*[1] * 20)),
    row("just below", "not found", *_aging(*[1] * 7, *[2] * 7, *[3] * 5, 2)),
    row("just above", "found", *_aging(*[1] * 7, *[2] * 6, *[3] * 7), observed=2.0),
    row("not applicable", "not applicable", *_aging(1, 3, cash_office="KAS-BLUD")),
    row("not applicable", "not applicable", *_aging(1, 3, mode="backfill")),
    row("too few", "not applicable", *_aging(*[1] * 7, *[3] * 5, *[5] * 7)),
    row("too few", "not applicable", *OWED, *CHAIN[:2]),
    row(  # at the next receipt the letters are older than the window: nothing is found anew, what was said stands
        "too few", "not applicable", *_owed("2025-04-01"), *CLOSED, AFTERWARDS, level="breach", observed=3.0,
        scope=f"silang {FIRST}",
    ),
    row(  # within the window a letter that names the payer takes it back
        "too few", "not applicable", *OWED, *CLOSED, _paid("2026-01-20", OTHER_PERSON, 0, "assessment"), AFTERWARDS,
    ),
    row("before a dated change", "found", *_aging(*[1] * 7, *[2] * 6, *[3] * 7), observed=2.0),
    row("after a dated change", "not found", *_aging(*[1] * 7, *[2] * 6, *[3] * 7, first=date(2026, 2, 2))),
)  # fmt: skip

RULE = Rule(
    id="R06",
    version="2",
    title="Penerimaan makin lama ditahan atau dicatat silang",
    domain="revenue",
    kind="soft",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019: penerimaan disetor seluruhnya ke rekening kas umum daerah paling lambat 1 hari", date(2019, 3, 12)),
        LegalBasis("Permendagri 77/2020: pembukuan dan penyetoran bendahara penerimaan", date(2020, 12, 30)),
    ),
    method=(
        "Umur: hari kerja dari kuitansi tunai sampai setoran pertama yang memuatnya (rincian STS, atau penutupan kas setoran "
        f"tanpa rincian), rata-rata per petugas kas dan hari selama {SPAN} hari terakhir. Indikasi bila sepertiga hari terakhir "
        "lebih lama daripada sepertiga pertama sebanyak batasnya dan kenaikannya bukan kebetulan (uji Mann-Kendall). Silang: "
        "pembayaran seseorang dicatat pada ketetapan orang lain, sedangkan ketetapannya sendiri kemudian ditutup oleh "
        f"pembayaran pihak ketiga pada petugas kas yang sama dalam {SPAN} hari."
    ),
    why="Uang yang terpakai sering ditutup dengan penerimaan berikutnya, sehingga setoran makin lama tertunda.",
    innocent=(
        "Bank penerima makin jarang dikunjungi, misalnya pada masa libur panjang",
        "Satu orang membayarkan ketetapan keluarga atau tetangganya",
        "Nama pembayar salah ketik, atau objek berpindah pemilik",
    ),
    unit_of_measure="hari kerja atau pembayaran",
    parameters=(
        Parameter("least", 20.0, "hari", "hari berkuitansi seorang petugas kas agar arahnya dinilai"),
        Parameter("rise", 2.0, "hari kerja", "pertambahan umur yang menjadi indikasi"),
        Parameter("z", 3.0, "simpangan baku", "batas uji Mann-Kendall"),
        Parameter("chained", 2.0, "pembayaran", "pembayaran silang berantai yang dibiarkan"),
    ),
    minimum_sample=20,
    severity=0.7,
    needs=("receipt_number", "composition", "cashier_token", "payer_token", "assessment_id"),
    sources=("ACFE 2007: lapping",),
    historic=False,
    not_applicable=(
        "kas yang memakai pendapatannya langsung (BLUD, BOS, JKN)",
        "data historis",
        "hari dengan kuitansi tunai yang sudah disetor terlalu sedikit",
    ),
    weigh=weigh,
    reads={"revenue": (*FIELDS, "cashier_token", "payer_token", "assessment_id")},
    rows=moves_or_asks,
    by=OFFICE,
    window=300,
    every=7,
    once=True,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
