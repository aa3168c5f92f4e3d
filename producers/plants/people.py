"""Entries about people, for plants: who came, who was born, who died, as the registry holds it."""

from __future__ import annotations

import random

from producers.plants.papers import Papers
from producers.simulator.world import Record, World

#: What only a move says.
OF_A_MOVE = (
    "persons", "address_token", "origin_village", "destination_village", "move_class", "previous_family_card_token",
    "children_only", "report_id",
)  # fmt: skip


def registered(papers: Papers, kind: str) -> Record | None:
    """The registration of a kind, where the group has one and nothing after it."""
    last = papers.events[-1]
    return last if last["kind"] == kind and last["status"] == "registered" else None


def arrival(papers: Papers, code: str) -> Record | None:
    """The registration of a move from outside into the regency of that code."""
    move = registered(papers, "move")
    here = move is not None and move["destination_village"].startswith(f"{code}.")
    return move if here and move is not None and not move["origin_village"].startswith(f"{code}.") else None


def moves_on(
    papers: Papers, record: Record, world: World, rng: random.Random, at: int, **fields: object
) -> Record:
    """One more entry: the person of ``record`` moves alone onto a card and to an address of its own, inside the regency."""
    name = f"{record['event_id']}/{at}"
    own: Record = {
        "kind": "move", "occurred_at": at, "persons": 1, "family_card_token": world.token("family_card", name),
        "address_token": world.token("address", name), "origin_village": record["village"],
        "destination_village": world.village_choice.draw(rng), "move_class": "within_regency", "village": None,
        "mother_token": None, "mother_age_years": None, "father_age_years": None, "identity_token": None, "report_id": None,
    }  # fmt: skip
    return papers.copy(record, rng, **{**own, **fields})
