"""R08: a permit that carries a fee was issued, and the revenue books do not hold the fee."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from schemas.profile import Profile
from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import ONE_CASE, OTHER_TYPE, Event, on, row
from streams.rules.permit_receipts import heard_by_all, names_permits, received
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, rupiah, whole

#: Days after the last of its events in which a case is judged: so long auditors may still have a receipt corrected.
RECENT = 240
FREE, HISTORY, NOT_ISSUED, NO_START, NO_AMOUNT, UNLINKED = range(6)


def about_fees(profile: Profile) -> pl.Expr:
    """When a case began, what its fee is, and that it was issued; of types that ever have a tariff."""
    relevant = pl.col("kind").is_in(["submitted", "issued"]) | pl.col("fee_assessed").is_not_null()
    types = {tariff.permit_type for tariff in profile.tariffs}
    return relevant & pl.col("permit_type").is_in(sorted(types))


def weigh(groups: Groups) -> Weighed:
    """Per case: the fee that was due when it was issued, against receipts that name the case."""
    books = groups.ledger("revenue", where=names_permits())
    if not len(books):
        return Weighed(pl.DataFrame(), {UNLINKED: groups.keys.get_column("group")})
    money = received(books)
    heard = heard_by_all(groups.heard("revenue"), money)
    silent = {UNLINKED: groups.keys.join(heard, on="today", how="anti").get_column("group")}
    cases = _with_fees(groups.profile, _cases(groups.rows)).join(heard, on="today", maintain_order="left")
    reasons = {
        FREE: pl.col("free"), HISTORY: pl.col("backfill"), NOT_ISSUED: pl.col("issued").is_null(),
        NO_START: pl.col("submitted").is_null(), NO_AMOUNT: pl.col("due").is_null(),
    }  # fmt: skip
    for reason, holds in reasons.items():
        some = cases.filter(holds)
        if len(some):
            silent[reason] = some.get_column("group")
        cases = cases.filter(~holds)
    if not len(cases):
        return Weighed(pl.DataFrame(), silent)
    days = cases.get_column("issued")
    paid = money.group_by("today", "case_id").agg(pl.col("rupiah").sum().cast(pl.Float64).alias("observed"))
    judged = (
        cases.with_columns(
            groups.value("days", days).alias("days"), groups.value("share", days).alias("share"), as_of=days
        )
        .join(paid, on=["today", "case_id"], how="left", maintain_order="left")
        .with_columns(
            pl.col("observed").fill_null(0.0), threshold=pl.col("due") * pl.col("share") / 100,
            deadline=pl.col("issued") + pl.col("days").ceil().cast(pl.Int64),
        )
    )  # fmt: skip
    known = (pl.col("deadline") < pl.col("today")) & (pl.col("deadline") < pl.col("heard"))
    found = judged.filter(known & (pl.col("observed") < pl.col("threshold")))
    columns = ("group", "observed", "threshold", "as_of", "at", "due", "days", "issued_at", "proof")
    return Weighed(
        found.with_columns(at=groups.begins(found.get_column("deadline") + 1)).select(columns), silent
    )


def _cases(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a case: the day of its submission and of its first issue, and its fee as last assessed."""
    issued = pl.col("kind") == "issued"
    return rows.group_by("group", maintain_order=True).agg(
        pl.col("today", "case_id", "permit_type").first(), pl.col("day").first().alias("started"),
        pl.col("day").filter(pl.col("kind") == "submitted").first().alias("submitted"),
        pl.col("day").filter(issued).first().alias("issued"), pl.col("at").filter(issued).first().alias("issued_at"),
        pl.col("fee_assessed").drop_nulls().last().cast(pl.Float64).alias("assessed"),
        pl.col("backfill").any(), pl.col("row").alias("proof"),
    )  # fmt: skip


def _with_fees(profile: Profile, cases: pl.DataFrame) -> pl.DataFrame:
    """With what was due: the tariff of the day on which the case began, or where that is a formula what was assessed."""
    tariffs = pl.DataFrame(
        [(one.permit_type, one.valid_from, one.valid_to, one.amount) for one in profile.tariffs],
        {"permit_type": pl.String, "first": pl.Date, "last": pl.Date, "fixed": pl.Float64},
        orient="row",
    )
    started = cases.select("group", pl.col("permit_type").cast(pl.String), pl.col("started").cast(pl.Date))
    fees = started.join(tariffs, on="permit_type").filter(
        (pl.col("first") <= pl.col("started"))
        & (pl.col("last").is_null() | (pl.col("started") <= pl.col("last")))
    )
    joined = cases.join(
        fees.select("group", "fixed", free=False), on="group", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("free").fill_null(True), due=pl.coalesce("fixed", "assessed"))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi izin terbit tanpa penerimaan retribusi: izin {told.subject} terbit {told.day(told.more['issued_at'])} dengan "
        f"retribusi {rupiah(told.more['due'])}, sedangkan penerimaan yang menyebut nomor izin itu {rupiah(told.observed)} "
        f"sampai {whole(told.more['days'])} hari sesudahnya; perlu klarifikasi."
    )


def _permit(day: str, fee: int | None = 750, **fields: Any) -> list[Event]:
    """A permit that was handed in and issued on a day, with its fee in thousands of rupiah."""
    fee_assessed = None if fee is None else fee * 1000
    return [
        on(f"{day} 08:00", "submitted", **fields),
        on(f"{day} 15:00", "issued", fee_assessed=fee_assessed, **fields),
    ]


