"""R07: an assessment that is not paid as assessed, and reductions that stand out or that one officer grants and collects."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.ledgers.standing import STOOD, spans
from streams.rules.examples import FIRST, SECOND, Event, on, row
from streams.rules.outliers import COLLEAGUES, STANDS_OUT, standing_out
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah, whole

OVER, UNDER, SAME, OFTEN = "lebih bayar", "kurang bayar", "petugas sama", "pengurangan"
NO_PRINCIPAL, TOO_FEW = 0, 1
FOUND = ("group", "scope", "observed", "threshold", "at", "as_of", "proof")

#: Whose officers are compared, on each day.
DEPARTMENT = ("today", "opd")
#: What officers are known by, on each day.
OFFICER = (*DEPARTMENT, "token")
#: What is read of a paper about an assessment.
PAPER = (
    "group", "row", "at", "day", "kind", "amount", "reduction", "penalty", "due_at", "officer_token", "cashier_token", *STOOD,
)  # fmt: skip


def about_assessments() -> pl.Expr:
    """Assessments, and receipts and voids of one."""
    kind = pl.col("kind")
    return (kind == "assessment") | (kind.is_in(["receipt", "void"]) & pl.col("assessment_id").is_not_null())


def weigh(groups: Groups) -> Weighed:
    """Per assessment: what was paid beside what was assessed, and whether who reduced it also collected it. Per officer: the
    share of reduced assessments beside that of the department's other officers."""
    of_officer = pl.col("field") == "officer_token"
    rows = groups.rows.select(*PAPER, "field")
    papers, officers = groups.by_day(rows.filter(~of_officer)), rows.filter(of_officer)
    asked = papers.group_by("group").agg(
        ((pl.col("kind") == "assessment") & (pl.col("amount") > 0)).any().alias("known")
    )
    known = papers.join(asked.filter("known"), on="group", how="semi", maintain_order="left")
    shares = _shares(groups)
    found = pl.concat(
        [_unequal(groups, known), _collected(known), _reducing(groups, shares, officers)],
        how="diagonal_relaxed",
    )
    silent = {
        NO_PRINCIPAL: asked.filter(~pl.col("known")).get_column("group"), TOO_FEW: _too_few(groups, shares, officers),
    }  # fmt: skip
    return Weighed(found, {reason: some for reason, some in silent.items() if len(some)})


def _unequal(groups: Groups, papers: pl.DataFrame) -> pl.DataFrame:
    """Assessments of which more was paid than is owed, or that were paid in part when they were due."""
    kind, amount = pl.col("kind"), pl.col("amount")
    owed = pl.when(kind == "assessment").then(amount - pl.col("reduction") + pl.col("penalty")).otherwise(0)
    paid = pl.when(kind == "receipt").then(amount).when(kind == "void").then(-amount).otherwise(0)
    sums = papers.group_by("group", maintain_order=True).agg(
        owed=owed.sum(), paid=paid.sum(), due=pl.col("due_at").max(), at=pl.col("at").last(), as_of=pl.col("day").last(),
        paid_at=pl.col("at").filter(kind == "receipt").last(), proof=pl.col("row"),
    )  # fmt: skip
    allowed = groups.value("tolerance", sums.get_column("as_of")).alias("threshold")
    over = pl.col("paid") > pl.col("owed")
    in_part = (pl.col("paid") > 0) & (pl.col("due").is_null() | (pl.col("paid_at") > pl.col("due")))
    unequal = sums.with_columns(
        allowed, observed=(pl.col("paid") - pl.col("owed")).abs().cast(pl.Float64),
        scope=pl.when(over).then(pl.lit(OVER)).otherwise(pl.lit(UNDER)),
    )  # fmt: skip
    return unequal.filter((over | in_part) & (pl.col("observed") > pl.col("threshold"))).select(
        *FOUND, "owed", "paid"
    )


def _collected(papers: pl.DataFrame) -> pl.DataFrame:
    """Assessments that were reduced by an officer who is also the cashier of a payment of them."""
    reduced = papers.filter((pl.col("kind") == "assessment") & (pl.col("reduction") > 0)).select(
        "group",
        pl.col("officer_token").alias("cashier_token"),
        pl.col("row").alias("first"),
        pl.col("reduction").alias("off"),
    )
    taken = papers.filter(pl.col("kind") == "receipt").join(
        reduced, on=["group", "cashier_token"], maintain_order="left"
    )
    return (
        taken.group_by("group", maintain_order=True)
        .agg(
            observed=pl.col("off").max().cast(pl.Float64), at=pl.col("at").last(), as_of=pl.col("day").last(),
            proof=pl.concat_list("first", "row").explode().unique().sort(),
        )
        .with_columns(scope=pl.lit(SAME), threshold=pl.lit(0.0))
        .select(FOUND)
    )  # fmt: skip


