"""The values a rule's parameters have for each case: by the day it started, its permit type and its source.

A rule that reads them as of another day says which in its findings (``as_of``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from streams.cases.book import Floats

if TYPE_CHECKING:
    from streams.cases.view import Cases
    from streams.cases.words import Numbers
    from streams.engine.chunk import Int64s
    from streams.rules.rule import Rule


class Values(Protocol):
    """Values of a rule's parameters by name, one a row."""

    def __getitem__(self, name: str, /) -> Floats: ...


class Parameters:
    """Those of one rule for n cases."""

    def __init__(self, rule: Rule, cases: Cases) -> None:
        self._rule, self._cases = rule, cases

    def __getitem__(self, name: str, /) -> Floats:
        """One value a case, as of the day it started."""
        cases = self._cases
        return self.at(name, cases.permit_type, cases.source, cases.started_day)

    def at(self, name: str, types: Numbers, sources: Numbers, days: Int64s) -> Floats:
        """One value for each (permit type, source, local day)."""
        default = self._rule.default(name)
        return self._cases.book.parameter(f"{self._rule.id}.{name}", default, types, sources, days)
