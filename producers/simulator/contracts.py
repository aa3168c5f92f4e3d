"""The contract of a sub-activity on whose works is reported, and what may be paid of it.

Instalments follow the work: together they are no more than what was built, beside an advance; a part is kept until the work
is handed over. What is paid beyond that from the same account is bought without the contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from producers.simulator.progress import WHOLE, Progress
from producers.simulator.world import Record

#: Of a contract: what is paid before there is any work, and what is paid at the most before it is handed over.
ADVANCE, KEPT_BACK = 0.2, 0.95


def package_id(year: int, sub_activity: str, account: str) -> str:
    """The number of the package of an account."""
    return f"RUP/{year}/{sub_activity}/{account}"


def contract_number(package: str) -> str:
    """The number of the contract for a package."""
    return f"KTR/{package}"


def largest(packages: Iterable[Record]) -> Record:
    """The package on whose contract is reported; StopIteration where there is none."""
    return next(iter(sorted(packages, key=lambda one: (-one["package_ceiling"], one["package_id"]))))


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract on whose works is reported, and the local midnight (UTC ms) before its procurement."""

    package_id: str
    procured: int

    @property
    def number(self) -> str:
        return contract_number(self.package_id)


@dataclass(slots=True)
class Account:
    """What was paid of such a contract, rupiah; what comes back is not paid again."""

    number: str
    worth: int
    progress: Progress
    paid: int = 0

    def pays(self, amount: int, at: int) -> bool:
        """Whether an instalment may be paid at an instant (UTC ms); if so it is."""
        physical, handed_over = self.progress.built(at)
        most = 1.0 if handed_over else min(max(physical / WHOLE, ADVANCE), KEPT_BACK)
        if self.paid + amount > self.worth * most:
            return False
        self.paid += amount
        return True
