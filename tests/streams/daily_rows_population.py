"""Random rows of the civil registry: few persons, so that many things happen to each."""

from __future__ import annotations

import random
from typing import Any

from daily_maker import DAY, HOUR, START, Maker, Rows
from daily_rows_moves import moves

REGENCY, ELSEWHERE = ("99.01.01.1001", "99.01.01.1002"), "98.71.01.1001"


def population(rng: random.Random) -> Rows:
    """Persons who are born, move, die and have their data corrected, in any order, on a few family cards."""
    make = Maker(rng, "population", 60)
    for _ in range(150):
        kind = rng.choice(["birth", "death", "move", "move", "move", "correction"])
        entry = make.add(
            kind, make.at(), family_card_token=f"K{rng.randrange(8)}",
            identity_token=rng.choice([*(f"I{n}" for n in range(40)), *[None] * 40]), person_token=rng.choice([*(f"N{n}" for n in range(60)), None]),
            status=rng.choice(["registered"] * 5 + ["reported"]), **_derived(rng, kind), **_places(rng, kind),
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(entry, **_derived(rng, kind), person_token=f"N{rng.randrange(60)}")
    for _ in range(160):  # on few days, by operators of whom one works at night
        operator = rng.choice(["O1", "O1", "O1", "O2", "O3", None])
        at = (
            START
            + rng.choice([2, 3, 43]) * DAY
            + (14 if operator == "O2" else 2) * HOUR
            + rng.randrange(HOUR)
        )
        entry = make.add(
            "correction", at, family_card_token=f"K{rng.randrange(8)}", operator_token=operator,
            changed_fields=rng.choice([["birth_date"], ["nik", "occupation"], ["occupation"], []]),
        )  # fmt: skip
        if rng.random() < 0.1:
            make.correct(entry, changed_fields=["education"])
    moves(make)
    return make.made


def _derived(rng: random.Random, kind: str) -> dict[str, Any]:
    """What the gateway derives, or nothing."""
    if rng.random() < 0.3:
        return {}
    checks = ("nik_well_formed", "nik_region_known", "nik_date_matches", "nik_sex_matches")
    found: dict[str, Any] = {name: rng.choice([True, True, True, False, None]) for name in checks}
    found["age_years"] = rng.choice([0, 30, 119, 120, 121, -1, None])
    if kind == "birth":
        found["mother_age_years"] = rng.choice([11, 12, 30, 60, 61, None])
        found["father_age_years"] = rng.choice([11, 12, 30, 60, 61, None])
    return found


def _places(rng: random.Random, kind: str) -> dict[str, Any]:
    if kind != "move":
        return {"village": rng.choice(REGENCY)}
    return {
        "persons": rng.choice([1, 2, 4, 9]),
        "address_token": rng.choice(["A0", "A1", "A2", "A3", "A4", "A5", None]),
        "previous_family_card_token": rng.choice([*(f"K{n}" for n in range(8)), None]),
        "origin_village": rng.choice([*REGENCY, ELSEWHERE, None]),
        "destination_village": rng.choice([*REGENCY, *REGENCY, ELSEWHERE]),
    }
