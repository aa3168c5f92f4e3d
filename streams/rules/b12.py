"""B12: a sub-activity that has spent far less than its cash plan by the end of a month of the second half of the year."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

import polars as pl

from streams.cases.book import EPOCH, day_of
from streams.ledgers.groups import Groups, Weighed, every_scope
from streams.rules.examples import Event, on, row
from streams.rules.findings import WARNING
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah
from streams.spending import MOVING, STAGES, effects

#: A line of the budget: each has a ceiling, with a plan, of its own.
LINE = ("program", "activity", "account", "fund", "village")
MONTHS = 12
NOT_YET, NO_PLAN, SMALL, PAST = range(4)


def budget() -> pl.Expr:
    """Approved ceilings, and what moves money."""
    kind = pl.col("kind").cast(pl.String)
    approved = (kind == "ceiling") & pl.col("ceiling_stage").cast(pl.String).is_in(list(STAGES))
    return (approved | kind.is_in(MOVING)).fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per sub-activity of a year: what was spent by the end of the last month that is over, against the cash plan."""
    sources = groups.rows.select("group", "today", "source", "fiscal_year").unique()
    whole = sources.join(groups.heard("budget"), on=["today", "source"]).group_by("group").agg(
        pl.col("fiscal_year", "today").first(), pl.col("heard").min()
    )  # fmt: skip
    of = ["fiscal_year", "heard", "today"]
    dated = whole.join(_months(groups, whole.select(of).unique()), on=of)
    live = dated.filter(pl.col("month").is_not_null() & ~pl.col("past"))
    rows = groups.rows.join(live.select(pl.exclude(of)), on="group")
    judged = (
        live.join(_planned(rows), on="group", how="left")
        .join(_spent(rows), on="group", how="left")
        .with_columns(pl.col("spent").fill_null(0))
    )  # fmt: skip
    reason = (
        pl.when(pl.col("planned").is_null()).then(NO_PLAN)
        .when((pl.col("planned") < pl.col("least")) | (pl.col("planned") <= 0)).then(SMALL)
    )  # fmt: skip
    judged = judged.with_columns(reason.alias("reason"))
    said = judged.filter(pl.col("reason").is_null()).with_columns(
        observed=100.0 * pl.col("spent") / pl.col("planned")
    )
    found = said.filter(pl.col("observed") < pl.col("threshold")).select(
        "group", "observed", "threshold", "as_of", "month", "spent", "planned", level=pl.lit(WARNING), at="over_at",
    )  # fmt: skip
    silent = {number: judged.filter(pl.col("reason") == number) for number in (NO_PLAN, SMALL)}
    silent[NOT_YET] = dated.filter(pl.col("month").is_null() & ~pl.col("past"))
    silent[PAST] = dated.filter("past")
    groups_of = {number: some.get_column("group") for number, some in silent.items() if len(some)}
    return Weighed(found, groups_of, past=every_scope(groups_of.get(PAST)))


