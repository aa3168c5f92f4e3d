"""B02: a payment of a line that has no approved ceiling, or for which no cash was released (SPD)."""

from __future__ import annotations

from datetime import date

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD, spans
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Rule
from streams.rules.telling import Told, rupiah
from streams.spending import STAGES

#: What may be missing, as scopes begin, and the kind of document that it is.
MISSING = {"pagu": "ceiling", "spd": "spd"}
#: SP2D that are charged to a line; UP is cash of the whole department.
TYPES = ("LS", "GU", "TU")
LINE = ("group", "sub_activity", "account")
PAPER = ("group", "sub_activity", "document_number")
NO_PLANS = 0


def planned() -> pl.Expr:
    """Approved ceilings, SPD, SP2D of lines, and what undoes them."""
    kind = pl.col("kind")
    approved = (kind == "ceiling") & pl.col("ceiling_stage").is_in(list(STAGES))
    charged = pl.col("disbursement_type").is_in(TYPES) & (pl.col("account") != "")
    return (approved | (kind == "spd") | (kind.is_in(["sp2d", "reversal"]) & charged)).fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per department and year: SP2D of lines that had no ceiling, or no SPD, on their day. What a department never sends is
    not missed."""
    rows, kind = groups.rows, pl.col("kind")
    paid = rows.filter(kind == "sp2d").select(*LINE, "document_number", "amount", "row", "day", *STOOD)
    undone = rows.filter(kind == "reversal").select(
        *PAPER[:2], pl.col("refers_to").alias(PAPER[2]), "day", *STOOD
    )
    standing = groups.by_day(undone)
    parts = [
        _said(_missing(groups, paid, rows.filter(kind == of)).join(standing, on=PAPER, how="anti"), name)
        for name, of in MISSING.items()
    ]
    return Weighed(pl.concat(parts), {NO_PLANS: groups.lacking(kind.is_in(list(MISSING.values())))})


def _missing(groups: Groups, paid: pl.DataFrame, plans: pl.DataFrame) -> pl.DataFrame:
    """Day by day, payments of lines that had no plan, where the department has any. One with a plan that stands on all of
    the days needs no second look."""
    plans = plans.select(*LINE, "day", *STOOD)
    doubtful = _unplanned(paid, plans.filter(groups.steady()))
    if not len(doubtful):
        return groups.by_day(doubtful)
    near = plans.join(doubtful, on=LINE[:2], how="semi")
    any_plan = groups.by_day(spans(plans, "group", groups.days[0]))
    unplanned = _unplanned(groups.by_day(doubtful), groups.by_day(near))
    return unplanned.join(any_plan, on="group", how="semi", maintain_order="left")


def _unplanned(paid: pl.DataFrame, plans: pl.DataFrame) -> pl.DataFrame:
    """Payments of lines that had no plan on their day, nor its whole sub-activity."""
    since = plans.group_by(LINE).agg(pl.col("day").min().alias("since"))
    whole = since.filter(pl.col("account") == "").drop("account").rename({"since": "since_whole"})
    return (
        paid.join(since, on=LINE, how="left", maintain_order="left")
        .join(whole, on=LINE[:2], how="left", maintain_order="left")
        .filter((pl.min_horizontal("since", "since_whole") > pl.col("day")).fill_null(True))
        .drop("since", "since_whole")
    )


def _said(unplanned: pl.DataFrame, name: str) -> pl.DataFrame:
    """By line."""
    return (
        unplanned.group_by(LINE, maintain_order=True)
        .agg(observed=pl.col("amount").sum(), threshold=pl.lit(0), proof=pl.col("row").sort())
        .with_columns(scope=pl.concat_str(pl.lit(name), pl.col(LINE[1:]).cast(pl.String), separator=" "))
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    missing = "pagu yang disetujui" if told.scope.startswith("pagu") else "SPD"
    return (
        f"Indikasi pembayaran tanpa rencana: SP2D {rupiah(told.observed)} pada subkegiatan {told.more['sub_activity']} rekening "
        f"{told.more['account']} belum memiliki {missing} pada tanggalnya (seharusnya {rupiah(told.threshold)}); perlu "
        f"klarifikasi."
    )


def _ceiling(at: str, stage: str = "APBD", account: str = "5.1.02.03.04.0001") -> Event:
    return on(f"{at} 08:00", "ceiling", ceiling_stage=stage, amount=100_000_000, account=account)


def _spd(at: str) -> Event:
    return on(f"{at} 08:00", "spd", amount=25_000_000, account="")


def _paid(at: str, of: str = "LS", amount: int = 10_000_000) -> Event:
    return on(f"{at} 10:00", "sp2d", disbursement_type=of, amount=amount, document_number=f"SP2D/{at}")


LINE_OF_EXAMPLES = "1.03.10.2.01.0005 5.1.02.03.04.0001"
EXAMPLES = (
    row(
        "found", "found", _ceiling("2026-01-02", account="5.1.02.01.01.0001"), _spd("2026-01-05"), _paid("2026-01-20"),
        scope=f"pagu {LINE_OF_EXAMPLES}", observed=10e6,
    ),
    row("found", "found", _ceiling("2026-01-02", "RAPBD"), _spd("2026-01-05"), _spd("2026-02-05"), _ceiling("2026-02-02"),
        _paid("2026-01-20"), scope=f"pagu {LINE_OF_EXAMPLES}"),
    row("not found", "not found", _ceiling("2026-01-02"), _spd("2026-01-05"), _paid("2026-01-20")),
    row("not found", "not found", _ceiling("2026-01-02"), _spd("2026-02-05"), _paid("2026-01-20", "UP")),
    row(
        "not found", "not found", _ceiling("2026-01-02"), _spd("2026-02-05"), _paid("2026-01-20"),
        on("2026-01-21 10:00", "reversal", disbursement_type="LS", amount=10_000_000, refers_to="SP2D/2026-01-20"),
    ),
    row("just below", "not found", _ceiling("2026-01-02"), _spd("2026-01-20"), _paid("2026-01-20")),
    row(
        "just above", "found", _ceiling("2026-01-02"), _spd("2026-01-21"), _paid("2026-01-20"),
        scope=f"spd {LINE_OF_EXAMPLES}",
    ),
    row("not applicable", "not applicable", _paid("2026-01-20")),
    row(
        "before a dated change", "found", _ceiling("2026-01-02"), _ceiling("2026-09-26", "APBD-P", "5.1.02.01.01.0001"),
        on("2026-09-20 10:00", "sp2d", disbursement_type="LS", amount=1, account="5.1.02.01.01.0001"),
    ),
    row(
        "after a dated change", "not found", _ceiling("2026-01-02"), _ceiling("2026-09-26", "APBD-P", "5.1.02.01.01.0001"),
        on("2026-09-27 10:00", "sp2d", disbursement_type="LS", amount=1, account="5.1.02.01.01.0001"),
    ),
)  # fmt: skip

RULE = Rule(
    id="B02",
    version="1",
    title="Pembayaran tanpa pagu atau SPD",
    domain="budget",
    kind="hard",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019: pengeluaran didasarkan DPA dan SPD", date(2019, 3, 12)),
        LegalBasis("Permendagri 77/2020", date(2020, 12, 30)),
    ),
    method=(
        "Setiap SP2D LS, GU dan TU menurut tahun anggaran, perangkat daerah, subkegiatan dan rekening: pada tanggalnya harus "
        "ada pagu (APBD, pergeseran atau APBD-P) dan SPD; SPD tanpa rekening berlaku untuk seluruh subkegiatan. SP2D yang "
        "dibatalkan tidak dihitung. Yang sama sekali tidak pernah dikirim oleh perangkat daerah tidak dianggap kurang."
    ),
    why="Pembayaran yang tidak direncanakan tidak disetujui DPRD atau belum disediakan dananya.",
    innocent=(
        "Pagu atau SPD sudah ada tetapi belum dikirim sistemnya",
        "Salah kode rekening, subkegiatan atau tahun",
        "Belanja tidak terduga atau keadaan darurat",
    ),
    unit_of_measure="rupiah",
    severity=0.6,
    needs=("amount", "account", "disbursement_type", "ceiling_stage"),
    sources=("Bank Dunia: non-compliance with procurement plan",),
    not_applicable=("pagu dan SPD perangkat daerah ini belum diterima",),
    weigh=weigh,
    reads={
        "budget": (
            "fiscal_year", "account", "amount", "disbursement_type", "ceiling_stage", "document_number", "refers_to",
        )
    },
    rows=planned,
    by=("fiscal_year", "opd"),
    once=True,
    window=500,  # the year, and the months in which it is still corrected
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Satu SP2D cukup."},
)  # fmt: skip
