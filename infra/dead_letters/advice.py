"""What to do about a dead letter, by the reason it gives: for the person at the desk, in their language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra.cli.texts import _

Remedy = Literal["replay", "sender", "developer"]


@dataclass(frozen=True, slots=True)
class Advice:
    """``remedy`` says whose turn it is: send again, the sender's, or the developers'; ``text`` says what to do."""

    remedy: Remedy
    text: str


def advice(reason: str) -> Advice:
    """What to do about an error class (those of schemas.codec, schemas.acceptance and the domains)."""
    corrected = _(
        "Minta pengirim memperbaiki datanya dan mengirim kejadian baru dengan event_id baru; mengirim ulang surat ini "
        "gagal lagi. Lalu nadi dlq drop."
    )
    known: dict[str, tuple[Remedy, str]] = {
        "UnknownSchemaId": (
            "replay",
            _(
                "Nomor skema belum dikenal. Daftarkan skemanya atau pasang versi Nadi yang mengenalnya, jalankan ulang "
                "pekerja, lalu nadi dlq replay."
            ),
        ),
        "WrongSchema": (
            "sender",
            _(
                "Skema milik topik lain: pengirim salah topik. Minta pengirim memakai topik yang benar; lalu nadi dlq drop."
            ),
        ),
        "BadMagic": (
            "sender",
            _(
                "Isi bukan format kawat Avro (byte pertama harus 0), misalnya JSON yang dikirim langsung. Minta pengirim "
                "memakai pustaka klien Nadi; lalu nadi dlq drop."
            ),
        ),
        "NullValue": (
            "sender",
            _(
                "Rekaman tanpa isi. Topik ini tidak mengenal penghapusan; pembatalan adalah kejadian tersendiri. Lalu nadi dlq drop."
            ),
        ),
        "Truncated": (
            "sender",
            _(
                "Isi terpotong di tengah. Minta pengirim mengirim kejadian itu lagi dengan event_id yang sama; lalu nadi dlq drop."
            ),
        ),
        "TrailingBytes": (
            "sender",
            _(
                "Ada byte berlebih sesudah isi: skema pengirim lain dari yang disebutnya. Periksa versi skema pengirim; lalu nadi dlq drop."
            ),
        ),
        "Undecodable": (
            "sender",
            _(
                "Isi tidak sesuai skema yang disebutnya, atau rusak. Minta pengirim mengirim kejadian itu lagi; lalu nadi dlq drop."
            ),
        ),
        "FarFuture": (
            "sender",
            _(
                "Tanggalnya lebih dari dua tahun di depan. Periksa jam dan format tanggal pengirim; minta kejadian baru; lalu nadi dlq drop."
            ),
        ),
        "ForeignCorrection": (
            "sender",
            _(
                "Pembetulan atas kejadian sumber lain: hanya sumber yang mengirim kejadian itu yang boleh membetulkannya. "
                "Beri tahu kedua pihak; lalu nadi dlq drop."
            ),
        ),
        "ProcessorError": (
            "developer",
            _(
                "Kesalahan pada program Nadi, bukan pada data. Laporkan pesan ini. Setelah versi yang diperbaiki dipasang, "
                "rekaman aslinya dihitung lagi dari topik; mengirim ulang tidak perlu."
            ),
        ),
        **dict.fromkeys(
            (
                "BadEventId",
                "MissingKey",
                "NegativeAmount",
                "ImpossibleTime",
                "ImpossibleYear",
                "AmountTooLarge",
                "BadMonthlyPlan",
                "UnknownDisbursementType",
                "UnknownMeasure",
                "UnknownStatus",
            ),
            ("sender", corrected),
        ),
    }
    remedy, text = known.get(
        reason,
        (
            "developer",
            _("Sebab ini belum dikenal. Baca pesannya; laporkan ke pengembang bila bukan kesalahan data."),
        ),
    )
    return Advice(remedy, text)


def remedy_name(remedy: Remedy) -> str:
    """A word for a column."""
    return {"replay": _("kirim ulang"), "sender": _("pengirim"), "developer": _("pengembang")}[remedy]
