"""K03: one person on two family cards, or with two person numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import OTHER_PERSON, PERSON, Event, on, row
from streams.rules.newest import registered
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, whole

CARDS, NUMBERS = "kk", "identitas"
ALLOWED = 1.0


def weigh(groups: Groups) -> Weighed:
    """Per person number: family cards that it came onto and has not left. Per identity: the person numbers that bear it."""
    persons = groups.rows.filter(pl.col("field") == "person_token")
    identities = groups.rows.filter(pl.col("field") == "identity_token")
    active = _active(persons, groups.profile.code).group_by("group", maintain_order=True)
    numbers = identities.group_by("group", maintain_order=True)
    found = pl.concat(
        [
            active.agg(pl.len().alias("observed"), pl.col("entered").sort().alias("proof"), scope=pl.lit(CARDS)),
            numbers.agg(
                pl.col("person_token").n_unique().alias("observed"), pl.col("row").alias("proof"), scope=pl.lit(NUMBERS)
            ),
        ]
    )  # fmt: skip
    found = found.with_columns(pl.col("observed").cast(pl.Float64), threshold=pl.lit(ALLOWED))
    return Weighed(found.filter(pl.col("observed") > pl.col("threshold")))


def _active(rows: pl.DataFrame, code: str) -> pl.DataFrame:
    """The cards that each group is on, with the row in which it came onto them. A birth or a move into the regency puts a
    person on a card; a death takes it off all, a move off the card that it names as the previous one, or, where a move
    within the regency names none, off all; a move out of the regency off its own."""
    cards = rows.select(
        "group", "row", "kind", pl.col("family_card_token").cast(pl.String).alias("card"),
        pl.col("previous_family_card_token").cast(pl.String).alias("previous"),
        pl.col("destination_village").cast(pl.String).str.starts_with(f"{code}.").fill_null(False).alias("here"),
        pl.col("origin_village").cast(pl.String).str.starts_with(f"{code}.").fill_null(False).alias("from_here"),
    )  # fmt: skip
    move, here = pl.col("kind") == "move", pl.col("here")
    within = move & here & pl.col("from_here") & pl.col("previous").is_null()
    entered = cards.filter((pl.col("kind") == "birth") | (move & here))
    left = pl.concat(
        [
            cards.filter(move & ~here).select("group", "card", "row"),
            cards.filter(move).select("group", pl.col("previous").alias("card"), "row").drop_nulls("card"),
        ]
    )
    left_all = cards.filter((pl.col("kind") == "death") | within)
    return (
        entered.group_by("group", "card", maintain_order=True)
        .agg(pl.col("row").last().alias("entered"))
        .join(left.group_by("group", "card").agg(pl.col("row").max().alias("left")), on=["group", "card"], how="left")
        .join(left_all.group_by("group").agg(pl.col("row").max().alias("left_all")), on="group", how="left")
        .filter((pl.col("entered") >= pl.max_horizontal("left", "left_all")).fill_null(True))
        .sort("group", "entered")
    )  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    if told.scope == CARDS:
        return (
            f"Indikasi anggota keluarga ganda: satu nomor penduduk aktif pada {whole(told.observed)} kartu keluarga, "
            f"seharusnya {whole(told.threshold)}; perlu klarifikasi."
        )
    return (
        f"Indikasi nomor penduduk ganda: {whole(told.observed)} nomor memuat nama, tanggal lahir, dan nama ibu yang sama, "
        f"seharusnya {whole(told.threshold)}; perlu klarifikasi."
    )


_FIRST, _SECOND = "kartusatuaaaaaaaaaaaaaaaaa", "kartuduaaaaaaaaaaaaaaaaaaa"
_IDENTITY = "identitassatuaaaaaaaaaaaaa"
_HERE, _ALSO_HERE, _ELSEWHERE = "99.02.01.1001", "99.02.01.1002", "98.71.01.1001"


def _born(at: str, **fields: Any) -> Event:
    """A person put on the first card by birth."""
    return on(
        at, "birth", **{"person_token": PERSON, "family_card_token": _FIRST, "village": _HERE, **fields}
    )


def _moved(at: str, origin: str, previous: str | None, card: str = _SECOND) -> Event:
    """The person moves onto the second card."""
    return on(
        at, "move", person_token=PERSON, family_card_token=card, previous_family_card_token=previous,
        origin_village=origin, destination_village=_ALSO_HERE,
    )  # fmt: skip


EXAMPLES = (
    row(
        "found",
        "found",
        _born("2026-01-05 09:00"),
        _moved("2026-01-12 09:00", _ELSEWHERE, None),
        scope="kk",
        observed=2,
    ),
    row(
        "found",
        "found",
        _born("2026-01-05 09:00", identity_token=_IDENTITY),
        _born("2026-01-12 09:00", identity_token=_IDENTITY, person_token=OTHER_PERSON),
        scope="identitas",
        observed=2,
    ),
    row("not found", "not found", _born("2026-01-05 09:00", identity_token=_IDENTITY)),
    row(
        "not found",
        "not found",
        _born("2026-01-05 09:00"),
        on(
            "2026-01-08 09:00",
            "move",
            person_token=PERSON,
            family_card_token=_FIRST,
            origin_village=_HERE,
            destination_village=_ELSEWHERE,
        ),
        _moved("2026-01-12 09:00", _ELSEWHERE, None),
    ),
    row("not found", "not found", _born("2026-01-05 09:00"), _moved("2026-01-12 09:00", _HERE, None)),
    row("just below", "not found", _born("2026-01-05 09:00"), _moved("2026-01-12 09:00", _HERE, _FIRST)),
    row(
        "just above",
        "found",
        _born("2026-01-05 09:00"),
        _moved("2026-01-12 09:00", _HERE, "kartutigaaaaaaaaaaaaaaaaaa"),
        observed=2,
    ),
)

RULE = Rule(
    id="K03",
    version="1",
    title="Penduduk pada dua kartu keluarga atau dengan dua nomor",
    domain="population",
    kind="hard",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis(
            "UU 23/2006 pasal 13 dan 62 sebagaimana diubah UU 24/2013: satu NIK seumur hidup, satu kartu keluarga",
            date(2006, 12, 29),
        ),
    ),
    method=(
        "Menurut nomor: kartu keluarga yang dimasuki lewat kelahiran atau perpindahan ke kabupaten ini, dan belum ditinggalkan "
        "lewat perpindahan berikutnya atau kematian. Perpindahan di dalam kabupaten yang tidak menyebut kartu sebelumnya "
        "dianggap meninggalkan semua kartu. Menurut identitas: nomor yang memuat nama, tanggal lahir, dan nama ibu yang sama, "
        "yang di pintu masuk data disamarkan menjadi satu tanda. Yang dinilai peristiwa yang sudah dicatat Dukcapil; keadaan "
        "sebelum peristiwa pertama tidak diketahui."
    ),
    why="Orang yang tercatat dua kali dapat menerima bantuan atau hak pilih dua kali.",
    innocent=(
        "Kartu lama belum diperbarui sesudah perpindahan",
        "Nomor diganti karena ganda, dan nomor lama belum dihapus",
        "Orang berbeda dengan nama, tanggal lahir, dan nama ibu yang sama",
    ),
    unit_of_measure="kartu atau nomor",
    severity=0.6,
    needs=("person_token", "family_card_token"),
    sources=("Dukcapil: pembersihan data ganda",),
    weigh=weigh,
    reads={
        "population": (
            "person_token", "identity_token", "family_card_token", "previous_family_card_token", "origin_village",
            "destination_village", "status",
        )
    },
    rows=registered,
    by=("token",),
    each=("person_token", "identity_token"),
    window=1826,
    sentence=sentence,
    examples=EXAMPLES,
    without={
        "not applicable": "Setiap catatan yang memuat nomor dapat dinilai; yang tidak memuatnya bukan tentang seseorang.",
        "too few": "Dua catatan cukup; aturan ini tidak membandingkan dengan orang lain.",
        "before a dated change": "Satu orang satu kartu dan satu nomor; tidak ada batas yang bertanggal.",
        "after a dated change": "Satu orang satu kartu dan satu nomor; tidak ada batas yang bertanggal.",
    },
)  # fmt: skip
