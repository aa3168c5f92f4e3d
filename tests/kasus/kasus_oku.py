"""The events of the case "OKU 2025" as Nadi would have received them; what the sources do not say is made up.

Amounts are in millions of rupiah. ``events`` tells the case; its parameters tell it otherwise, to see where a rule is blind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.rules.examples import Event, on

PUPR, YEAR, FUND = "1.03.01", 2025, "DAU"
#: Ceilings of the sub-activities of the department in RAPBD and in APBD, and of the latter what is pokir: 48 and 96 billion.
BUILDINGS, ROADS, BRIDGES = "1.03.08.2.01.0010", "1.03.10.2.01.0011", "1.03.10.2.01.0012"
DOUBLED = {BUILDINGS: (21_000, 14_000), ROADS: (29_000, 17_000), BRIDGES: (10_000, 4_000)}
OTHERS = [f"1.03.10.2.01.{number:04d}" for number in range(1, 10)]
#: The nine packages with what the sources say of their value; that of the last is made up.
PACKAGES = (
    (BUILDINGS, 8_300), (BUILDINGS, 2_400), (BUILDINGS, 9_800), (BRIDGES, 983), (ROADS, 4_900), (ROADS, 4_900), (ROADS, 4_900),
    (ROADS, 4_800), (ROADS, 4_000),
)  # fmt: skip

#: The fifth package went to the same company as the third.
SUPPLIERS = {number: 3 if number == 5 else number for number in range(1, len(PACKAGES) + 1)}
#: SPM of other departments that were complete before the advances.
WAITING = 12


def events(
    evenly: bool = False, method: str = "e-purchasing", noted: bool = True, percent: int = 30
) -> list[Event]:
    """With ``evenly`` every ceiling is doubled; ``method`` is how the packages were bought; that the SPM which waited
    were complete is ``noted`` or not; an advance is so many ``percent`` of its package."""
    return [
        *_ceilings(evenly),
        *_earlier(),
        *_packages(method),
        *_queue(noted),
        *_advances(method, percent),
    ]


def _on(at: str, kind: str, **fields: Any) -> Event:
    own = {"opd": PUPR, "fiscal_year": YEAR, "program": "1.03.10", "activity": "1.03.10.2.01", **fields}
    return on(at, kind, **own)


def _ceiling(at: str, stage: str, sub: str, millions: int, account: int, pokir: bool = False) -> Event:
    return _on(
        at, "ceiling", ceiling_stage=stage, sub_activity=sub, amount=millions * 1_000_000, pokir=pokir, fund=FUND,
        account=f"5.2.04.01.01.{account:04d}", activity=sub[:12], program=sub[:7],
    )  # fmt: skip


def _ceilings(evenly: bool) -> Iterator[Event]:
    before, after = "2025-01-06 10:00", "2025-01-22 16:00"
    for sub in (*OTHERS, *DOUBLED):
        total, pokir = DOUBLED.get(sub, (4_000, 0))
        yield _ceiling(before, "RAPBD", sub, total // 2 if evenly else 4_000, 1)
        yield _ceiling(after, "APBD", sub, total - pokir, 1)
        if pokir:
            yield _ceiling(after, "APBD", sub, pokir, 2, pokir=True)


def _earlier() -> Iterator[Event]:
    """That somebody was paid over a year ago: since when there are records."""
    yield _on(
        "2024-03-05 10:00", "sp2d", fiscal_year=2024, sub_activity=OTHERS[0], account="5.1.02.02.01.0003", amount=25_000_000,
        disbursement_type="LS", document_number="SP2D/2024/1", payee_token=_payee(90), fund=FUND,
    )  # fmt: skip


def _payee(number: int) -> str:
    return f"penyedia{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{number:02d}".ljust(26, "a")


def _packages(method: str) -> Iterator[Event]:
    """Announced and bought in February."""
    for number, (sub, millions) in enumerate(PACKAGES, 1):
        at = f"2025-02-{10 + number:02d} 10:00"
        yield _on(
            at, "package", sub_activity=sub, activity=sub[:12], program=sub[:7], account="5.2.04.01.01.0002", package_id=f"RUP-{number}",
            package_method=method, package_kind="construction", package_ceiling=millions * 1_000_000, amount=millions * 1_000_000,
            procured_at=at, payee_token=_payee(SUPPLIERS[number]), contract_number=f"KTR/{number}",
        )  # fmt: skip


def _queue(noted: bool) -> Iterator[Event]:
    """Bills of other departments for work that is done, complete in the first days of March and paid after the advances."""
    for number in range(1, WAITING + 1):
        own = {
            "opd": ("1.01.01", "1.02.01", "2.11.01")[number % 3], "sub_activity": OTHERS[0], "account": "5.1.02.02.01.0003",
            "fund": FUND, "amount": (40 + number) * 1_000_003, "payee_token": _payee(30 + number), "disbursement_type": "LS",
        }  # fmt: skip
        at = f"2025-03-0{3 + number % 3} {8 + number % 6:02d}:20"
        yield _on(
            at,
            "spm",
            document_number=f"SPM/{number}",
            refers_to=f"SPP/{number}",
            complete_at=at if noted else None,
            **own,
        )
        yield _on(
            f"2025-03-20 {8 + number % 6:02d}:40",
            "sp2d",
            document_number=f"SP2D/{number}",
            refers_to=f"SPM/{number}",
            **own,
        )


def _advances(method: str, percent: int) -> Iterator[Event]:
    """Of the nine packages: SPM on the day of the order, SP2D on the next; and what the activities report."""
    for number, (sub, millions) in enumerate(PACKAGES, 1):
        contract, package = f"KTR/{number}", f"RUP-{number}"
        own = {
            "sub_activity": sub, "activity": sub[:12], "program": sub[:7], "account": "5.2.04.01.01.0002", "fund": FUND,
            "amount": millions * percent * 10_000, "payee_token": _payee(SUPPLIERS[number]), "disbursement_type": "LS",
            "package_id": package, "package_method": method, "contract_number": contract,
        }  # fmt: skip
        complete = "2025-03-11 15:30"
        yield _on(
            f"2025-03-11 15:{number:02d}",
            "spm",
            document_number=f"SPM/U{number}",
            refers_to=f"SPP/U{number}",
            complete_at=complete,
            **own,
        )
        yield _on(
            f"2025-03-12 10:{number:02d}",
            "sp2d",
            document_number=f"SP2D/U{number}",
            refers_to=f"SPM/U{number}",
            **own,
        )
        report = {
            "domain": "activities",
            "physical_bp": 0,
            "contract_number": contract,
            "package_id": package,
            "sub_activity": sub,
        }
        yield _on(f"2025-03-12 15:{number:02d}", "progress", **report)
