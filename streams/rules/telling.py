"""What a rule's sentence may be made of, and how numbers, days and clock times are written in Indonesian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.profile import Profile

_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip

#: What is done by an event of each kind.
_ACTS = {
    "submitted": "penyerahan permohonan", "accepted": "penerimaan berkas lengkap", "started": "mulai tahap",
    "finished": "selesai tahap", "returned": "pengembalian kepada pemohon", "resubmitted": "penyerahan kembali",
    "rejected": "penolakan", "issued": "penerbitan", "withdrawn": "pencabutan", "closed": "penutupan",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One finding in the words of people: ``subject`` and ``unit`` are named, ``scope`` is the step's name or the code
    that the rule gave, times are UTC ms, ``detail`` and ``more`` are what the rule keeps for its sentence."""

    profile: Profile
    subject: str
    unit: str
    scope: str
    level: str
    observed: float
    threshold: float
    at: int
    closed: bool
    case_due_at: int | None
    detail: int
    more: Mapping[str, Any] = field(default_factory=dict)

    def day(self, ms: int) -> str:
        """A local day, ``5 Maret 2026``."""
        year, month, number = self.profile.local_day(ms).split("-")
        return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"

    def moment(self, ms: int) -> str:
        """A local time, ``5 Maret 2026 pukul 14.05``."""
        clock = datetime.fromtimestamp(ms / 1000, self.profile.timezone)
        return f"{self.day(ms)} pukul {clock:%H.%M}"


def act(kind: str) -> str:
    """What an event of a kind does, as a noun; the kind itself where it has no word."""
    return _ACTS.get(kind, kind)


def decimal(value: float) -> str:
    """At most one decimal, with a comma."""
    return f"{value:.1f}".removesuffix(".0").replace(".", ",")


def whole(value: float) -> str:
    """A whole number with dots between thousands."""
    return f"{round(value):,}".replace(",", ".")


def span(minutes: float) -> str:
    """A length of clock time, in minutes up to two hours."""
    return f"{decimal(minutes)} menit" if minutes < 120 else f"{decimal(minutes / 60)} jam"


def rupiah(value: float) -> str:
    """An amount of money."""
    return f"Rp{whole(value)}"
