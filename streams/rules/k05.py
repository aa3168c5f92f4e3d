"""K05: an age that nobody, or no parent, can have."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import PERSON, Event, on, row
from streams.rules.newest import known, newest, registered
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal

#: Whose age each field is: the scope of an alert about it.
AGES = {"age_years": "usia", "mother_age_years": "ibu", "father_age_years": "ayah"}
NO_AGE = 0


def weigh(groups: Groups) -> Weighed:
    """Per person and kind of age: beyond the limits of its day, as last told."""
    told = known(groups.rows, list(AGES))
    last = newest(told).with_columns(pl.col("field").replace_strict(AGES).alias("scope"))
    limited = [
        mine.with_columns(
            groups.value(f"{scope}_least", mine.get_column("day")).alias("least"),
            groups.value(f"{scope}_most", mine.get_column("day")).alias("most"),
        )
        for (scope,), mine in last.partition_by("scope", as_dict=True).items()
    ]
    silent = {NO_AGE: without(groups.rows, told)}
    if not limited:
        return Weighed(pl.DataFrame(), silent)
    young, old = pl.col("value") < pl.col("least"), pl.col("value") > pl.col("most")
    found = (
        pl.concat(limited)
        .filter(young | old)
        .with_columns(
            pl.when(young).then("least").otherwise("most").alias("threshold"),
            pl.col("value").alias("observed"), pl.concat_list("row").alias("proof"), pl.col("day").alias("as_of"),
        )
    )  # fmt: skip
    return Weighed(found, silent)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    seen, limit = f"{decimal(told.observed)} tahun", f"{decimal(told.threshold)} tahun"
    bound = "terendah" if told.observed < told.threshold else "tertinggi"
    if told.scope != AGES["age_years"]:
        return (
            f"Indikasi usia orang tua tidak wajar: {told.scope} berusia {seen} pada kelahiran, batas {bound} {limit}; "
            "perlu klarifikasi."
        )
    if told.observed < 0:
        return (
            f"Indikasi usia tidak mungkin: peristiwa tercatat {decimal(-told.observed)} tahun sebelum tanggal lahir; "
            "perlu klarifikasi."
        )
    return f"Indikasi usia tidak wajar: {seen} pada peristiwa ini, batas {bound} {limit}; perlu klarifikasi."


def _entry(at: str, kind: str = "move", **ages: Any) -> Event:
    """An entry about the person, with the ages that the gateway derived."""
    return on(at, kind, person_token=PERSON, **ages)


EXAMPLES = (
    row("found", "found", _entry("2026-01-12 09:00", age_years=134), scope="usia", observed=134),
    row("found", "found", _entry("2026-01-12 09:00", "death", age_years=-3), scope="usia", observed=-3),
    row(
        "found",
        "found",
        _entry("2026-01-12 09:00", "birth", age_years=0, mother_age_years=9, father_age_years=30),
        scope="ibu",
        observed=9,
    ),
    row(
        "not found",
        "not found",
        _entry("2026-01-12 09:00", "birth", age_years=0, mother_age_years=28, father_age_years=31),
    ),
    row(
        "not found",
        "not found",
        _entry("2026-01-12 09:00", age_years=134),
        _entry("2026-01-14 09:00", "correction", age_years=34, changed_fields=["birth_date"]),
    ),
    row("just below", "not found", _entry("2026-01-12 09:00", age_years=120)),
    row("just below", "not found", _entry("2026-01-12 09:00", "birth", father_age_years=60)),
    row("just above", "found", _entry("2026-01-12 09:00", age_years=121), scope="usia"),
    row("just above", "found", _entry("2026-01-12 09:00", "birth", father_age_years=61), scope="ayah"),
    row("not applicable", "not applicable", _entry("2026-01-12 09:00")),
    row("before a dated change", "not found", _entry("2026-01-31 09:00", age_years=118)),
    row("after a dated change", "found", _entry("2026-02-01 09:00", age_years=118), scope="usia"),
)

RULE = Rule(
    id="K05",
    version="1",
    title="Usia yang tidak wajar",
    domain="population",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis(
            "UU 23/2006 sebagaimana diubah UU 24/2013: data kependudukan yang benar dan mutakhir",
            date(2006, 12, 29),
        ),
    ),
    method=(
        "Usia pada saat peristiwa, dan usia ayah dan ibu pada kelahiran, dihitung di pintu masuk data dan dibandingkan dengan "
        "batas yang berlaku pada hari peristiwa; yang dinilai catatan terakhir yang memuatnya. Usia di bawah nol berarti "
        "peristiwa, misalnya kematian, mendahului tanggal lahir, atau tanggal lahir berada di masa depan. Laporan desa yang "
        "belum dicatat Dukcapil tidak dinilai."
    ),
    why="Usia yang tidak mungkin menandai data yang dibuat, atau orang yang sudah lama tiada tetapi masih tercatat hidup.",
    innocent=(
        "Salah ketik tahun lahir",
        "Tanggal lahir orang lanjut usia diperkirakan",
        "Ayah memang berusia lanjut",
    ),
    unit_of_measure="tahun",
    parameters=(
        Parameter("usia_least", 0.0, "tahun", "usia terendah yang mungkin pada suatu peristiwa"),
        Parameter("usia_most", 120.0, "tahun", "usia tertinggi yang mungkin"),
        Parameter("ibu_least", 12.0, "tahun", "usia ibu terendah pada kelahiran"),
        Parameter("ibu_most", 60.0, "tahun", "usia ibu tertinggi pada kelahiran"),
        Parameter("ayah_least", 12.0, "tahun", "usia ayah terendah pada kelahiran"),
        Parameter("ayah_most", 60.0, "tahun", "usia ayah tertinggi pada kelahiran"),
    ),
    severity=0.4,
    family="entry",
    about=("operator_token",),
    needs=("person_token", "age_years"),
    sources=("Dukcapil: pembersihan data anomali",),
    not_applicable=("tidak ada usia pada catatan",),
    weigh=weigh,
    reads={"population": ("person_token", "status", *AGES)},
    rows=registered,
    by=("person_token",),
    window=1826,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu catatan cukup; aturan ini tidak membandingkan dengan orang lain."},
)
