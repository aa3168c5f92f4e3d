"""R01: money that was received and is in no deposit within the days that there are for it."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import polars as pl

from schemas.calendar import WorkingCalendar
from streams.cases.book import EPOCH, day_of
from streams.ledgers.groups import Groups, Weighed, without
from streams.ledgers.standing import STOOD
from streams.rules.examples import Event, on, row
from streams.rules.receipts import (
    CLOSING,
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
from streams.rules.telling import Told, rupiah, whole

DIRECT_USE, HISTORY, NO_CASH = 0, 1, 2
#: What is read of a row.
READ = (
    "high", "low", "amount", "channel", "receipt_number", "voided_event", "composition", "closing_id", "source", "backfill",
)  # fmt: skip


def weigh(groups: Groups) -> Weighed:
    """Per cash office and day of receipt: what is in no deposit by the end of the last working day that there is for it."""
    direct = groups.keys.filter(is_direct(groups.profile))
    mine = groups.keys.join(direct, on="of", how="anti")
    rows = read(groups, mine, *READ)
    dated = _dated(groups, numbered(rows))
    receipts = _owed(dated)
    late = _with_deposits(groups, *_laid_out(groups, rows, dated, receipts)).filter(_too_late())
    found = (
        late.group_by("group", "day", maintain_order=True)
        .agg(
            pl.col("net").sum().cast(pl.Float64).alias("observed"), pl.col("row").alias("proof"),
            pl.col("deadline", "days", "source").first(), received_at=pl.col("at").first(), receipts=pl.len(),
        )
        .with_columns(
            pl.col("source").cast(pl.String).alias("as_of_source"), pl.col("day").alias("as_of"), threshold=pl.lit(0.0),
            scope=pl.from_epoch("day", "d").dt.to_string("%Y-%m-%d"),
        )
    )  # fmt: skip
    found = found.with_columns(at=groups.begins(found.get_column("deadline") + 1)).drop("day", "source")
    silent = {DIRECT_USE: direct.get_column("group"), **_nothing_owed(groups, receipts, mine)}
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _nothing_owed(groups: Groups, receipts: pl.DataFrame, asked: pl.DataFrame) -> dict[int, pl.Series]:
    """Of the groups asked about, those whose receipts are all of history, and those that have none. A live one that stands on
    all of the days is enough."""
    owed = receipts.select("group", "backfill", "day", *STOOD)
    steady = owed.filter(~pl.col("backfill") & groups.steady()).select("group").unique()
    others = asked.join(steady, left_on="of", right_on="group", how="anti")
    owed = groups.by_day(owed.join(steady, on="group", how="anti").unique())
    return {HISTORY: without(owed, owed.filter(~pl.col("backfill"))), NO_CASH: without(others, owed)}


def _dated(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """Receipts with the parameters of their day and source, and the last day for a deposit of what was received on it
    (``deadline``)."""
    days, source = rows.get_column("day"), rows.get_column("source")
    dated = rows.with_columns(
        groups.value("days", days, source).alias("days"), groups.value("noncash", days, source).alias("noncash")
    )  # fmt: skip
    terms = dated.select("day", "days").unique()
    ends = [_last_day(groups.profile.calendar, day, days) for day, days in terms.iter_rows()]
    terms = terms.with_columns(pl.Series("deadline", ends, pl.Int64))
    return dated.join(terms, on=["day", "days"], how="left", maintain_order="left")


def _owed(rows: pl.DataFrame) -> pl.DataFrame:
    """Of receipts, those that a deposit must hold."""
    return rows.filter((pl.col("channel") == "cash") | (pl.col("noncash") > 0))


def _laid_out(
    groups: Groups, rows: pl.DataFrame, dated: pl.DataFrame, receipts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Day by day, receipts less what was voided, parts of deposits, and whole deposits, about receipts whose term is over on some
    of the days, but for those that a deposit holds in time which stands whenever it is over, as it is no older."""
    ended = receipts.filter(pl.col("deadline") < groups.days[-1])
    parts, closings = deposited(rows), whole_deposits(rows).select(*CLOSING, "day", *STOOD)
    in_time = pl.col("of_day").is_between("day", "deadline") & (pl.col("of_seen") <= pl.col("deadline") + 1)
    held = [
        ended.select("row", "day", "deadline", *on)
        .join(some.filter(pl.col("gone").is_null()).select(*on, of_day="day", of_seen="seen"), on=on)
        .filter(in_time)
        .select("row")
        for some, on in ((parts, NUMBER), (closings, CLOSING))
    ]
    open_ = ended.join(pl.concat(held), on="row", how="anti")
    same = of_numbers(dated, open_)
    voids = rows.filter(pl.col("kind") == "void")
    voids = voids.join(
        of_numbers(numbered_voids(voids, same), same), on="row", how="semi", maintain_order="left"
    )
    laid = groups.by_day(pl.concat([same, voids], how="diagonal").drop("composition"))
    closings = closings.join(same, on=CLOSING, how="semi")
    live = _owed(net_receipts(laid)).filter(~pl.col("backfill") & (pl.col("net") > 0))
    return live, groups.by_day(of_numbers(parts, open_)), groups.by_day(closings)


