"""R03: an account of own revenue that takes in far less than on days like these, though its source speaks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from streams.cases.book import EPOCH, day_of
from streams.ledgers.groups import Groups, Weighed, without
from streams.ledgers.standing import STOOD
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah, whole

TOO_FEW = 0
#: Own revenue (PAD) by Permendagri 90/2019.
OWN_REVENUE = "4.1."
#: Local days that are judged, those before a day that are like it, and those of the same month a year before.
JUDGED, RECENT, YEAR_BEFORE = 70, 112, (335, 395)
#: A standard deviation in median absolute deviations, for a normal distribution.
NORMAL = 1.4826
SATURDAY = 5


def own_revenue() -> pl.Expr:
    """Receipts and voids of own revenue."""
    own = pl.col("account").cast(pl.String).str.starts_with(OWN_REVENUE)
    return pl.col("kind").is_in(["receipt", "void"]) & own


def weigh(groups: Groups) -> Weighed:
    """Per account of a department: runs of judged days that are each far below the median of days like them."""
    days = _days(groups)
    judged = _judged(groups, days).sort("group", "day")
    number = pl.col("low").ne(pl.col("low").shift(1)).fill_null(False).cum_sum().over("group")
    runs = judged.with_columns(run=number).group_by("group", "run", maintain_order=True).agg(
        pl.col("low").first(), pl.col("day").first().alias("first"), pl.col("day").last().alias("last"), pl.len().alias("days"),
        pl.col("z").min().alias("observed"), pl.col("net").sum(), pl.col("median").sum(),
    )  # fmt: skip
    # what the first judged day belongs to may have begun before it
    found = runs.filter(pl.col("low") & (pl.col("run") > 0) & (pl.col("days") >= groups.on("days")))
    said = found.with_columns(
        at=groups.begins(found.get_column("last") + 1), scope=pl.from_epoch("first", "d").dt.to_string("%Y-%m-%d"),
        threshold=pl.lit(-groups.on("z"), pl.Float64),
    ).join(_proof(groups, found), on=["group", "first"], maintain_order="left")  # fmt: skip
    return Weighed(said.drop("low", "run", "first", "last"), {TOO_FEW: without(groups.keys, judged)})


def _days(groups: Groups) -> pl.DataFrame:
    """The days since the first row of each account on which its source spoke and that were no holiday: what came in, and
    what makes days alike."""
    came = _came(groups)
    accounts = came.group_by("group").agg(
        pl.col("source").sort_by("row").last(), pl.col("day").min().alias("begins")
    )
    accounts = accounts.join(groups.keys.select("group", "today", "opd", "account"), on="group")
    totals = came.group_by("group", "day").agg(pl.col("net").sum())
    spoke = groups.ledger("revenue", "source", "day")
    spoke = spoke.with_columns(heard=pl.col("day").max().over("today", "source"))
    days = accounts.join(spoke, on=["today", "source"]).filter(pl.col("day") >= pl.col("begins"))
    weekday, date_ = pl.from_epoch("day", "d").dt.weekday() - 1, pl.from_epoch("day", "d").dt
    works = groups.profile.calendar.is_working_day
    days_off = [day for day in days.get_column("day").unique() if not works(day_of(day))]
    open_ = days.filter((weekday >= SATURDAY) | ~pl.col("day").is_in(days_off))
    due_day = groups.value("due_day", open_.get_column("day"), open_.get_column("source"))
    return (
        open_.join(totals, on=["group", "day"], how="left")
        .join(_due_before(groups, open_), on=["group", "day"], how="left")
        .select(
            "group", "today", "day", "heard", pl.col("net", "dues").fill_null(0), weekday=weekday, month=date_.month(),
            until_due=date_.day() <= due_day,
        )
    )  # fmt: skip


def _came(groups: Groups) -> pl.DataFrame:
    """What came in on each day of each account, with the last row of it and its source."""
    amount = pl.when(pl.col("kind") == "receipt").then(pl.col("amount")).otherwise(-pl.col("amount"))
    sums = groups.rows.group_by("group", "day", *STOOD).agg(pl.col("row", "source").last(), net=amount.sum())
    return groups.by_day(sums)


def _due_before(groups: Groups, days: pl.DataFrame) -> pl.DataFrame:
    """How many days on which much of an account falls due lie before each day (``dues``)."""
    due = (
        pl.from_epoch("due_at", "ms")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(groups.profile.timezone.key)
    )
    asked = (pl.col("kind") == "assessment") & pl.col("due_at").is_not_null()
    letters = groups.summed("revenue", "opd", "account", "due_at", where=asked, n=pl.len())
    falls = letters.group_by("today", "opd", "account", due=due.dt.date()).agg(pl.col("n").sum())
    share = pl.col("n") * 100.0 / pl.col("n").sum().over("today", "opd", "account")
    much = falls.filter(share >= groups.on("due_share")).with_columns(
        due=(pl.col("due") - pl.lit(EPOCH)).dt.total_days()
    )
    before = days.join(much, on=["today", "opd", "account"]).filter(pl.col("due") < pl.col("day"))
    return before.group_by("group", "day").agg(dues=pl.len())


def _judged(groups: Groups, days: pl.DataFrame) -> pl.DataFrame:
    """The last days after which the source was heard and that have enough days like them: ``z`` and whether it is ``low``."""
    judged = days.filter((pl.col("day") >= pl.col("today") - JUDGED) & (pl.col("day") < pl.col("heard")))
    other = days.select(
        "group", "weekday", "until_due", like="day", then="net", then_month="month", then_dues="dues"
    )
    apart = pl.col("day") - pl.col("like")
    recent = (apart > 0) & (apart <= RECENT) & (pl.col("dues") == pl.col("then_dues"))
    year_before = apart.is_between(*YEAR_BEFORE) & (pl.col("month") == pl.col("then_month"))
    pairs = judged.join(other, on=["group", "weekday", "until_due"]).filter(recent | year_before)
    then = pl.col("then")
    scaled = pairs.group_by("group", "day").agg(
        pl.col("net").first(), n=pl.len(), median=then.median(), mad=(then - then.median()).abs().median()
    )
    least_scale = pl.col("median") * groups.on("floor") / 100.0
    scale = pl.max_horizontal(pl.col("mad") * NORMAL, least_scale)
    return (
        scaled.with_columns(scale=scale)
        .filter((pl.col("n") >= groups.on("least")) & (pl.col("scale") > 0))
        .with_columns(z=(pl.col("net") - pl.col("median")) / pl.col("scale"))
        .with_columns(low=pl.col("z") <= -groups.on("z"))
    )


def _proof(groups: Groups, found: pl.DataFrame) -> pl.DataFrame:
    """What came in on the days of a run, and the last row before it."""
    rows = groups.laid(found, groups.rows.select("group", "row", "day", *STOOD)).join(
        found.select("group", "first", "last"), on="group", maintain_order="left"
    )
    within = pl.col("row").filter(pl.col("day").is_between("first", "last"))
    before = pl.col("row").filter(pl.col("day") < pl.col("first")).last()
    return rows.group_by("group", "first").agg(proof=pl.concat_list(before.implode(), within.implode()))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    opd, _, account = told.subject.partition("|")
    department = told.profile.departments.get(opd)
    begins = told.day(told.profile.calendar.day_start(told.scope))
    return (
        f"Indikasi penurunan tajam: penerimaan rekening {account} {department.short if department else opd} selama "
        f"{whole(told.more['days'])} hari penilaian sejak {begins} berjumlah {rupiah(told.more['net'])}, biasanya "
        f"{rupiah(told.more['median'])} (nilai z {decimal(told.observed)}, batas {decimal(told.threshold)}); perlu klarifikasi."
    )


def _weeks(first: date, weeks: int, thousands: int = 100, days: int = 2) -> list[Event]:
    """Receipts of so many weeks from a Monday on, one on Monday and one on Tuesday."""
    return [
        _in(first + timedelta(weeks=week, days=day), thousands)
        for week in range(weeks)
        for day in range(days)
    ]


def _in(day: date, thousands: int, kind: str = "receipt", **fields: Any) -> Event:
    return on(f"{day} 09:00", kind, amount=thousands * 1000, **fields)


#: The Mondays of the examples: nine weeks lie between.
NOVEMBER, JANUARY = date(2025, 11, 3), date(2026, 1, 5)
DECEMBER, FEBRUARY = date(2025, 12, 1), date(2026, 2, 2)
#: Another account of the same source, after the days that are judged.
AFTER = _in(JANUARY + timedelta(days=2), 10, account="4.1.02.01.04.0001")
LATER = _in(FEBRUARY + timedelta(days=2), 10, account="4.1.02.01.04.0001")
USUAL = _weeks(NOVEMBER, 9)
DUE = [_in(NOVEMBER, 100, "assessment", due_at="2026-01-04 12:00")]

EXAMPLES = (
    row("found", "found", *USUAL, *_weeks(JANUARY, 1, 20), AFTER, scope="2026-01-05", observed=-8.0),
    row("not found", "not found", *USUAL, *_weeks(JANUARY, 1), AFTER),
    row("not found", "not found", *USUAL, *_weeks(JANUARY, 1, 20, days=1), AFTER),
    row("not found", "not found", *USUAL, *_weeks(JANUARY + timedelta(weeks=1), 1), AFTER),
    row("just below", "not found", *USUAL, *_weeks(JANUARY, 1, 61), AFTER),
    row("just above", "found", *USUAL, *_weeks(JANUARY, 1, 60), AFTER, scope="2026-01-05", observed=-4.0),
    row("just above", "not found", *DUE, *USUAL, *_weeks(JANUARY, 1, 60), AFTER),
    row(
        "not applicable", "not applicable",
        *(_in(NOVEMBER + timedelta(weeks=n), 100 if n < 9 else 0, account="4.2.01.01.01.0001") for n in range(11)),
    ),
    row("too few", "not applicable", *_weeks(NOVEMBER, 8)),
    row("before a dated change", "found", *USUAL, *_weeks(JANUARY, 1, 60), AFTER),
    row("after a dated change", "not found", *_weeks(DECEMBER, 9), *_weeks(FEBRUARY, 1, 60), LATER),
)  # fmt: skip

RULE = Rule(
    id="R03",
    version="1",
    title="Penurunan tajam penerimaan suatu rekening PAD",
    domain="revenue",
    kind="soft",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("UU 1/2022: pajak daerah dan retribusi daerah", date(2022, 1, 5)),
        LegalBasis("PP 12/2019: pengelolaan keuangan daerah", date(2019, 3, 12)),
    ),
    method=(
        "Penerimaan dikurangi pembatalan setiap hari menurut OPD dan rekening PAD (4.1) dibandingkan dengan hari yang serupa: "
        f"hari yang sama dalam minggu selama {RECENT} hari sebelumnya dan pada bulan yang sama setahun sebelumnya, di sisi yang "
        "sama dari tanggal jatuh tempo bulanan yang ditetapkan, dan tanpa jatuh tempo besar di antaranya. Nilai z memakai median "
        "dan MAD, paling sedikit sekian persen dari median. Indikasi bila beberapa hari penilaian berturut-turut berada di "
        "bawah batas. Hari libur tidak dinilai dan tidak menjadi pembanding, begitu pula hari ketika sumber rekening itu tidak "
        "mengirim apa pun; suatu hari dinilai setelah sumbernya terdengar lagi sesudahnya."
    ),
    why="Penerimaan yang tiba-tiba turun dapat berarti uang diterima tetapi tidak dibukukan.",
    innocent=(
        "Tarif, jadwal atau tempat pemungutan berubah",
        "Musim, cuaca, atau acara yang mengurangi kunjungan",
        "Sebagian data belum dikirim",
    ),
    unit_of_measure="simpangan baku",
    parameters=(
        Parameter("z", 4.0, "simpangan baku", "jarak di bawah median yang menjadi indikasi"),
        Parameter("days", 2.0, "hari", "hari penilaian berturut-turut di bawah batas"),
        Parameter("least", 8.0, "hari", "hari serupa agar suatu hari dinilai"),
        Parameter("floor", 10.0, "persen", "simpangan terkecil terhadap median"),
        Parameter("due_day", 0.0, "tanggal", "tanggal jatuh tempo bulanan; 0 bila tidak ada"),
        Parameter("due_share", 20.0, "persen", "bagian ketetapan rekening yang jatuh tempo bersamaan agar diperhitungkan"),
    ),
    minimum_sample=8,
    severity=0.5,
    needs=("account", "due_at"),
    sources=("ACFE Fraud Magazine 2005: penurunan pendapatan yang ditelusuri",),
    reads_absence=True,
    not_applicable=("hari pembanding terlalu sedikit",),
    weigh=weigh,
    reads={"revenue": ("account", "amount", "due_at")},
    rows=own_revenue,
    by=("opd", "account"),
    window=JUDGED + YEAR_BEFORE[1],
    every=7,
    daily=True,
    once=True,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
