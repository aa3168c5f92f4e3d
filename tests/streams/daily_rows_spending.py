"""Random rows of the budget about the order and the conduct of spending."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from daily_rows_budget import MILLION, line_of

from schemas.profile.rows import DutyPair, Election, LodgingCeiling, Threshold

if TYPE_CHECKING:
    from daily_maker import Maker

HOUR, DAY = 3_600_000, 86_400_000
SINCE, CHANGED = date(2000, 1, 1), date(2025, 5, 6)
#: The period is from April to June 2025: one election within it, one after it, and one whose days are those of another year.
ELECTIONS = (
    Election(date(2025, 5, 25), "satu"),
    Election(date(2025, 6, 25), "dua"),
    Election(date(2024, 6, 5), "lama"),
)
PAIRS = (
    DutyPair("PPTK", "treasurer", SINCE), DutyPair("PPTK", "PPK-SKPD", SINCE, date(2025, 5, 10)),
    DutyPair("PPTK", "PPK-SKPD", date(2025, 6, 1)), DutyPair("kuasa-BUD", "PA", CHANGED),
)  # fmt: skip
LODGING = (
    LodgingCeiling("Kota", "semua", MILLION, SINCE, date(2025, 5, 5)), LodgingCeiling("Kota", "semua", 2 * MILLION, CHANGED),
)  # fmt: skip
#: What is set so that a few weeks are enough.
SET = (
    Threshold("B14.overtaken", 3, SINCE, date(2025, 5, 5)),
    Threshold("B14.overtaken", 2, CHANGED),
    Threshold("B15.least", 5, SINCE),
    Threshold("B15.times", 1.25, CHANGED),
    Threshold("B15.rupiah", 4 * MILLION, SINCE),
    Threshold("B18.nights", 2, CHANGED),
    Threshold("B18.least", 2, SINCE),
    Threshold("B16.days", 20, SINCE),
    Threshold("B16.least", 2, SINCE),
    Threshold("B16.alpha", 0.2, SINCE),
    Threshold("B16.repeats", 2, SINCE, date(2025, 6, 1)),
)


def spending(make: Maker) -> None:
    """Everything that these rules read."""
    queues(make)
    grants(make)
    stages(make)
    duties(make)
    trips(make)


def queues(make: Maker) -> None:
    """SPM that wait for hours or weeks; some are made again, never complete, never paid, or paid out of turn."""
    rng = make.rng
    for number in range(30):
        line, at = (
            {**line_of(make), "account": rng.choice(["5.1.02.01"] * 7 + ["5.1.01.01"])},
            make.on(rng.randrange(40)),
        )
        shared = {
            "fund": rng.choice(["DAU", "DAU", "DAU", "PAD", None]), "disbursement_type": rng.choice(["LS", "LS", "TU"]),
            "amount": MILLION, "recurring": rng.random() < 0.1,
        }  # fmt: skip
        name = f"queue/{number if rng.random() < 0.9 else number // 2}"
        order = make.add(
            "spm", at, **line, **shared, document_number=name, refers_to=rng.choice([f"spp/{number // 2}", None, None]),
            complete_at=rng.choice([at, at, at + DAY, at - 3 * DAY, None]),
        )  # fmt: skip
        if rng.random() < 0.15:
            make.correct(order, complete_at=at - 9 * DAY)
        if rng.random() < 0.75:
            paid = make.add(
                "sp2d", at + rng.choice([5, 30, 400, 700]) * rng.randrange(HOUR), **line, **shared,
                document_number=f"out/{number}", refers_to=rng.choice([name, name, name, None]),
            )  # fmt: skip
            if rng.random() < 0.15:
                make.correct(paid, fund="DAU")


def grants(make: Maker) -> None:
    """Grants of these weeks and of the same weeks in other years, some of them undone."""
    rng = make.rng
    for number in range(44):
        years_ago = rng.choice([0, 0, 0, 0, 1, 2, 3])
        line = {**line_of(make), "account": rng.choice(["5.1.05.01"] * 4 + ["5.1.06.01", "5.1.050"])}
        fields = {"disbursement_type": rng.choice(["LS"] * 5 + ["GU"]), "amount": MILLION}
        paid = make.add(
            "sp2d", make.on(rng.randrange(12, 60)) - years_ago * 365 * DAY, **line, **fields, payee_token=rng.choice(["R1", "R2", "R3", None]),
            document_number=rng.choice([f"hibah/{number}"] * 6 + [f"hibah/{number // 2}", None]),
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(paid, account="5.1.06.01")
        if rng.random() < 0.2:
            make.add(
                "reversal",
                paid["occurred_at"] + rng.randrange(9 * DAY),
                **line,
                **fields,
                refers_to=f"hibah/{number}",
            )


def stages(make: Maker) -> None:
    """Ceilings of several sub-activities of a year, stage by stage: most stay, a few double, some lines are left out."""
    rng = make.rng
    for sub in range(9):
        for account in ("5.2.01", "5.2.02"):
            millions = rng.randrange(8, 30)
            for place, stage in enumerate(("RAPBD", "APBD", "SHIFT", "APBD-P")):
                millions = round(
                    millions * rng.choice([1, 1, 1, 1, 1.1, 0, 2, 3] if rng.random() < 0.5 else [1])
                )
                if rng.random() < 0.25:
                    continue
                line = {
                    **line_of(make),
                    "fiscal_year": 2026,
                    "sub_activity": f"1.01.01.2.01.000{sub}",
                    "account": account,
                }
                ceiling = make.add(
                    "ceiling", make.on(place * 14 + rng.randrange(18)), **{**line, "opd": "1.01"}, ceiling_stage=stage,
                    amount=millions * MILLION, fund=rng.choice([None, "", "PAD"]), pokir=rng.random() < 0.2,
                )  # fmt: skip
                if rng.random() < 0.08:
                    make.correct(ceiling, amount=millions * 4 * MILLION)


def duties(make: Maker) -> None:
    """Payments whose papers are signed by a few officers, most of them in one duty, some in several."""
    rng = make.rng
    usual = {"spp": "PPTK", "spm": "PPK-SKPD", "sp2d": "kuasa-BUD", "accounting": "treasurer"}
    for number in range(16):
        line, at, before = (
            {**line_of(make), "sub_activity": f"1.01.01.2.01.001{rng.randrange(8)}"},
            make.at(),
            None,
        )
        for kind, role in usual.items():
            at += rng.randrange(2 * DAY)
            name = f"tugas/{kind}/{number}"
            officer = role if rng.random() < 0.8 else rng.choice(["PPTK", "PPK-SKPD", None])
            signed = make.add(
                kind, at, **line, amount=MILLION, disbursement_type="TU", document_number=rng.choice([name, name, name, None]),
                refers_to=rng.choice([before, before, before, None]), officer_token=officer,
                officer_role=rng.choice([role] * 8 + ["PA", None]),
            )  # fmt: skip
            if rng.random() < 0.1:
                make.correct(signed, officer_token="PPTK")  # noqa: S106
            before = name


def trips(make: Maker) -> None:
    """Trips of a few persons that now and then overlap, with lodging below or at a ceiling; two papers may be of one trip."""
    rng = make.rng
    for _ in range(26):
        line = {**line_of(make), "account": rng.choice(["5.1.02.04.01", "5.1.02.04", "5.1.02.041"])}
        begins, nights = make.at(), rng.randrange(5)
        trip = {
            "traveller_token": rng.choice([f"T{number}" for number in range(9)] + [None]), "trip_from": begins,
            "trip_to": rng.choice([begins + nights * DAY] * 9 + [None, begins - DAY]),
            "trip_lodging": rng.choice([nights * MILLION, nights * 2 * MILLION, nights * 2 * MILLION, None]),
        }  # fmt: skip
        for kind in rng.choice([["sp2d"], ["accounting"], ["accounting", "sp2d"], ["spm"]]):
            paid = make.add(
                kind, begins + rng.randrange(20 * DAY), **line, **trip, amount=MILLION,
                disbursement_type=rng.choice(["LS", "GU"]),
            )  # fmt: skip
            if rng.random() < 0.15:
                make.correct(paid, trip_to=begins + DAY)
