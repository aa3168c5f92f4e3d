"""Random moves before an election and a year earlier, when the registry's history begins: some come for the election, and some of them leave."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daily_maker import Maker

DAY = 86_400_000
#: The 30th day of the period.
ELECTION = date(2025, 5, 22)
VILLAGES, ELSEWHERE = ("99.01.01.1003", "99.01.01.1004", "99.01.01.1005"), "98.71.01.1001"


def moves(make: Maker) -> None:
    """A few moves into each village a year before, and before the election; into one of them many."""
    rng = make.rng
    crowded = rng.choice(VILLAGES)
    _move(make, make.on(-365), ELSEWHERE)
    for village in VILLAGES:
        for _ in range(rng.choice([0, 2, 6])):
            _move(make, make.on(rng.randrange(5, 31) - 365), village)
        for number in range(rng.choice([3, 8, 14]) + (14 if village == crowded else 0)):
            came = _move(make, make.on(rng.randrange(8, 32)), village, f"V{village}{number}")
            chance = rng.random()
            if chance < 0.1:
                make.correct(came, destination_village=rng.choice(VILLAGES))
            elif chance < 0.7 and village == crowded:
                _move(make, make.on(rng.randrange(29, 48)), ELSEWHERE, f"V{village}{number}", village)


def _move(
    make: Maker, at: int, to: str, person: str | None = None, out_of: str = ELSEWHERE
) -> dict[str, object]:
    rng = make.rng
    return make.add(
        "move", at, family_card_token=f"K{rng.randrange(8)}", person_token=person, status="registered", persons=1,
        destination_village=to, origin_village=rng.choice([out_of] * 8 + [None, to]), children_only=rng.random() < 0.1,
    )  # fmt: skip
