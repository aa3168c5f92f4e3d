"""Which rows of a topic its ledger is given: those that the case tasks accept too, and that some rule needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from schemas.catalogue import PERMITS
from schemas.profile import Profile
from streams.domains.activities import Activities
from streams.domains.additive import Additive
from streams.domains.budget import Budget
from streams.domains.limits import sound_rows
from streams.domains.permits import problems as permit_problems
from streams.domains.population import Population
from streams.domains.revenue import Revenue
from streams.engine.chunk import Int64s, frame_of
from streams.engine.processor import Context, RowError
from streams.rules.rule import Rule

ADDITIVE: dict[str, type[Additive]] = {
    kind.domain: kind for kind in (Budget, Revenue, Population, Activities)
}


class Gate(NamedTuple):
    """``columns`` show which rows are a case task's dead letters; ``keep`` is true for the rows that rules need, and None
    where they need all."""

    columns: Sequence[str]
    problems: Callable[[pl.DataFrame], list[RowError]]
    keep: pl.Expr | None

    @classmethod
    def of(cls, domain: str, context: Context, rules: Sequence[Rule]) -> Gate:
        """That of a domain; ``rules`` are those that read it."""
        keep = _needed(domain, context.profile, rules)
        if domain == PERMITS.domain:
            return cls(("case_id", "occurred_at", "due_at", "document_date"), permit_problems, keep)
        kind = ADDITIVE[domain](context)
        return cls(kind.columns, kind.problems, keep)

    def admit(
        self, columns: pa.RecordBatch, places: Mapping[str, Int64s]
    ) -> tuple[pa.RecordBatch, Mapping[str, Int64s]]:
        """The rows that go in, and where they are; ``places`` are arrays by name, as long as ``columns``."""
        if self.keep is not None:
            names = self.keep.meta.root_names()
            columns, places = _only(
                columns, places, frame_of(columns.select(names)).select(self.keep).to_series()
            )
        if wrong := self.problems(frame_of(columns.select(list(self.columns)))):
            columns, places = _only(columns, places, pl.Series(sound_rows(len(columns), wrong)))
        return columns, places


def _needed(domain: str, profile: Profile, rules: Sequence[Rule]) -> pl.Expr | None:
    """Rows that a rule of the domain asks for, and every correction: it may take one of them back."""
    asked = [rule.keeps(profile) for rule in rules if rule.keeps is not None and rule.domain == domain]
    if len(asked) < len(rules):
        return None
    return reduce(or_, asked, pl.col("corrects").is_not_null())


def _only(
    columns: pa.RecordBatch, places: Mapping[str, Int64s], wanted: pl.Series
) -> tuple[pa.RecordBatch, Mapping[str, Int64s]]:
    mask = wanted.to_numpy()
    return columns.filter(pa.array(mask)), {name: values[mask] for name, values in places.items()}