def _paid(at: str, thousands: int, kind: str = "receipt", **fields: Any) -> Event:
    own = {"permit_case_id": "503/1/2026", "receipt_number": "K-1", **fields}
    return on(at, kind, domain="revenue", amount=thousands * 1000, **own)


def _other(day: str) -> Event:
    """A receipt for another permit: the source speaks, and names permits."""
    return _paid(f"{day} 09:00", 100, permit_case_id="503/2/2026", receipt_number="K-2")


EXAMPLES = (
    row(
        "found", "found", *_permit("2026-01-05"), _paid("2026-01-05 10:00", 250), _other("2026-02-06"),
        clock="2026-02-13 01:00", observed=250e3,
    ),
    row(
        "found", "found", *_permit("2026-01-05"), _paid("2026-01-05 10:00", 750),
        _paid("2026-01-06 10:00", 750, "void", permit_case_id=None), _other("2026-02-06"),
        clock="2026-02-13 01:00", observed=0,
    ),
    row(
        "not found", "not found", *_permit("2026-01-05"), _paid("2026-01-05 10:00", 500),
        _paid("2026-01-06 10:00", 250, receipt_number="K-3"), _other("2026-02-06"), clock="2026-02-13 01:00",
    ),
    row("not found", "not found", *_permit("2026-01-05"), _other("2026-02-04"), clock="2026-02-27 01:00"),
    row(
        "just below", "found", *_permit("2026-01-05"), _paid("2026-01-05 10:00", 749), _other("2026-02-06"),
        clock="2026-02-13 01:00", observed=749e3,
    ),
    row(
        "just above", "not found", *_permit("2026-01-05"), _paid("2026-01-05 10:00", 750), _other("2026-02-06"),
        clock="2026-02-13 01:00",
    ),
    row(
        "not applicable", "not applicable", *_permit("2026-01-05", permit_type=OTHER_TYPE), _other("2026-02-06"),
        clock="2026-02-13 01:00",
    ),
    row("not applicable", "not applicable", *_permit("2026-01-05", None), _other("2026-02-06"), clock="2026-02-13 01:00"),
    row(
        "not applicable", "not applicable", *_permit("2026-01-05"), _paid("2026-02-06 10:00", 750, permit_case_id=None),
        clock="2026-02-13 01:00",
    ),
    row("not applicable", "not applicable", *_permit("2026-01-05", mode="backfill"), _other("2026-02-06"), clock="2026-02-13 01:00"),
    row(
        "before a dated change", "not found", *_permit("2026-01-30"), _other("2026-02-20"), clock="2026-02-27 01:00",
    ),
    row(
        "after a dated change", "found", *_permit("2026-02-02", 300), _paid("2026-02-02 10:00", 300), _other("2026-02-20"),
        clock="2026-02-27 01:00", observed=300e3,
    ),
)  # fmt: skip

RULE = Rule(
    id="R08",
    version="2",
    title="Izin terbit tanpa penerimaan retribusi",
    domain="permits",
    kind="hard",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("UU 1/2022 tentang hubungan keuangan pusat dan daerah: retribusi perizinan tertentu", date(2022, 1, 5)),
        LegalBasis("PP 35/2023: ketentuan umum pajak daerah dan retribusi daerah", date(2023, 6, 16)),
    ),
    method=(
        "Untuk setiap izin yang terbit, retribusi menurut tarif dalam profil pada tanggal permohonan (atau, bila tarifnya rumus, "
        "penetapan yang terakhir) dibandingkan dengan kuitansi pada buku penerimaan yang menyebut nomor izin itu, dikurangi "
        "pembatalannya. Dinilai bila tenggang setelah terbit sudah lewat dan setiap sumber penerimaan yang biasa menyebut "
        f"nomor izin masih mengirim data setelahnya; sekali seminggu, sampai {RECENT} hari sesudah peristiwa terakhirnya."
    ),
    why="Izin yang terbit tanpa retribusi masuk kas daerah dapat berarti retribusinya tidak dipungut atau tidak dibukukan.",
    innocent=(
        "Kuitansi dibukukan tanpa nomor izin atau dengan nomor yang salah ketik",
        "Pembayaran diterima sebelum buku penerimaan memakai Nadi",
        "Pemohon dibebaskan dari retribusi menurut peraturan daerah",
    ),
    unit_of_measure="rupiah",
    parameters=(
        Parameter("days", 30.0, "hari", "tenggang setelah izin terbit sampai retribusinya harus dibukukan"),
        Parameter("share", 100.0, "persen", "bagian retribusi yang paling sedikit harus dibukukan"),
    ),
    severity=0.6,
    needs=("permit_type", "fee_assessed", "permit_case_id"),
    sources=(
        "BPK: penetapan retribusi kurang dari seharusnya, Tanjungpinang 2022",
        "P14 membandingkan angka di dalam sistem perizinan; aturan ini membandingkannya dengan buku penerimaan",
    ),
    reads_absence=True,
    historic=False,
    not_applicable=(
        "jenis ini tidak berbayar",
        "data historis",
        "belum terbit",
        "permohonannya di luar jangka penilaian",
        "besaran retribusi tidak diketahui",
        "kuitansi tidak menyebut nomor izin",
    ),
    weigh=weigh,
    reads={
        "permits": ("case_id", "permit_type", "fee_assessed"),
        "revenue": ("cash_office", "amount", "receipt_number", "voided_event", "permit_case_id"),
    },
    keeps=about_fees,
    by=("case_id",),
    window=400,
    daily=True,
    recent=RECENT,
    every=7,
    sentence=sentence,
    examples=EXAMPLES,
    without=ONE_CASE,
)  # fmt: skip
