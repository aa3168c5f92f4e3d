"""The events of the case "IMB Yogyakarta 2019-2022" as Nadi would have received them; what the sources do not say is made up.

``events`` tells the case; its parameters tell it otherwise, to see where a rule is blind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

from schemas.profile import Profile
from schemas.profile.rows import Authority
from streams.rules.examples import Event, on

#: How the numbers of cases begin; that of this one.
CASES, TYPE = "503/PBG/", "PBG"
CASE = f"{CASES}0117/2019"
DESK, EXPERT, NATURE, FEES, HEAD, MAYORS = (
    f"petugas{name}".ljust(26, "a") for name in ("loket", "teknis", "lingkungan", "verifikasi", "kadis", "walikota")
)  # fmt: skip
UNITS = {
    "DAFTAR": "DPMPTSP-LOKET",
    "TEKNIS": "PUPR-CK",
    "LINGKUNGAN": "DLH-TL",
    "RETRIBUSI": "DPMPTSP-VERIF",
    "TERBIT": "DPMPTSP-TTD",
}
FEE = 1_250_000


def law(profile: Profile) -> Profile:
    """The regency with its list of who may decide: the head of the office."""
    head = Authority(HEAD, TYPE, date(2019, 1, 1), legal_basis="Keputusan Bupati Contoh (rekaan)")
    return replace(profile, authorities=(*profile.authorities, head))


def events(
    letter: bool = True,
    refused: bool = False,
    decided_by: str = HEAD,
    assessed_by: str = EXPERT,
    nature: bool = True,
) -> list[Event]:
    """The ``letter`` of the mayor is noted as a contact or not; before the end the department refused (``refused``); who
    decided, who assessed; whether the environment was looked at (``nature``)."""
    return list(_case(letter, refused, decided_by, assessed_by, nature))


def ordinary(only_last: bool = False) -> list[Event]:
    """The other work of the office: a permit of the same type a week while the file lay there, or ``only_last`` the many
    before it was granted, which it is compared with."""
    last = _weekly(date(2022, 3, 28), 4, 10)
    earlier = [] if only_last else [*_weekly(date(2019, 2, 18), 3), *_weekly(date(2021, 6, 21), 17)]
    return [*earlier, *last]


def _on(
    case: str, at: str, kind: str, step: str = "DAFTAR", officer: str | None = None, **fields: Any
) -> Event:
    """An event where a step is done; only ``started`` and ``finished`` are about the step itself."""
    about = step if kind in ("started", "finished") else None
    return on(at, kind, about, officer, case_id=case, permit_type=TYPE, unit=UNITS[step], **fields)


def _case(letter: bool, refused: bool, decided_by: str, assessed_by: str, nature: bool) -> Iterator[Event]:
    yield _on(CASE, "2019-02-18 09:00", "submitted")
    yield _on(CASE, "2019-02-19 10:00", "finished", "DAFTAR", DESK)
    yield _on(CASE, "2019-02-19 10:05", "accepted")
    yield _on(CASE, "2019-02-20 09:00", "started", "TEKNIS", assessed_by)
    # height and slope do not fit: back to the applicant, for more than two years
    yield _on(CASE, "2019-03-05 14:00", "returned", "TEKNIS", assessed_by, reason_code="TINGGI-BANGUNAN")
    yield _on(CASE, "2021-06-21 09:00", "resubmitted", new_documents=True)
    if nature:
        yield _on(CASE, "2021-06-28 10:00", "finished", "LINGKUNGAN", NATURE)
    if refused:
        yield _on(CASE, "2022-05-17 10:00", "rejected", "TEKNIS", assessed_by)
    yield _on(
        CASE,
        "2022-05-19 14:00",
        "finished",
        "TEKNIS",
        assessed_by,
        contact="surat rekomendasi" if letter else None,
    )
    yield _on(CASE, "2022-05-19 15:30", "finished", "RETRIBUSI", FEES, fee_assessed=FEE, fee_paid=FEE)
    yield _on(CASE, "2022-05-20 10:00", "finished", "TERBIT", decided_by)
    yield _on(CASE, "2022-05-20 10:05", "issued", "TERBIT", decided_by, document_number="IMB/88/2022")


def _weekly(first: date, weeks: int, permits: int = 1) -> Iterator[Event]:
    """Ordinary permits of some weeks, each done in five days by the usual officers."""
    for week, number in product(range(weeks), range(permits)):
        monday = first + timedelta(days=7 * week)
        day = [(monday + timedelta(days=n)).isoformat() for n in range(5)]
        case = f"{CASES}{monday:%Y%m%d}/{number}"
        yield _on(case, f"{day[0]} 08:30", "submitted")
        yield _on(case, f"{day[0]} 09:30", "finished", "DAFTAR", DESK)
        yield _on(case, f"{day[0]} 09:35", "accepted")
        yield _on(case, f"{day[1]} 10:00", "started", "TEKNIS", EXPERT)
        yield _on(case, f"{day[2]} 09:00", "finished", "LINGKUNGAN", NATURE)
        yield _on(case, f"{day[3]} 14:00", "finished", "TEKNIS", EXPERT)
        yield _on(case, f"{day[4]} 09:00", "finished", "RETRIBUSI", FEES, fee_assessed=FEE, fee_paid=FEE)
        yield _on(case, f"{day[4]} 14:00", "finished", "TERBIT", HEAD)
        yield _on(case, f"{day[4]} 14:05", "issued", "TERBIT", HEAD)
