"""Random assessments that fall due on a few days, some of them paid, some followed by a letter, some by nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daily_maker import Maker

HOUR, DAY = 3_600_000, 86_400_000
#: On the last nobody writes letters.
ACCOUNTS = ("4.1.01.15.01.0001", "4.1.02.01.02.0001", "4.1.01.12.01.0001")
#: A source that falls silent soon.
QUIET = "/opd/1.01/pajakdiam"


def letters(make: Maker) -> None:
    """Assessments of the first days, what is paid on them and what follows."""
    rng = make.rng
    for number in range(50):
        account, sent = rng.choice(ACCOUNTS), make.on(rng.randrange(8))
        bill = {
            "account": account,
            "assessment_id": f"S{number}",
            "cash_office": "KAS-1",
            "channel": "transfer",
        }
        quiet = {"source": QUIET} if rng.random() < 0.2 else {}
        due = sent - sent % DAY + rng.choice([4, 4, 9, 13]) * DAY if rng.random() < 0.9 else None
        letter = make.add(
            "assessment", sent, **bill, **quiet, amount=100, reduction=rng.choice([0, 10]), due_at=due,
            mode="backfill" if rng.random() < 0.05 else "live",
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(letter, due_at=sent - sent % DAY + 6 * DAY)
        chance, at = rng.random(), sent + rng.randrange(3, 30) * DAY
        if chance < 0.2:
            make.add("receipt", at, **bill, amount=rng.choice([90, 100, 50]))
            if rng.random() < 0.3:
                make.add("void", at + HOUR, **bill, amount=60)
        elif chance < 0.4 and account != ACCOUNTS[-1]:
            letter = make.add("reminder", at, **bill, amount=0)
            if rng.random() < 0.2:
                make.correct(letter, assessment_id=f"S{rng.randrange(50)}")
        elif chance < 0.5:
            make.add("assessment", at, **bill, amount=0, penalty=2)
