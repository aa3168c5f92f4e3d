"""B11: an SPM or SP2D dated back, and an SP2D that was reversed and issued again to another account."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from schemas.calendar_arrays import elapsed
from streams.days import DAY_MS
from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD, both_stood
from streams.rules.examples import PAYEE, Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah

DATED = ("spp", "spm", "sp2d")
#: How the scopes begin.
ORDER, LATE, AGAIN = "urutan", "mundur", "ganti"
ACCOUNTS = "rekeningsatuaaaaaaaaaaaaaa", "rekeningduaaaaaaaaaaaaaaaa"
#: What is read of a document, and of a payment.
OF_ONE = ("group", "document_number", "row", "day", *STOOD)
PAID = ("amount", "payee_token", "payee_account_token")
HISTORIC = 0


def documents() -> pl.Expr:
    """SPP, SPM and SP2D with a number, and reversals of one."""
    kind = pl.col("kind")
    dated = kind.is_in(DATED) & pl.col("document_number").is_not_null()
    return (dated | ((kind == "reversal") & pl.col("refers_to").is_not_null())).fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per sub-activity and year, by document number: the most of what was seen in all that show it."""
    rows = groups.rows.filter(~pl.col("backfill"))
    signed = rows.filter(pl.col("kind").is_in(["spm", "sp2d"]) & pl.col("document_date").is_not_null())
    parts = [_order(rows, signed), _late(groups, signed), _again(groups, rows)]
    found = (
        groups.by_day(pl.concat(parts), oldest="oldest")
        .sort("row")
        .group_by("group", "scope", maintain_order=True)
        .agg(
            pl.col("observed").max(), threshold=pl.col("allowed").last(), as_of=pl.col("day").last(),
            proof=pl.col("shows").explode().unique().sort(),
        )
    )  # fmt: skip
    return Weighed(found, {HISTORIC: groups.lacking(~pl.col("backfill"))})


def _order(rows: pl.DataFrame, signed: pl.DataFrame) -> pl.DataFrame:
    """Dated before the document that they follow, in whole days."""
    earlier = rows.filter(pl.col("kind").is_in(DATED) & pl.col("document_date").is_not_null()).select(
        "group", pl.col("document_number").alias("refers_to"), pl.col("document_date").alias("follows"), "row", "day", *STOOD
    )  # fmt: skip
    gap = (pl.col("follows") - pl.col("document_date")) // DAY_MS
    pairs = signed.select(*OF_ONE, "refers_to", "document_date").join(
        earlier, on=["group", "refers_to"], suffix="_before"
    )
    early = pairs.filter(gap >= 1).with_columns(**both_stood("_before"))
    return _seen(early, ORDER, gap, pl.concat_list("row_before", "row"))


def _late(groups: Groups, signed: pl.DataFrame) -> pl.DataFrame:
    """Made longer after their date than is allowed, in working days."""
    dates, made = (signed.get_column(name).to_numpy().astype(np.int64) for name in ("document_date", "at"))
    passed = signed.select(
        *OF_ONE, pl.col("day").alias("oldest"), groups.value("days", signed.get_column("day")).alias("allowed"),
        pl.Series("passed", elapsed(groups.profile.calendar, dates, made), pl.Float64),
    )  # fmt: skip
    late = passed.filter(pl.col("passed") > pl.col("allowed"))
    return _seen(late, LATE, pl.col("passed"), pl.concat_list("row"), pl.col("allowed"))


