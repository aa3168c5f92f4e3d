"""Random rows of the budget about the order and the conduct of spending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daily_rows_budget import MILLION, line_of

if TYPE_CHECKING:
    from daily_maker import Maker

HOUR, DAY = 3_600_000, 86_400_000


def spending(make: Maker) -> None:
    """Everything that these rules read."""
    queues(make)


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
