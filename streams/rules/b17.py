"""B17: more of a contract was paid than was built, or all of it before the work was handed over."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.days import local_days
from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import ONE_CASE, Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah

HISTORY, NO_VALUE, NO_REPORT = range(3)
#: While it is judged by, a package is within the window though it is 300 days older than the last payment.
SETTLES = 200
PHYSICAL, HANDOVER = "fisik", "serah terima"
WHOLE = 100


def paid_on_contract() -> pl.Expr:
    """SP2D that name a contract."""
    return (pl.col("kind") == "sp2d") & pl.col("contract_number").is_not_null()


def weigh(groups: Groups) -> Weighed:
    """Per contract: the share of its package that was paid, against the last report of progress and the hand-over."""
    contracts = _with_progress(groups, _with_value(groups, _paid(groups)))
    reasons = {
        HISTORY: pl.col("backfill"), NO_VALUE: (pl.col("worth") > 0).fill_null(False).not_(),
        NO_REPORT: pl.col("physical").is_null(),
    }  # fmt: skip
    silent: dict[int, pl.Series] = {}
    for reason, holds in reasons.items():
        some = contracts.filter(holds)
        if len(some):
            silent[reason] = some.get_column("group")
        contracts = contracts.filter(~holds)
    contracts = contracts.filter(pl.col("as_of") + SETTLES >= pl.col("today"))
    on_ = contracts.get_column("as_of")
    dated = contracts.with_columns(
        groups.value(name, on_).alias(name) for name in ("advance", "days", "full")
    ).with_columns(
        observed=100.0 * pl.col("paid") / pl.col("worth"),
        allowed=pl.col("physical") + pl.col("advance") * (1 - pl.col("physical") / 100),
        told=pl.col("heard") > pl.col("as_of") + pl.col("days").ceil().cast(pl.Int64),
    )  # fmt: skip
    # no report that may still come can justify more than the whole
    known = pl.col("told") | (pl.col("reported") >= pl.col("as_of")) | (pl.col("observed") > WHOLE)
    over = dated.filter(known).with_columns(
        observed=pl.col("observed") - pl.col("allowed"), threshold=pl.lit(0.0), scope=pl.lit(PHYSICAL)
    )
    ahead = over.filter(pl.col("observed") > 0)
    early = (pl.col("handed") > pl.col("as_of")) | (pl.col("handed").is_null() & pl.col("told"))
    whole = dated.filter((pl.col("observed") >= pl.col("full")) & early).with_columns(
        threshold=pl.col("full"), scope=pl.lit(HANDOVER)
    )
    columns = ("group", "scope", "observed", "threshold", "as_of", "paid", "worth", "physical", "allowed")
    return Weighed(pl.concat([ahead.select(columns), whole.select(columns)]), silent)


def _paid(groups: Groups) -> pl.DataFrame:
    """One row a contract: what was paid less what came back for its SP2D, its package, and the day of its last payment."""
    money = groups.ledger("budget", where=pl.col("kind").is_in(["return", "reversal"]))
    papers = groups.rows.select("group", "today", "opd", document="document_number").drop_nulls().unique()
    back = money.join(papers, left_on=["today", "opd", "refers_to"], right_on=["today", "opd", "document"])
    returned = back.group_by("group").agg(pl.col("amount").sum().alias("back"))
    contracts = groups.rows.group_by("group", maintain_order=True).agg(
        pl.col("today", "opd", "contract_number").first(), pl.col("package_id").drop_nulls().last(), pl.col("amount").sum(),
        pl.col("day").last().alias("as_of"), pl.col("handed_over_at").drop_nulls().last(), pl.col("backfill").any(),
    )  # fmt: skip
    joined = contracts.join(returned, on="group", how="left", maintain_order="left")
    return joined.with_columns(paid=pl.col("amount") - pl.col("back").fill_null(0))


def _with_value(groups: Groups, contracts: pl.DataFrame) -> pl.DataFrame:
    """With the amount of the package, or its ceiling where that is not known."""
    packages = groups.ledger(
        "budget", where=(pl.col("kind") == "package") & pl.col("package_id").is_not_null()
    )
    newest = packages.sort("at", "high", "low").unique(
        ["today", "opd", "package_id"], keep="last", maintain_order=True
    )
    worth = pl.when(pl.col("amount") > 0).then("amount").otherwise("package_ceiling").alias("worth")
    return contracts.join(
        newest.select("today", "opd", "package_id", worth),
        on=["today", "opd", "package_id"],
        how="left",
        maintain_order="left",
    )


def _with_progress(groups: Groups, contracts: pl.DataFrame) -> pl.DataFrame:
    """With the last report (percent, and its day), the day of the hand-over, and the last day on which who reports was heard."""
    reports = groups.ledger("activities")
    if not len(reports):
        missing = {name: pl.lit(None, pl.Int64) for name in ("reported", "handed", "heard")}
        return contracts.with_columns(physical=pl.lit(None, pl.Float64), **missing)
    key = ["today", "opd", "contract_number"]
    mine = reports.filter(pl.col("contract_number").is_not_null()).sort("at", "high", "low")
    last = mine.group_by(key).agg(
        (pl.col("physical_bp").last() / 100.0).alias("physical"), pl.col("day").last().alias("reported"),
        pl.col("source").last(), pl.col("day").filter(pl.col("kind") == "handover").first().alias("taken"),
    )  # fmt: skip
    joined = contracts.join(last, on=key, how="left", maintain_order="left")
    joined = joined.join(
        groups.heard("activities"), on=["today", "source"], how="left", maintain_order="left"
    )
    known = joined.filter(pl.col("handed_over_at").is_not_null()).select("group", "handed_over_at")
    days = local_days(known.get_column("handed_over_at").to_numpy(), groups.profile.timezone.key)
    noted = known.select("group", noted=pl.Series(days, dtype=pl.Int64))
    joined = joined.join(noted, on="group", how="left", maintain_order="left")
    return joined.with_columns(handed=pl.min_horizontal("noted", "taken"))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    opd, _, contract = told.subject.partition("|")
    share = 100 * told.more["paid"] / told.more["worth"]
    paid = f"kontrak {contract} pada perangkat daerah {opd} sudah dibayar {rupiah(told.more['paid'])} ({decimal(share)} % nilai paketnya)"
    if told.scope == HANDOVER:
        return f"Indikasi pembayaran penuh sebelum serah terima: {paid} tanpa serah terima pekerjaan yang mendahuluinya; perlu klarifikasi."
    return (
        f"Indikasi pembayaran melebihi kemajuan fisik: {paid}, sedangkan kemajuan fisiknya {decimal(told.more['physical'])} % dan "
        f"yang wajar termasuk uang muka {decimal(told.more['allowed'])} %; perlu klarifikasi."
    )


CONTRACT = {"contract_number": "KTR-1", "package_id": "RUP-1"}
PACKAGE = on(
    "2026-01-05 08:00", "package", package_id="RUP-1", amount=100_000_000, package_ceiling=120_000_000
)


def _pay(at: str, millions: float, number: int = 1, **fields: Any) -> Event:
    own = {"document_number": f"SP2D/{number}", "disbursement_type": "LS", **CONTRACT, **fields}
    return on(f"{at} 10:00", "sp2d", amount=round(millions * 1e6), **own)


def _report(at: str, percent: float, kind: str = "progress", **fields: Any) -> Event:
    own = {"domain": "activities", "physical_bp": round(percent * 100), **CONTRACT, **fields}
    return on(f"{at} 09:00", kind, **own)


EXAMPLES = (
    row("found", "found", PACKAGE, _report("2026-01-20", 40), _pay("2026-01-20", 80), scope=PHYSICAL, observed=22.0),
    row(
        "found", "found", PACKAGE, _report("2026-01-06", 100), _pay("2026-01-07", 100), _report("2026-01-28", 100),
        scope=HANDOVER, observed=100.0,
    ),
    row(
        "found", "found", PACKAGE, _report("2026-01-06", 100), _report("2026-01-06", 100, "handover"),
        _pay("2026-01-07", 110), scope=PHYSICAL, observed=10.0,
    ),
    row("not found", "not found", PACKAGE, _report("2026-01-20", 80), _pay("2026-01-20", 80)),
    row(
        "not found", "not found", PACKAGE, _report("2026-01-20", 40), _pay("2026-01-20", 80),
        on("2026-01-21 10:00", "reversal", amount=30_000_000, refers_to="SP2D/1", disbursement_type="LS"),
    ),
    row(
        "not found", "not found", PACKAGE, _report("2026-01-06", 100), _report("2026-01-06", 100, "handover"),
        _pay("2026-01-07", 100), _report("2026-01-28", 10, contract_number="KTR-2"),
    ),
    row("not found", "not found", PACKAGE, _report("2026-01-06", 40), _pay("2026-01-20", 80), clock="2026-02-20 01:00"),
    row("just below", "not found", PACKAGE, _report("2026-01-20", 40), _pay("2026-01-20", 58)),
    row("just above", "found", PACKAGE, _report("2026-01-20", 40), _pay("2026-01-20", 58.5), scope=PHYSICAL, observed=0.5),
    row("not applicable", "not applicable", PACKAGE, _report("2026-01-20", 40, contract_number=None), _pay("2026-01-20", 80)),
    row("not applicable", "not applicable", _report("2026-01-20", 40), _pay("2026-01-20", 80)),
    row("not applicable", "not applicable", PACKAGE, _report("2026-01-20", 40), _pay("2026-01-20", 80, mode="backfill")),
    row("before a dated change", "not found", PACKAGE, _report("2026-01-30", 0), _pay("2026-01-30", 25)),
    row("after a dated change", "found", PACKAGE, _report("2026-02-02", 0), _pay("2026-02-02", 25), scope=PHYSICAL),
)  # fmt: skip

RULE = Rule(
    id="B17",
    version="3",
    title="Pembayaran kontrak melebihi kemajuan pekerjaan",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Anggaran",
    legal_basis=(
        LegalBasis("Perpres 16/2018 sebagaimana diubah: pembayaran prestasi pekerjaan dan uang muka kontrak", date(2018, 3, 22)),
        LegalBasis("PP 12/2019: pengelolaan keuangan daerah", date(2019, 3, 12)),
    ),
    method=(
        "SP2D yang menyebut suatu kontrak, dikurangi pengembalian dan pembatalannya, dibagi nilai paketnya (pagu bila nilainya "
        "tidak diketahui), lalu dibandingkan dengan laporan kemajuan fisik yang terakhir ditambah uang muka yang belum "
        "diperhitungkan. Pembayaran penuh harus didahului serah terima. Laporan yang belum ada dinilai hanya bila sumbernya "
        "masih mengirim data setelah tenggang, kecuali bila yang dibayar sudah melebihi nilai paket; "
        f"{SETTLES} hari setelah pembayaran terakhir hasilnya tetap. Denda "
        "keterlambatan belum dinilai: kontrak data tidak memuatnya."
    ),
    why="Pekerjaan yang dibayar melebihi hasilnya merugikan daerah bila tidak diselesaikan.",
    innocent=(
        "Laporan kemajuan terlambat atau memakai nomor kontrak lain",
        "Pembayaran akhir tahun dengan jaminan bank menurut peraturan",
        "Bahan di lapangan dibayar menurut kontrak",
    ),
    unit_of_measure="persen",
    parameters=(
        Parameter("advance", 30.0, "persen", "uang muka yang wajar, berkurang sejalan dengan kemajuan fisik"),
        Parameter("days", 14.0, "hari", "tenggang setelah pembayaran sampai laporannya harus ada"),
        Parameter("full", 100.0, "persen", "bagian yang dianggap pembayaran penuh"),
    ),
    severity=0.6,
    needs=("contract_number", "package_id", "physical_bp"),
    sources=("BPK: Lubuklinggau, kelebihan pembayaran dan kekurangan volume pekerjaan",),
    reads_absence=True,
    historic=False,
    not_applicable=(
        "data historis",
        "nilai paket kontrak tidak diketahui",
        "laporan kemajuan tidak menyebut kontrak ini",
    ),
    weigh=weigh,
    reads={
        "budget": (
            "contract_number", "package_id", "package_ceiling", "amount", "document_number", "refers_to", "handed_over_at",
        ),
        "activities": ("contract_number", "physical_bp"),
    },
    rows=paid_on_contract,
    by=("opd", "contract_number"),
    window=570,  # a package of January, its last payment in December, and the days after it
    every=7,
    settles=SETTLES,
    daily=True,
    sentence=sentence,
    examples=EXAMPLES,
    without=ONE_CASE,
)  # fmt: skip