def _again(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """Paid again to the same payee in another account after a reversal, in rupiah."""
    paid = rows.filter(pl.col("kind") == "sp2d").select(*OF_ONE, *PAID)
    reversals = rows.filter(pl.col("kind") == "reversal").select(
        "group", pl.col("refers_to").alias("document_number"), "row", "day", *STOOD
    )
    undone = paid.join(reversals, on=["group", "document_number"], suffix="_back").with_columns(
        **both_stood("_back")
    )
    again = undone.join(paid, on=["group", "amount", "payee_token"], suffix="_again")
    soon = groups.value("reissue_days", again.get_column("day"))
    new = again.filter(
        (pl.col("document_number") != pl.col("document_number_again"))
        & (pl.col("payee_account_token") != pl.col("payee_account_token_again"))
        & (pl.col("day_again") - pl.col("day_back")).is_between(0, soon)
    ).with_columns(**both_stood("_again"))
    new = new.with_columns(oldest=pl.min_horizontal("oldest", "day_back"))
    return _seen(new, AGAIN, pl.col("amount"), pl.concat_list("row", "row_back", "row_again"))


def _seen(
    rows: pl.DataFrame, name: str, observed: pl.Expr, shows: pl.Expr, allowed: pl.Expr | None = None
) -> pl.DataFrame:
    """What shows that something is wrong with a document, with when it stood."""
    return rows.select(
        "group", scope=pl.concat_str(pl.lit(name), pl.col("document_number").cast(pl.String), separator=" "),
        observed=observed.cast(pl.Float64), allowed=pl.lit(0.0) if allowed is None else allowed.cast(pl.Float64),
        shows=shows, row="row", day="day", oldest="oldest", seen="seen", gone="gone",
    )  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    name, _, number = told.scope.partition(" ")
    if name == AGAIN:
        return (
            f"Indikasi SP2D dibatalkan lalu diterbitkan lagi ke rekening lain: pengganti SP2D nomor {number} sebesar "
            f"{rupiah(told.observed)} kepada penerima yang sama (seharusnya {rupiah(told.threshold)}); perlu klarifikasi."
        )
    if name == ORDER:
        return (
            f"Indikasi tanggal mundur: dokumen nomor {number} bertanggal {decimal(told.observed)} hari lebih awal daripada "
            f"dokumen yang mendahuluinya (batas {decimal(told.threshold)}); perlu klarifikasi."
        )
    return (
        f"Indikasi tanggal mundur: dokumen nomor {number} dibuat {decimal(told.observed)} hari kerja setelah tanggal yang "
        f"tertulis padanya (batas {decimal(told.threshold)}); perlu klarifikasi."
    )


def _signed(at: str, kind: str, dated: str = "", account: str = ACCOUNTS[0], **fields: Any) -> Event:
    number = {"spp": "SPP/1", "spm": "SPM/1", "sp2d": "SP2D/1"}[kind]
    before = {"spp": None, "spm": "SPP/1", "sp2d": "SPM/1"}[kind]
    own = {
        "document_number": number,
        "refers_to": before,
        "payee_token": PAYEE,
        "payee_account_token": account,
    }
    date_on_it = f"{dated or at} 10:00"
    return on(
        f"{at} 10:00",
        kind,
        disbursement_type="LS",
        amount=50_000_000,
        document_date=date_on_it,
        **{**own, **fields},
    )


def _reversed(at: str) -> Event:
    return on(f"{at} 10:00", "reversal", disbursement_type="LS", amount=50_000_000, refers_to="SP2D/1")


EXAMPLES = (
    row(
        "found", "found", _signed("2026-02-04", "spp"), _signed("2026-02-04", "spm", dated="2026-02-02"), scope="urutan SPM/1",
        observed=2.0,
    ),
    row("found", "found", _signed("2026-01-08", "sp2d", dated="2025-12-31"), scope="mundur SP2D/1"),
    row(
        "found", "found", _signed("2026-02-04", "sp2d"), _reversed("2026-02-05"),
        _signed("2026-02-09", "sp2d", account=ACCOUNTS[1], document_number="SP2D/2"), scope="ganti SP2D/1", observed=50e6,
    ),
    row("not found", "not found", _signed("2026-02-04", "spp"), _signed("2026-02-04", "spm"), _signed("2026-02-05", "sp2d")),
    row(
        "not found", "not found", _signed("2026-02-04", "sp2d"), _reversed("2026-02-05"),
        _signed("2026-02-09", "sp2d", document_number="SP2D/2"),
    ),
    row("just below", "not found", _signed("2026-01-08", "sp2d", dated="2026-01-05")),
    row("just above", "found", _signed("2026-01-09", "sp2d", dated="2026-01-05"), scope="mundur SP2D/1", observed=4.0),
    row("not applicable", "not applicable", _signed("2026-01-09", "sp2d", dated="2026-01-05", mode="backfill")),
    row("before a dated change", "not found", _signed("2026-01-30", "sp2d", dated="2026-01-27")),
    row("after a dated change", "found", _signed("2026-02-06", "sp2d", dated="2026-02-03"), observed=3.0),
)  # fmt: skip

RULE = Rule(
    id="B11",
    version="1",
    title="SPM atau SP2D bertanggal mundur atau diganti rekening",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(LegalBasis("Permendagri 77/2020: urutan SPP, SPM dan SP2D", date(2020, 12, 30)),),
    method=(
        "Setiap SPM dan SP2D menurut subkegiatan: tanggalnya tidak mendahului dokumen yang ditunjuknya sehari atau lebih, dan "
        "dokumen dibuat tidak terlalu lama setelah tanggal yang tertulis. SP2D yang dibatalkan lalu diterbitkan lagi dengan "
        "jumlah dan penerima yang sama tetapi ke rekening bank lain dilaporkan tersendiri."
    ),
    why="Tanggal mundur menutupi keterlambatan atau melewati batas tahun; penggantian rekening dapat mengalihkan uang.",
    innocent=(
        "Nomor rekening bank semula salah dan uang dikembalikan oleh bank",
        "Salah ketik tanggal dokumen",
        "Sistem terganggu sehingga dokumen dicatat kemudian",
    ),
    unit_of_measure="hari atau rupiah",
    parameters=(
        Parameter("days", 3.0, "hari kerja", "jarak yang wajar dari tanggal dokumen sampai dokumen dibuat"),
        Parameter("reissue_days", 30.0, "hari", "jarak pembatalan sampai penerbitan lagi yang masih dibandingkan"),
    ),
    severity=0.5,
    family="dates",
    about=("officer_token",),
    needs=("document_number", "document_date", "refers_to"),
    sources=("Permendagri 77/2020",),
    historic=False,
    not_applicable=("data historis",),
    weigh=weigh,
    reads={
        "budget": (
            "fiscal_year", "amount", "document_number", "document_date", "refers_to", "payee_token", "payee_account_token",
        )
    },
    rows=documents,
    by=("fiscal_year", "opd", "sub_activity"),
    once=True,
    window=500,  # the year, and the months in which it is still corrected
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu dokumen dan pendahulunya cukup."},
)  # fmt: skip
