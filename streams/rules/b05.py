"""B05: the same payee is paid the same amount for the same invoice again."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import OTHER_PAYEE, PAYEE, Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, rupiah, whole

#: Account of what employees are paid (Permendagri 90/2019): salaries and TPP are alike every month.
EMPLOYEES = "5.1.01"
UNDONE_BY = ("return", "reversal")
PAPER = ("opd", "sub_activity", "document_number")
NO_INVOICE = 0


def payments() -> pl.Expr:
    """SP2D LS to a payee that are not declared as recurring."""
    paid = (pl.col("kind") == "sp2d") & (pl.col("disbursement_type") == "LS") & (pl.col("amount") > 0)
    usual = pl.col("recurring") | pl.col("account").cast(pl.String).str.starts_with(EMPLOYEES)
    return (paid & ~usual & pl.col("payee_token").is_not_null()).fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per payee and amount: SP2D of similar invoices that follow one another within ``days``, but for those undone."""
    named = pl.col("scope") != ""
    several = groups.rows.filter(named).filter(pl.len().over("group", "scope") > 1)
    found = _again(groups, groups.by_day(several)) if len(several) else several
    return Weighed(found, {NO_INVOICE: groups.lacking(named)})


def _again(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """Payments of an invoice that follow another within ``days``, but for those undone."""
    again = rows.with_columns(pl.col(PAPER).cast(pl.String))
    standing = again.join(_undone(groups), on=["today", *PAPER], how="left").filter(
        pl.col("undone").fill_null(0) < pl.col("amount")
    )
    paper = pl.concat_str(*PAPER, separator="|").fill_null(pl.col("row").cast(pl.String))
    papers = (
        standing.with_columns(paper.alias("paper"))
        .sort("group", "scope", "row")
        .unique(["group", "scope", "paper"], keep="first", maintain_order=True)
    )
    days = groups.value("days", papers.get_column("day")).alias("days")
    near = papers.with_columns(
        days, before=pl.col("row").shift().over("group", "scope"), gap=pl.col("day").diff().over("group", "scope")
    ).filter(pl.col("gap") <= pl.col("days"))  # fmt: skip
    return near.group_by("group", "scope", maintain_order=True).agg(
        observed=pl.col("amount").sum(), threshold=pl.lit(0), as_of=pl.col("day").last(), again=pl.len(),
        proof=pl.concat_list("before", "row").explode().unique().sort(), days=pl.col("days").last(),
    )  # fmt: skip


def invoices() -> list[pl.Expr]:
    """What similar invoices have in common."""
    return [similar(pl.col("invoice_number").cast(pl.String)).alias("scope")]


def similar(invoice: pl.Expr) -> pl.Expr:
    """An invoice number without case, signs between letters and digits, and leading zeros; empty where there is none."""
    pieces = invoice.str.to_uppercase().str.extract_all("[A-Z]+|[0-9]+")
    return pieces.list.eval(pl.element().str.strip_chars_start("0")).list.join("/").fill_null("")


def _undone(groups: Groups) -> pl.DataFrame:
    """Rupiah that were returned or reversed of each SP2D. They name the SP2D and not the payee, so they are no rows of the
    group, and every group is asked every day."""
    back = groups.ledger("budget", where=pl.col("kind").is_in(UNDONE_BY))
    return (
        back.select("today", *PAPER[:2], pl.col("refers_to").alias(PAPER[2]), "amount")
        .with_columns(pl.col(PAPER).cast(pl.String))
        .group_by("today", *PAPER)
        .agg(pl.col("amount").sum().alias("undone"))
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    return (
        f"Indikasi pembayaran ganda: penerima yang sama dibayar lagi {whole(told.more['again'])} kali dengan jumlah dan "
        f"nomor faktur yang sama atau mirip dalam {whole(told.more['days'])} hari, seluruhnya {rupiah(told.observed)} "
        f"(seharusnya {rupiah(told.threshold)}); perlu klarifikasi."
    )


def _paid(at: str, invoice: str | None, millions: float = 50, **fields: Any) -> Event:
    number: dict[str, Any] = {
        "document_number": f"SP2D/{at}",
        "invoice_number": invoice,
        "payee_token": PAYEE,
    }
    amount = round(millions * 1e6)
    return on(f"{at} 10:00", "sp2d", disbursement_type="LS", amount=amount, **{**number, **fields})


EXAMPLES = (
    row(
        "found", "found", _paid("2026-02-02", "INV/0017/26"), _paid("2026-02-20", "inv-17-26", account="5.1.02.01.01.0001"),
        scope="INV/17/26", observed=50e6,
    ),
    row("not found", "not found", _paid("2026-02-02", "INV/17"), _paid("2026-02-20", "INV/18")),
    row("not found", "not found", _paid("2026-02-02", "INV/17"), _paid("2026-02-20", "INV/17", payee_token=OTHER_PAYEE)),
    row("not found", "not found", _paid("2026-02-02", "INV/17"), _paid("2026-02-20", "INV/17", 49)),
    row(
        "not found", "not found", _paid("2026-02-02", "INV/17"), _paid("2026-02-20", "INV/17"),
        on(
            "2026-02-23 10:00", "reversal", disbursement_type="LS", amount=50_000_000, refers_to="SP2D/2026-02-20",
        ),
    ),
    row(
        "not found", "not found", _paid("2026-02-02", "INV/17", document_number="SP2D/1"),
        _paid("2026-02-02", "INV/17", document_number="SP2D/1", account="5.1.02.01.01.0001"),
    ),
    row("just below", "found", _paid("2026-02-02", "INV/17"), _paid("2026-03-04", "INV/17")),
    row("just above", "not found", _paid("2026-02-02", "INV/17"), _paid("2026-03-05", "INV/17")),
    row("not applicable", "not applicable", _paid("2026-02-02", None), _paid("2026-02-20", None)),
    row("before a dated change", "found", _paid("2025-11-03", "INV/17"), _paid("2026-01-31", "INV/17")),
    row("after a dated change", "not found", _paid("2025-11-04", "INV/17"), _paid("2026-02-01", "INV/17")),
)  # fmt: skip

RULE = Rule(
    id="B05",
    version="1",
    title="Pembayaran ganda",
    domain="budget",
    kind="hard",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019: pembayaran berdasarkan bukti yang lengkap dan sah", date(2019, 3, 12)),
        LegalBasis("Permendagri 77/2020: penelitian kelengkapan dan keabsahan SPP dan SPM", date(2020, 12, 30)),
    ),
    method=(
        "SP2D LS menurut penerima dan jumlah. Nomor faktur dibandingkan tanpa membedakan huruf besar, tanda baca dan nol di "
        "depan. Belanja pegawai (5.1.01), pembayaran berulang yang dinyatakan demikian, dan SP2D yang dibatalkan atau "
        "dikembalikan tidak dihitung; beberapa rekening pada satu SP2D ialah satu pembayaran."
    ),
    why="Satu tagihan yang dibayar dua kali merugikan kas daerah.",
    innocent=(
        "Angsuran yang memakai nomor faktur yang sama",
        "Pembayaran berulang yang belum dinyatakan berulang",
        "SP2D pengganti yang pembatalannya belum dikirim",
    ),
    unit_of_measure="rupiah",
    parameters=(Parameter("days", 90.0, "hari", "jarak dua pembayaran yang masih dibandingkan"),),
    severity=0.8,
    needs=("amount", "disbursement_type", "payee_token", "invoice_number", "recurring"),
    sources=("ACFE: billing schemes",),
    delivers=True,
    not_applicable=("nomor faktur tidak diisi",),
    weigh=weigh,
    reads={
        "budget": (
            "amount", "account", "disbursement_type", "document_number", "refers_to", "payee_token", "invoice_number",
            "recurring",
        )
    },
    rows=payments,
    adds=invoices,
    by=("payee_token", "amount"),
    window=400,
    once=True,
    daily=True,
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Dua pembayaran cukup, dan itu tertulis pada cara kerjanya."},
)  # fmt: skip
