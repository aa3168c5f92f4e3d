"""The desk pages behind the tiles: tables of the same figures, with their definition, for reading and for download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sinks.wallboard import wording
from sinks.wallboard.state import Board, Today
from sinks.wallboard.tiles.permits import holder_name

ROWS = 200


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a table. ``period``: day, month, year, or stock (everything up to today)."""

    label: str
    metric: str
    period: str
    money: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a desk page: a row for each value of ``dimension``."""

    title: str
    dimension: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A desk page; ``definition`` says what the figures mean and where they come from."""

    title: str
    definition: str
    tables: tuple[Table, ...]


_REVENUE = (
    Column("hari ini", "revenue.received", "day"),
    Column("bulan ini", "revenue.received", "month"),
    Column("tahun ini", "revenue.received", "year"),
    Column("disetor tahun ini", "revenue.deposited", "year"),
    Column("ketetapan tahun ini", "revenue.assessed", "year"),
    Column("piutang", "revenue.arrears", "stock"),
)
_BUDGET = (
    Column("pagu", "budget.ceiling", "whole"),
    Column("realisasi", "budget.realised", "year"),
    Column("rencana kas", "budget.plan", "year"),
    Column("uang muka kas", "budget.advance", "stock"),
)
_PERMITS = (
    Column("berjalan", "permits.open", "stock", money=False),
    Column("hampir terlambat", "permits.near_late", "stock", money=False),
    Column("terlambat", "permits.late", "stock", money=False),
    Column("masuk tahun ini", "permits.entered", "year", money=False),
    Column("selesai tahun ini", "permits.finished", "year", money=False),
)
_POPULATION = tuple(
    Column(label, f"population.{metric}", "month", money=False)
    for label, metric in (
        ("lahir", "births"),
        ("mati", "deaths"),
        ("datang", "arrivals"),
        ("pindah", "departures"),
        ("bersih", "net"),
    )
)
_ACTIVITIES = (
    Column("kegiatan", "activities.count", "year", money=False),
    Column("fisik (basis poin)", "activities.physical_bp", "year", money=False),
    Column("rencana (basis poin)", "activities.planned_bp", "year", money=False),
)

PAGES = {
    "penerimaan": Page(
        "Penerimaan daerah",
        "Penerimaan = kuitansi dikurangi pembatalan. Ketetapan bukan penerimaan. PAD (4.1), transfer (4.2), dan lain-lain "
        "(4.3) tidak pernah dijumlahkan. Sumber: topik revenue.receipts.",
        (
            Table("Menurut kelompok akun", "account_group", _REVENUE),
            Table("Menurut OPD", "opd", _REVENUE),
            Table("Menurut akun", "account", _REVENUE),
            Table("Menurut kanal", "channel", _REVENUE[:3]),
            Table("Menurut desa", "village", _REVENUE[:3]),
        ),
    ),
    "perizinan": Page(
        "Perizinan",
        "Terlambat = melewati standar pelayanan dalam hari kerja, tidak termasuk waktu di pemohon. Sumber: permits.steps.",
        (
            Table("Menurut jenis izin", "type", _PERMITS),
            Table("Menurut unit pemegang berkas", "unit", _PERMITS),
            Table("Menunggu di", "holder", (Column("berkas", "permits.waiting", "stock", money=False),)),
        ),
    ),
    "anggaran": Page(
        "Serapan anggaran",
        "Realisasi = LS + GU + TU yang sudah dipertanggungjawabkan − pengembalian. Uang muka kas (UP dan TU terbuka) "
        "berdiri sendiri. Serapan = realisasi ÷ pagu terakhir (DPA/DPPA). Sumber: topik budget.disbursements.",
        (
            Table("Menurut OPD", "opd", _BUDGET),
            Table("Menurut program", "program", _BUDGET),
            Table("Menurut kegiatan", "activity", _BUDGET),
            Table("Menurut subkegiatan", "sub_activity", _BUDGET),
        ),
    ),
    "kegiatan": Page(
        "Kemajuan kegiatan",
        "Kemajuan fisik terakhir tiap subkegiatan yang melapor, 10.000 basis poin = 100%. Sumber: activity.progress.",
        (Table("Menurut OPD", "opd", _ACTIVITIES), Table("Menurut subkegiatan", "sub_activity", _ACTIVITIES)),
    ),
    "penduduk": Page(
        "Kependudukan",
        "Yang dihitung adalah perubahan yang terdaftar di Dukcapil, bulan ini. Pindah di dalam kabupaten tidak mengubah "
        "jumlah kabupaten. Sumber: topik population.changes.",
        (Table("Menurut desa", "village", _POPULATION),),
    ),
}


def rows(table: Table, board: Board, today: Today) -> list[tuple[str, list[int]]]:
    """(name, figures) of every value, the largest first figure first."""
    since = {"day": today.day, "month": today.month, "year": today.year, "whole": today.year, "stock": ""}
    until = {"whole": f"{today.on.year}-12-31"}
    columns = [
        board.store.by_value(c.metric, table.dimension, since[c.period], until.get(c.period, today.day))
        for c in table.columns
    ]
    found = [
        (name_of(board, table.dimension, value), [column.get(value, 0) for column in columns])
        for value in sorted({value for column in columns for value in column})
    ]
    shown = [row for row in found if any(row[1])]
    return sorted(shown, key=lambda row: [-abs(v) for v in row[1]])


def display(column: Column, value: int) -> str:
    """A figure of a table in words."""
    return wording.rupiah_exact(value) if column.money else wording.count(value)


def name_of(board: Board, dimension: str, value: str) -> str:
    """What people call a value of a dimension; the code where the profile has no name."""
    profile = board.profile
    if dimension == "holder":
        return holder_name(board, value)
    tables: dict[str, Any] = {
        "opd": profile.departments,
        "unit": profile.units,
        "village": profile.villages,
        "type": profile.permit_types,
        "sub_activity": profile.sub_activities,
    }
    if dimension == "account":
        return profile.accounts.get(value, value)
    known = tables.get(dimension, {}).get(value)
    return known.name if known else value or "tidak disebut"
