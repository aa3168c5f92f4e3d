"""What the page of combined risks is given, and how it is addressed. Sinks know no rules: who knows them ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

#: By case, or by whoever may be asked to explain.
By = Literal["cases", "actors"]
#: What someone was in the events that name them.
ROLES = {
    "officer_token": "petugas", "cashier_token": "kasir", "operator_token": "operator", "agent_token": "kuasa",
    "applicant_token": "pemohon", "payee_token": "penerima pembayaran",
}  # fmt: skip
KINDS = {"hard": "fakta", "soft": "tanda", "context": "penyerta"}
DOMAIN_NAMES = {
    "permits": "perizinan", "budget": "belanja", "revenue": "pendapatan", "population": "kependudukan",
    "activities": "kegiatan",
}  # fmt: skip
#: Contributions of a risk that are shown without being asked for.
FOLDED = 8


@dataclass(frozen=True, slots=True)
class Contribution:
    """One alert in a risk. ``share`` (0 to 1) is the product of the factors beside it. ``sign`` is what it is a sign of, and
    ``counts`` whether it is the alert of its sign that counts. ``revised`` is the local day of its last revision, ``value``
    rupiah, ``counted_by`` the rule whose alert counts in its place."""

    alert_id: str
    rule: str
    title: str
    kind: str
    level: str
    subject: str
    scope: str
    sentence: str
    sign: str
    counts: bool
    counted_by: str
    share: float
    severity: float
    weight: float
    raised: float
    band: float
    fading: float
    revised: date
    value: float | None


@dataclass(frozen=True, slots=True)
class Risk:
    """One case or actor. ``domain`` of a case, ``roles`` of an actor; ``hard`` and ``soft`` are independent signs."""

    rank: int
    who: str
    domain: str
    roles: Sequence[str]
    risk: float
    published: bool
    hard: int
    soft: int
    value: float | None
    last: date
    contributions: Sequence[Contribution]


@dataclass(frozen=True, slots=True)
class Ranking:
    """All risks of a day in order, those that are published first. ``budget`` are the first that a week has room for,
    ``older`` alerts stand that are too old to count."""

    by: By
    day: date
    risks: Sequence[Risk]
    published: int
    budget: int
    decay_days: int
    soft_signs: int
    older: int
    simulated: bool

    @property
    def beyond(self) -> int:
        """Published ones that a week has no room for."""
        return max(0, self.published - self.budget)

    def as_json(self) -> dict[str, Any]:
        """Plain values; every risk is in it."""
        return {**asdict(self), "beyond": self.beyond}


#: The ranking, with those of observed rules too or not; None where nobody answers in time.
Rankings = Callable[[By, bool], Ranking | None]
