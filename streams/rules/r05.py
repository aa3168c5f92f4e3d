"""R05: numbers of a receipt book that are missing, or were given twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole

REPEATED, MISSING = "ganda", "celah"
BOOK = ("opd", "cash_office", "receipt_book")
#: A book's receipts of a year are judged together.
YEAR = ["group", "year"]
#: More than there are years in a window.
YEARS = 4


def numbered() -> pl.Expr:
    """Receipts with their number and book."""
    known = pl.col("receipt_number").is_not_null() & pl.col("receipt_book").is_not_null()
    return (pl.col("kind") == "receipt") & known


def parts() -> list[pl.Expr]:
    """A receipt's year, and its number as the words of a series and a running number."""
    number = pl.col("receipt_number").cast(pl.String)
    return [
        pl.from_epoch("day", "d").dt.year().alias("year"), number.str.replace(r"\d+$", "").cast(pl.Categorical).alias("prefix"),
        number.str.extract(r"(\d+)$").cast(pl.Int64, strict=False).alias("running"),
    ]  # fmt: skip


def weigh(groups: Groups) -> Weighed:
    """Per receipt book and year: how many receipts repeat a number, and how many running numbers lie between known ones that
    nobody has, once what comes late has had its time. A year that began before the window is past: what was said of it
    stands."""
    whole, years = _whole(groups, pl.col("today")), groups.rows.select(*YEAR, "day", *STOOD)
    laid = groups.by_day(_placed(groups)).filter(whole)
    sums = {
        "repeated": _summed(_repeated(laid.filter(~pl.col("alone"))), REPEATED),
        "missing": _summed(_missing(groups, laid), MISSING),
    }
    last = _last_used(groups, years, pl.concat(some.select(YEAR) for some in sums.values()))
    found = [
        _limited(groups, some.join(last, on=YEAR, maintain_order="left"), name) for name, some in sums.items()
    ]
    old = years.filter(~_whole(groups, pl.lit(groups.days[-1]))).unique()
    before = groups.by_day(old).filter(~whole).select(YEAR).unique()
    past = [before.select("group", scope=_scope(what)) for what in (REPEATED, MISSING)]
    return Weighed(pl.concat(found, how="vertical_relaxed"), past=pl.concat(past))


def _whole(groups: Groups, today: pl.Expr) -> pl.Expr:
    """Receipts of a year of which the window before a day holds the whole."""
    return pl.col("year") > pl.from_epoch(today - groups.rule.window - 1, "d").dt.year()


def _placed(groups: Groups) -> pl.DataFrame:
    """The receipts that may repeat a number or be at a gap on some day, in the order of the numbers of their ``series``: all
    but those that stand on all of the days, ``alone`` under their number, between two that do so too. ``led`` are those with
    such a one before them, which may be left out."""
    book = pl.col("group").cast(pl.Int64) * YEARS + pl.col("year") % YEARS
    series = book * 2**32 + pl.col("prefix").to_physical()
    steady, running = pl.col("steady"), pl.col("running")
    same = pl.col("series") == pl.col("series").shift(1)
    next_ = (same & (running == running.shift(1) + 1)).fill_null(False)
    again = (same & running.eq_missing(running.shift(1))).fill_null(False)
    columns = [*YEAR, "row", "receipt_number", "running", "at", "day", *STOOD]
    rows = groups.rows.select(*columns, "prefix").filter(_whole(groups, pl.lit(groups.days[0])))
    places = (
        rows.select("row", "running", series.alias("series"), groups.steady().alias("steady"))
        .sort("running")
        .sort("series", maintain_order=True)  # half as dear as both columns at once
        .with_columns(
            led=pl.when(~again).then(next_ & steady.shift(1)).forward_fill(),
            alone=~(again | again.shift(-1, fill_value=False)),
            followed=(next_ & steady).shift(-1, fill_value=False),
        )
        .filter(~(steady & pl.col("led") & pl.col("alone") & pl.col("followed")))
    )
    found = places.drop("running", "steady", "followed").join(rows.drop("prefix"), on="row")
    return found.sort("series", "running", "row")


def _repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """All receipts whose number another one of the book and year has; each beyond the first counts."""
    of = [*YEAR, "receipt_number"]
    again = (
        rows.group_by(of)
        .agg(pl.len().alias("times"), pl.col("row").min().alias("first"))
        .filter(pl.col("times") > 1)
    )
    return rows.join(again, on=of).with_columns(count=pl.col("row") != pl.col("first"))


