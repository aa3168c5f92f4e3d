"""The rules that hold records of two topics or two years against each other, each from its definition."""

from __future__ import annotations

from collections.abc import Mapping

from streams.reference.contracts import contract, overpaid
from streams.reference.elections import arriving, villages
from streams.reference.ledgers import Plain
from streams.reference.letters import billed, unreminded

CROSSING_RULES: Mapping[str, Plain] = {
    "R12": Plain("revenue", 400, billed, unreminded, daily=True),
    "B17": Plain("budget", 500, contract, overpaid, daily=True),
    "K01": Plain("population", 1826, villages, arriving),
}
