"""All rules about money and people, plainly, by id."""

from __future__ import annotations

from collections.abc import Mapping

from streams.reference.amount_rules import AMOUNT_RULES
from streams.reference.assessment_rules import ASSESSMENT_RULES
from streams.reference.budget_rules import BUDGET_RULES
from streams.reference.cashier_rules import CASHIER_RULES
from streams.reference.ceiling_rules import CEILING_RULES
from streams.reference.crossing_rules import CROSSING_RULES
from streams.reference.drop_rules import DROP_RULES
from streams.reference.duty_rules import DUTY_RULES
from streams.reference.grant_rules import GRANT_RULES
from streams.reference.ledgers import Plain
from streams.reference.pace_rules import PACE_RULES
from streams.reference.paper_rules import PAPER_RULES
from streams.reference.payee_rules import PAYEE_RULES
from streams.reference.population_rules import POPULATION_RULES
from streams.reference.queue_rules import QUEUE_RULES
from streams.reference.revenue_rules import REVENUE_RULES
from streams.reference.travel_rules import TRAVEL_RULES

PLAIN: Mapping[str, Plain] = {
    **AMOUNT_RULES,
    **ASSESSMENT_RULES,
    **BUDGET_RULES,
    **CASHIER_RULES,
    **CEILING_RULES,
    **CROSSING_RULES,
    **DROP_RULES,
    **DUTY_RULES,
    **GRANT_RULES,
    **PACE_RULES,
    **PAPER_RULES,
    **PAYEE_RULES,
    **POPULATION_RULES,
    **QUEUE_RULES,
    **REVENUE_RULES,
    **TRAVEL_RULES,
}
