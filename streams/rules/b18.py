"""B18: trips of one person that overlap, and lodging that is always claimed at the ceiling."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from schemas.profile import Profile
from streams.cases.book import EPOCH
from streams.days import local_day
from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import PERSON, Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole

#: Permendagri 90/2019: travel.
TRAVEL = "5.1.02.04"
#: How the scopes begin.
OVERLAP, CEILING = "tumpang", "penginapan"
NO_DATA, NO_DATES = range(2)
#: 2200-01-01 in UTC ms: beyond it there is no trip.
LATEST_MS = 7_258_118_400_000
TRIP = ("group", "opd", "sub_activity", "from", "to")


def travel() -> pl.Expr:
    """What pays or accounts for travel."""
    account = pl.col("account").cast(pl.String)
    pays = pl.col("kind").cast(pl.String).is_in(["sp2d", "accounting"])
    of_travel = account.str.starts_with(f"{TRAVEL}.") | (account == TRAVEL)
    return (pays & (pl.col("traveller_token").is_not_null() | of_travel)).fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per person. A trip of a sub-activity is one, however many papers are about it."""
    texts = ("opd", "sub_activity", "traveller_token")
    rows = groups.rows.with_columns(pl.col(texts).cast(pl.String))
    people = rows.filter(pl.col("traveller_token").is_not_null())
    possible = pl.col("trip_from").is_between(0, pl.col("trip_to")) & (pl.col("trip_to") <= LATEST_MS)
    dated = people.filter(possible.fill_null(False))
    zone = groups.profile.timezone.key
    trips = (
        dated.with_columns(
            local_day(dated.get_column(f"trip_{name}"), zone).to_physical().cast(pl.Int64).alias(name)
            for name in ("from", "to")
        )
        .group_by(TRIP, maintain_order=True)
        .agg(pl.col("row").first(), pl.col("at").first(), pl.col("trip_lodging").max().alias("lodging"))
    )
    found = pl.concat([_overlaps(groups, trips), _always(groups, trips)])
    return Weighed(found, {NO_DATA: without(rows, people), NO_DATES: without(people, dated)})


def _overlaps(groups: Groups, trips: pl.DataFrame) -> pl.DataFrame:
    """By the first day of the later trip: the most nights that it shares with an earlier one."""
    ordered = trips.sort("group", "from", "row").with_row_index("place")
    pairs = ordered.join(ordered, on="group", suffix="_later").filter(pl.col("place") < pl.col("place_later"))
    shared = pairs.with_columns(
        (pl.min_horizontal("to", "to_later") - pl.col("from_later")).alias("shared"),
        groups.value("nights", pairs.get_column("from_later")).cast(pl.Float64).alias("threshold"),
    ).filter(pl.col("shared") > pl.col("threshold"))
    return shared.sort("shared", "row_later", "row").group_by("group", "from_later", maintain_order=True).agg(
        pl.col("shared").last().cast(pl.Float64).alias("observed"), pl.col("threshold").last(),
        pl.max_horizontal("at", "at_later").last().alias("at"), pl.concat_list("row", "row_later").last().alias("proof"),
    ).select(
        "group", pl.concat_str(pl.lit(OVERLAP), pl.from_epoch("from_later", "d").dt.to_string("%Y-%m-%d"), separator=" ").alias("scope"),
        "observed", "threshold", "at", "proof", pl.col("from_later").alias("as_of"),
    )  # fmt: skip


def _always(groups: Groups, trips: pl.DataFrame) -> pl.DataFrame:
    """Persons whose lodging was the ceiling on every trip with a night."""
    nights = (pl.col("to") - pl.col("from")).alias("nights")
    slept = trips.with_columns(nights).filter(
        (pl.col("nights") > 0) & (pl.col("lodging") > 0).fill_null(False)
    )
    counted = slept.group_by("group", maintain_order=True).agg(
        pl.len().cast(pl.Float64).alias("observed"), pl.col("at").max(), pl.col("row").sort().alias("proof"),
        _at_ceiling(groups.profile).all().alias("always"),
    )  # fmt: skip
    least = groups.on("least")
    return counted.filter(pl.col("always") & (pl.col("observed") >= least)).select(
        "group", pl.lit(CEILING).alias("scope"), "observed", pl.lit(least, pl.Float64).alias("threshold"), "at", "proof",
        pl.lit(None, pl.Int64).alias("as_of"),
    )  # fmt: skip


def _at_ceiling(profile: Profile) -> pl.Expr:
    """Whether each night of a trip cost what the profile allows at most, somewhere, on its first day."""
    allowed = [
        (pl.col("lodging") == pl.col("nights") * item.amount)
        & pl.col("from").is_between(
            (item.valid_from - EPOCH).days, ((item.valid_to or date.max) - EPOCH).days
        )
        for item in profile.lodging_ceilings
    ]
    return pl.any_horizontal(pl.lit(False), *allowed)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    if told.scope == CEILING:
        return (
            f"Indikasi biaya penginapan selalu sebesar batas: pada {whole(told.observed)} perjalanan seseorang yang bermalam, "
            f"semuanya tepat sebesar batas tertinggi (dinilai sejak {whole(told.threshold)} perjalanan); perlu klarifikasi."
        )
    day = told.day(told.profile.calendar.day_start(told.scope.removeprefix(OVERLAP).strip()))
    return (
        f"Indikasi perjalanan dinas bertindihan: perjalanan seseorang yang mulai {day} berbagi {whole(told.observed)} malam dengan "
        f"perjalanannya yang lain (batas {whole(told.threshold)} malam); perlu klarifikasi."
    )


