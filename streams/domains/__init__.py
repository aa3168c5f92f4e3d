"""One module per domain: what its events add up to. ``PROCESSORS`` is how the engine finds them."""

from __future__ import annotations

from collections.abc import Callable

from streams.domains.activities import Activities
from streams.domains.budget import Budget
from streams.domains.permits import Permits
from streams.domains.population import Population
from streams.domains.regency import Regency
from streams.domains.revenue import Revenue
from streams.engine.processor import Context, Maker
from streams.engine.regency import RegencyProcessor

#: Makes the processor of a domain, one per partition.
PROCESSORS: dict[str, Maker] = {
    Permits.domain: Permits,
    Revenue.domain: Revenue,
    Budget.domain: Budget,
    Population.domain: Population,
    Activities.domain: Activities,
}

#: Makes the processor of the regency task: what crosses keys.
REGENCY: Callable[[Context], RegencyProcessor] | None = Regency
