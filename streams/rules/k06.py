"""K06: a person whose death is registered, and who is born or moves afterwards."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import OTHER_PERSON, PERSON, Event, on, row
from streams.rules.newest import registered
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, whole

#: What only the living do, with the scope of an alert about it.
LIVING = {"move": "pindah", "birth": "lahir"}
#: How each is called in the sentence.
SAID = {"pindah": "pindah", "lahir": "lahir dengan nomor yang sama"}


def weigh(groups: Groups) -> Weighed:
    """Per person and kind: what is dated more than ``days`` days after the first registered death."""
    first = (pl.col("row").first().alias("death"), pl.col("day").first().alias("died"))
    deaths = groups.rows.filter(pl.col("kind") == "death").group_by("group").agg(first)
    rows = groups.rows.with_columns(scope=pl.col("kind").cast(pl.String).replace_strict(LIVING, default=None))
    later = rows.drop_nulls("scope").join(deaths, on="group", maintain_order="left")
    found = (
        later.with_columns(
            groups.value("days", later.get_column("day")).alias("threshold"),
            observed=(pl.col("day") - pl.col("died")).cast(pl.Float64), as_of=pl.col("day"),
        )
        .filter(pl.col("observed") > pl.col("threshold"))
        .group_by("group", "scope", maintain_order=True)
        .agg(
            pl.col("observed", "threshold", "as_of", "at").last(),
            pl.concat_list(pl.col("death").first(), pl.col("row").implode()).alias("proof"),
        )
    )  # fmt: skip
    return Weighed(found)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi peristiwa sesudah kematian: {whole(told.observed)} hari sesudah hari kematian yang tercatat, orang itu "
        f"tercatat {SAID[told.scope]}, tenggang {whole(told.threshold)} hari; perlu klarifikasi."
    )


def _entry(at: str, kind: str, **fields: Any) -> Event:
    """An entry about the person."""
    return on(at, kind, **{"person_token": PERSON, **fields})


EXAMPLES = (
    row(
        "found",
        "found",
        _entry("2026-01-05 09:00", "death"),
        _entry("2026-01-12 10:00", "move"),
        scope="pindah",
        observed=7,
    ),
    row(
        "found",
        "found",
        _entry("2026-01-05 09:00", "death"),
        _entry("2026-01-20 10:00", "birth"),
        scope="lahir",
        observed=15,
    ),
    row(
        "not found",
        "not found",
        _entry("2026-01-05 09:00", "move"),
        _entry("2026-01-12 10:00", "death"),
    ),
    row(
        "not found",
        "not found",
        _entry("2026-01-05 09:00", "death"),
        _entry("2026-01-12 10:00", "move", person_token=OTHER_PERSON),
    ),
    row(
        "not found",
        "not found",
        _entry("2026-01-05 09:00", "death"),
        _entry("2026-01-12 10:00", "correction", changed_fields=["name_spelling"]),
        _entry("2026-01-13 10:00", "move", status="reported"),
    ),
    row(
        "just below",
        "not found",
        _entry("2026-01-05 09:00", "death"),
        _entry("2026-01-05 15:00", "move"),
    ),
    row(
        "just above",
        "found",
        _entry("2026-01-05 09:00", "death"),
        _entry("2026-01-06 00:30", "move"),
        observed=1,
    ),
    row(
        "before a dated change",
        "found",
        _entry("2026-01-29 09:00", "death"),
        _entry("2026-01-31 10:00", "move"),
        observed=2,
    ),
    row(
        "after a dated change",
        "not found",
        _entry("2026-01-30 09:00", "death"),
        _entry("2026-02-01 10:00", "move"),
    ),
)

RULE = Rule(
    id="K06",
    version="1",
    title="Peristiwa sesudah kematian",
    domain="population",
    kind="hard",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis(
            "UU 23/2006 pasal 44 sebagaimana diubah UU 24/2013: pencatatan kematian", date(2006, 12, 29)
        ),
    ),
    method=(
        "Perpindahan atau kelahiran yang dicatat Dukcapil atas nomor seseorang, pada hari sesudah kematiannya yang pertama kali "
        "dicatat. Hari yang sama tidak dihitung, begitu pula pembetulan data, kematian yang dicatat dua kali, dan laporan "
        "desa. Kematian yang dicabut dengan koreksi tidak dihitung lagi. Bantuan dan pembayaran kepada orang yang sudah "
        "meninggal tidak dinilai: penggabungan data itu memerlukan tujuan yang dinyatakan dalam profil, dan belum ada."
    ),
    why="Nomor orang yang sudah meninggal dapat dipakai orang lain, atau dihidupkan kembali untuk menerima bantuan.",
    innocent=(
        "Kematian dicatat pada nomor yang salah dan belum dikoreksi",
        "Perpindahan keluarga diajukan sebelum kematian, dicatat sesudahnya, atas nomor kepala keluarga",
        "Salah tanggal pada salah satu catatan",
    ),
    unit_of_measure="hari",
    parameters=(Parameter("days", 0.0, "hari", "tenggang sesudah hari kematian yang belum dihitung"),),
    severity=0.8,
    about=("operator_token",),
    needs=("person_token",),
    sources=("BPK: bantuan sosial kepada penerima yang sudah meninggal",),
    delivers=True,
    weigh=weigh,
    reads={"population": ("person_token", "status")},
    rows=registered,
    by=("person_token",),
    window=1826,
    sentence=sentence,
    examples=EXAMPLES,
    without={
        "not applicable": "Setiap catatan yang memuat nomor dapat dinilai; yang tidak memuatnya bukan tentang seseorang.",
        "too few": "Satu kematian dan satu peristiwa cukup; aturan ini tidak membandingkan dengan orang lain.",
    },
)
