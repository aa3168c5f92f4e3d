"""B03: a payee or a package that is paid in a rush at the end of the year, and departments that pay so, on the page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from schemas.calendar import WorkingCalendar
from streams.cases.book import EPOCH
from streams.ledgers.groups import Groups, Weighed, every_scope, without
from streams.rules.examples import PAYEE, Event, on, row
from streams.rules.payees import is_paid
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah

#: How what a group is of is called in the sentence.
CALLED = {"payee_token": "seorang penerima", "package_id": "satu paket"}
NOT_YET, PAST, TOO_FEW = 0, 1, 2
WEEK, FORTNIGHT, WORKING_WEEK = 7, 14, 5

#: A year as it is known on a day.
YEAR = ["today", "fiscal_year"]


def weigh(groups: Groups) -> Weighed:
    """Per payee, package and department of a year: the last working days against the mean week before, against the busiest
    fortnight, and against all payments of the regency."""
    years = _years(groups)
    rows = groups.rows.join(years, on=YEAR, maintain_order="left")
    live = rows.filter(pl.col("begun") & ~pl.col("past"))
    silent = {
        NOT_YET: without(rows, rows.filter("begun")),
        PAST: without(rows, rows.filter(~pl.col("begun") | ~pl.col("past"))),
    }
    if not len(live):  # for most of the year
        return Weighed(live.select("group"), silent, past=every_scope(silent[PAST]))
    paces = _paces(live, ["group"]).join(years, on=YEAR)
    whole = groups.ledger("budget", where=is_paid()).join(years, on=YEAR)
    regency = _paces(whole, YEAR).select(*YEAR, pl.col("observed").alias("regency"))
    enough = paces.filter(pl.col("before") >= pl.col("least"))
    found = (
        enough.join(regency, on=YEAR)
        .with_columns(
            threshold=pl.max_horizontal("times", "busiest", "regency"),
            page=pl.col("field") == "opd",
        )
        .filter(pl.col("observed") >= pl.col("threshold"))
        .select("group", "observed", "threshold", "as_of", "page", "field", "rush", "working_days")
    )  # fmt: skip
    silent[TOO_FEW] = without(live, enough)
    return Weighed(found, silent, past=every_scope(silent[PAST]))


def _years(groups: Groups) -> pl.DataFrame:
    """Of each year: its last day (``as_of``), the parameters, the first of its last working days (``since``), the weeks
    before, whether the rush has begun, and whether the year is no longer whole within the window."""
    found = []
    for today, year in groups.rows.select(YEAR).unique().iter_rows():
        last, first = (date(year, 12, 31) - EPOCH).days, (date(year, 1, 1) - EPOCH).days
        days = round(groups.on("days", last))
        since = _since(groups.profile.calendar, date(year, 12, 31), days)
        weeks = (since - first) // WEEK
        found.append(
            (
                today, year, last, days, groups.on("times", last), max(groups.on("least", last), 1.0), since, weeks, today > since,
                first < today - groups.rule.window,
            )
        )  # fmt: skip
    schema: dict[str, Any] = {
        "today": pl.Int64, "fiscal_year": groups.rows.schema["fiscal_year"], "as_of": pl.Int64, "working_days": pl.Int64, "times": pl.Float64,
        "least": pl.Float64, "since": pl.Int64, "weeks": pl.Int64, "begun": pl.Boolean, "past": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(found, schema, orient="row")


def _since(calendar: WorkingCalendar, last: date, days: int) -> int:
    """The first of so many working days up to a day."""
    at, left = last, days - calendar.is_working_day(last)
    while left > 0:
        at -= timedelta(days=1)
        left -= calendar.is_working_day(at)
    return (at - EPOCH).days


def _paces(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """By key: rupiah of the ``rush``, how many payments came ``before``, and how many mean weeks of the time before the week of
    the rush (``observed``) and of the busiest fortnight are."""
    rush = pl.col("day").is_between("since", "as_of")
    before = pl.col("day").is_between(pl.col("since") - WEEK * pl.col("weeks"), pl.col("since") - 1)
    fortnight = ((pl.col("since") - 1 - pl.col("day")) // FORTNIGHT).alias("fortnight")
    others = [name for name in (*YEAR, "field") if name in rows.columns and name not in key]
    sums = rows.group_by(key, maintain_order=True).agg(
        pl.col(others).first(), pl.col("weeks", "working_days").first(), rush=pl.col("amount").filter(rush).sum(),
        total=pl.col("amount").filter(before).sum(), before=before.sum(),
    )  # fmt: skip
    halves = rows.filter(before).group_by(*key, fortnight).agg(pl.col("amount").sum())
    busiest = halves.group_by(key).agg(pl.col("amount").max().alias("most"))
    return (
        sums.join(busiest, on=key, how="left", maintain_order="left")
        .with_columns(observed=_weeks("rush"), busiest=_weeks("most"))
        .drop("weeks", "working_days", "most", "total")
    )


def _weeks(amount: str) -> pl.Expr:
    """A fortnight's amount as that of a week, in mean weeks."""
    return pl.col(amount) * float(WORKING_WEEK) * pl.col("weeks") / (pl.col("working_days") * pl.col("total"))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi pembayaran menumpuk pada akhir tahun: {CALLED[told.more['field']]} dibayar {rupiah(told.more['rush'])} dalam "
        f"{told.more['working_days']} hari kerja terakhir, per minggu {decimal(told.observed)} kali rata-rata minggu sebelumnya, "
        f"batas {decimal(told.threshold)} kali; perlu klarifikasi."
    )


