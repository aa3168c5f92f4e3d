"""Whether something grew by more than chance."""

from __future__ import annotations

import math

import numpy as np

from streams.cases.book import Floats


def trend(values: Floats) -> float:
    """How many standard deviations the Mann-Kendall count of rises less falls lies above none (Mann, 1945; ties by
    Kendall, 1975); 0 where all are alike."""
    n = len(values)
    rises = int(np.triu(np.sign(values[None, :] - values[:, None]), 1).sum())
    ties = sum(int(t) * (int(t) - 1) * (2 * int(t) + 5) for t in np.unique(values, return_counts=True)[1])
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    return 0.0 if variance <= 0 or rises == 0 else (rises - math.copysign(1, rises)) / math.sqrt(variance)


def deviations(k: int, n: int, k_before: int, n_before: int) -> float:
    """By how many standard deviations the share of k in n is above that before, if both are alike (two proportions)."""
    p = (k + k_before) / (n + n_before)
    variance = p * (1 - p) * (1 / n + 1 / n_before)
    return (k / n - k_before / n_before) / math.sqrt(variance) if variance > 0 else 0.0
