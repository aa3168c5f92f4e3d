"""B15: the ceiling of a sub-activity grew from one stage to the next far more than its department's others."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah, whole
from streams.spending import STAGES

#: In the order in which a budget is made. What is approved changes lines and keeps the others; a plan stands alone.
ORDER = ("RAPBD", "APBD", "SHIFT", "APBD-P")
LINE = ("group", "sub_activity", "program", "activity", "account", "fund", "village")
SUB = ("group", "sub_activity")
FEW = 0


def ceilings() -> pl.Expr:
    """Ceilings from RAPBD on, and packages."""
    kind, stage = pl.col("kind").cast(pl.String), pl.col("ceiling_stage").cast(pl.String)
    return (((kind == "ceiling") & stage.is_in(ORDER)) | (kind == "package")).fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per department and year, for each stage: sub-activities whose ceiling grew beyond the fence of all of them."""
    texts = ("kind", "ceiling_stage", "package_id", "package_method", *LINE[1:])
    rows = groups.rows.with_columns(pl.col(texts).cast(pl.String)).with_columns(
        pl.col("fund", "village").fill_null("")
    )
    lines = rows.filter(pl.col("kind") == "ceiling")
    states = {stage: state for stage in ORDER if len(state := _state(lines, stage))}
    grown = [part for stage in ORDER[1:] if stage in states and (part := _grown(states, stage)) is not None]
    if not grown:
        return Weighed(rows.clear().select("group"), {FEW: rows.get_column("group").unique()})
    changes = pl.concat(grown)
    enough = changes.filter(pl.len().over("group", "stage") >= groups.on("least"))
    # nearest ranks, so that the fence is made of two ratios that somebody can look up
    low = pl.col("ratio").quantile(0.25, "lower").over("group", "stage")
    high = pl.col("ratio").quantile(0.75, "higher").over("group", "stage")
    fenced = enough.with_columns(low.alias("low"), high.alias("high"))
    fence = pl.col("high") + groups.on("reach") * (pl.col("high") - pl.col("low"))
    limits = [
        groups.value(name, fenced.get_column("as_of")).cast(pl.Float64).alias(name)
        for name in ("times", "rupiah")
    ]
    found = (
        fenced.with_columns(*limits)
        .with_columns(pl.max_horizontal(fence, "times").alias("threshold"))
        .filter((pl.col("ratio") > pl.col("threshold")) & (pl.col("after") - pl.col("before") >= pl.col("rupiah")))
        .join(_neighbours(fenced), on=["group", "stage"], how="left")
        .join(_catalogue(rows), on=SUB, how="left")
        .select(
            "group", "threshold", "before", "after", "pokir", "at", "as_of", pl.col("ratio").alias("observed"),
            pl.concat_str("stage", "sub_activity", separator=" ").alias("scope"), pl.col("catalogue").fill_null(0),
            pl.concat_list("proof", "neighbours").list.unique().list.sort().alias("proof"),
        )
    )  # fmt: skip
    few = rows.select("group").unique().join(enough, on="group", how="anti")
    return Weighed(found, {FEW: few.get_column("group")})


def _state(lines: pl.DataFrame, stage: str) -> pl.DataFrame:
    """The ceilings of sub-activities after a stage, of those that it names: sum, share of pokir, and the rows."""
    named = lines.filter(pl.col("ceiling_stage") == stage)
    upto = [one for one in ORDER[1:] if ORDER.index(one) <= ORDER.index(stage)] or [stage]
    rank = pl.col("ceiling_stage").replace_strict(STAGES, default=0, return_dtype=pl.Int64)
    latest = (
        lines.filter(pl.col("ceiling_stage").is_in(upto))
        .join(named.select(SUB).unique(), on=SUB, how="semi")
        .sort(rank, "row")
        .unique(LINE, keep="last", maintain_order=True)
    )
    return latest.group_by(SUB, maintain_order=True).agg(
        pl.col("amount").sum(), (pl.col("amount") * pl.col("pokir")).sum().alias("of_council"), pl.col("row"),
        pl.col("at", "day").max(),
    )  # fmt: skip


