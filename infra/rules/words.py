"""How rules are put to people on pages: Indonesian words for codes, numbers, days and the events of examples."""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from schemas.profile import Profile
from streams.rules.examples import FIRST, SECOND
from streams.rules.rule import Rule

LOCALE = "id_ID"
#: From so many minutes on hours are easier to read.
HOURS_FROM = 120
KINDS = {"hard": "fakta", "soft": "tanda", "context": "penyerta", "page": "halaman"}
KIND_MEANINGS = {
    "hard": "Temuannya adalah fakta yang dapat diperiksa pada berkas.",
    "soft": "Temuannya adalah tanda di antara tanda lain; sendirian ia lemah.",
    "context": "Tidak pernah menjadi indikasi sendiri; hanya disebut bersama indikasi lain.",
    "page": "Ditunjukkan di halaman ini saja; tidak pernah menjadi indikasi.",
}
TASKS = {"case": "per berkas", "regency": "se-kabupaten"}
STATES = {"delivered": "dikirim", "observed": "amati", None: "tidak dikirim"}
LEVELS = {"warning": "mendekati batas", "breach": "lewat batas", "severe": "jauh lewat batas"}
OUTCOMES = {"found": "ditemukan", "not found": "tidak ditemukan", "not applicable": "tidak berlaku"}
SITUATIONS = {
    "found": "ditemukan",
    "not found": "tidak ditemukan",
    "just below": "tepat di bawah batas",
    "just above": "tepat di atas batas",
    "not applicable": "tidak berlaku",
    "too few": "pembanding terlalu sedikit",
    "before a dated change": "sebelum aturannya berubah",
    "after a dated change": "sesudah aturannya berubah",
}
MEASURES = {
    "working_days": "hari kerja",
    "rupiah": "rupiah",
    "minutes": "menit",
    "steps": "tahap",
    "officers": "petugas",
    "decisions": "keputusan",
    "persons": "orang",
    "cases": "berkas",
    "times": "kali",
    "returns": "pengembalian",
    "permits": "izin",
    "share": "bagian",
    "ratio": "kali",
    "time": "",
}
#: Of which peers so many percent do not exceed the value.
QUANTILES = {10: "Persentil 10", 25: "Kuartil 1", 50: "Median", 75: "Kuartil 3", 95: "Persentil 95"}
SIDES = {"below": "kurang dari", "above": "lebih dari"}
EVENTS = {
    "submitted": "permohonan masuk",
    "accepted": "berkas lengkap dan benar",
    "started": "mulai",
    "finished": "selesai",
    "returned": "dikembalikan kepada pemohon",
    "resubmitted": "diserahkan kembali",
    "rejected": "ditolak",
    "issued": "terbit",
    "withdrawn": "dicabut",
    "closed": "ditutup",
}
EVENTS |= {
    "ceiling": "pagu", "package": "paket pengadaan", "spd": "SPD", "spp": "SPP", "spm": "SPM", "sp2d": "SP2D",
    "accounting": "pertanggungjawaban", "return": "pengembalian sisa", "reversal": "pembatalan",
    "assessment": "ketetapan", "receipt": "penerimaan", "void": "pembatalan penerimaan", "deposit": "penyetoran",
    "opening_balance": "saldo awal", "reminder": "teguran", "birth": "kelahiran", "death": "kematian",
    "move": "perpindahan", "correction": "perubahan data", "progress": "kemajuan fisik", "handover": "serah terima",
}  # fmt: skip
PEOPLE = {FIRST: "petugas A", SECOND: "petugas B"}


def asked(rule: Rule) -> str:
    """When a rule about money or people is asked, and how far back it looks; nothing for the others."""
    if rule.weigh is None:
        return ""
    often = (
        "setiap malam"
        if rule.every == 1
        else "sekali seminggu"
        if rule.every == 7
        else f"setiap {rule.every} hari"
    )
    stands = "" if rule.kind == "page" else "; yang pernah dikatakan tentang waktu sebelumnya tetap"
    return f"Dinilai {often} menurut dokumen {rule.window} hari terakhir{stands}."


def number(value: float) -> str:
    """At most two decimals, below one at most four, with a comma, and dots between thousands."""
    decimals = "##" if abs(value) >= 1 else "####"
    return str(format_decimal(value, format=f"#,##0.{decimals}", locale=LOCALE))


def amount(value: float, unit: str) -> str:
    """A value with its unit; many minutes in hours too."""
    text = f"{number(value)} {MEASURES[unit]}"
    hours = format_decimal(value / 60, format="#,##0.0", locale=LOCALE)
    return f"{text} ({hours} jam)" if unit == "minutes" and value >= HOURS_FROM else text


def share(value: float | None) -> str:
    """A share as a percentage with one decimal."""
    return "–" if value is None else str(format_percent(value, format="#,##0.0 %", locale=LOCALE))


def day(value: date | str) -> str:
    """A day, ``5 Feb 2026``; ISO texts are taken too."""
    return str(format_date(date.fromisoformat(value) if isinstance(value, str) else value, "d MMM y", LOCALE))


def period(since: str | None, until: str | None) -> str:
    """From when to when something holds (ISO days); empty where it has neither end."""
    if since and until:
        return f"{day(since)} – {day(until)}"
    return f"sejak {day(since)}" if since else f"sampai {day(until)}" if until else ""


def moment(text: str) -> str:
    """A local time of an example, with its weekday."""
    return str(format_datetime(datetime.fromisoformat(text), "EEEE, d MMM y HH.mm", locale=LOCALE))


def instant(ms: int, profile: Profile) -> str:
    """An instant (UTC ms) in the profile's zone."""
    return moment(datetime.fromtimestamp(ms / 1000, profile.timezone).isoformat())


def step_name(profile: Profile, code: str | None) -> str:
    """The name of a step of the examples' permit type; the code where it has none."""
    if not code:
        return ""
    found = (kind.step(code) for kind in profile.permit_types.values())
    return next((step.name for step in found if step is not None), code)
