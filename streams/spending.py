"""What the documents of the budget do to its figures, for the sums (``streams/domains/budget.py`` has the definitions in
words) and for the rules about them."""

from __future__ import annotations

import polars as pl

#: Stages that approve a ceiling; SHIFT and APBD-P come after APBD.
STAGES = {"APBD": 1, "SHIFT": 2, "APBD-P": 2}
MOVING = ("sp2d", "accounting", "return", "reversal")

#: What a row of these kinds and types adds to (realised, advance), in amounts. Anything else adds nothing.
EFFECTS: dict[tuple[str, str], tuple[int, int]] = {
    ("sp2d", "LS"): (1, 0),
    ("sp2d", "GU"): (1, 0),
    ("sp2d", "UP"): (0, 1),
    ("sp2d", "TU"): (0, 1),
    ("accounting", "TU"): (1, -1),
    ("accounting", "UP"): (1, -1),
    ("return", "UP"): (0, -1),
    ("return", "TU"): (0, -1),
    ("return", "LS"): (-1, 0),
    ("return", "GU"): (-1, 0),
    ("reversal", "LS"): (-1, 0),
    ("reversal", "GU"): (-1, 0),
    ("reversal", "UP"): (0, -1),
    ("reversal", "TU"): (0, -1),
}


def effects() -> pl.DataFrame:
    """Columns kind, disbursement_type, and the factors realised and advance."""
    return pl.DataFrame(
        [(kind, of, *effect) for (kind, of), effect in EFFECTS.items()],
        schema=["kind", "disbursement_type", "realised", "advance"],
        orient="row",
    )