def _with_deposits(
    groups: Groups, receipts: pl.DataFrame, parts: pl.DataFrame, closings: pl.DataFrame
) -> pl.DataFrame:
    """With the day of the first deposit that names the receipt, or names none and has its closing; and with the last day on
    which the source was heard."""
    named = parts.group_by(NUMBER).agg(pl.col("day").min().alias("in_slip"))
    closed = closings.group_by(CLOSING).agg(pl.col("day").min().alias("in_closing"))
    return (
        receipts.join(named, on=NUMBER, how="left", maintain_order="left")
        .join(closed, on=CLOSING, how="left", maintain_order="left")
        .join(groups.heard("revenue"), on=["today", "source"], how="left", maintain_order="left")
        .with_columns(deposit_day=pl.min_horizontal("in_slip", "in_closing"))
    )


def _too_late() -> pl.Expr:
    """Deposited after the deadline; or not yet, where the source has spoken since: an outage is no lateness."""
    missing = (pl.col("deadline") < pl.col("today")) & (pl.col("heard") > pl.col("deadline"))
    return pl.when(pl.col("deposit_day").is_null()).then(missing).otherwise(
        pl.col("deposit_day") > pl.col("deadline")
    )  # fmt: skip


def _last_day(calendar: WorkingCalendar, day: int, days: float) -> int:
    """The last of so many working days after a day (both since 1970)."""
    left, at = math.ceil(days), day_of(day)
    while left > 0:
        at += timedelta(days=1)
        left -= calendar.is_working_day(at)
    return (at - EPOCH).days


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    received = told.day(told.more["received_at"])
    return (
        f"Indikasi setoran terlambat: {rupiah(told.observed)} dari {whole(told.more['receipts'])} kuitansi tanggal "
        f"{received} tidak tercatat dalam setoran ke kas daerah sampai {told.day(told.at - 1)}, padahal batasnya "
        f"{whole(math.ceil(told.more['days']))} hari kerja; perlu klarifikasi."
    )


def _receipt(number: int, at: str, thousands: int, **fields: Any) -> Event:
    return on(at, "receipt", amount=thousands * 1000, receipt_number=f"K-{number:04d}", **fields)


def _deposit(at: str, *held: tuple[int, int], **fields: Any) -> Event:
    """A deposit of receipts, by number and thousands of rupiah."""
    parts = [{"receipt_number": f"K-{number:04d}", "amount": amount * 1000} for number, amount in held]
    total = sum(amount for _, amount in held) * 1000
    return on(
        at,
        "deposit",
        deposit_number="STS-1",
        composition=parts,
        channel="transfer",
        **{"amount": total, **fields},
    )


