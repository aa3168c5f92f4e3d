"""B10: an SPM or SP2D that came later than the standard after its papers were complete."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from schemas.calendar_arrays import elapsed
from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD, both_stood
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal

#: The document that each one follows.
FOLLOWS = {"spm": "spp", "sp2d": "spm"}
HISTORIC = 0


def chain() -> pl.Expr:
    """SPP, SPM and SP2D with a number."""
    known = pl.col("kind").is_in(["spp", *FOLLOWS]) & pl.col("document_number").is_not_null()
    return known.fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per document: working days from when the papers of the one before were complete, or it was made."""
    rows = groups.rows.filter(~pl.col("backfill"))
    late = pl.concat([_late(groups, rows, kind, before) for kind, before in FOLLOWS.items()])
    found = (
        groups.by_day(late, oldest="oldest")
        .sort("passed", "row", "first")
        .group_by("group", "scope", maintain_order=True)
        .agg(
            observed=pl.col("passed").last(), threshold=pl.col("allowed").last(), as_of=pl.col("day").last(),
            proof=pl.concat_list("first", "row").last(),
        )
    )  # fmt: skip
    return Weighed(found, {HISTORIC: groups.lacking(~pl.col("backfill"))})


def _late(groups: Groups, rows: pl.DataFrame, kind: str, before: str) -> pl.DataFrame:
    """Documents that came later than the standard after one before them, whatever the day on which both stood."""
    earlier = rows.filter(pl.col("kind") == before).select(
        "group", pl.col("document_number").alias("refers_to"), pl.coalesce("complete_at", "at").alias("ready"),
        "day", *STOOD, pl.col("row").alias("first"),
    )  # fmt: skip
    made = rows.filter(pl.col("kind") == kind).select(
        "group", "refers_to", "document_number", "at", "day", *STOOD, "row"
    )
    pairs = made.join(earlier, on=["group", "refers_to"], suffix="_before")
    ready, at = (pairs.get_column(name).to_numpy().astype(np.int64) for name in ("ready", "at"))
    passed = pairs.with_columns(
        pl.Series("passed", elapsed(groups.profile.calendar, ready, at), pl.Float64),
        groups.value(f"{kind}_days", pairs.get_column("day")).cast(pl.Float64).alias("allowed"),
    )
    scope = pl.concat_str(pl.lit(kind.upper()), pl.col("document_number").cast(pl.String), separator=" ")
    late = passed.filter(pl.col("passed") > pl.col("allowed")).with_columns(
        scope=scope, **both_stood("_before")
    )
    return late.select("group", "scope", "passed", "allowed", "row", "first", "day", "oldest", *STOOD)


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    kind, _, number = told.scope.partition(" ")
    return (
        f"Indikasi pencairan lambat: {kind} nomor {number} terbit {decimal(told.observed)} hari kerja setelah berkas "
        f"sebelumnya lengkap, melewati batas {decimal(told.threshold)} hari kerja; perlu klarifikasi."
    )


def _made(at: str, kind: str, complete: str | None = None, **fields: Any) -> Event:
    before = {"spp": None, "spm": "SPP/1", "sp2d": "SPM/1"}[kind]
    own: dict[str, Any] = {
        "document_number": f"{kind.upper()}/1",
        "refers_to": before,
        "complete_at": complete,
    }
    return on(at, kind, disbursement_type="LS", **own, **fields)


EXAMPLES = (
    row(
        "found", "found", _made("2026-01-05 09:00", "spp"), _made("2026-01-06 09:00", "spm"),
        _made("2026-01-09 09:00", "sp2d"), scope="SP2D SP2D/1", observed=3.0,
    ),
    row(
        "not found", "not found", _made("2026-01-05 09:00", "spp"), _made("2026-01-06 09:00", "spm"),
        _made("2026-01-06 10:00", "sp2d"),
    ),
    row(
        "not found", "not found", _made("2026-01-06 09:00", "spm", "2026-01-08 09:00"), _made("2026-01-09 09:00", "sp2d"),
    ),
    row("just below", "not found", _made("2026-01-05 09:00", "spp"), _made("2026-01-07 09:00", "spm")),
    row("just above", "found", _made("2026-01-05 09:00", "spp"), _made("2026-01-07 09:30", "spm"), scope="SPM SPM/1"),
    row(
        "not applicable", "not applicable", _made("2026-01-05 09:00", "spp", mode="backfill"),
        _made("2026-01-15 09:00", "spm", mode="backfill"),
    ),
    row("before a dated change", "not found", _made("2026-01-28 09:00", "spm"), _made("2026-01-30 08:00", "sp2d")),
    row("after a dated change", "found", _made("2026-02-02 09:00", "spm"), _made("2026-02-04 08:00", "sp2d")),
)  # fmt: skip

RULE = Rule(
    id="B10",
    version="1",
    title="Rangkaian SPP, SPM dan SP2D lambat",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("Permendagri 77/2020: SPM dan SP2D paling lambat 2 hari setelah berkas lengkap", date(2020, 12, 30)),
    ),
    method=(
        "Setiap SPM dibandingkan dengan SPP yang ditunjuknya dan setiap SP2D dengan SPM-nya: hari kerja sejak berkas dokumen "
        "sebelumnya lengkap, atau sejak dibuat bila kelengkapannya tidak dicatat. SP2D pada hari yang sama ialah layanan yang "
        "baik. Dokumen yang belum terbit tidak dinilai."
    ),
    why="Pencairan yang ditahan memberi ruang untuk meminta imbalan.",
    innocent=(
        "Berkas dikembalikan untuk diperbaiki dan tanggal lengkapnya tidak dicatat",
        "Kas daerah belum cukup",
        "Sistem pusat terganggu",
    ),
    unit_of_measure="hari kerja",
    parameters=(
        Parameter("spm_days", 2.0, "hari kerja", "batas penerbitan SPM sejak SPP lengkap"),
        Parameter("sp2d_days", 2.0, "hari kerja", "batas penerbitan SP2D sejak SPM lengkap"),
    ),
    severity=0.4,
    family="delay",
    needs=("document_number", "refers_to"),
    sources=("Permendagri 77/2020",),
    historic=False,
    not_applicable=("data historis",),
    weigh=weigh,
    reads={"budget": ("fiscal_year", "document_number", "refers_to", "complete_at")},
    rows=chain,
    by=("fiscal_year", "opd", "sub_activity"),
    once=True,
    window=500,  # the year, and the months in which it is still corrected
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu dokumen dan pendahulunya cukup."},
)  # fmt: skip
