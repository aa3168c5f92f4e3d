"""K02: many who move to one address, or onto one family card, within a short time."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from schemas.profile import Profile
from streams.cases.book import EPOCH
from streams.days import DAY_MS
from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole

#: How what a group is of is called in the sentence.
CALLED = {"address_token": "satu alamat", "family_card_token": "satu kartu keluarga"}
SHARED = 0
ADDRESS, SHARED_ADDRESS, CARD = (
    "alamatsatuaaaaaaaaaaaaaaaa",
    "alamatramaiaaaaaaaaaaaaaaa",
    "kartusatuaaaaaaaaaaaaaaaaa",
)


def moves() -> pl.Expr:
    """Moves that the registry holds."""
    return (pl.col("kind") == "move") & (pl.col("status") == "registered")


def weigh(groups: Groups) -> Weighed:
    """Per address and per family card: the ``days`` days in which most persons came, where they are too many."""
    came = groups.rows.filter(
        pl.col("destination_village").cast(pl.String).str.starts_with(f"{groups.profile.code}.")
    ).with_columns(_shared(groups.profile).alias("shared"))
    counted = came.filter(~pl.col("shared")).sort("group", "at", "row")
    shared = without(came, counted)
    runs = counted.rolling(
        "at", period=f"{round(groups.on('days') * DAY_MS)}i", closed="both", group_by="group"
    ).agg(
        pl.col("persons").sum().cast(pl.Float64).alias("observed"), pl.col("row").alias("proof"),
        pl.col("day").last().alias("as_of"), pl.col("field").last(),
    )  # fmt: skip
    found = (
        runs.with_columns(groups.value("persons", runs.get_column("as_of")).alias("threshold"))
        .filter(pl.col("observed") > pl.col("threshold"))
        .sort("observed", "at", descending=[True, False])
        .unique("group", keep="first", maintain_order=True)
        .with_columns(days=pl.lit(groups.on("days")))
    )
    return Weighed(found, {SHARED: shared})


def _shared(profile: Profile) -> pl.Expr:
    """Whether a row's address was on that day one that many people share."""
    listed = [
        (pl.col("address_token") == item.address_token)
        & pl.col("day").is_between((item.valid_from - EPOCH).days, ((item.valid_to or date.max) - EPOCH).days)
        for item in profile.shared_addresses
    ]
    return pl.any_horizontal(pl.lit(False), *listed).fill_null(False)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi perpindahan menumpuk: {whole(told.observed)} orang pindah ke {CALLED[told.more['field']]} dalam "
        f"{decimal(told.more['days'])} hari, batas {whole(told.threshold)} orang; perlu klarifikasi."
    )


def _move(at: str, persons: int, card: int = 0, **fields: Any) -> Event:
    """Persons who move together to the address, onto a card of their own."""
    named = {
        "address_token": ADDRESS, "destination_village": "99.02.01.1001",
        "family_card_token": f"kartu{card or at[8:10]}aaaaaaaaaaaaaaaaaaa"[:26],
    }  # fmt: skip
    return on(at, "move", persons=persons, **{**named, **fields})


EXAMPLES = (
    row(
        "found",
        "found",
        _move("2026-01-05 09:00", 6),
        _move("2026-01-12 09:00", 6),
        _move("2026-01-20 09:00", 5),
        observed=17,
    ),
    row(
        "found",
        "found",
        _move("2026-01-05 09:00", 9, address_token=None, family_card_token=CARD),
        _move("2026-01-12 09:00", 9, address_token=None, family_card_token=CARD),
        observed=18,
    ),
    row("not found", "not found", _move("2026-01-05 09:00", 4), _move("2026-01-12 09:00", 3)),
    row(
        "not found",
        "not found",
        _move("2026-01-05 09:00", 9),
        _move("2026-01-12 09:00", 9, destination_village="98.71.01.1001"),
    ),
    row("just below", "not found", _move("2026-01-05 09:00", 8), _move("2026-01-12 09:00", 7)),
    row("just above", "found", _move("2026-01-05 09:00", 8), _move("2026-01-12 09:00", 8), observed=16),
    row("just above", "found", _move("2026-01-01 09:00", 8), _move("2026-01-31 09:00", 8), observed=16),
    row("just below", "not found", _move("2026-01-01 09:00", 8), _move("2026-01-31 09:01", 8)),
    row(
        "not applicable",
        "not applicable",
        _move("2026-01-05 09:00", 9, address_token=SHARED_ADDRESS),
        _move("2026-01-12 09:00", 9, address_token=SHARED_ADDRESS),
    ),
    row(
        "before a dated change",
        "not found",
        _move("2026-01-30 09:00", 6),
        _move("2026-01-31 09:00", 6),
    ),
    row(
        "after a dated change",
        "found",
        _move("2026-02-02 09:00", 6),
        _move("2026-02-03 09:00", 6),
        observed=12,
    ),
    row(
        "after a dated change",
        "found",
        _move("2026-02-05 09:00", 9, address_token=SHARED_ADDRESS),
        _move("2026-02-12 09:00", 9, address_token=SHARED_ADDRESS),
        observed=18,
    ),
)

RULE = Rule(
    id="K02",
    version="1",
    title="Perpindahan menumpuk pada satu alamat atau kartu keluarga",
    domain="population",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis(
            "UU 23/2006 pasal 15 sebagaimana diubah UU 24/2013: pendaftaran perpindahan penduduk",
            date(2006, 12, 29),
        ),
    ),
    method=(
        "Orang yang perpindahannya ke desa atau kelurahan di kabupaten ini sudah dicatat Dukcapil, dijumlahkan menurut alamat "
        "dan menurut kartu keluarga dalam rentang hari yang bergeser; rentang yang paling ramai dibandingkan dengan batas pada "
        "hari terakhirnya. Perpindahan ke alamat bersama yang terdaftar dalam profil, misalnya pesantren, barak, perumahan "
        "perkebunan, dan lembaga pemasyarakatan, tidak dihitung selama pendaftarannya berlaku."
    ),
    why="Orang yang hanya di atas kertas tinggal bersama dapat menambah pemilih, penerima bantuan, atau kuota sekolah.",
    innocent=(
        "Asrama, panti, atau perumahan pekerja belum terdaftar sebagai alamat bersama",
        "Rumah susun dicatat dengan satu alamat",
        "Pendataan ulang: perpindahan lama dicatat sekaligus",
    ),
    unit_of_measure="orang",
    parameters=(
        Parameter(
            "persons", 15.0, "orang", "orang baru yang masih wajar pada satu alamat atau kartu keluarga"
        ),
        Parameter("days", 30.0, "hari", "rentang hari yang dijumlahkan"),
    ),
    severity=0.5,
    family="addresses",
    about=("operator_token",),
    needs=("family_card_token", "destination_village"),
    sources=("ACE Project: too many people at an address",),
    not_applicable=("alamat bersama yang terdaftar dalam profil",),
    weigh=weigh,
    reads={"population": ("status", "persons", "destination_village", "address_token", "family_card_token")},
    rows=moves,
    by=("token",),
    each=("address_token", "family_card_token"),
    window=400,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Batas jumlah orang sekaligus batas terkecil; tidak ada pembanding lain."},
)
