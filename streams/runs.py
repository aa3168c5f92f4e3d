"""Runs of equal neighbours in sorted columns, and ranges of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.engine.chunk import Int64s

Bools = np.ndarray[Any, np.dtype[np.bool_]]


def begins(*columns: np.ndarray[Any, Any]) -> Bools:
    """Where a run begins: the rows that differ from the one before in any of the columns, and the first."""
    found = np.zeros(len(columns[0]), np.bool_)
    found[:1] = True
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found


def ranges(firsts: Int64s, ends: Int64s) -> tuple[Int64s, Int64s]:
    """The numbers from each of ``firsts`` up to its ``ends``, one after the other, and before them which one each is of."""
    lengths = ends - firsts
    of = np.repeat(np.arange(len(lengths)), lengths)
    return of, np.arange(len(of)) + np.repeat(firsts - (np.cumsum(lengths) - lengths), lengths)
