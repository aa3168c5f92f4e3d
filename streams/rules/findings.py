"""What a rule finds in many cases, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streams.cases.book import Floats
from streams.cases.events import NEVER
from streams.cases.words import Numbers
from streams.engine.chunk import Int64s
from streams.runs import Bools

#: Levels of an alert, in order. A warning is not yet a finding.
LEVELS = ("warning", "breach", "severe")
WARNING, BREACH, SEVERE = range(3)
#: A case to which a rule applies.
APPLICABLE = -1

Levels = np.ndarray[Any, np.dtype[np.int8]]


@dataclass(frozen=True, slots=True)
class Findings:
    """One row a finding: the case it is about (an index), in what of it (``scope``, a word; 0 is the whole), the level,
    from when on it holds (``at``, UTC ms, perhaps still to come), what was seen and what is allowed (``unit`` is in the
    rule), the unit that is responsible (a word), and when the limit was or will be passed (``due_at``, NEVER where it
    has none). ``detail`` is what the rule's sentence needs beside it; ``fence`` names the fence it was measured by (a word,
    0 for none). ``as_of`` is the local day (since 1970) whose parameters it was judged by, NEVER for that on which the
    case started."""

    case: Int64s
    scope: Numbers
    level: Levels
    at: Int64s
    observed: Floats
    threshold: Floats
    unit: Numbers
    due_at: Int64s
    detail: Int64s
    fence: Numbers
    as_of: Int64s

    def __len__(self) -> int:
        return len(self.case)

    def pick(self, rows: Any) -> Findings:
        """Some of the rows."""
        return Findings(*(getattr(self, name)[rows] for name in self.__slots__))


def findings(
    case: Int64s,
    at: Int64s,
    observed: Any,
    threshold: Any,
    unit: Numbers,
    *,
    scope: Numbers | None = None,
    level: Any = BREACH,
    due_at: Int64s | None = None,
    detail: Int64s | None = None,
    fence: Numbers | None = None,
    as_of: Int64s | None = None,
) -> Findings:
    """Findings from what a rule knows; single values hold for every row."""
    n = len(case)
    return Findings(
        case,
        np.zeros(n, np.uint32) if scope is None else scope.astype(np.uint32),
        np.broadcast_to(np.asarray(level, np.int8), n),
        at,
        np.broadcast_to(np.asarray(observed, np.float64), n),
        np.broadcast_to(np.asarray(threshold, np.float64), n),
        unit,
        np.full(n, NEVER) if due_at is None else due_at,
        np.zeros(n, np.int64) if detail is None else detail,
        np.zeros(n, np.uint32) if fence is None else fence,
        np.full(n, NEVER) if as_of is None else as_of,
    )


def none_found() -> Findings:
    """No finding."""
    return findings(np.zeros(0, np.int64), np.zeros(0, np.int64), 0.0, 0.0, np.zeros(0, np.uint32))


def joined(found: Sequence[Findings]) -> Findings:
    """The rows of several."""
    return Findings(*(np.concatenate([getattr(f, name) for f in found]) for name in Findings.__slots__))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule says of n cases: its findings, and for each case ``APPLICABLE`` or the index of the reason in the
    rule's ``not_applicable`` why it says nothing."""

    found: Findings
    applies: Levels = field()


def applies(n: int, *reasons: tuple[Bools, int]) -> Levels:
    """``APPLICABLE`` but where a mask holds, the first of them giving its reason."""
    result = np.full(n, APPLICABLE, np.int8)
    for mask, reason in reversed(reasons):
        result[mask] = reason
    return result