def _year(year: int, december: float, payments: int = 9, **fields: Any) -> list[Event]:
    """Payments of 49 million, 30 days apart from March on, and one on 28 December."""
    days = [(date(year, 3, 2) + timedelta(days=30 * n), 49.0) for n in range(payments)]
    return [_paid(f"{day}", millions, **fields) for day, millions in [*days, (date(year, 12, 28), december)]]


def _paid(at: str, millions: float, **fields: Any) -> Event:
    usual: dict[str, Any] = {"payee_token": PAYEE, "account": "5.1.02.01.01.0024"}
    return on(
        f"{at} 10:00", "sp2d", disbursement_type="LS", amount=round(millions * 1e6), **{**usual, **fields}
    )


#: The rush begins on 16 December, after 49 weeks whose mean is 9 million.
EXAMPLES = (
    row("found", "found", *_year(2025, 90), observed=5.0),
    row("found", "found", *_year(2025, 90, payee_token=None, package_id="P1"), observed=5.0),
    row("not found", "not found", *_year(2025, 40)),
    row("not found", "not found", *_year(2025, 90), _paid("2025-03-03", 100)),
    row(
        "not found", "not found", *_year(2025, 90), _paid("2025-05-02", 100, payee_token=None),
        _paid("2025-12-22", 400, payee_token=None),
    ),
    row("not found", "not found", *_year(2025, 90, payee_token=None)),
    row("just below", "not found", *_year(2025, 71.9)),
    row("just above", "found", *_year(2025, 72), observed=4.0),
    row("not applicable", "not applicable", *_year(2025, 90)[:-1]),
    row("too few", "not applicable", *_year(2025, 90, 7, payee_token=None, package_id="P1", opd="2.18.01")),
    row("before a dated change", "not found", *_year(2025, 60)),
    row("after a dated change", "found", *_year(2026, 60)),
)  # fmt: skip

RULE = Rule(
    id="B03",
    version="2",
    title="Pembayaran menumpuk pada akhir tahun",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019: belanja dilaksanakan menurut anggaran kas", date(2019, 3, 12)),
    ),
    method=(
        "SP2D LS menurut penerima dan menurut paket dalam satu tahun anggaran: jumlah pada hari kerja terakhir tahun itu, sebagai "
        "jumlah seminggu, dibandingkan dengan rata-rata minggu sebelumnya. Ditemukan bila mencapai batas, melampaui dua minggu "
        "teramai penerima atau paket itu sendiri, dan melampaui percepatan seluruh daerah. Perangkat daerah dihitung dengan cara "
        "yang sama, tetapi hanya ditampilkan pada halaman ini, tidak pernah menjadi indikasi. Belanja pegawai (5.1.01) dan "
        "pembayaran berulang tidak dihitung."
    ),
    why="Uang yang harus habis pada akhir tahun lebih mudah dibayarkan tanpa pemeriksaan yang cukup.",
    innocent=(
        "Pekerjaan memang selesai pada Desember, atau termin terakhir dibayar setelah serah terima",
        "SP2D dibatalkan dan diterbitkan ulang pada hari terakhir",
        "Anggaran perubahan baru disahkan pada akhir tahun",
    ),
    unit_of_measure="kali rata-rata minggu",
    parameters=(
        Parameter("times", 4.0, "kali", "berapa kali rata-rata minggu"),
        Parameter("days", 10.0, "hari kerja", "hari kerja terakhir tahun anggaran"),
        Parameter("least", 8.0, "pembayaran", "pembayaran sebelumnya yang paling sedikit untuk dinilai"),
    ),
    minimum_sample=8,
    severity=0.4,
    needs=("amount", "disbursement_type", "payee_token"),
    sources=("Liebman & Mahoney, AER 2017: minggu terakhir 4,9 kali rata-rata minggu",),
    not_applicable=(
        "hari kerja terakhir tahun anggaran belum mulai",
        "tahun anggaran sudah di luar jangkauan",
        "pembayaran sebelum akhir tahun terlalu sedikit",
    ),
    weigh=weigh,
    reads={
        "budget": (
            "fiscal_year", "amount", "disbursement_type", "account", "recurring", "payee_token", "package_id",
        )
    },
    rows=is_paid,
    by=("fiscal_year", "token"),
    each=("payee_token", "package_id", "opd"),
    window=500,  # the year, and the months in which it is still corrected
    every=7,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
