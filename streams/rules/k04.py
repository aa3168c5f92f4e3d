"""K04: a person number that cannot be right."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import PERSON, Event, on, row
from streams.rules.newest import known, newest, registered
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, whole

#: What the gateway derived from a number, with the scope of an alert about it and what is said of it.
CHECKS = {
    "nik_well_formed": (
        "bentuk",
        "bukan enam belas angka, memuat tanggal yang tidak ada, atau bernomor urut 0000",
    ),
    "nik_region_known": ("wilayah", "memuat kode wilayah yang tidak ada ketika nomor itu diterbitkan"),
    "nik_date_matches": ("tanggal", "memuat tanggal yang berbeda dari tanggal lahir yang tercatat"),
    "nik_sex_matches": ("kelamin", "memuat jenis kelamin yang berbeda dari yang tercatat"),
}
SCOPES = {field: scope for field, (scope, _) in CHECKS.items()}
SAID = dict(CHECKS.values())
NOTHING_DERIVED = 0


def weigh(groups: Groups) -> Weighed:
    """Per person number and check: wrong as last told, shown by all rows that told so."""
    told = known(groups.rows, list(CHECKS))
    wrong = newest(told).filter(~pl.col("value")).select("group", "field")
    found = (
        told.filter(~pl.col("value"))
        .join(wrong, on=["group", "field"], how="semi")
        .group_by("group", "field", maintain_order=True)
        .agg(pl.len().cast(pl.Float64).alias("observed"), pl.col("row").alias("proof"), pl.col("at").last())
        .with_columns(pl.col("field").replace_strict(SCOPES).alias("scope"), threshold=pl.lit(0.0))
    )
    return Weighed(found, {NOTHING_DERIVED: without(groups.rows, told)})


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi nomor induk kependudukan tidak wajar: nomor pada {whole(told.observed)} catatan {SAID[told.scope]}, "
        "seharusnya tidak satu pun; perlu klarifikasi."
    )


def _entry(at: str, kind: str = "move", **derived: Any) -> Event:
    """An entry about the person, with what the gateway derived from the number."""
    return on(at, kind, person_token=PERSON, **derived)


_RIGHT: dict[str, Any] = dict.fromkeys(CHECKS, True)

EXAMPLES = (
    row(
        "found",
        "found",
        _entry("2026-02-02 09:00", **{**_RIGHT, "nik_region_known": False}),
        scope="wilayah",
        observed=1,
    ),
    row(
        "found",
        "found",
        _entry("2026-02-02 09:00", nik_well_formed=False),
        _entry("2026-02-03 09:00", nik_well_formed=False),
        scope="bentuk",
        observed=2,
    ),
    row("not found", "not found", _entry("2026-02-02 09:00", **_RIGHT)),
    row(
        "not found",
        "not found",
        _entry("2026-02-02 09:00", **{**_RIGHT, "nik_date_matches": False}),
        _entry("2026-02-04 09:00", "correction", **_RIGHT, changed_fields=["birth_date"]),
    ),
    row("not applicable", "not applicable", _entry("2026-02-02 09:00")),
)

RULE = Rule(
    id="K04",
    version="1",
    title="Nomor induk kependudukan tidak wajar",
    domain="population",
    kind="hard",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis(
            "UU 23/2006 pasal 13 sebagaimana diubah UU 24/2013: setiap penduduk memiliki NIK",
            date(2006, 12, 29),
        ),
        LegalBasis("PP 40/2019: NIK enam belas angka menurut wilayah, tanggal lahir, dan nomor urut"),
    ),
    method=(
        "Pintu masuk data memeriksa nomor sebelum menyamarkannya: bentuknya, kode wilayah yang berlaku ketika nomor "
        "diterbitkan, kesesuaian dengan tanggal lahir, dan dengan jenis kelamin. Setiap pemeriksaan dinilai menurut catatan "
        "terakhir yang memuatnya, sehingga pembetulan data menghapus indikasi. Kode wilayah pada nomor tidak dibandingkan "
        "dengan tempat tinggal. Laporan desa yang belum dicatat Dukcapil tidak dinilai."
    ),
    why="Nomor yang tidak mungkin dapat dipakai untuk penduduk yang tidak ada, misalnya sebagai penerima bantuan.",
    innocent=(
        "Salah ketik nomor, tanggal lahir, atau jenis kelamin",
        "Tanggal lahir dibetulkan sesudah nomor terbit; nomor tetap seumur hidup",
        "Kode wilayah lama belum ada pada daftar pintu masuk",
    ),
    unit_of_measure="catatan",
    severity=0.5,
    needs=("person_token", "nik_well_formed"),
    sources=("Dukcapil: susunan NIK", "python-stdnum: stdnum.id.nik"),
    not_applicable=("pintu masuk data tidak memeriksa nomor",),
    weigh=weigh,
    reads={"population": ("person_token", "status", *CHECKS)},
    rows=registered,
    by=("person_token",),
    window=1826,
    sentence=sentence,
    examples=EXAMPLES,
    without={
        "just below": "Hasil pemeriksaan hanya benar atau salah; tidak ada batas angka.",
        "just above": "Hasil pemeriksaan hanya benar atau salah; tidak ada batas angka.",
        "too few": "Satu catatan cukup; aturan ini tidak membandingkan dengan orang lain.",
        "before a dated change": "Pintu masuk data memakai kode wilayah pada tanggal terbit; di sini tidak ada yang bertanggal.",
        "after a dated change": "Pintu masuk data memakai kode wilayah pada tanggal terbit; di sini tidak ada yang bertanggal.",
    },
)