def _shares(groups: Groups) -> pl.DataFrame:
    """How many assessments (n) each officer of each department made in the window, and how many with a reduction (k)."""
    mine = (pl.col("kind") == "assessment") & (pl.col("amount") > 0) & pl.col("officer_token").is_not_null()
    counts = {"n": pl.len().cast(pl.Int64), "k": (pl.col("reduction") > 0).sum().cast(pl.Int64)}
    made = groups.summed("revenue", "opd", "officer_token", where=mine, **counts)
    return made.rename({"officer_token": "token"})


def _reducing(groups: Groups, shares: pl.DataFrame, officers: pl.DataFrame) -> pl.DataFrame:
    """The officers of the groups who reduce a share that stands out in their department."""
    beyond = standing_out(shares, [groups.on(name) for name in STANDS_OUT], DEPARTMENT)
    those = groups.keys.join(beyond, on=OFFICER)
    reduced = officers.filter((pl.col("kind") == "assessment") & (pl.col("reduction") > 0))
    mine = groups.laid(those, reduced).group_by("group", maintain_order=True).agg(
        at=pl.col("at").last(), proof=pl.col("row")
    )  # fmt: skip
    return (
        mine.join(those, on="group", maintain_order="left")
        .with_columns(scope=pl.lit(OFTEN), as_of=pl.lit(None, pl.Int64))
        .select(*FOUND, "k", "n", "share", "limit")
    )


def _too_few(groups: Groups, shares: pl.DataFrame, officers: pl.DataFrame) -> pl.Series:
    """The groups of officers who are not compared."""
    enough = shares.filter(pl.col("n") >= groups.on("least"))
    compared = enough.filter(pl.len().over(DEPARTMENT) >= COLLEAGUES)
    others = groups.keys.join(compared, on=OFFICER, how="anti")
    return groups.laid(others, spans(officers, "group", groups.days[0])).get_column("group").unique()


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    number = told.subject.partition("|")[2]
    if told.scope == OFTEN:
        return (
            f"Indikasi pengurangan yang tidak biasa: seorang petugas mengurangi {whole(told.more['k'])} dari "
            f"{whole(told.more['n'])} ketetapannya ({decimal(told.more['share'])} %), batas menurut rekan-rekannya "
            f"{decimal(told.more['limit'])} %; perlu klarifikasi."
        )
    if told.scope == SAME:
        return (
            f"Indikasi perangkapan tugas: pengurangan {rupiah(told.observed)} atas ketetapan {number} diberikan petugas yang "
            "juga menerima pembayarannya; perlu klarifikasi."
        )
    return (
        f"Indikasi pembayaran tidak sesuai ketetapan: ketetapan {number} berjumlah {rupiah(told.more['owed'])}, dibayar "
        f"{rupiah(told.more['paid'])}, selisih {rupiah(told.observed)}, toleransi {rupiah(told.threshold)}; perlu klarifikasi."
    )


def _letter(
    day: str, number: int, officer: str = FIRST, thousands: int = 100, off: int = 0, **fields: Any
) -> Event:
    """An assessment with a reduction, thousands of rupiah."""
    return on(
        f"{day} 08:{number % 60:02d}", "assessment", officer=officer,
        **{"assessment_id": f"SKPD/{officer[:9]}/{number}", "amount": thousands * 1000, "reduction": off * 1000, "due_at": "2026-03-01 00:00", **fields},
    )  # fmt: skip


def _payment(day: str, thousands: float, kind: str = "receipt", **fields: Any) -> Event:
    """A payment of the first officer's first assessment."""
    own: dict[str, Any] = {"assessment_id": f"SKPD/{FIRST[:9]}/0", "cashier_token": SECOND, **fields}
    return on(f"{day} 10:00", kind, amount=round(thousands * 1000), **own)


def _department(reduced: int, each: int = 0) -> list[Event]:
    """Five officers with assessments; the first reduces so many, the others none or so many ``each``."""
    made = {f"penilai{who}": each for who in range(4)} | {FIRST: reduced}
    return [
        _letter("2026-01-05", n, who, off=20 if n < some else 0)
        for who, some in made.items()
        for n in range(30)
    ]


