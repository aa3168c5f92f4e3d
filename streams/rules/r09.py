"""R09: a cash office that goes back from other channels to cash, and cash that is received outside its hours."""

from __future__ import annotations

from datetime import date

import polars as pl

from streams.cases.book import day_of
from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import FIRST, SECOND, Event, on, row
from streams.rules.receipts import OFFICE
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole
from streams.rules.trends import deviations

SWITCH, OFF_HOURS = "tunai", "luar jam"
NO_TELLER, TOO_FEW = 0, 1
#: Local days that are now, and those before them.
NOW, BEFORE = 30, 90
HOUR_MS = 3_600_000
#: Kinds of cash office where nobody takes cash.
MACHINES = ("bank", "online")
FOUND = ("group", "scope", "observed", "threshold", "at", "proof")


def receipts() -> pl.Expr:
    """Receipts."""
    return pl.col("kind") == "receipt"


def weigh(groups: Groups) -> Weighed:
    """Per cash office: the share of cash of the last days beside that of the months before; and by cashier how many cash
    receipts lie outside the hours."""
    offices = groups.rows.unique("group", keep="first").select("group", pl.col("cash_office").cast(pl.String))
    machines = [code for code, office in groups.profile.cash_offices.items() if office.kind in MACHINES]
    nobody = offices.filter(pl.col("cash_office").is_in(machines)).get_column("group")
    rows = groups.rows.join(offices.filter(~pl.col("cash_office").is_in(machines)), on="group", how="semi")
    rows = rows.with_columns(now=pl.col("day") >= pl.col("today") - NOW, cash=pl.col("channel") == "cash")
    shares = _shares(rows)
    enough = shares.filter((pl.col("n") >= groups.on("least")) & (pl.col("n_before") >= groups.on("least")))
    found = pl.concat(
        [_switched(groups, enough, rows), _off_hours(groups, rows)], how="diagonal_relaxed"
    )  # fmt: skip
    few = shares.join(enough, on="group", how="anti").join(found, on="group", how="anti").get_column("group")
    silent = {NO_TELLER: nobody, TOO_FEW: few}
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _shares(rows: pl.DataFrame) -> pl.DataFrame:
    """Receipts (n) and those in cash (k) of each office, now and before."""
    now, cash = pl.col("now"), pl.col("cash")
    return rows.group_by("group", maintain_order=True).agg(
        n=now.sum().cast(pl.Int64), k=(now & cash).sum().cast(pl.Int64), n_before=(~now).sum().cast(pl.Int64),
        k_before=(~now & cash).sum().cast(pl.Int64), at=pl.col("at").last(),
    )  # fmt: skip


