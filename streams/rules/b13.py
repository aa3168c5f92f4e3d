"""B13: additional cash (TU) that was not accounted for, or whose remainder was not returned, within its term."""

from __future__ import annotations

from datetime import date

import polars as pl

from streams.ledgers.groups import Groups, Weighed, without
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, rupiah, whole
from streams.spending import MOVING

HISTORIC = 0


def number() -> pl.Expr:
    """The SP2D that a row is, or settles."""
    return pl.when(pl.col("kind") == "sp2d").then("document_number").otherwise("refers_to").cast(pl.String)


def cash() -> pl.Expr:
    """SP2D of TU, and what settles them."""
    moving = pl.col("kind").cast(pl.String).is_in(MOVING)
    return ((pl.col("disbursement_type") == "TU") & moving & number().is_not_null()).fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per SP2D: what its accounting, returns and reversals had left open when its term ended; known when the source was
    heard after that."""
    rows = groups.rows.with_columns(
        number().alias("scope"), pl.col("day").cast(pl.Int32).cast(pl.Date).alias("on")
    )
    advances, settled = rows.filter(pl.col("kind") == "sp2d"), pl.col("kind") != "sp2d"
    live = advances.filter(~pl.col("backfill"))
    paid = live.group_by("group", "scope", maintain_order=True).agg(
        pl.col("today", "source").first(), as_of=pl.col("day").first()
    )
    months = groups.value("months", paid.get_column("as_of")).round().cast(pl.Int64).alias("months")
    term = pl.concat_str("months", pl.lit("mo"))
    dated = paid.with_columns(months).with_columns(
        due=pl.col("as_of").cast(pl.Int32).cast(pl.Date).dt.offset_by(term)
    )
    advance = ["group", "scope"]
    said = dated.drop(advance)
    left = rows.drop("today", "source").join(dated, on=advance).group_by(advance, maintain_order=True).agg(
        pl.col(said.columns).first(), observed=_open(~settled | (pl.col("on") <= pl.col("due"))),
        open=_open(pl.lit(True)), proof=pl.col("row"),
    )  # fmt: skip
    known = left.join(groups.heard("budget"), on=["today", "source"], maintain_order="left").filter(
        pl.col("due").dt.epoch("d") < pl.col("heard")
    )
    found = known.filter(pl.col("observed") > 0).drop("source", "heard")
    historic = without(advances, live)
    return Weighed(found.with_columns(threshold=pl.lit(0)), {HISTORIC: historic})


def _open(which: pl.Expr) -> pl.Expr:
    """Rupiah of an advance that some of its rows leave open."""
    sign = pl.when(pl.col("kind") == "sp2d").then(1).otherwise(-1)
    return (pl.col("amount") * sign).filter(which).sum()


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    due = told.day(told.profile.calendar.day_start(told.more["due"].isoformat()))
    still = max(told.more["open"], 0)
    now = f"kini masih terbuka {rupiah(still)}" if still else "kini sudah diselesaikan, tetapi terlambat"
    return (
        f"Indikasi TU belum selesai pada waktunya: {rupiah(told.observed)} dari SP2D nomor {told.scope} belum dipertanggungjawabkan "
        f"atau disetor kembali sampai {due} (batas {whole(told.more['months'])} bulan, sisa yang diperbolehkan "
        f"{rupiah(told.threshold)}); {now}; perlu klarifikasi."
    )  # fmt: skip


def _tu(at: str, kind: str, millions: float, mode: str = "live") -> Event:
    number = {"document_number": "SP2D/TU/1"} if kind == "sp2d" else {"refers_to": "SP2D/TU/1"}
    amount = round(millions * 1e6)
    return on(f"{at} 10:00", kind, disbursement_type="TU", amount=amount, mode=mode, **number)


def _other(day: str) -> Event:
    """Another payment: the source speaks."""
    return on(f"{day} 09:00", "sp2d", disbursement_type="LS", amount=1_000_000, document_number="SP2D/LS/9")


EXAMPLES = (
    row(
        "found", "found", _tu("2026-01-05", "sp2d", 100), _tu("2026-01-30", "accounting", 60), _other("2026-02-06"),
        clock="2026-02-07 01:00", scope="SP2D/TU/1", observed=40e6,
    ),
    row("not found", "not found", _tu("2026-01-05", "sp2d", 100), clock="2026-02-20 01:00"),
    row(
        "found", "found", _tu("2026-01-05", "sp2d", 100), _tu("2026-01-30", "accounting", 60),
        _tu("2026-02-09", "return", 40), observed=40e6,
    ),
    row(
        "not found", "not found", _tu("2026-01-05", "sp2d", 100), _tu("2026-01-30", "accounting", 60),
        _tu("2026-01-30", "return", 40), _other("2026-02-09"), clock="2026-02-10 01:00",
    ),
    row(
        "not found", "not found", _tu("2026-01-05", "sp2d", 100), _tu("2026-01-06", "reversal", 100), _other("2026-02-09"),
        clock="2026-02-10 01:00",
    ),
    row("just below", "not found", _tu("2026-01-05", "sp2d", 100), _other("2026-02-05"), clock="2026-02-06 01:00"),
    row(
        "just above", "found", _tu("2026-01-05", "sp2d", 100), _other("2026-02-06"), clock="2026-02-07 01:00", observed=100e6,
    ),
    row(
        "just below", "not found", _tu("2026-01-05", "sp2d", 100), _tu("2026-02-05", "accounting", 100), _other("2026-02-06"),
        clock="2026-02-07 01:00",
    ),
    row("not applicable", "not applicable", _tu("2026-01-05", "sp2d", 100, "backfill"), _other("2026-02-06"), clock="2026-02-07 01:00"),
    row("before a dated change", "found", _tu("2026-01-31", "sp2d", 100), _other("2026-03-19"), clock="2026-03-20 01:00"),
    row("after a dated change", "not found", _tu("2026-02-01", "sp2d", 100), _other("2026-03-19"), clock="2026-03-20 01:00"),
)  # fmt: skip

RULE = Rule(
    id="B13",
    version="2",
    title="TU belum dipertanggungjawabkan pada waktunya",
    domain="budget",
    kind="hard",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis(
            "Permendagri 77/2020: TU dipertanggungjawabkan dalam 1 bulan dan sisanya disetor ke RKUD", date(2020, 12, 30)
        ),
    ),
    method=(
        "Setiap SP2D TU: sampai batas waktunya dijumlahkan pertanggungjawaban, pengembalian dan pembatalan yang menunjuk "
        "kepadanya. Batas dihitung dalam bulan sejak tanggal SP2D menurut aturan yang berlaku pada tanggal itu; hari terakhir "
        "masih tepat waktu. Yang terbuka saat itu dilaporkan, juga bila kemudian diselesaikan terlambat; dinilai bila sumbernya masih "
        "mengirim data sesudah batas itu."
    ),
    why="Uang tunai yang lama di tangan bendahara tanpa pertanggungjawaban dapat terpakai untuk hal lain.",
    innocent=(
        "Kegiatan yang jadwalnya diubah dengan persetujuan PPKD",
        "Pertanggungjawaban sudah ada tetapi belum dikirim sistemnya",
        "Nomor SP2D pada pertanggungjawaban salah ketik",
    ),
    unit_of_measure="rupiah",
    parameters=(Parameter("months", 1.0, "bulan", "batas waktu pertanggungjawaban TU sejak SP2D"),),
    severity=0.7,
    delivers=True,
    needs=("amount", "disbursement_type", "document_number", "refers_to"),
    sources=("BPK: Bengkulu Utara, 39 dari 128 TU terlambat", "Permendagri 77/2020"),
    reads_absence=True,
    historic=False,
    not_applicable=("data historis",),
    weigh=weigh,
    reads={"budget": ("fiscal_year", "amount", "disbursement_type", "document_number", "refers_to")},
    rows=cash,
    by=("fiscal_year", "opd", "sub_activity"),
    window=400,
    daily=True,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu SP2D TU cukup untuk batasnya."},
)  # fmt: skip
