"""Why a call is refused: one table of codes, with the HTTP status and the sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from producers.access.caller import RefusedError
from producers.redaction import masked

#: Code to (HTTP status, sentence in Bahasa Indonesia). Fields in braces are filled in.
REFUSALS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "key-missing": (
            401,
            "Permintaan ini tidak membawa kunci. Kirim tajuk Authorization: Bearer diikuti kunci OPD Anda "
            "(NADI_KEY pada berkas .env); kunci diberikan oleh Diskominfo.",
        ),
        "key-unknown": (
            401,
            "Kunci ini tidak dikenal atau rahasianya salah. Salin NADI_KEY dari berkas .env seutuhnya, atau mintalah "
            "kunci baru kepada Diskominfo.",
        ),
        "key-expired": (
            401,
            "Masa berlaku kunci ini sudah habis. Mintalah kunci pengganti kepada Diskominfo.",
        ),
        "key-revoked": (
            401,
            "Kunci ini sudah dicabut. Hapus kunci itu dari sistem Anda dan mintalah kunci baru kepada Diskominfo.",
        ),
        "address-not-allowed": (
            403,
            "Alamat jaringan {address} tidak terdaftar untuk kunci ini. Kirim dari server yang terdaftar, atau minta "
            "Diskominfo mendaftarkan alamat itu.",
        ),
        "signature-missing": (
            401,
            "Kunci ini mewajibkan tanda tangan. Kirim tajuk webhook-id, webhook-timestamp, dan webhook-signature "
            "(v1a, Ed25519 atas id.waktu.isi).",
        ),
        "signature-malformed": (
            401,
            "Tajuk tanda tangan tidak lengkap atau salah bentuk. Kirim webhook-id, webhook-timestamp (detik Unix), dan "
            "webhook-signature berbentuk v1a,<base64>.",
        ),
        "signature-time": (
            401,
            "Waktu pada webhook-timestamp berbeda lebih dari 5 menit dari jam server. Samakan jam server Anda (NTP), "
            "lalu tanda tangani dan kirim lagi.",
        ),
        "signature-wrong": (
            401,
            "Tanda tangan tidak cocok dengan isi permintaan. Tanda tangani isi persis seperti dikirim, byte demi byte, "
            "dengan NADI_SIGNING_KEY dari berkas .env.",
        ),
        "signature-reused": (
            422,
            "webhook-id ini sudah dipakai untuk isi yang lain. Pakai webhook-id baru untuk setiap isi baru; id yang "
            "sama hanya untuk mengirim ulang isi yang sama.",
        ),
        "source-not-allowed": (
            403,
            "Kunci ini tidak boleh mengirim atas nama sumber {source}. Sumber yang diizinkan: {allowed}. Perbaiki "
            "source, atau minta Diskominfo menambahkannya.",
        ),
        "type-not-allowed": (
            403,
            "Kunci ini tidak boleh mengirim kejadian berjenis {type}. Jenis yang diizinkan: {allowed}. Perbaiki type, "
            "atau minta Diskominfo menambahkannya.",
        ),
        "batch-too-large": (
            413,
            "Satu permintaan memuat {events} kejadian, paling banyak {limit}. Bagi menjadi beberapa permintaan.",
        ),
        "too-many-requests": (
            429,
            "Terlalu banyak permintaan: paling banyak {limit} per detik. Tunggu menurut tajuk Retry-After, dan kirim "
            "beberapa kejadian dalam satu permintaan.",
        ),
        "events-per-day": (
            429,
            "Jatah {limit} kejadian per hari tidak cukup untuk permintaan ini. Kirim lagi setelah tengah malam, atau "
            "minta Diskominfo menaikkan jatah.",
        ),
        "bytes-per-day": (
            429,
            "Jatah {limit} byte per hari tidak cukup untuk permintaan ini. Kirim lagi setelah tengah malam, atau minta "
            "Diskominfo menaikkan jatah.",
        ),
    }
)


def refused(code: str, retry_after: float | None = None, **values: object) -> RefusedError:
    """The error of a code; ``values`` fill the sentence, with numbers of persons masked; ``retry_after`` is seconds."""
    status, sentence = REFUSALS[code]
    return RefusedError(status, code, sentence.format(**masked(values)), retry_after)
