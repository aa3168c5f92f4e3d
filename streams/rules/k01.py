"""K01: far more move into a village before an election than in other years and than into other villages."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.ledgers.groups import Groups, Weighed
from streams.peers.statistics import poisson_tail
from streams.rules.before_elections import Span, begins, counts, inside, spans
from streams.rules.examples import Event, on, row
from streams.rules.findings import BREACH, SEVERE
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole

OUTSIDE, NO_ELECTION, NO_HISTORY, TOO_FEW = range(4)
SETTLES = 400
ARRIVED, LEFT = "destination_village", "origin_village"


def moves() -> pl.Expr:
    """Registered moves to another village, but for children alone: they follow schools."""
    away = pl.col(ARRIVED).cast(pl.String).ne_missing(pl.col(LEFT).cast(pl.String))
    return (pl.col("kind") == "move") & (pl.col("status") == "registered") & ~pl.col("children_only") & away


def weigh(groups: Groups) -> Weighed:
    """Per village and election: arrivals before it against what other years and other villages let expect."""
    of = groups.rows.unique("group", keep="first", maintain_order=True).select(
        "group", "today", pl.col("token").cast(pl.String)
    )
    here = pl.col("token").str.starts_with(groups.profile.code + ".")
    mine = of.filter(here)
    silent = {
        OUTSIDE: of.filter(~here).get_column("group").to_list(),
        NO_ELECTION: [],
        NO_HISTORY: [],
        TOO_FEW: [],
    }
    found: list[dict[str, Any]] = []
    since = begins(groups)
    for (today,), villages in mine.partition_by("today", as_dict=True).items():
        before = spans(groups, today, since[today], SETTLES)
        known = [span for span in before if span.earlier]
        if not known:
            silent[NO_HISTORY if before else NO_ELECTION] += villages.get_column("group").to_list()
            continue
        arrivals = inside(groups.ledger("population", where=moves()), today, groups.profile.code)
        arrived = [counts(arrivals, span) for span in known]
        rows = groups.rows.filter(pl.col("today") == today).partition_by("group", as_dict=True)
        for group, village in villages.select("group", "token").iter_rows():
            said = [_judge(groups, rows[group,], village, *pair) for pair in zip(known, arrived, strict=True)]
            judged = [one for one in said if one is not None]
            found += [{"group": group, **one} for one in judged if one]
            silent[TOO_FEW] += [] if judged else [group]
    number = mine.schema["group"]
    schema = {"group": number, "proof": pl.List(pl.UInt32)}
    return Weighed(
        pl.DataFrame(found, schema_overrides=schema),
        {reason: pl.Series(some, dtype=number) for reason, some in silent.items() if some},
    )


def _judge(
    groups: Groups, rows: pl.DataFrame, village: str, span: Span, arrived: list[dict[str, int]]
) -> dict[str, Any] | None:
    """What is found, empty for nothing; None where too few came, or what was found stands."""
    came = rows.filter((pl.col("field") == ARRIVED) & pl.col("day").is_between(span.first, span.last))
    n = len(came)
    if (
        not n
        or n < groups.on("least", span.days)
        or came.get_column("day")[-1] + SETTLES < came.get_column("today")[-1]
    ):
        return None
    now, *before = arrived
    own = sum(year.get(village, 0) for year in before) / len(before)
    others = sum(sum(year.values()) - year.get(village, 0) for year in before) / len(before)
    growth = (sum(now.values()) - now.get(village, 0)) / others if others else 1.0
    expected = max(own * max(growth, 1.0), 1.0)
    observed, times = n / expected, groups.on("times", span.days)
    if observed < times or poisson_tail(n, expected) >= groups.on("alpha", span.days):
        return {}
    gone = rows.filter(
        (pl.col("field") == LEFT)
        & (pl.col("day") > span.days)
        & (pl.col("day") <= span.days + span.days - span.first)
    )
    tokens = came.get_column("person_token").drop_nulls().unique()
    back = gone.filter(pl.col("person_token").is_in(tokens.implode())).get_column("person_token").n_unique()
    wave = 100 * back >= groups.on("returning", span.days) * n
    return {
        "scope": span.election.isoformat(), "observed": observed, "threshold": times, "as_of": span.days,
        "level": SEVERE if wave else BREACH, "at": came.get_column("at")[-1], "proof": came.get_column("row").to_list(),
        "arrivals": n, "expected": expected, "back": back,
    }  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    held = told.day(told.profile.calendar.day_start(told.scope))
    place = told.profile.villages.get(told.subject)
    back = (
        f"; {whole(told.more['back'])} orang di antaranya pindah lagi sesudahnya" if told.more["back"] else ""
    )
    return (
        f"Indikasi perpindahan masuk berlebihan menjelang pemungutan suara {held}: {whole(told.more['arrivals'])} perpindahan ke "
        f"{place.name if place else told.subject}, sedangkan menurut tahun dan desa lain diperkirakan "
        f"{decimal(told.more['expected'])}, yaitu {decimal(told.observed)} kali (batas {decimal(told.threshold)} kali){back}; perlu klarifikasi."
    )


def _moves(day: str, count: int, first: int = 0, **fields: Any) -> list[Event]:
    """Moves of a day into one village, one a minute."""
    usual = {"destination_village": "99.02.01.2001", "origin_village": "98.71.01.1001"}
    return [
        on(
            f"{day} {9 + n // 60:02d}:{n % 60:02d}", "move",
            **{**usual, "person_token": f"pendatang{first + n:05d}aaaaaaaaaaaa", **fields},
        )
        for n in range(count)
    ]  # fmt: skip


def _returns(day: str, count: int) -> list[Event]:
    return _moves(day, count, destination_village="98.71.01.1001", origin_village="99.02.01.2001")


#: What shows that the registry sent data a year before, and how many came then.
LOADED: dict[str, Any] = {"arrives": "2025-12-01 09:00"}
START, BEFORE = _moves("2024-06-01", 1, **LOADED), _moves("2024-12-02", 4, first=900, **LOADED)
ELSEWHERE: dict[str, Any] = {"destination_village": "99.02.01.2002"}
EXAMPLES = (
    row("found", "found", *START, *BEFORE, *_moves("2025-12-08", 14), scope="2026-01-15", observed=3.5),
    row(
        "found", "found", *START, *BEFORE, *_moves("2025-12-08", 14), *_returns("2026-01-20", 5), scope="2026-01-15",
        observed=3.5, level="severe",
    ),
    row("not found", "not found", *START, *BEFORE, *_moves("2025-12-08", 10)),
    row(
        "not found", "not found", *START, *BEFORE, *_moves("2024-12-02", 5, **ELSEWHERE, **LOADED),
        *_moves("2025-12-08", 10, first=100, **ELSEWHERE), *_moves("2025-12-09", 14),
    ),
    row("just below", "not found", *START, *BEFORE, *_moves("2025-12-08", 11)),
    row("just above", "found", *START, *BEFORE[:-1], *_moves("2025-12-08", 11), observed=11 / 3),
    row("not applicable", "not applicable", *_moves("2025-12-08", 14)),
    row("not applicable", "not applicable", *_moves("2024-12-20", 14)),
    row("not applicable", "not applicable", *_moves("2025-12-08", 14, destination_village="98.71.01.1002")),
    row("too few", "not applicable", *START, *_moves("2025-12-08", 9)),
    row("too few", "not applicable", *START, *_moves("2025-12-08", 20, children_only=True), *_moves("2025-12-09", 1)),
    row("before a dated change", "found", *START, *BEFORE, *_moves("2025-12-08", 14), scope="2026-01-15"),
    row("after a dated change", "not found", *START, *_moves("2025-03-01", 4, first=900, **LOADED), *_moves("2026-03-02", 14)),
)  # fmt: skip

RULE = Rule(
    id="K01",
    version="2",
    title="Perpindahan masuk berlebihan menjelang pemungutan suara",
    domain="population",
    kind="soft",
    task="regency",
    area="Pelayanan Publik",
    legal_basis=(
        LegalBasis(
            "UU 23/2006 sebagaimana diubah UU 24/2013: pendaftaran perpindahan penduduk", date(2006, 12, 29)
        ),
    ),
    method=(
        "Perpindahan masuk ke satu desa atau kelurahan pada hari-hari sebelum pemungutan suara dibandingkan dengan hari-hari "
        "yang sama pada paling banyak tiga tahun sebelumnya, dikalikan kenaikan desa-desa lain. Ditemukan bila sekian kali "
        "lipat perkiraan dan kebetulan (Poisson) sangat kecil. Perpindahan anak saja tidak dihitung. Bila banyak yang pindah "
        f"lagi sesudahnya, tingkatnya naik. Hasilnya tetap setelah {SETTLES} hari. Tanggal pemungutan suara ada dalam profil "
        "dan berlaku untuk seluruh kabupaten."
    ),
    why="Penduduk dapat dipindahkan di atas kertas agar ikut memilih di tempat lain.",
    innocent=(
        "Perumahan, pabrik, atau kampus baru dibuka di desa itu",
        "Pendataan ulang penduduk yang sudah lama tinggal di sana",
        "Pengungsian karena bencana",
    ),
    unit_of_measure="kali perkiraan",
    parameters=(
        Parameter("span", 180.0, "hari", "hari sebelum pemungutan suara yang dinilai"),
        Parameter("times", 3.0, "kali", "kelipatan dari perkiraan"),
        Parameter("alpha", 0.001, "peluang", "peluang kebetulan yang tertinggi"),
        Parameter("least", 10.0, "perpindahan", "perpindahan masuk agar desa dinilai"),
        Parameter("returning", 30.0, "persen", "bagian yang pindah lagi sesudahnya agar tingkatnya naik"),
    ),
    minimum_sample=10,
    severity=0.5,
    needs=("destination_village", "origin_village", "children_only"),
    sources=(
        "Fukumoto dan Horiuchi: perpindahan menjelang pemilihan kota di Jepang, 2003",
        "ACE Project, Bulgaria: terlalu banyak pendaftar pada satu alamat",
    ),
    not_applicable=(
        "desa di luar kabupaten",
        "tidak ada pemungutan suara dalam jangka penilaian",
        "catatan tahun lain belum ada",
        "pendatang terlalu sedikit",
    ),
    weigh=weigh,
    reads={"population": (ARRIVED, LEFT, "status", "children_only", "person_token")},
    rows=moves,
    by=("token",),
    each=(ARRIVED, LEFT),
    window=1826,
    every=7,
    settles=SETTLES,
    sentence=sentence,
    examples=EXAMPLES,
)
