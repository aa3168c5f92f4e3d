"""B16: more grants (hibah) or social aid (bansos) before an election than in other years, or one who receives repeatedly."""

from __future__ import annotations

from datetime import date
from itertools import cycle
from typing import Any

import polars as pl

from streams.cases.book import EPOCH
from streams.ledgers.groups import Groups, Weighed, without
from streams.peers.statistics import binomial_tail
from streams.rules.elections import spans
from streams.rules.examples import OTHER_PAYEE, PAYEE, Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole

#: Permendagri 90/2019: grants, and social aid.
ACCOUNTS = r"^5\.1\.0[56](\.|$)"
#: How the scopes begin.
RISE, AGAIN = "kenaikan", "berulang"
NO_ELECTION, NO_YEARS = range(2)
#: The parameters of the day of an election.
LIMITS = ("least", "times", "alpha", "years", "repeats")


def grants() -> pl.Expr:
    """SP2D-LS of grants and social aid with a number, and reversals of one."""
    kind, of = pl.col("kind").cast(pl.String), pl.col("disbursement_type").cast(pl.String)
    numbered = ((kind == "sp2d") & pl.col("document_number").is_not_null()) | (
        (kind == "reversal") & pl.col("refers_to").is_not_null()
    )
    return (numbered & (of == "LS") & pl.col("account").cast(pl.String).str.contains(ACCOUNTS)).fill_null(
        False
    )


def weigh(groups: Groups) -> Weighed:
    """Per department and account: payments in the days before each election, by number and by recipient."""
    texts = ("kind", "document_number", "refers_to", "payee_token", "opd")
    rows = groups.rows.with_columns(pl.col(texts).cast(pl.String))
    undone = rows.filter(pl.col("kind") == "reversal").select("group", document_number="refers_to")
    paid = (
        rows.filter(pl.col("kind") == "sp2d")
        .unique(["group", "document_number"], keep="first", maintain_order=True)
        .join(undone, on=["group", "document_number"], how="anti", maintain_order="left")
    )
    before, others = _elections(groups)
    known = (
        groups.ledger("budget", "opd", "day")
        .group_by("today", pl.col("opd").cast(pl.String))
        .agg(since=pl.col("day").min())
    )
    every = rows.select("today", "group", "opd").unique().join(known, on=["today", "opd"])
    asked = every.join(before, on="today")
    mine = paid.join(before, on="today", maintain_order="left").filter(
        pl.col("day").is_between("first", "last")
    )
    judged, rises = _rises(
        asked, others.join(every, on="today").filter(pl.col("since") <= pl.col("start")), mine, paid
    )
    found = pl.concat([rises, _repeated(mine)])
    unasked = without(rows, asked)
    too_few = without(asked, pl.concat([judged.select("group"), found.select("group")]))
    return Weighed(found, {NO_ELECTION: unasked, NO_YEARS: too_few})


def _elections(groups: Groups) -> tuple[pl.DataFrame, pl.DataFrame]:
    """For each day that is asked about: the days before each election (``as_of``) with the parameters of its day, and the
    days of other years that they are compared with (start, end)."""
    before, others = [], []
    for span in spans(groups):
        day = (span.election - EPOCH).days
        limits = (groups.on(name, day) for name in LIMITS)
        before.append((span.today, day, span.election.isoformat(), span.first, span.last, *limits))
        others += [(span.today, day, *other) for other in span.others]
    own = {"today": pl.Int64, "as_of": pl.Int64}
    named: dict[str, Any] = {
        "election": pl.String,
        "first": pl.Int64,
        "last": pl.Int64,
        **dict.fromkeys(LIMITS, pl.Float64),
    }
    return (
        pl.DataFrame(before, own | named, orient="row"),
        pl.DataFrame(others, own | {"start": pl.Int64, "end": pl.Int64}, orient="row"),
    )