def _missing(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """The receipts on both sides of every gap in their series, ``days`` days after the one behind it, which counts what is
    missing before it."""
    running = pl.col("running")
    series = rows.filter(running.is_not_null()).sort("group", maintain_order=True)
    same = pl.all_horizontal(pl.col("group", "series") == pl.col("group", "series").shift(1))
    series = series.with_columns(same=same.fill_null(False)).filter(
        ~(pl.col("same") & (running == running.shift(1)))
    )
    before = pl.when(pl.col("same") & ~pl.col("led")).then(running - running.shift(1) - 1).otherwise(0)
    ripe = pl.col("day") + groups.on("days") < pl.col("today")
    gaps = series.with_columns(count=pl.when(ripe).then(before).otherwise(0)).with_columns(
        after=pl.when(pl.col("same").shift(-1)).then(pl.col("count").shift(-1)).otherwise(0).fill_null(0)
    )
    return gaps.filter((pl.col("count") > 0) | (pl.col("after") > 0))


def _summed(rows: pl.DataFrame, what: str) -> pl.DataFrame:
    """What the rows count to by book and year."""
    return rows.sort(*YEAR, "row").group_by(YEAR, maintain_order=True).agg(
        pl.col("count").sum().cast(pl.Float64).alias("observed"), pl.col("row").alias("proof"), pl.col("at").last(),
    ).with_columns(scope=_scope(what))  # fmt: skip


def _last_used(groups: Groups, years: pl.DataFrame, of: pl.DataFrame) -> pl.DataFrame:
    """The last day on which each of some books was used in the year (``as_of``)."""
    books = groups.keys.join(of, on="group").select("year", group="of").unique()
    used = groups.by_day(years.join(books, on=YEAR, how="semi").unique())
    return used.group_by(YEAR).agg(pl.col("day").max().alias("as_of"))


def _scope(what: str) -> pl.Expr:
    return pl.format("{} {}", pl.lit(what), "year")


def _limited(groups: Groups, sums: pl.DataFrame, parameter: str) -> pl.DataFrame:
    limits = groups.value(parameter, sums.get_column("as_of")).alias("threshold")
    return sums.with_columns(limits).filter(pl.col("observed") > pl.col("threshold"))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    what, year = told.scope.split()
    book, seen = told.more["receipt_book"], whole(told.observed)
    if what == REPEATED:
        said = f"Indikasi nomor kuitansi ganda: {seen} kuitansi buku {book} tahun {year} memakai nomor yang sudah dipakai"
    else:
        said = f"Indikasi nomor kuitansi hilang: {seen} nomor di antara kuitansi buku {book} tahun {year} tidak tercatat"
    return f"{said}, melewati batas {whole(told.threshold)}; perlu klarifikasi."


def _receipts(day: str, *numbers: int, book: str | None = "B1", **fields: Any) -> list[Event]:
    """Receipts of a day, one a minute."""
    return [
        on(f"{day} 09:{minute:02d}", "receipt", amount=50_000, receipt_book=book, receipt_number=f"B1-{number:05d}", **fields)
        for minute, number in enumerate(numbers)
    ]  # fmt: skip


#: When gaps of 5 January are judged first, and those of early February.
RIPE, LATER = "2026-01-15 01:00", "2026-02-12 01:00"

EXAMPLES = (
    row("found", "found", *_receipts("2026-01-05", 1, 2, 5, 6), scope="celah 2026", observed=2.0, clock=RIPE),
    row("found", "found", *_receipts("2026-01-05", 1, 2, 2, 3), scope="ganda 2026", observed=1.0),
    row("not found", "not found", *_receipts("2026-01-05", 3, 1, 2), *_receipts("2026-01-06", 4), clock=RIPE),
    row("not found", "not found", *_receipts("2025-12-30", 1, 2), *_receipts("2026-01-05", 1, 2)),
    row(
        "not found", "not found", *_receipts("2026-01-05", 1, 3), *_receipts("2026-01-05", 2, arrives="2026-01-12 12:00"),
        clock=RIPE,
    ),
    row("just below", "not found", *_receipts("2026-01-05", 1, 2), clock=RIPE),
    row("just above", "found", *_receipts("2026-01-05", 1, 3), scope="celah 2026", observed=1.0, clock=RIPE),
    row("just below", "not found", *_receipts("2026-01-05", 1, 3), clock="2026-01-12 01:00"),
    row("not applicable", "not applicable", *_receipts("2026-01-05", 1, 3, book=None)),
    row("before a dated change", "found", *_receipts("2026-01-30", 1, 3), scope="celah 2026", clock=LATER),
    row("after a dated change", "not found", *_receipts("2026-02-02", 1, 3), clock=LATER),
)  # fmt: skip

RULE = Rule(
    id="R05",
    version="3",
    title="Nomor kuitansi hilang atau ganda",
    domain="revenue",
    kind="hard",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("Permendagri 77/2020: bendahara penerimaan menatausahakan setiap tanda bukti penerimaan", date(2020, 12, 30)),
        LegalBasis("PP 60/2008: pengendalian atas formulir bernomor urut", date(2008, 8, 28)),
    ),
    method=(
        "Kuitansi menurut kas, buku dan tahun. Nomor ganda: dua kuitansi yang berlaku memakai nomor yang sama. Nomor hilang: "
        "angka urut pada akhir nomor melompat di antara dua kuitansi dengan awalan yang sama, dan yang hilang belum juga "
        "tercatat beberapa hari setelah kuitansi sesudahnya. Koreksi menggantikan kuitansinya dan kuitansi yang dibatalkan "
        "tetap tercatat. Tahun lalu dinilai sampai awal Februari."
    ),
    why="Kuitansi yang nomornya hilang atau ganda dapat dipakai untuk menerima uang yang tidak dibukukan.",
    innocent=(
        "Lembar kuitansi rusak dan belum dilaporkan",
        "Data sebagian kuitansi belum dikirim",
        "Salah ketik nomor; satu buku dipakai di dua tempat",
    ),
    unit_of_measure="nomor",
    parameters=(
        Parameter("missing", 0.0, "nomor", "nomor hilang yang dibiarkan dalam satu buku dan tahun"),
        Parameter("days", 7.0, "hari", "waktu bagi kuitansi yang dicatat terlambat sebelum nomornya dianggap hilang"),
        Parameter("repeated", 0.0, "nomor", "kuitansi bernomor ganda yang dibiarkan dalam satu buku dan tahun"),
    ),
    severity=0.6,
    about=("cashier_token",),
    needs=("receipt_number", "receipt_book"),
    sources=(
        "Washington State Auditor: cash receipting, urutan nomor kuitansi",
        "BPK: pemakaian dua buku kuitansi",
    ),
    weigh=weigh,
    reads={"revenue": ("cash_office", "receipt_book", "receipt_number")},
    rows=numbered,
    adds=parts,
    by=BOOK,
    window=400,
    daily=True,
    once=True,
    every=7,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Dua kuitansi cukup untuk melihat celah atau nomor ganda."},
)  # fmt: skip
