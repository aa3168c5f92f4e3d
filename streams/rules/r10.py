"""R10: a tapping box that records no sale in hours in which it usually does, though its source speaks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from schemas.profile import Profile
from streams.cases.book import EPOCH, day_of
from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole

NO_BOX, NO_PATTERN = 0, 1
DEVICE = ("opd", "cash_office", "receipt_book")
HOUR_MS = 3_600_000
SATURDAY = 5


def recorded() -> pl.Expr:
    """Receipts of a book or device."""
    return (pl.col("kind") == "receipt") & pl.col("receipt_book").is_not_null()


def weigh(groups: Groups) -> Weighed:
    """Per tapping box: after each sale, the usual hours that passed without another one."""
    books = groups.keys.select("group", "of", "today", pl.col(DEVICE[1:]).cast(pl.String))
    boxes = books.join(_listed(groups.profile), on=DEVICE[1:], maintain_order="left")
    sales = _sales_of(groups, boxes)
    usual = _usual(groups, sales)
    silent = _expected(groups, boxes, sales, usual).join(sales, on=["group", "day", "hour"], how="anti")
    last = sales.select("group", "row", slot="at", sold_at="at", sold_on="day").sort("slot", "row")
    after = (
        silent.sort("slot").join_asof(last, on="slot", by="group", check_sortedness=False).drop_nulls("row")
    )
    spells = after.group_by("group", "row", "sold_at", "sold_on", maintain_order=True).agg(
        observed=pl.len().cast(pl.Float64), at=pl.col("slot").max() + HOUR_MS
    )
    stamp = (
        pl.from_epoch("sold_at", "ms")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(groups.profile.timezone.key)
    )
    found = spells.with_columns(
        groups.value("hours", spells.get_column("sold_on")).alias("threshold"), as_of=pl.col("sold_on"),
        scope=stamp.dt.strftime("%Y-%m-%d %H:%M"), proof=pl.concat_list("row"),
    ).filter(pl.col("observed") >= pl.col("threshold")).drop("row", "sold_on")  # fmt: skip
    others = books.join(boxes, on="group", how="anti").get_column("group")
    few = boxes.join(usual, on="group", how="anti").get_column("group").unique()
    said = {NO_BOX: others, NO_PATTERN: few}
    return Weighed(found, {reason: some for reason, some in said.items() if len(some)})


def _listed(profile: Profile) -> pl.DataFrame:
    """The boxes of the profile, with the first and last day (since 1970) of each entry."""
    rows = [
        (
            box.cash_office,
            box.device,
            (box.valid_from - EPOCH).days,
            ((box.valid_to or date.max) - EPOCH).days,
        )
        for box in profile.tapping_boxes
    ]
    schema = {DEVICE[1]: pl.String, DEVICE[2]: pl.String, "since": pl.Int64, "until": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _sales_of(groups: Groups, boxes: pl.DataFrame) -> pl.DataFrame:
    """The hours of local days in which each box recorded a sale, with the last one of them."""
    rows = groups.rows.select("group", "row", "at", "day", "source", *STOOD)
    rows = rows.join(boxes.select(group="of").unique(), on="group", how="semi", maintain_order="left")
    hour = (pl.col("at") - groups.begins(rows.get_column("day"))) // HOUR_MS
    sales = rows.group_by("group", "day", *STOOD, hour=hour).agg(pl.col("row", "at", "source").last())
    return groups.by_day(sales)


def _weekday() -> pl.Expr:
    return pl.from_epoch("day", "d").dt.weekday().cast(pl.Int64) - 1


def _usual(groups: Groups, sales: pl.DataFrame) -> pl.DataFrame:
    """The weekdays and hours in which each box sells on most of its days, where it had enough of them."""
    dated = sales.with_columns(weekday=_weekday())
    active = dated.group_by("group", "weekday").agg(days=pl.col("day").n_unique().cast(pl.Int64))
    hours = dated.group_by("group", "weekday", "hour").agg(sold=pl.col("day").n_unique().cast(pl.Int64))
    enough = active.filter(pl.col("days") >= groups.on("least"))
    often = pl.col("sold") * 100.0 / pl.col("days") >= groups.on("usual")
    return hours.join(enough, on=["group", "weekday"]).filter(often).select("group", "weekday", "hour")


def _expected(groups: Groups, boxes: pl.DataFrame, sales: pl.DataFrame, usual: pl.DataFrame) -> pl.DataFrame:
    """The usual hours of the days that can be judged: the source spoke on them and after them, nobody had a holiday, and the
    box was listed. ``slot`` is when each begins, UTC ms."""
    profile = groups.profile
    spoke = groups.ledger("revenue", "source", "day")
    spoke = spoke.filter(pl.col("day") < pl.col("day").max().over("today", "source"))
    first = sales.group_by("group").agg(
        pl.col("day").min().alias("first"), pl.col("source").sort_by("row").last()
    )
    days = (
        first.join(boxes, on="group")
        .join(spoke, on=["today", "source"])
        .filter(pl.col("day") >= pl.col("first"))
    )
    listed = days.filter(pl.col("day").is_between("since", "until")).with_columns(weekday=_weekday())
    days_off = [
        day for day in listed.get_column("day").unique() if not profile.calendar.is_working_day(day_of(day))
    ]
    judged = listed.filter((pl.col("weekday") >= SATURDAY) | ~pl.col("day").is_in(days_off))
    slots = judged.with_columns(start=groups.begins(judged.get_column("day"))).join(
        usual, on=["group", "weekday"]
    )
    slots = slots.with_columns(slot=pl.col("start") + pl.col("hour") * HOUR_MS)
    return slots.select("group", "day", "hour", "slot")


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    device = told.subject.rpartition("|")[2]
    return (
        f"Indikasi alat perekam transaksi diam: setelah transaksi {told.moment(told.more['sold_at'])}, alat {device} tidak "
        f"mencatat apa pun selama {whole(told.observed)} jam yang biasanya ramai, sedangkan sumbernya mengirim data, batas "
        f"{whole(told.threshold)} jam; perlu klarifikasi."
    )


def _sales(first: date, days: int, hours: tuple[int, ...] = (10, 11, 12, 13), **fields: Any) -> list[Event]:
    """Sales of a box on so many days, one in each hour."""
    own = {"amount": 200_000, "receipt_book": "TB-1", **fields}
    return [
        on(f"{first + timedelta(days=n)} {hour}:00", "receipt", **own) for n in range(days) for hour in hours
    ]


def _others(first: date, days: int) -> list[Event]:
    """What else the source sends, a receipt a day."""
    return [on(f"{first + timedelta(days=n)} 08:00", "receipt", amount=10_000) for n in range(days)]


#: Two Mondays.
NOVEMBER, FEBRUARY = date(2025, 11, 3), date(2026, 2, 2)


def _silent_after(weeks: int, first: date, speaks: int = 3, *more: Event, **fields: Any) -> list[Event]:
    """A box that sells for some weeks and then no more, while its source speaks on for some days."""
    return [*_sales(first, 7 * weeks, **fields), *_others(first, 7 * weeks + speaks), *more]


EXAMPLES = (
    row("found", "found", *_silent_after(4, NOVEMBER), scope="2025-11-30 13:00", observed=8.0),
    row("not found", "not found", *_sales(NOVEMBER, 30), *_others(NOVEMBER, 31)),
    row("not found", "not found", *_silent_after(4, NOVEMBER, 0), clock="2025-12-20 01:00"),
    row("just below", "not found", *_silent_after(4, NOVEMBER, 3, *_sales(date(2025, 12, 1), 1, (10,)))),
    row(
        "just above",
        "found",
        *_silent_after(4, NOVEMBER, 4, *_sales(date(2025, 12, 1), 1, (13,))),
        observed=8.0,
    ),
    row("not applicable", "not applicable", *_silent_after(4, NOVEMBER, receipt_book="B1")),
    row("too few", "not applicable", *_silent_after(3, NOVEMBER)),
    row("before a dated change", "found", *_silent_after(4, NOVEMBER), observed=8.0),
    row("after a dated change", "not found", *_silent_after(4, FEBRUARY)),
)

RULE = Rule(
    id="R10",
    version="1",
    title="Alat perekam transaksi diam pada jam usaha",
    domain="revenue",
    kind="soft",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("UU 1/2022: pajak daerah dan retribusi daerah", date(2022, 1, 5)),
        LegalBasis("PP 35/2023: ketentuan umum pajak daerah dan retribusi daerah", date(2023, 6, 16)),
    ),
    method=(
        "Alat perekam yang terdaftar dalam profil (tapping_boxes.csv), dikenali dari receipt_book. Jam usaha alat: jam dan hari "
        "dalam minggu yang pada sebagian besar harinya selama 120 hari terakhir ada transaksinya. Dihitung jam usaha sesudah "
        "setiap transaksi yang lewat tanpa transaksi berikutnya. Hari libur pada hari kerja tidak dihitung, begitu pula hari "
        "ketika sumber alat tidak mengirim apa pun, atau belum mengirim lagi sesudahnya: gangguan bukan indikasi."
    ),
    why="Alat yang dimatikan pada jam ramai menyembunyikan omzet yang menjadi dasar pajak.",
    innocent=(
        "Usaha tutup sementara, pindah, atau berlibur",
        "Alat rusak atau listrik padam di tempat usaha",
        "Alat diganti dan nomor barunya belum terdaftar",
    ),
    unit_of_measure="jam usaha",
    parameters=(
        Parameter("hours", 8.0, "jam usaha", "jam usaha tanpa transaksi yang menjadi indikasi"),
        Parameter("usual", 75.0, "persen", "bagian hari bertransaksi pada suatu jam agar jam itu jam usaha"),
        Parameter("least", 4.0, "hari", "hari bertransaksi pada hari yang sama dalam minggu agar polanya dikenal"),
    ),
    minimum_sample=4,
    severity=0.5,
    needs=("receipt_book",),
    sources=("BPK: Bengkulu, alat perekam transaksi pajak daerah",),
    reads_absence=True,
    not_applicable=(
        "bukan alat perekam yang terdaftar",
        "pola jam usaha belum cukup dikenal",
    ),
    weigh=weigh,
    reads={"revenue": ("cash_office", "receipt_book")},
    rows=recorded,
    by=DEVICE,
    window=120,
    every=7,
    daily=True,
    once=True,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