def _trip(first: str, last: str, sub: int = 5, lodging: int | None = None, **fields: Any) -> Event:
    own = {
        "account": f"{TRAVEL}.01.0001", "disbursement_type": "LS", "amount": 3_000_000, "traveller_token": PERSON,
        "trip_from": f"{first} 07:00", "trip_to": f"{last} 18:00", "trip_lodging": lodging,
        "sub_activity": f"1.03.10.2.01.{sub:04d}", "document_number": f"SP2D/{sub}/{first}", **fields,
    }  # fmt: skip
    return on(f"{last} 20:00", "sp2d", **own)


def _month(count: int, lodging: int) -> list[Event]:
    """Trips of one night each, every third day of January."""
    return [
        _trip(f"2026-01-{3 * n + 1:02d}", f"2026-01-{3 * n + 2:02d}", lodging=lodging) for n in range(count)
    ]


EXAMPLES = (
    row(
        "found", "found", _trip("2026-01-05", "2026-01-09"), _trip("2026-01-07", "2026-01-10", 6), scope="tumpang 2026-01-07",
        observed=2,
    ),
    row("found", "found", *_month(5, 600_000), scope="penginapan", observed=5),
    row("not found", "not found", _trip("2026-01-05", "2026-01-09"), _trip("2026-01-12", "2026-01-14", 6)),
    row("not found", "not found", _trip("2026-01-05", "2026-01-09"), _trip("2026-01-05", "2026-01-09", document_number="LAIN/1")),
    row("not found", "not found", *_month(5, 600_000), _trip("2026-01-20", "2026-01-21", lodging=450_000)),
    row("just below", "not found", _trip("2026-01-05", "2026-01-07"), _trip("2026-01-07", "2026-01-10", 6)),
    row("just above", "found", _trip("2026-01-05", "2026-01-08"), _trip("2026-01-07", "2026-01-10", 6), observed=1),
    row("not applicable", "not applicable", _trip("2026-01-05", "2026-01-08", traveller_token=None)),
    row("not applicable", "not applicable", _trip("2026-01-05", "2026-01-08", trip_to=None)),
    row("too few", "not found", *_month(4, 600_000)),
    row("before a dated change", "found", _trip("2026-01-25", "2026-01-30"), _trip("2026-01-29", "2026-01-31", 6), observed=1),
    row("after a dated change", "not found", _trip("2026-02-02", "2026-02-05"), _trip("2026-02-04", "2026-02-06", 6)),
)  # fmt: skip

RULE = Rule(
    id="B18",
    version="1",
    title="Perjalanan dinas bertindihan atau penginapan selalu sebesar batas",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019: pembayaran berdasarkan bukti yang lengkap dan sah", date(2019, 3, 12)),
        LegalBasis("Permendagri 77/2020", date(2020, 12, 30)),
    ),
    method=(
        "SP2D dan pertanggungjawaban perjalanan dinas menurut orang yang bepergian. Beberapa dokumen satu subkegiatan tentang hari "
        "yang sama ialah satu perjalanan. Dua perjalanan bertindihan bila berbagi malam; pulang dan "
        "berangkat lagi pada hari yang sama tidak dihitung. Biaya penginapan dibandingkan dengan batas per malam dalam profil "
        "(lodging_ceilings.csv); tanpa daftar itu hanya tindihan yang dinilai."
    ),
    why="Orang tidak dapat berada di dua tempat, dan biaya yang selalu sebesar batas mungkin bukan biaya yang sebenarnya.",
    innocent=(
        "Perjalanan dibatalkan, dipersingkat atau digabung, dan tanggalnya belum dibetulkan",
        "Satu perjalanan dibiayai dua subkegiatan",
        "Harga kamar memang mendekati batas, atau penginapan dibayar tetap menurut peraturan",
    ),
    unit_of_measure="malam atau perjalanan",
    parameters=(
        Parameter("nights", 0.0, "malam", "malam bersama yang masih wajar"),
        Parameter("least", 5.0, "perjalanan", "perjalanan bermalam paling sedikit untuk menilai penginapan"),
    ),
    minimum_sample=5,
    severity=0.6,
    needs=("traveller_token", "trip_from", "trip_to"),
    sources=("BPK: Lima Puluh Kota, perjalanan dinas",),
    not_applicable=("data perjalanan tidak dikirim", "tanggal perjalanan tidak diisi"),
    weigh=weigh,
    reads={
        "budget": ("account", "traveller_token", "trip_from", "trip_to", "trip_lodging")
    },
    rows=travel,
    by=("traveller_token",),
    window=400,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