def _grown(states: dict[str, pl.DataFrame], stage: str) -> pl.DataFrame | None:
    """Each sub-activity of a stage against the latest stage before that names it."""
    places = [n for n, one in enumerate(ORDER[: ORDER.index(stage)]) if one in states]
    if not places:
        return None
    earlier = pl.concat([states[ORDER[n]].with_columns(order=pl.lit(n)) for n in places]).sort("order")
    before = earlier.unique(SUB, keep="last", maintain_order=True).filter(pl.col("amount") > 0)
    pairs = states[stage].join(before, on=SUB, suffix="_before")
    return pairs.select(
        *SUB, "at", pl.col("day").alias("as_of"), pl.lit(stage).alias("stage"),
        pl.col("amount_before").alias("before"), pl.col("amount").alias("after"),
        (pl.col("amount") / pl.col("amount_before")).alias("ratio"),
        (pl.col("of_council") / pl.col("amount")).fill_nan(0.0).alias("pokir"),
        pl.concat_list("row_before", "row").list.unique().list.sort().alias("proof"),
    )  # fmt: skip


def _neighbours(fenced: pl.DataFrame) -> pl.DataFrame:
    """The rows of the two ratios that make the fence of a stage: they belong to the evidence."""
    made = fenced.filter((pl.col("ratio") == pl.col("low")) | (pl.col("ratio") == pl.col("high")))
    return (
        made.select("group", "stage", "proof")
        .explode("proof")
        .group_by("group", "stage")
        .agg(neighbours="proof")
    )


def _catalogue(rows: pl.DataFrame) -> pl.DataFrame:
    """What packages of a sub-activity are bought through the catalogue."""
    bought = rows.filter((pl.col("kind") == "package") & (pl.col("package_method") == "e-purchasing"))
    newest = bought.unique([*SUB, "package_id"], keep="last", maintain_order=True)
    return newest.group_by(SUB).agg(pl.col("package_ceiling").sum().alias("catalogue"))


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    stage, _, sub = told.scope.partition(" ")
    return (
        f"Indikasi lonjakan pagu: subkegiatan {sub} pada {stage} menjadi {rupiah(told.more['after'])} dari "
        f"{rupiah(told.more['before'])}, {decimal(told.observed)} kali (batas {decimal(told.threshold)} kali), bagian pokir "
        f"{whole(told.more['pokir'] * 100)} %, paket e-katalog {rupiah(told.more['catalogue'])}; perlu klarifikasi."
    )


def _ceiling(at: str, stage: str, sub: int, millions: float, **fields: Any) -> Event:
    own = {
        "ceiling_stage": stage,
        "amount": round(millions * 1e6),
        "sub_activity": f"1.03.10.2.01.{sub:04d}",
        **fields,
    }
    return on(f"{at} 08:00", "ceiling", **{"fiscal_year": 2026, **own})


def _all(at: str, stage: str, millions: float, subs: int = 9) -> list[Event]:
    """The same ceiling for sub-activities that are numbered from 1."""
    return [_ceiling(at, stage, sub, millions) for sub in range(1, subs + 1)]


