"""Random contracts: packages, payments in parts, reports of progress that follow or do not, and hand-overs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daily_maker import Maker

MILLION, DAY = 1_000_000, 86_400_000
SOURCE, QUIET = "/opd/5.01/kegiatan", "/opd/5.01/kegiatandiam"


def contracts(make: Maker) -> None:
    """Contracts of two departments; what is reported comes from two sources, of which one falls silent."""
    for number in range(25):
        _contract(make, number)
    for day in range(0, 60, 5):
        make.add(
            "progress", make.on(day), "activities", **_line(make, "1.01"), source=SOURCE, physical_bp=1000
        )


def _contract(make: Maker, number: int) -> None:
    rng, at = make.rng, make.at()
    line = _line(make, rng.choice(["1.01", "1.02"]))
    names: dict[str, Any] = {
        "contract_number": f"KTR{number}",
        "package_id": rng.choice([f"C{number}"] * 9 + [None]),
    }
    if rng.random() < 0.9:
        package = make.add(
            "package", at, **line, account="5.2.01", package_id=f"C{number}", package_ceiling=rng.choice([100, 110]) * MILLION,
            amount=rng.choice([100 * MILLION, 100 * MILLION, 0]), package_method="tender", procured_at=at,
        )  # fmt: skip
        if rng.random() < 0.2:
            make.correct(package, amount=90 * MILLION)
    built, mode = rng.choice([20, 50, 80, 100]), rng.choice(["live"] * 12 + ["backfill"])
    for part, millions in enumerate(rng.choice([[30], [30, 40], [60, 40], [20, 30, 50]])):
        at += rng.randrange(9) * DAY
        paid = make.add(
            "sp2d", at, **line, **names, account="5.2.01", amount=millions * MILLION, disbursement_type="LS",
            document_number=rng.choice([f"C{number}/{part}"] * 9 + [None]), mode=mode,
            handed_over_at=rng.choice([None, None, None, at - DAY, at + 3 * DAY]),
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(paid, amount=10 * MILLION)
        if rng.random() < 0.15:
            make.add(
                "reversal", at + DAY, **line, account="5.2.01", amount=20 * MILLION, disbursement_type="LS",
                refers_to=paid["document_number"],
            )  # fmt: skip
        if rng.random() < 0.6:
            source = QUIET if number % 5 == 0 else SOURCE
            _report(make, at + rng.randrange(-3, 6) * DAY, built, source, {**line, **names})
            built = min(100, built + 20)
    if rng.random() < 0.4:
        _report(make, at + rng.randrange(-3, 6) * DAY, built, SOURCE, {**line, **names}, "handover")


def _report(
    make: Maker, at: int, percent: int, source: str, fields: dict[str, Any], kind: str = "progress"
) -> None:
    make.add(kind, at, "activities", **{**fields, "source": source}, physical_bp=percent * 100)


def _line(make: Maker, opd: str) -> dict[str, Any]:
    """A line of the budget, whose key both topics share."""
    sub = f"1.01.01.2.01.000{make.rng.randrange(2)}"
    return {
        "fiscal_year": 2025,
        "program": "1.01.01",
        "activity": "1.01.01.2.01",
        "opd": opd,
        "sub_activity": sub,
    }