EXAMPLES = (
    row(
        "found", "found", _letter("2026-01-05", 0, due_at="2026-01-20 00:00"), _payment("2026-01-26", 60),
        scope=UNDER, observed=40e3,
    ),
    row("found", "found", _letter("2026-01-05", 0, off=25), _payment("2026-01-20", 100), scope=OVER, observed=25e3),
    row(
        "found", "found", _letter("2026-01-05", 0, off=25), _payment("2026-01-20", 75, cashier_token=FIRST),
        scope=SAME, observed=25e3,
    ),
    row("found", "found", *_department(7), scope=OFTEN, observed=7.0),
    row("found", "found", *_department(12, each=1), scope=OFTEN, observed=11.0),
    row("not found", "not found", *_department(0), _payment("2026-01-20", 100)),
    row("not found", "not found", _letter("2026-01-05", 0), _payment("2026-01-20", 60)),
    row(
        "not found", "not found", _letter("2026-01-05", 0), _payment("2026-01-20", 100), _payment("2026-01-21", 100, "void"),
        _payment("2026-01-22", 100),
    ),
    row(
        "not found", "not found", _letter("2026-01-05", 0), _letter("2026-01-19", 0, thousands=0, penalty=2000),
        _payment("2026-01-20", 102),
    ),
    row("just below", "not found", *_department(6)),
    row("just above", "found", _letter("2026-01-05", 0), _payment("2026-01-20", 100.001), scope=OVER, observed=1.0),
    row("not applicable", "not applicable", _payment("2026-01-20", 100)),
    row("too few", "not applicable", *(_letter("2026-01-05", n, off=20, assessment_id=None) for n in range(29))),
    row("before a dated change", "found", _letter("2026-01-05", 0), _payment("2026-01-30", 100.5), scope=OVER),
    row("after a dated change", "not found", _letter("2026-01-05", 0), _payment("2026-02-02", 100.5)),
)  # fmt: skip

RULE = Rule(
    id="R07",
    version="1",
    title="Pembayaran tidak sesuai ketetapan, dan pengurangan yang tidak biasa",
    domain="revenue",
    kind="soft",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("UU 1/2022: pajak daerah dan retribusi daerah", date(2022, 1, 5)),
        LegalBasis("PP 35/2023: ketentuan umum pajak daerah dan retribusi daerah", date(2023, 6, 16)),
    ),
    method=(
        "Setiap ketetapan: pokok dikurangi pengurangan ditambah denda, dibandingkan dengan pembayarannya dikurangi pembatalan. "
        "Lebih bayar adalah indikasi; kurang bayar hanya bila pembayaran terakhir sesudah jatuh tempo, atau jatuh temponya "
        "tidak dicatat. Yang belum dibayar sama sekali ialah tunggakan dan tidak dinilai di sini. Petugas yang mengurangi "
        "ketetapan dan menerima pembayarannya adalah indikasi tersendiri. Bagian ketetapan yang dikurangi seorang petugas "
        "dibandingkan dengan pagar Tukey petugas dinas itu selama 400 hari dan harus terlalu jarang untuk kebetulan (uji "
        "binomial); perlu sedikitnya empat petugas dengan cukup ketetapan."
    ),
    why="Selisih antara ketetapan dan pembayaran, atau pengurangan tanpa dasar, mengurangi pendapatan daerah.",
    innocent=(
        "Angsuran atau keberatan yang disetujui tetapi belum dikirim",
        "Petugas yang memang menangani permohonan pengurangan",
        "Salah ketik nomor ketetapan atau jumlah",
    ),
    unit_of_measure="rupiah atau ketetapan",
    parameters=(
        Parameter("tolerance", 0.0, "rupiah", "selisih pembayaran yang dibiarkan"),
        Parameter("least", 30.0, "ketetapan", "ketetapan seorang petugas agar bagiannya dibandingkan"),
        Parameter("reach", 1.5, "IQR", "jarak pagar di atas kuartil ketiga"),
        Parameter("alpha", 0.001, "peluang", "peluang kebetulan di bawahnya perbedaan dianggap berarti"),
    ),
    minimum_sample=30,
    severity=0.6,
    needs=("assessment_id", "officer_token", "reduction", "due_at"),
    sources=("KPK, JAGA: pajak penerangan jalan, tagihan dibandingkan dengan setoran",),
    not_applicable=(
        "ketetapan pokoknya tidak tercatat dalam 400 hari terakhir",
        "ketetapan atau petugas pembanding terlalu sedikit",
    ),
    weigh=weigh,
    reads={
        "revenue": (
            "amount", "assessment_id", "reduction", "penalty", "due_at", "officer_token", "cashier_token",
        )
    },
    rows=about_assessments,
    by=("opd", "token"),
    each=("assessment_id", "officer_token"),
    window=400,
    once=True,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
