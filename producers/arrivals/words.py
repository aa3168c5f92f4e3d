"""Why an accepted event could not be processed, and what its sender can do: Bahasa Indonesia, by the letter's error class."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


class Why(NamedTuple):
    """``reason`` says what is wrong, ``advice`` what to do; ``mend``: whether a mended event would help."""

    reason: str
    advice: str
    mend: bool = True


_VALUE = "Perbaiki isian itu di bawah, periksa, lalu kirim ulang."
_AGAIN = "Lengkapi isinya di bawah, periksa, lalu kirim ulang; perbaiki juga program pengirimnya."
_WAIT = "Tidak ada yang perlu Anda perbaiki. Diskominfo menanganinya."

WHY: Mapping[str, Why] = MappingProxyType(
    {
        "UnknownSchemaId": Why("Nomor skema kejadian ini belum dikenal oleh pengolah.", _WAIT, False),
        "WrongSchema": Why("Skema kejadian ini milik topik lain: pengirim salah topik.", _AGAIN),
        "BadMagic": Why(
            "Isi kejadian bukan format Avro, misalnya JSON yang dikirim langsung ke Kafka.", _AGAIN
        ),
        "NullValue": Why(
            "Kejadian ini tidak berisi apa pun. Pembatalan dikirim sebagai kejadian tersendiri.", _AGAIN
        ),
        "Truncated": Why("Isi kejadian terpotong di tengah.", _AGAIN),
        "TrailingBytes": Why(
            "Ada byte berlebih sesudah isi: skema pengirim lain dari yang disebutnya.", _AGAIN
        ),
        "Undecodable": Why("Isi kejadian rusak atau tidak sesuai dengan skemanya.", _AGAIN),
        "FarFuture": Why(
            "Waktu kejadian lebih dari dua tahun di depan.",
            "Perbaiki time di bawah, lalu kirim ulang; periksa jam dan format tanggal pengirim.",
        ),
        "ProcessorError": Why("Kesalahan pada program Nadi, bukan pada data Anda.", _WAIT, False),
        "BadEventId": Why("Nomor kejadian bukan UUID huruf kecil.", _VALUE),
        "MissingKey": Why("Sumber, OPD, atau jenis kejadian kosong.", _VALUE),
        "NegativeAmount": Why("Ada jumlah yang negatif.", _VALUE),
        "ImpossibleTime": Why("Waktu kejadian tidak mungkin.", _VALUE),
        "ImpossibleYear": Why("Tahun anggaran tidak mungkin.", _VALUE),
        "AmountTooLarge": Why("Jumlahnya terlalu besar untuk dihitung.", _VALUE),
        "BadMonthlyPlan": Why("Rencana kas bulanan tidak lengkap atau tidak cocok dengan jumlahnya.", _VALUE),
        "UnknownDisbursementType": Why("Jenis pencairan tidak dikenal.", _VALUE),
        "UnknownMeasure": Why("Jenis ukuran tidak dikenal.", _VALUE),
        "UnknownStatus": Why("Status tidak dikenal.", _VALUE),
    }
)
_OTHER = Why(
    "Kejadian ini tidak dapat diolah.", "Baca pesannya, perbaiki bila datanya salah, atau tanyakan kepada Diskominfo."
)  # fmt: skip


def why(reason: str) -> Why:
    """What is said of an error class."""
    return WHY.get(reason, _OTHER)


def when(ms: int | None, zone: ZoneInfo) -> str:
    """An instant (UTC ms) in the regency's zone, for example ``29 Nov 2026 14.05.09 WIB``; a dash for none."""
    if ms is None:
        return "–"
    local = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)
    return f"{local.day} {MONTHS[local.month - 1]} {local.year} {local:%H.%M.%S} {local.tzname()}"