def _rises(
    asked: pl.DataFrame, others: pl.DataFrame, mine: pl.DataFrame, paid: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups whose department has been heard of for enough other years, and those with so many payments that they are too
    many."""
    own = ["group", "as_of"]
    years = others.group_by(own).agg(compared=pl.len())
    enough = (
        asked.join(years, on=own, how="left")
        .with_columns(pl.col("compared").fill_null(0).cast(pl.Int64))
        .filter(pl.col("compared") >= pl.col("years"))
    )
    counted = mine.group_by(own, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("n"), pl.col("at").last(), pl.col("row").alias("proof")
    )
    many = enough.join(counted, on=own).filter(pl.col("n") >= pl.col("least"))
    within = (
        paid.select("group", "day").join(others, on="group").filter(pl.col("day").is_between("start", "end"))
    )
    frame = (
        many.join(within.group_by(own).agg(m=pl.len().cast(pl.Int64)), on=own, how="left")
        .with_columns(pl.col("m").fill_null(0))
        .with_columns(usual=pl.col("m") / pl.col("compared"))
        .filter(pl.col("n") >= pl.col("times") * pl.col("usual"))
    )
    rare = [
        binomial_tail(n, n + m, 1 / (1 + compared)) < alpha
        for n, m, compared, alpha in frame.select("n", "m", "compared", "alpha").iter_rows()
    ]
    rises = frame.filter(pl.Series(rare, dtype=pl.Boolean)).select(
        "group", pl.concat_str(pl.lit(RISE), "election", separator=" ").alias("scope"),
        pl.col("n").cast(pl.Float64).alias("observed"), pl.col("least").alias("threshold"), "as_of", "at", "proof", "usual",
    )  # fmt: skip
    return enough, rises


def _repeated(mine: pl.DataFrame) -> pl.DataFrame:
    """Recipients who were paid again and again in the days before an election."""
    named = mine.filter(pl.col("payee_token").is_not_null())
    often = named.group_by("group", "as_of", "payee_token", maintain_order=True).agg(
        pl.len().alias("n"),
        pl.col("at").last(),
        pl.col("row").alias("proof"),
        pl.col("election", "repeats").first(),
    )
    return often.filter(pl.col("n") >= pl.col("repeats")).select(
        "group", pl.concat_str(pl.lit(AGAIN), "election", "payee_token", separator=" ").alias("scope"),
        pl.col("n").cast(pl.Float64).alias("observed"), pl.col("repeats").alias("threshold"), "as_of", "at", "proof",
        pl.lit(0.0).alias("usual"),
    )  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    name, election = told.scope.split(" ")[:2]
    day = told.day(told.profile.calendar.day_start(election))
    what = f"rekening {told.more['account']}"
    if name == AGAIN:
        return (
            f"Indikasi penerima berulang menjelang pemilihan {day}: satu penerima dibayar {whole(told.observed)} kali dari {what} "
            f"(batas {whole(told.threshold)} kali); perlu klarifikasi."
        )
    return (
        f"Indikasi kenaikan hibah atau bantuan sosial menjelang pemilihan {day}: {whole(told.observed)} pembayaran dari {what}, "
        f"sedangkan pada hari-hari yang sama tahun lain rata-rata {decimal(told.more['usual'])} (dinilai sejak "
        f"{whole(told.threshold)} pembayaran); perlu klarifikasi."
    )


def _grant(number: int, at: str, payee: str | None = None, **fields: Any) -> Event:
    own = {
        "account": "5.1.05.05.01.0001", "disbursement_type": "LS", "amount": 25_000_000, "document_number": f"SP2D/{number}",
        "payee_token": payee,
    }  # fmt: skip
    return on(f"{at} 10:00", "sp2d", **{**own, **fields})


def _some(count: int, year: int, first: int, **fields: Any) -> list[Event]:
    """Grants from July to November of a year."""
    months = cycle(("07", "08", "09", "10", "11"))
    return [_grant(first + n, f"{year}-{next(months)}-{n % 28 + 1:02d}", **fields) for n in range(count)]


#: Three years of a department, with two grants in each but the last; the election is on 20 December 2025.
USUAL = (on("2023-06-20 08:00", "spd"), *_some(1, 2023, 11), *_some(1, 2024, 21))
EXAMPLES = (
    row("found", "found", *USUAL, *_some(12, 2025, 31), scope="kenaikan 2025-12-20", observed=12),
    row(
        "found", "found", *USUAL, *_some(3, 2025, 31, payee=PAYEE), scope=f"berulang 2025-12-20 {PAYEE}", observed=3,
    ),
    row("not found", "not found", *USUAL, *_some(3, 2025, 31)),
    row("not found", "not found", USUAL[0], *_some(8, 2023, 11), *_some(8, 2024, 51), *_some(12, 2025, 31)),
    row("not found", "not found", *USUAL, *(_grant(n, f"2025-05-{n - 20:02d}") for n in range(31, 45)), _grant(50, "2025-07-01")),
    row(
        "not found", "not found", *USUAL, *_some(3, 2025, 31, payee=PAYEE),
        on("2025-12-01 10:00", "reversal", account="5.1.05.05.01.0001", disbursement_type="LS", refers_to="SP2D/32"),
    ),
    row("just below", "not found", *USUAL, *_some(9, 2025, 31)),
    row("just above", "found", *USUAL, *_some(10, 2025, 31), observed=10),
    row("not applicable", "not applicable", *_some(12, 2021, 31)),
    row("too few", "not applicable", on("2024-01-05 08:00", "spd"), *_some(1, 2024, 21), *_some(12, 2025, 31)),
    row("before a dated change", "not found", *USUAL, *_some(1, 2025, 31, payee=PAYEE), *_some(1, 2025, 32, payee=PAYEE)),
    row(
        "after a dated change", "found", *USUAL, _grant(31, "2026-05-04", PAYEE), _grant(32, "2026-06-04", PAYEE),
        _grant(33, "2026-06-05", OTHER_PAYEE), scope=f"berulang 2026-09-30 {PAYEE}", observed=2,
    ),
)  # fmt: skip

RULE = Rule(
    id="B16",
    version="2",
    title="Hibah dan bantuan sosial menjelang pemilihan",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019: belanja hibah dan bantuan sosial", date(2019, 3, 12)),
        LegalBasis(
            "UU 10/2016 pasal 71 ayat (3): larangan memakai kewenangan, program dan kegiatan yang menguntungkan pasangan calon "
            "dalam 6 bulan sebelum penetapannya",
            date(2016, 7, 1),
        ),
    ),
    method=(
        "SP2D LS hibah (5.1.05) dan bantuan sosial (5.1.06) menurut perangkat daerah dan rekening. Jumlah pembayaran dalam hari-hari "
        "sebelum setiap pemilihan yang tercatat dalam profil dibandingkan dengan hari-hari yang sama pada tahun lain yang bukan "
        "menjelang pemilihan (uji binomial atas dua laju Poisson), dan dihitung pula penerima yang dibayar berulang. Selama "
        "pemilihan belum tiba, yang dibandingkan ialah bagian yang sudah lewat. SP2D yang dibatalkan tidak dihitung."
    ),
    why="Hibah dan bantuan sosial dapat dipakai untuk memperoleh suara.",
    innocent=(
        "Hibah penyelenggaraan pemilihan kepada KPU, Bawaslu dan pengamanan",
        "Bencana atau program nasional yang kebetulan jatuh pada hari-hari itu",
        "Pencairan bertahap yang dijadwalkan, atau penyaluran tahun lain yang tertunda",
    ),
    unit_of_measure="pembayaran",
    parameters=(
        Parameter("days", 180.0, "hari", "hari sebelum pemilihan yang dinilai"),
        Parameter("least", 10.0, "pembayaran", "jumlah terkecil yang dinilai sebagai kenaikan"),
        Parameter("times", 2.0, "kali", "kelipatan rata-rata tahun lain, sejak berapa menjadi indikasi"),
        Parameter("alpha", 0.001, "peluang", "peluang kebetulan di bawah mana kenaikan menjadi indikasi"),
        Parameter("years", 2.0, "tahun", "tahun pembanding paling sedikit"),
        Parameter("repeats", 3.0, "kali", "pembayaran kepada satu penerima, sejak berapa menjadi indikasi"),
    ),
    minimum_sample=10,
    severity=0.5,
    needs=("account", "document_number", "payee_token"),
    sources=("KPK, surat edaran Agustus 2025: data hibah dan bantuan sosial diminta dari pemerintah daerah",),
    not_applicable=(
        "tidak ada pemilihan dalam profil yang hari-hari sebelumnya dapat dinilai",
        "tahun pembanding terlalu sedikit",
    ),
    weigh=weigh,
    reads={"budget": ("account", "disbursement_type", "document_number", "refers_to", "payee_token")},
    rows=grants,
    by=("opd", "account"),
    window=1900,  # four other years, and the half year before
    every=7,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
