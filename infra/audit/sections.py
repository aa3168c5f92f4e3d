"""The parts of the page: what each shows, as a picture, a table beside it and the words between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from infra.audit import pictures
from infra.audit.base_rates import FOUND, BaseRate
from infra.audit.process import Process, by_holder, by_type, distribution, over_time
from schemas.profile import Profile
from streams.cases.book import APPLICANT

TOP = 10
STEPS_SHOWN = 14
NOT_NAMED = "tidak disebut"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
PERIOD_NAMES = {"1d": "hari", "1w": "minggu (mulai Senin)", "1mo": "bulan", "1q": "triwulan", "1y": "tahun"}


@dataclass(frozen=True, slots=True)
class Section:
    """``svg`` is safe markup, empty for none; ``key`` names its colours in order. A cell of ``rows`` is text, or a
    number already written; ``numbers`` are the columns set to the right. ``wide`` puts the table below the picture."""

    title: str
    note: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    svg: str = ""
    key: Sequence[str] = ()
    numbers: frozenset[int] = field(default_factory=frozenset)
    wide: bool = False


class Names:
    """The names that people know for the codes in a log; an unknown code stands for itself."""

    def __init__(self, profile: Profile) -> None:
        self._units = {code: unit.name for code, unit in profile.units.items()}
        self._units |= {
            code: opd.name for code, opd in profile.departments.items() if code not in self._units
        }
        self._types = {code: kind.name for code, kind in profile.permit_types.items()}
        self._steps = {step.code: step.name for kind in profile.permit_types.values() for step in kind.steps}

    def holder(self, code: str) -> str:
        return "Pemohon" if code == APPLICANT else self._units.get(code, code or NOT_NAMED)

    def permit_type(self, code: str) -> str:
        return self._types.get(code, code or NOT_NAMED)

    def step(self, code: str) -> str:
        return self._steps.get(code, code)


def days(value: float | None) -> str:
    """Working days with one decimal, in Indonesian; a dash for none."""
    return "–" if value is None else f"{value:.1f}".replace(".", ",")


def share(value: float | None) -> str:
    """A share of 1 in per cent, in Indonesian; a dash for none."""
    return "–" if value is None else f"{value * 100:.1f} %".replace(".", ",")


def rules(rates: Mapping[str, BaseRate]) -> Section:
    """How often each rule found something among the cases it could judge."""
    rows = [
        (
            rule,
            rate.title,
            pictures.number(rate.found),
            pictures.number(rate.applicable),
            share(rate.share),
            "; ".join(f"{pictures.number(count)}: {why}" for why, count in rate.not_applicable.items())
            or "–",
        )
        for rule, rate in rates.items()
    ]
    told = {rule: rate for rule, rate in rates.items() if rate.share is not None}
    title = "Bagian perkara yang ditemukan setiap aturan: " + ", ".join(
        f"{rule} {share(rate.share)}" for rule, rate in told.items()
    )
    svg = ""
    if told:
        values = {"ditemukan": [(rate.share or 0) * 100 for rate in told.values()]}
        svg = pictures.lying(title, list(told), values, pictures.percent, whole=100)
    return Section(
        "Indikasi menurut aturan",
        "Ditemukan adalah perkara yang lewat atau jauh lewat batas; bagiannya dihitung dari perkara yang dapat dinilai "
        "aturan itu, bukan dari semua perkara.",
        ("Aturan", "Tentang", "Ditemukan", "Dapat dinilai", "Bagian", "Tidak dapat dinilai"),
        rows,
        svg,
        numbers=frozenset({2, 3, 4}),
        wide=True,
    )


def throughput(process: Process) -> Section:
    """The distribution of the working days from begin to closing."""
    closed = process.cases.filter(pl.col("closed_at").is_not_null()).get_column("days")
    bins = distribution(closed)
    labels = [_range(low, high) for low, high in bins.select("low", "high").iter_rows()]
    counts = bins.get_column("cases").to_list()
    median = days(_number(closed.median()))
    p90 = days(_number(closed.quantile(0.9, "linear")))
    rows = [
        (label, pictures.number(count), share(count / closed.len()))
        for label, count in zip(labels, counts, strict=True)
    ]
    title = f"Lama penyelesaian {pictures.number(closed.len())} perkara yang selesai: median {median}, P90 {p90} hari kerja"
    still = process.cases.height - closed.len()
    return Section(
        "Lama penyelesaian",
        f"Hari kerja dari permohonan lengkap (bila tercatat) sampai selesai, tanpa waktu di pemohon. Separuh perkara "
        f"selesai dalam {median} hari kerja, sembilan dari sepuluh dalam {p90}. {pictures.number(still)} perkara belum "
        "selesai pada akhir data dan tidak dihitung di sini.",
        ("Hari kerja", "Perkara", "Bagian"),
        rows,
        pictures.upright(title, labels, {"perkara": counts}, every=1 + (len(labels) - 1) // 9)
        if rows
        else "",
        numbers=frozenset({1, 2}),
    )


def types(process: Process, names: Names) -> Section:
    """Median and 90th percentile by permit type."""
    table = by_type(process.cases)
    top = table.head(TOP)
    labels = [names.permit_type(code) for code in top.get_column("permit_type")]
    series = {"median": top.get_column("median").to_list(), "P90": top.get_column("p90").to_list()}
    return Section(
        "Lama penyelesaian menurut jenis izin",
        "P90: sembilan dari sepuluh perkara selesai dalam waktu ini." + _more(table, "jenis izin"),
        ("Jenis izin", "Selesai", "Median", "P90", "Terlama"),
        [
            (names.permit_type(code), pictures.number(count), days(median), days(p90), days(longest))
            for code, count, median, p90, longest in top.iter_rows()
        ],
        pictures.lying("Median dan P90 hari kerja menurut jenis izin", labels, series) if labels else "",
        key=("median", "P90"),
        numbers=frozenset({1, 2, 3, 4}),
    )


def holders(process: Process, names: Names) -> Section:
    """Who held the files, and how long."""
    table = by_holder(process.holdings)
    top = table.head(TOP)
    labels = [names.holder(code) for code in top.get_column("holder")]
    return Section(
        "Menunggu menurut pemegang berkas",
        "Berkas dipegang unit yang disebut kejadian terakhir, sampai unit lain disebut atau perkara selesai. Bila log "
        "hanya mencatat akhir setiap langkah, waktu menunggu langkah berikut terhitung pada unit sebelumnya."
        + _more(table, "pemegang"),
        ("Pemegang", "Kali", "Median", "P90", "Terlama", "Jumlah hari kerja", "Bagian", "Masih di sana"),
        [
            (
                names.holder(row["holder"]),
                pictures.number(row["cases"]),
                days(row["median"]),
                days(row["p90"]),
                days(row["longest"]),
                pictures.number(round(row["total"])),
                share(row["share"]),
                pictures.number(row["open"]),
            )
            for row in top.iter_rows(named=True)
        ],
        pictures.lying(
            "Bagian waktu menunggu menurut pemegang berkas",
            labels,
            {"bagian": [value * 100 for value in top.get_column("share")]},
            pictures.percent,
        )
        if labels
        else "",
        numbers=frozenset(range(1, 8)),
        wide=True,
    )


def variants(process: Process, names: Names) -> Section:
    """The most frequent ways through the steps."""
    table = process.variants
    top = table.head(TOP)
    shares = top.get_column("share").to_list()
    labels = [f"Jalur {n}" for n in range(1, top.height + 1)]
    covered = share(sum(shares))
    return Section(
        "Jalur yang paling sering",
        f"{pictures.number(table.height)} urutan langkah yang berbeda; {top.height} yang tersering mencakup {covered} "
        f"dari {pictures.number(int(table.get_column('cases').sum()))} perkara yang mencatat langkah.",
        ("Jalur", "Langkah", "Perkara", "Bagian", "Median hari kerja"),
        [
            (label, path(steps, names), pictures.number(count), share(part), days(median))
            for label, (steps, count, part, median) in zip(labels, top.iter_rows(), strict=True)
        ],
        pictures.lying(
            f"Bagian perkara menurut jalur; bersama {covered}",
            labels,
            {"bagian": [value * 100 for value in shares]},
            pictures.percent,
        )
        if labels
        else "",
        numbers=frozenset({2, 3, 4}),
        wide=True,
    )


def path(steps: Sequence[str], names: Names, most: int = STEPS_SHOWN) -> str:
    """Steps in order; the same step several times running is written once with its number."""
    told: list[tuple[str, int]] = []
    for step in steps:
        if told and told[-1][0] == step:
            told[-1] = (step, told[-1][1] + 1)
        else:
            told.append((step, 1))
    parts = [names.step(step) + (f" ({times}×)" if times > 1 else "") for step, times in told]
    rest = len(parts) - most
    return " → ".join(parts[:most]) + (f" → … ({rest} lagi)" if rest > 0 else "")


def times(process: Process, standing: Sequence[Mapping[str, Any]], profile: Profile) -> Section:
    """Cases that came in and closed, and alerts, by period."""
    breaches = [
        int(a["level_at"] if a["due_at"] is None else a["due_at"]) for a in standing if a["level"] in FOUND
    ]
    period, table = over_time(process, breaches, profile)
    labels = [_day(day, period) for day in table.get_column("day")]
    series = {
        name: table.get_column(column).to_list()
        for name, column in (("masuk", "begun"), ("selesai", "closed"), ("indikasi", "alerts"))
    }
    return Section(
        "Perkara dan indikasi dari waktu ke waktu",
        f"Per {PERIOD_NAMES[period]}. Indikasi terhitung pada tenggatnya; tanpa tenggat, saat tingkatnya tercapai.",
        ("Mulai", "Masuk", "Selesai", "Indikasi"),
        [
            (label, *(pictures.number(values[n]) for values in series.values()))
            for n, label in enumerate(labels)
        ],
        pictures.upright(
            "Perkara masuk, selesai, dan indikasi", labels, series, every=1 + (len(labels) - 1) // 6
        )
        if labels
        else "",
        key=tuple(series),
        numbers=frozenset({1, 2, 3}),
    )


def _more(table: pl.DataFrame, what: str) -> str:
    return f" {TOP} dari {table.height} {what}; semuanya di telaah.xlsx." if table.height > TOP else ""


def _range(low: float, high: float | None) -> str:
    return f"≥ {low:.0f}" if high is None else f"{low:.0f}–{high:.0f}"


def _day(day: date, period: str) -> str:
    if period == "1y":
        return str(day.year)
    if period in ("1mo", "1q"):
        return f"{MONTHS[day.month - 1]} {day.year}"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year % 100:02d}"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