def _months(groups: Groups, asked: pl.DataFrame) -> pl.DataFrame:
    """Of each year and day on which the sources were heard last: the last month that was over then, its last day (``as_of``)
    with its end, and the parameters of that day; no month before the first that is judged; and whether the year is no longer whole within
    the window (``past``)."""
    found: list[tuple[Any, ...]] = []
    for year, heard, today in asked.iter_rows():
        past = (date(year, 1, 1) - EPOCH).days < today - groups.rule.window
        ends = [
            (date(year, month, monthrange(year, month)[1]) - EPOCH).days for month in range(1, MONTHS + 1)
        ]
        over = sum(end < heard for end in ends)
        if not over or over < groups.on("month", ends[over - 1]):
            found.append((year, heard, today, None, None, None, None, None, past))
            continue
        end = ends[over - 1]
        at = groups.profile.calendar.day_start(day_of(end + 1).isoformat())
        found.append(
            (year, heard, today, over, end, at, groups.on("share", end), groups.on("least", end), past)
        )
    schema: dict[str, Any] = {
        **asked.schema, "month": pl.Int64, "as_of": pl.Int64, "over_at": pl.Int64, "threshold": pl.Float64,
        "least": pl.Float64, "past": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(found, schema, orient="row")


def _planned(rows: pl.DataFrame) -> pl.DataFrame:
    """By group: the plan up to the end of the month, of the latest ceilings that carry one and that were known by then."""
    ceilings = rows.filter((pl.col("kind") == "ceiling") & (pl.col("monthly_plan").list.len() == MONTHS)).with_columns(
        pl.col(LINE).cast(pl.String).fill_null("")
    )  # fmt: skip
    stage = (
        pl.col("ceiling_stage").cast(pl.String).replace_strict(STAGES, default=None, return_dtype=pl.Int64)
    )
    latest = ceilings.filter(pl.col("day") <= pl.col("as_of")).sort(stage, "row").unique(
        ["group", *LINE], keep="last", maintain_order=True
    )  # fmt: skip
    plan = pl.col("monthly_plan").list.head(pl.col("month")).list.sum()
    return latest.group_by("group").agg(plan.sum().alias("planned"))


def _spent(rows: pl.DataFrame) -> pl.DataFrame:
    """By group: what was realised by the end of the month."""
    kinds = ["kind", "disbursement_type"]
    moved = (
        rows.filter(pl.col("day") <= pl.col("as_of")).group_by("group", *kinds).agg(pl.col("amount").sum())
    )
    return (
        moved.with_columns(pl.col(kinds).cast(pl.String))
        .join(effects(), on=kinds)
        .group_by("group")
        .agg((pl.col("amount") * pl.col("realised")).sum().alias("spent"))
    )


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    end = told.day(told.profile.calendar.day_start(day_of(told.more["as_of"]).isoformat()))
    return (
        f"Indikasi serapan rendah: sampai {end} subkegiatan {told.more['sub_activity']} terealisasi {rupiah(told.more['spent'])} "
        f"dari rencana kas {rupiah(told.more['planned'])}, yaitu {decimal(told.observed)} %, batas {decimal(told.threshold)} %; "
        "perlu klarifikasi."
    )


def _plan(year: int, monthly: float = 10, at: str = "01-02", stage: str = "APBD", **fields: Any) -> Event:
    plan = [round(monthly * 1e6)] * MONTHS
    return on(
        f"{year}-{at} 08:00",
        "ceiling",
        ceiling_stage=stage,
        **{"monthly_plan": plan, "amount": sum(plan), **fields},
    )


def _paid(at: str, millions: float, of: str = "LS") -> Event:
    return on(f"{at} 10:00", "sp2d", disbursement_type=of, amount=round(millions * 1e6))


def _spd(at: str) -> Event:
    """Something of the source, so that it is known to speak."""
    return on(f"{at} 09:00", "spd", sub_activity="1.03.10.2.01.0006")


#: By the end of June the plan is 60 million.
EXAMPLES = (
    row("found", "found", _plan(2025), _paid("2025-03-03", 24), _spd("2025-07-01"), observed=40.0, level="warning"),
    row("found", "found", _plan(2025), _paid("2025-03-03", 40, "TU"), _spd("2025-07-01"), observed=0.0),
    row("not found", "not found", _plan(2025), _paid("2025-03-03", 40), _spd("2025-07-01")),
    row(
        "not found", "not found", _plan(2025), _paid("2025-03-03", 24), _spd("2025-07-01"), _paid("2025-07-15", 20),
        _spd("2025-08-01"),
    ),
    row("just below", "found", _plan(2025), _paid("2025-03-03", 29.9), _spd("2025-07-01")),
    row("just above", "not found", _plan(2025), _paid("2025-03-03", 30), _spd("2025-07-01")),
    row("not applicable", "not applicable", _plan(2025), _paid("2025-03-03", 24), clock="2025-06-30 23:00"),
    row("not applicable", "not applicable", _plan(2025), _paid("2025-03-03", 24), clock="2025-07-03 01:00"),
    row("not applicable", "not applicable", _plan(2025, monthly_plan=[]), _paid("2025-03-03", 24), _spd("2025-07-01")),
    row("too few", "not applicable", _plan(2025, 1.6), _spd("2025-07-01")),
    row("before a dated change", "found", _plan(2025), _paid("2025-03-03", 27), _spd("2025-07-01"), observed=45.0),
    row("after a dated change", "not found", _plan(2026), _paid("2026-03-03", 27), _spd("2026-07-01")),
)  # fmt: skip

RULE = Rule(
    id="B12",
    version="2",
    title="Serapan anggaran rendah",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("PP 12/2019 dan Permendagri 77/2020: belanja dilaksanakan menurut anggaran kas", date(2020, 12, 30)),
    ),
    method=(
        "Setiap subkegiatan sejak pertengahan tahun: realisasi sampai akhir bulan terakhir dibandingkan dengan rencana kas bulanan "
        "dari pagu terakhir (APBD, pergeseran, APBD-P) yang diketahui saat itu. Uang muka UP dan TU baru dihitung bila "
        "dipertanggungjawabkan. Bulan baru dinilai bila sumbernya terdengar sesudahnya. Peringatan dini, dihapus bila "
        "serapannya menyusul pada bulan berikutnya."
    ),
    why="Serapan yang tertinggal mendorong pembayaran tergesa pada akhir tahun, dan layanan kepada warga tertunda.",
    innocent=(
        "Tender gagal atau pekerjaan ditunda karena cuaca",
        "Dana transfer dari pusat belum masuk",
        "Rencana kas dibagi rata padahal pekerjaannya musiman",
    ),
    unit_of_measure="persen",
    parameters=(
        Parameter("share", 50.0, "persen", "bagian rencana kas yang paling sedikit terserap"),
        Parameter("month", 6.0, "bulan", "bulan pertama yang akhirnya dinilai"),
        Parameter("least", 10e6, "rupiah", "rencana kas yang paling sedikit untuk dinilai"),
    ),
    severity=0.3,
    needs=("amount", "disbursement_type", "ceiling_stage", "monthly_plan"),
    sources=("Permendagri 77/2020: anggaran kas", "Aturan kita sendiri: peringatan dini serapan"),
    not_applicable=(
        "pertengahan tahun anggaran belum lewat, atau sumbernya belum terdengar sesudahnya",
        "rencana kas belum diterima",
        "rencana kas terlalu kecil",
        "tahun anggaran sudah di luar jangkauan",
    ),
    weigh=weigh,
    reads={
        "budget": (
            "fiscal_year", "amount", "disbursement_type", "ceiling_stage", "monthly_plan", *LINE,
        )
    },
    rows=budget,
    by=("fiscal_year", "opd", "sub_activity"),
    window=500,  # the year, and the months in which it is still corrected
    every=7,
    daily=True,
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
