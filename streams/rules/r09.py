"""R09: a cash office that goes back from other channels to cash, and cash that is received outside its hours."""

from __future__ import annotations

from datetime import date

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD
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
    machines = [code for code, office in groups.profile.cash_offices.items() if office.kind in MACHINES]
    nobody = groups.keys.filter(pl.col("cash_office").cast(pl.String).is_in(machines))
    rows = _timed(groups, nobody)
    counts = _counts(groups, rows)
    shares = _shares(counts)
    enough = shares.filter((pl.col("n") >= groups.on("least")) & (pl.col("n_before") >= groups.on("least")))
    found = pl.concat(
        [_switched(groups, enough, rows), _off_hours(groups, counts, rows)], how="diagonal_relaxed"
    )
    few = shares.join(enough, on="group", how="anti").join(found, on="group", how="anti").get_column("group")
    silent = {NO_TELLER: nobody.get_column("group"), TOO_FEW: few}
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _timed(groups: Groups, nobody: pl.DataFrame) -> pl.DataFrame:
    """The receipts of offices but those where ``nobody`` takes cash, with ``cash``, and ``off``: whether each is cash outside
    the hours of its day and source."""
    cash = (pl.col("channel") == "cash").fill_null(False).alias("cash")
    rows = groups.rows.select("group", "row", "day", "at", "source", "cashier_token", *STOOD, cash).join(
        nobody, left_on="group", right_on="of", how="anti"
    )
    hours = rows.select("day", "source").unique()
    days = hours.get_column("day")
    hours = hours.with_columns(
        groups.begins(days).alias("start"),
        *(groups.value(name, days, hours.get_column("source")).alias(name) for name in ("from", "until")),
    )
    hour = (pl.col("at") - pl.col("start")) / HOUR_MS
    off = pl.col("cash") & ((hour < pl.col("from")) | (hour >= pl.col("until")))
    timed = rows.join(hours, on=["day", "source"])
    return timed.with_columns(off=off).drop("start", "from", "until")


def _counts(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """Receipts (n) of each day of an office and cashier, those in ``cash`` and those outside the hours (``off``), with when
    the last of all and of these came; and whether the day is one of the last."""
    by_day = rows.group_by("group", "day", "cashier_token", *STOOD).agg(
        pl.len().cast(pl.Int64).alias("n"), pl.col("cash", "off").sum().cast(pl.Int64), pl.col("at").max(),
        off_at=pl.col("at").filter("off").max(),
    )  # fmt: skip
    return groups.by_day(by_day).with_columns(now=pl.col("day") >= pl.col("today") - NOW)


def _shares(counts: pl.DataFrame) -> pl.DataFrame:
    """Receipts (n) and those in cash (k) of each office, now and before."""
    n, k, now = pl.col("n"), pl.col("cash"), pl.col("now")
    return counts.group_by("group").agg(
        n=n.filter(now).sum(), k=k.filter(now).sum(), n_before=n.filter(~now).sum(), k_before=k.filter(~now).sum(),
        at=pl.col("at").max(),
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
    found = pl.DataFrame(risen, schema=schema, orient="row")
    return found.join(_proof(groups, found, rows, "cash", "group"), on="group", maintain_order="left")


def _off_hours(groups: Groups, counts: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Cashiers whose cash lies outside the hours now, more often than the office's did before by more than chance."""
    sums = {"n": pl.col("cash").sum(), "k": pl.col("off").sum()}
    before = (
        counts.filter(~pl.col("now"))
        .group_by("group")
        .agg(n_before=sums["n"], k_before=sums["k"])
        .filter(pl.col("n_before") >= groups.on("least"))
    )
    cashiers = counts.filter((pl.col("cash") > 0) & pl.col("now") & pl.col("cashier_token").is_not_null())
    many = (
        cashiers.group_by("group", "cashier_token")
        .agg(**sums, at=pl.col("off_at").max())
        .filter(pl.col("k") > groups.on("off_hours"))
        .join(before, on="group")
    )
    limit = groups.on("z")
    told = many.select("k", "n", "k_before", "n_before").iter_rows()
    more = many.filter(pl.Series([deviations(*some) >= limit for some in told], dtype=pl.Boolean))
    said = more.with_columns(
        observed=pl.col("k").cast(pl.Float64), threshold=pl.lit(groups.on("off_hours"), pl.Float64),
        scope=pl.format("{} {}", pl.lit(OFF_HOURS), pl.col("cashier_token")),
    )  # fmt: skip
    shown = _proof(groups, more, rows, "off", "group", "cashier_token")
    return said.join(shown, on=["group", "cashier_token"]).select(FOUND)


def _proof(groups: Groups, found: pl.DataFrame, rows: pl.DataFrame, which: str, *key: str) -> pl.DataFrame:
    """The rows of the last days that show each finding: those in cash, or outside the hours."""
    lately = groups.laid(found, rows.filter(which)).filter(pl.col("day") >= pl.col("today") - NOW)
    return lately.group_by(key).agg(pl.col("row").alias("proof"))


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
    once=True,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
