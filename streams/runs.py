"""Runs of equal neighbours in sorted columns."""

from __future__ import annotations

from typing import Any

import numpy as np

Bools = np.ndarray[Any, np.dtype[np.bool_]]


def begins(*columns: np.ndarray[Any, Any]) -> Bools:
    """Where a run begins: the rows that differ from the one before in any of the columns, and the first."""
    found = np.zeros(len(columns[0]), np.bool_)
    found[:1] = True
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found