def _switched(groups: Groups, shares: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Offices whose share of cash rose by the points that count, and by more than chance (two proportions)."""
    rise, limit = groups.on("rise"), groups.on("z")
    risen = []
    for group, n, k, n_before, k_before, at in shares.iter_rows():
        grown = 100.0 * k / n - 100.0 * k_before / n_before
        if grown >= rise and deviations(k, n, k_before, n_before) >= limit:
            risen.append((group, SWITCH, grown, rise, at, 100.0 * k / n))
    schema = {
        "group": pl.UInt32, "scope": pl.String, "observed": pl.Float64, "threshold": pl.Float64, "at": pl.Int64,
        "share": pl.Float64,
    }  # fmt: skip
    mine = rows.filter(pl.col("now") & pl.col("cash")).group_by("group").agg(pl.col("row").alias("proof"))
    return pl.DataFrame(risen, schema=schema, orient="row").join(mine, on="group", maintain_order="left")


def _off_hours(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """Cashiers whose cash lies outside the hours now, more often than the office's did before by more than chance."""
    cash = _timed(groups, rows.filter("cash"))
    before = (
        cash.filter(~pl.col("now"))
        .group_by("group")
        .agg(n_before=pl.len().cast(pl.Int64), k_before=pl.col("off").sum().cast(pl.Int64))
        .filter(pl.col("n_before") >= groups.on("least"))
    )
    sums = cash.filter(pl.col("now") & pl.col("cashier_token").is_not_null()).group_by(
        "group", "cashier_token", maintain_order=True
    ).agg(
        n=pl.len().cast(pl.Int64), k=pl.col("off").sum().cast(pl.Int64), at=pl.col("at").filter("off").last(),
        proof=pl.col("row").filter("off"),
    )  # fmt: skip
    many = sums.filter(pl.col("k") > groups.on("off_hours")).join(before, on="group", maintain_order="left")
    counts = many.select("k", "n", "k_before", "n_before").iter_rows()
    limit = groups.on("z")
    more = many.filter(pl.Series([deviations(*some) >= limit for some in counts], dtype=pl.Boolean))
    return more.with_columns(
        observed=pl.col("k").cast(pl.Float64), threshold=pl.lit(groups.on("off_hours"), pl.Float64),
        scope=pl.format("{} {}", pl.lit(OFF_HOURS), pl.col("cashier_token")),
    ).select(FOUND)  # fmt: skip


def _timed(groups: Groups, cash: pl.DataFrame) -> pl.DataFrame:
    """With ``off``: whether each lies outside the hours of its day and source."""
    days, source = cash.get_column("day"), cash.get_column("source")
    known = days.unique().to_list()
    starts = {day: groups.profile.calendar.day_start(day_of(day).isoformat()) for day in known}
    hour = (pl.col("at") - days.replace_strict(starts, return_dtype=pl.Int64)) / HOUR_MS
    first, last = (groups.value(name, days, source) for name in ("from", "until"))
    return cash.with_columns(off=(hour < first) | (hour >= last))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    if told.scope == SWITCH:
        return (
            f"Indikasi peralihan kembali ke tunai: {decimal(told.more['share'])} % kuitansi {NOW} hari terakhir dibayar tunai, "
            f"naik {decimal(told.observed)} poin dari {BEFORE} hari sebelumnya, batas {decimal(told.threshold)} poin; perlu "
            "klarifikasi."
        )
    return (
        f"Indikasi penerimaan tunai di luar jam: seorang petugas kas menerima {whole(told.observed)} kali tunai di luar jam "
        f"pelayanan dalam {NOW} hari terakhir, batas {whole(told.threshold)} kali; perlu klarifikasi."
    )


def _taken(day: str, cash: int, other: int = 0, hour: int = 9, **fields: str) -> list[Event]:
    """Receipts of one hour: so many in cash, so many by other channels."""
    channels = ["cash"] * cash + ["qris"] * other
    own = {"cashier_token": FIRST, **fields}
    return [
        on(f"{day} {hour:02d}:{n:02d}", "receipt", amount=20_000, channel=channel, **own)
        for n, channel in enumerate(channels)
    ]


#: An office that takes 10 of 50 receipts in cash.
EARLIER = tuple(_taken("2025-11-10", 10, 40))
#: Offices that take nothing but cash, by day, or a fifth of it at night.
BY_DAY = tuple(_taken("2025-11-10", 55))
BY_NIGHT = (*_taken("2025-11-10", 44), *_taken("2025-11-11", 11, hour=22))

EXAMPLES = (
    row("found", "found", *EARLIER, *_taken("2026-01-05", 35, 15), scope=SWITCH, observed=50.0),
    row("found", "found", *BY_DAY, *_taken("2026-01-05", 11, hour=21), scope=f"luar jam {FIRST}", observed=11.0),
    row("not found", "not found", *EARLIER, *_taken("2026-01-05", 12, 38)),
    row(
        "not found", "not found", *EARLIER, *_taken("2026-01-05", 10, 40),
        *_taken("2026-01-05", 6, hour=21), *_taken("2026-01-05", 5, hour=5, cashier_token=SECOND),
    ),
    row("just below", "not found", *EARLIER, *_taken("2026-01-05", 24, 26)),
    row("just above", "found", *EARLIER, *_taken("2026-01-05", 25, 25), scope=SWITCH, observed=30.0),
    row("just below", "not found", *BY_DAY, *_taken("2026-01-05", 50), *_taken("2026-01-06", 10, hour=20)),
    row("just above", "found", *BY_DAY, *_taken("2026-01-05", 50), *_taken("2026-01-06", 11, hour=20), observed=11.0),
    row("not found", "not found", *BY_NIGHT, *_taken("2026-01-05", 50), *_taken("2026-01-06", 11, hour=20)),
    row("not applicable", "not applicable", *_taken("2026-01-05", 11, hour=21, cash_office="KAS-BANK")),
    row("too few", "not applicable", *EARLIER, *_taken("2026-01-05", 35, 14)),
    row(
        "before a dated change", "not found", *_taken("2025-11-24", 55), *_taken("2026-01-29", 50),
        *_taken("2026-01-30", 11, hour=19),
    ),
    row("after a dated change", "found", *_taken("2025-11-24", 55), *_taken("2026-02-02", 11, hour=19), scope=f"luar jam {FIRST}"),
)  # fmt: skip

RULE = Rule(
    id="R09",
    version="1",
    title="Kembali ke tunai, atau tunai di luar jam",
    domain="revenue",
    kind="soft",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("Permendagri 77/2020: bendahara penerimaan menatausahakan setiap penerimaan", date(2020, 12, 30)),
    ),
    method=(
        f"Kas yang menerima tunai. Beralih: bagian kuitansi tunai {NOW} hari terakhir dikurangi bagian {BEFORE} hari sebelumnya, "
        "bila keduanya cukup banyak, kenaikannya mencapai batas dan bukan kebetulan (uji dua proporsi). Luar jam: kuitansi "
        f"tunai seorang petugas kas dalam {NOW} hari terakhir sebelum jam pertama atau mulai jam terakhir pada parameter, bila "
        "lebih dari batas dan bagiannya melebihi bagian seluruh kas sebelumnya (uji yang sama): kas yang biasa buka malam tidak "
        "menjadi indikasi. Jam dapat ditetapkan menurut tanggal dan sumber. Nontunai tidak punya jam."
    ),
    why="Uang tunai lebih mudah tidak dibukukan daripada pembayaran yang tercatat di bank.",
    innocent=(
        "Perangkat atau jaringan nontunai rusak",
        "Pasar malam atau pelayanan keliling di luar jam biasa",
        "Kuitansi dicatat malam hari dari catatan siang",
    ),
    unit_of_measure="poin persen atau kuitansi",
    parameters=(
        Parameter("least", 50.0, "kuitansi", "kuitansi pada setiap masa agar bagiannya dibandingkan"),
        Parameter("rise", 30.0, "poin persen", "kenaikan bagian tunai yang menjadi indikasi"),
        Parameter("z", 3.0, "simpangan baku", "batas uji dua proporsi"),
        Parameter("off_hours", 10.0, "kuitansi", "kuitansi tunai di luar jam yang dibiarkan per petugas kas"),
        Parameter("from", 6.0, "jam", "jam pertama pelayanan"),
        Parameter("until", 20.0, "jam", "jam saat pelayanan sudah tutup"),
    ),
    minimum_sample=50,
    severity=0.4,
    needs=("channel", "cashier_token"),
    sources=("BPK: anjuran penerimaan nontunai", "ACFE: unusual time of entry"),
    not_applicable=("kas tanpa penerimaan tunai di loket (bank, daring)", "kuitansi terlalu sedikit untuk dibandingkan"),
    weigh=weigh,
    reads={"revenue": ("cash_office", "channel", "cashier_token")},
    rows=receipts,
    by=OFFICE,
    window=NOW + BEFORE,
    every=7,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
