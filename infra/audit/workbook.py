"""telaah.xlsx: the same figures for those who go on calculating."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from infra.audit.base_rates import BaseRate
from infra.audit.process import Process, by_holder
from infra.audit.report import Summary, evidence, heaviest
from infra.audit.sections import Names, path
from infra.workbook import Instant, Share, Sheet, write_sheets
from producers.values import RowValueError

LEVELS = {"warning": "mendekati", "breach": "lewat", "severe": "jauh lewat"}


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into the workbook; ``process`` and ``rates`` as on the page. ``dead`` are dead letters by error class."""

    summary: Summary
    standing: Sequence[Mapping[str, Any]]
    rates: Mapping[str, BaseRate]
    process: Process | None
    rejected: Sequence[RowValueError]
    dead: Mapping[str, int]
    names: Names
    zone: ZoneInfo
    made: datetime
    span: str
    notes: Sequence[str]


def write_workbook(target: Path, contents: Contents) -> None:
    """Write it, over what was there."""
    write_sheets(target, contents.zone, _sheets(contents))


def _sheets(contents: Contents) -> Iterable[Sheet]:
    yield "Ringkasan", ("Hal", "Nilai"), _overview(contents)
    yield "Indikasi", INDICATIONS, map(_indication(contents.names), heaviest(contents.standing))
    yield (
        "Aturan",
        ("Aturan", "Tentang", "Ditemukan", "Dapat dinilai", "Bagian", "Tidak dapat dinilai", "Sebab"),
        (
            (
                rule,
                rate.title,
                rate.found,
                rate.applicable,
                Share(rate.share),
                sum(rate.not_applicable.values()),
                "; ".join(f"{count}: {why}" for why, count in rate.not_applicable.items()),
            )
            for rule, rate in contents.rates.items()
        ),
    )
    process = contents.process
    yield (
        "Varian",
        ("Nomor", "Perkara", "Bagian", "Median hari kerja", "Banyak langkah", "Langkah"),
        (
            (number, count, Share(share), days, len(steps), path(steps, contents.names, most=len(steps)))
            for number, (steps, count, share, days) in enumerate(
                process.variants.iter_rows() if process else (), 1
            )
        ),
    )
    yield (
        "Pemegang berkas",
        HOLDERS,
        (
            (
                contents.names.holder(row["holder"]),
                row["holder"],
                row["cases"],
                row["median"],
                row["p90"],
                row["longest"],
                row["total"],
                Share(row["share"]),
                row["open"],
            )
            for row in (by_holder(process.holdings).iter_rows(named=True) if process else ())
        ),
    )
    yield "Ditolak", ("Berkas", "Baris", "Kolom", "Nilai", "Sebab", "Keterangan"), _refused(contents)


INDICATIONS = (
    "Aturan", "Perkara", "Bagian perkara", "Tingkat", "Tercapai", "Tenggat", "Teramati", "Batas", "Satuan", "Unit",
    "Kode unit", "Uraian", "Bukti",
)  # fmt: skip
HOLDERS = (
    "Pemegang", "Kode", "Kali", "Median hari kerja", "P90 hari kerja", "Terlama hari kerja", "Jumlah hari kerja",
    "Bagian", "Masih di sana",
)  # fmt: skip
UNITS = {"working_days": "hari kerja", "rupiah": "rupiah", "persons": "orang"}


def _overview(contents: Contents) -> Iterable[Sequence[Any]]:
    summary = contents.summary
    yield "Ranah", summary.domain
    yield "Data", contents.span
    yield "Dibuat", Instant(int(contents.made.timestamp() * 1000))
    yield "Zona waktu", str(contents.zone)
    yield "Perkara", summary.cases
    yield "Kejadian", summary.events
    yield "Kiriman berulang", summary.repeats
    yield "Ditolak", summary.rejected
    for rule, count in summary.alerts.items():
        yield f"Perkara melewati batas {rule}", count
    for rule, why in summary.not_applicable.items():
        yield f"Aturan {rule} tidak dapat diterapkan", why
    for note in contents.notes:
        yield "Catatan", note
    yield "Arti", "Setiap baris adalah indikasi yang perlu klarifikasi, bukan kesimpulan."


def _indication(names: Names) -> Any:
    def row(alert: Mapping[str, Any]) -> Sequence[Any]:
        return (
            alert["rule"],
            alert["subject"],
            alert["scope"],
            LEVELS.get(alert["level"], alert["level"]),
            Instant(alert["level_at"]),
            Instant(alert["due_at"]),
            alert["observed"],
            alert["threshold"],
            UNITS.get(alert["unit_of_measure"], alert["unit_of_measure"]),
            names.holder(alert["unit"] or ""),
            alert["unit"],
            alert["sentence"],
            evidence(alert),
        )

    return row


def _refused(contents: Contents) -> Iterable[Sequence[Any]]:
    for problem in contents.rejected:
        value = "" if problem.value is None else str(problem.value)
        yield problem.file, problem.row, problem.column, value, problem.reason, problem.advice
    for reason, count in contents.dead.items():
        yield "", None, "", "", reason, f"{count} kejadian ditolak pengolah (surat mati)"