EXAMPLES = (
    row(
        "found", "found", _receipt(1, "2026-01-05 09:00", 250), _receipt(2, "2026-01-05 10:00", 100),
        _deposit("2026-01-06 09:00", (1, 250)), _receipt(3, "2026-01-07 08:00", 50),
        scope="2026-01-05", observed=100e3,
    ),
    row("not found", "not found", _receipt(1, "2026-01-05 09:00", 250), _deposit("2026-01-05 15:00", (1, 250))),
    row(
        "not found", "not found", _receipt(1, "2026-01-05 09:00", 250),
        on("2026-01-05 09:10", "void", amount=250_000, receipt_number="K-0001"), _receipt(2, "2026-01-07 08:00", 50),
    ),
    row(
        "not found", "not found", _receipt(1, "2026-01-05 09:00", 250, closing_id="T1"),
        _deposit("2026-01-06 09:00", amount=250_000, closing_id="T1"), _receipt(2, "2026-01-07 08:00", 50),
    ),
    row("not found", "not found", _receipt(1, "2026-01-05 09:00", 250), clock="2026-01-20 01:00"),
    row("just below", "not found", _receipt(1, "2026-01-09 09:00", 250), _deposit("2026-01-12 15:00", (1, 250))),
    row(
        "just above", "found", _receipt(1, "2026-01-09 09:00", 250), _deposit("2026-01-13 08:00", (1, 250)),
        scope="2026-01-09", observed=250e3,
    ),
    row("not applicable", "not applicable", _receipt(1, "2026-01-05 09:00", 250, cash_office="KAS-BLUD")),
    row("not applicable", "not applicable", _receipt(1, "2026-01-05 09:00", 250, channel="qris")),
    row("not applicable", "not applicable", _receipt(1, "2026-01-05 09:00", 250, mode="backfill")),
    row(
        "before a dated change", "found", _receipt(1, "2026-01-29 09:00", 250), _deposit("2026-02-02 09:00", (1, 250)),
        scope="2026-01-29",
    ),
    row("after a dated change", "not found", _receipt(1, "2026-02-05 09:00", 250), _deposit("2026-02-09 09:00", (1, 250))),
)  # fmt: skip

RULE = Rule(
    id="R01",
    version="1",
    title="Penerimaan terlambat disetor",
    domain="revenue",
    kind="hard",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019: penerimaan disetor seluruhnya ke rekening kas umum daerah paling lambat 1 hari", date(2019, 3, 12)),
        LegalBasis("Permendagri 77/2020: batas setoran bendahara penerimaan, dan pengecualian menurut letak", date(2020, 12, 30)),
    ),
    method=(
        "Setiap kuitansi harus termuat dalam rincian suatu setoran (STS), atau dalam penutupan kas suatu setoran tanpa "
        "rincian, paling lambat pada akhir hari kerja yang ditentukan setelah tanggalnya. Kuitansi yang dibatalkan "
        "dikurangkan. Yang belum disetor dinilai hanya bila sumbernya masih mengirim data setelah batas itu."
    ),
    why="Uang daerah yang tertahan pada petugas dapat terpakai, dan makin lama tertahan makin sulit ditelusuri.",
    innocent=(
        "Setoran sudah dilakukan tetapi rinciannya belum dikirim",
        "Bank penerima tutup atau letak kas jauh dari bank",
        "Salah ketik nomor kuitansi pada rincian setoran",
    ),
    unit_of_measure="rupiah",
    parameters=(
        Parameter("days", 1.0, "hari kerja", "batas setoran setelah tanggal kuitansi"),
        Parameter("noncash", 0.0, "(0 atau 1)", "1 bila penerimaan selain tunai pun harus termuat dalam setoran"),
    ),
    severity=0.7,
    family="deposit",
    about=("cashier_token",),
    needs=("receipt_number", "composition", "channel"),
    sources=(
        "BPK: Lombok Barat, Karawang 2017, Bandar Lampung 2024: penerimaan terlambat atau tidak disetor",
        "Permendagri 77/2020",
    ),
    delivers=True,
    reads_absence=True,
    historic=False,
    not_applicable=(
        "kas yang memakai pendapatannya langsung (BLUD, BOS, JKN)",
        "data historis",
        "tidak ada kuitansi bernomor yang harus disetor",
    ),
    weigh=weigh,
    reads={"revenue": FIELDS},
    rows=moves_cash,
    by=OFFICE,
    window=120,
    once=True,
    daily=True,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu kuitansi cukup; aturan ini tidak membandingkan."},
)  # fmt: skip
