"""Every way the gateway refuses, in one table: answers (RFC 9457) and the page of errors are made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from producers.access.refusals import REFUSALS

MEDIA_TYPE = "application/problem+json"


class Entry(NamedTuple):
    """One line of the table; ``title`` and ``cure`` are Bahasa Indonesia. ``retry`` is seconds, where waiting helps."""

    status: int
    title: str
    cure: str
    retry: int | None = None


#: What a key, a signature or a quota is refused for, in short; the sentences are those of ``producers.access``.
_TITLES = {
    "key-missing": "Kunci tidak dikirim", "key-unknown": "Kunci tidak dikenal", "key-expired": "Kunci sudah habis masa berlakunya",
    "key-revoked": "Kunci sudah dicabut", "address-not-allowed": "Alamat jaringan tidak terdaftar",
    "signature-missing": "Tanda tangan wajib", "signature-malformed": "Tanda tangan salah bentuk",
    "signature-time": "Waktu tanda tangan terlalu jauh", "signature-wrong": "Tanda tangan tidak cocok",
    "signature-reused": "webhook-id dipakai untuk isi lain", "source-not-allowed": "Sumber tidak diizinkan",
    "type-not-allowed": "Jenis kejadian tidak diizinkan", "batch-too-large": "Terlalu banyak kejadian untuk kunci ini",
    "too-many-requests": "Terlalu banyak permintaan", "events-per-day": "Jatah kejadian hari ini habis",
    "bytes-per-day": "Jatah byte hari ini habis",
}  # fmt: skip


class _Blank(dict[str, str]):
    """What fills a sentence of which nothing is known yet."""

    def __missing__(self, _name: str) -> str:
        return "…"


TABLE: Mapping[str, Entry] = MappingProxyType(
    {
        "body-not-json": Entry(
            400, "Isi kiriman bukan JSON", "Periksa isi kiriman: harus JSON yang utuh dalam UTF-8."
        ),
        "id-missing": Entry(
            400,
            "Nomor kejadian tidak ada",
            "Isi id dengan nomor tetap untuk kejadian ini (atau kepala Idempotency-Key), sama bila dikirim ulang.",
        ),
        "id-differs": Entry(
            400,
            "Idempotency-Key berbeda dari id",
            "Pakai nilai yang sama untuk keduanya, atau kirim id saja.",
        ),
        "other-department": Entry(
            403,
            "Kejadian atas nama OPD lain",
            "Hapus opd dari data: OPD ditetapkan dari kunci. Percobaan ini dicatat.",
        ),
        "not-found": Entry(
            404, "Alamat atau nomor tidak ditemukan", "Periksa alamat atau nomor yang diminta."
        ),
        "method-not-allowed": Entry(
            405, "Cara panggil tidak dikenal di alamat ini", "Periksa GET atau POST di panduan."
        ),
        "in-progress": Entry(
            409,
            "Kejadian yang sama sedang diproses",
            "Tunggu sebentar, lalu kirim ulang dengan id yang sama.",
            1,
        ),
        "body-too-long": Entry(
            413,
            "Isi kiriman terlalu besar",
            "Bagi menjadi beberapa kiriman. Batas berlaku juga setelah gzip dibuka.",
        ),
        "batch-too-long": Entry(
            413, "Terlalu banyak kejadian dalam satu kiriman", "Bagi menjadi beberapa kiriman."
        ),
        "event-too-long": Entry(
            413, "Satu kejadian terlalu besar", "Kirim hanya isian yang ada dalam kontrak."
        ),
        "media-type": Entry(
            415,
            "Jenis isi tidak didukung",
            "Pakai application/cloudevents+json, application/cloudevents-batch+json, "
            "atau application/json dengan kepala ce-*; tanpa pemampatan atau dengan gzip.",
        ),
        "fields": Entry(
            422, "Ada isian yang salah", "Perbaiki setiap isian di daftar errors, lalu kirim lagi."
        ),
        "type-unknown": Entry(
            422, "Jenis kejadian tidak dikenal", "Lihat jenis yang dikenal di /v1/schemas."
        ),
        "payload-differs": Entry(
            422,
            "Nomor yang sama pernah diterima dengan isi lain",
            "Kejadian baru perlu id baru; pembetulan dikirim sebagai kejadian baru dengan corrects.",
        ),
        "file-unnamed": Entry(
            400,
            "Nama berkas atau ranah tidak disebut",
            "Kirim isi berkas apa adanya ke /v1/files?domain=permits&name=izin.xlsx, dengan ranah dan nama berkas Anda.",
        ),
        "file-not-done": Entry(
            409, "Berkas masih dikerjakan", "Tunggu sampai status published atau refused.", 2
        ),
        "file-too-long": Entry(413, "Berkas terlalu besar", "Pecah menjadi beberapa berkas."),
        "file-kind": Entry(
            415,
            "Jenis berkas tidak diterima",
            "Kirim .csv (UTF-8), .xlsx, .ods, atau .xls sebagai isi permintaan, bukan sebagai multipart. Berkas bermakro "
            "tidak pernah dibuka.",
        ),
        "file-refused": Entry(
            422,
            "Berkas ditolak, tidak satu baris pun diterbitkan",
            "Perbaiki setiap baris di report.errors pada berkas aslinya, lalu unggah lagi seluruhnya.",
        ),
        "internal": Entry(
            500, "Kesalahan di gerbang", "Kirim ulang dengan id yang sama; laporkan bila terulang."
        ),
        "kafka-refused": Entry(
            500,
            "Kejadian ditolak penyimpanan",
            "Laporkan kepada Diskominfo dengan waktu kiriman; kejadian belum diterima.",
        ),
        "kafka-away": Entry(
            503,
            "Penyimpanan sedang tidak dapat dihubungi",
            "Kejadian belum dipastikan. Simpan dan kirim ulang dengan id yang sama.",
            5,
        ),
        "starting": Entry(503, "Gerbang sedang bersiap", "Kirim lagi beberapa detik kemudian.", 2),
        **{
            code: Entry(status, _TITLES[code], sentence.format_map(_Blank()), 1 if status == 429 else None)
            for code, (status, sentence) in REFUSALS.items()
        },
    }
)


class FieldError(NamedTuple):
    """What is wrong with one field: a JSON pointer into the event, and a sentence (Bahasa Indonesia)."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. ``code`` is of ``TABLE``; ``detail`` replaces its cure where there is more to say; ``report`` is that of an
    uploaded file; ``status`` and ``retry`` only where another part decided them."""

    code: str
    detail: str = ""
    errors: Sequence[FieldError] = ()
    schema: str = ""
    report: Mapping[str, Any] | None = None
    status_given: int = 0
    retry_given: float | None = None

    @property
    def status(self) -> int:
        return self.status_given or TABLE[self.code].status

    @property
    def retry(self) -> float | None:
        return self.retry_given if self.retry_given is not None else TABLE[self.code].retry

    def document(self) -> dict[str, Any]:
        """The members of RFC 9457, and ``errors`` and ``schema`` where there are any."""
        entry = TABLE[self.code]
        found: dict[str, Any] = {
            "type": f"/docs/errors#{self.code}",
            "title": entry.title,
            "status": self.status,
            "detail": self.detail or entry.cure,
        }
        if self.errors:
            found["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in self.errors]
        if self.schema:
            found["schema"] = f"/v1/schemas/{self.schema}"
        if self.report:
            found["report"] = self.report
        return found

    def encoded(self) -> bytes:
        return msgspec.json.encode(self.document())

    def headers(self) -> dict[str, str]:
        """``Retry-After`` where waiting helps."""
        return {} if self.retry is None else {"Retry-After": str(max(1, round(self.retry)))}


class ProblemError(Exception):
    """A request that is refused as a whole."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem
