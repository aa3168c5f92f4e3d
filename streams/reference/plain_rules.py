"""All rules about money and people, plainly, by id."""

from __future__ import annotations

from collections.abc import Mapping

from streams.reference.assessment_rules import ASSESSMENT_RULES
from streams.reference.budget_rules import BUDGET_RULES
from streams.reference.cashier_rules import CASHIER_RULES
from streams.reference.drop_rules import DROP_RULES
from streams.reference.ledgers import Plain
from streams.reference.paper_rules import PAPER_RULES
from streams.reference.population_rules import POPULATION_RULES
from streams.reference.revenue_rules import REVENUE_RULES

PLAIN: Mapping[str, Plain] = {
    **BUDGET_RULES,
    **PAPER_RULES,
    **REVENUE_RULES,
    **POPULATION_RULES,
    **CASHIER_RULES,
    **ASSESSMENT_RULES,
    **DROP_RULES,
}