PLAN, BUDGET = _all("2025-12-01", "RAPBD", 2000), _all("2026-01-02", "APBD", 2000)
EXAMPLES = (
    row(
        "found", "found", *BUDGET, *_all("2026-01-20", "SHIFT", 2100, 8), _ceiling("2026-01-20", "SHIFT", 9, 4000, pokir=True),
        on("2026-01-22 09:00", "package", fiscal_year=2026, sub_activity="1.03.10.2.01.0009", package_id="P1",
           package_method="e-purchasing", package_ceiling=3_000_000_000),
        scope="SHIFT 1.03.10.2.01.0009", observed=2.0,
    ),
    row("found", "found", *PLAN, *BUDGET[:8], _ceiling("2026-01-02", "APBD", 9, 4800), scope="APBD 1.03.10.2.01.0009", observed=2.4),
    row("not found", "not found", *PLAN, *BUDGET),
    row("not found", "not found", *BUDGET, *_all("2026-01-20", "APBD-P", 4000)),
    row("not found", "not found", *PLAN[:8], *BUDGET[:8], _ceiling("2026-01-02", "APBD", 9, 9000)),
    row("not found", "not found", *_all("2026-01-02", "APBD", 100), *_all("2026-01-20", "SHIFT", 100, 8), _ceiling("2026-01-20", "SHIFT", 9, 300)),
    row("just below", "not found", *PLAN, *BUDGET[:8], _ceiling("2026-01-02", "APBD", 9, 3000)),
    row("just above", "found", *PLAN, *BUDGET[:8], _ceiling("2026-01-02", "APBD", 9, 3002), observed=1.501),
    row("not applicable", "not applicable", *BUDGET),
    row("too few", "not applicable", *PLAN[:6], *BUDGET[:6], _ceiling("2026-01-02", "APBD", 9, 4800)),
    row("before a dated change", "not found", *BUDGET, *_all("2026-01-20", "SHIFT", 2000, 8), _ceiling("2026-01-20", "SHIFT", 9, 2800)),
    row("after a dated change", "found", *BUDGET, *_all("2026-02-20", "SHIFT", 2000, 8), _ceiling("2026-02-20", "SHIFT", 9, 2800), observed=1.4),
)  # fmt: skip

RULE = Rule(
    id="B15",
    version="1",
    title="Lonjakan pagu antartahap anggaran",
    domain="budget",
    kind="soft",
    task="regency",
    area="Perencanaan dan Penganggaran APBD",
    legal_basis=(
        LegalBasis("PP 12/2019: penyusunan, pergeseran dan perubahan APBD", date(2019, 3, 12)),
        LegalBasis("Permendagri 77/2020", date(2020, 12, 30)),
    ),
    method=(
        "Pagu setiap subkegiatan menurut tahun dan perangkat daerah: RAPBD, APBD, pergeseran dan APBD-P, masing-masing terhadap "
        "tahap terakhir sebelumnya yang memuat subkegiatan itu. Kelipatannya dibandingkan dengan subkegiatan lain pada tahap yang "
        "sama: kuartil atas ditambah kelipatan jarak antarkuartil, dan paling sedikit batas kali serta batas rupiahnya. "
        "Subkegiatan baru tidak dibandingkan. Bagian pokir dan paket e-katalog disebut, tetapi tidak menentukan."
    ),
    why="Pagu yang dilipatgandakan di tengah pembahasan dapat menampung kegiatan titipan.",
    innocent=(
        "Dana transfer atau bantuan provinsi yang baru diterima",
        "Penggabungan beberapa subkegiatan menjadi satu",
        "Penanganan bencana atau kewajiban tahun lalu",
    ),
    unit_of_measure="kali",
    parameters=(
        Parameter("least", 8.0, "subkegiatan", "subkegiatan paling sedikit untuk membandingkan"),
        Parameter("reach", 1.5, "kali", "kelipatan jarak antarkuartil di atas kuartil atas"),
        Parameter("times", 1.5, "kali", "kenaikan terkecil yang menjadi indikasi"),
        Parameter("rupiah", 500e6, "rupiah", "kenaikan terkecil dalam rupiah yang menjadi indikasi"),
    ),
    minimum_sample=8,
    severity=0.5,
    needs=("amount", "ceiling_stage", "sub_activity"),
    sources=("Ogan Komering Ulu, PUPR 2025: pagu dari 48 menjadi 96 miliar rupiah",),
    not_applicable=("subkegiatan dengan dua tahap pagu terlalu sedikit",),
    weigh=weigh,
    reads={
        "budget": (
            "fiscal_year", "program", "activity", "account", "fund", "village", "amount", "ceiling_stage", "pokir", "package_id",
            "package_method", "package_ceiling",
        )
    },
    rows=ceilings,
    by=("fiscal_year", "opd"),
    window=500,  # from RAPBD in September to the end of the budget year
    sentence=sentence,
    examples=EXAMPLES,
)  # fmt: skip
