"""Of each domain with rules about money and people: random rows, and the plain computations of its rules."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from daily_rows import Rows, budget
from daily_rows_population import population

from streams.reference.budget_rules import BUDGET_RULES
from streams.reference.ledgers import Plain
from streams.reference.population_rules import POPULATION_RULES

#: A maker may add rows of other domains that the rules of its own read.
GENERATORS: Mapping[str, Callable[[random.Random], Rows]] = {"budget": budget, "population": population}
PLAIN: Mapping[str, Plain] = {**BUDGET_RULES, **POPULATION_RULES}
