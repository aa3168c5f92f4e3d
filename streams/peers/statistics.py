"""The tests that rules use, from counts."""

from __future__ import annotations

from math import erfc, exp, lgamma, log, sqrt

import numpy as np

from schemas.buckets import bucket_of, value_of
from streams.cases.book import Floats
from streams.engine.chunk import Int64s
from streams.peers.counts import Counted

#: What stands for each bucket that a value of 63 bits can be in.
VALUES: Floats = np.array([value_of(bucket) for bucket in range(bucket_of(2**63 - 1) + 1)])
#: A part of a sum that does not change it.
NOTHING = 1e-17


def buckets_of(values: Int64s) -> Int64s:
    """The log bucket of each value."""
    unique, inverse = np.unique(values, return_inverse=True)
    found: Int64s = np.array([bucket_of(value) for value in unique.tolist()], np.int64)[inverse]
    return found


def values_of(buckets: Int64s) -> Floats:
    """The values that stand for log buckets."""
    return VALUES[buckets]


def binomial_tail(least: int, n: int, p: float) -> float:
    """The chance of ``least`` or more successes in ``n`` trials of chance ``p``."""
    if p <= 0 or p >= 1:
        return float(least <= 0 or p >= 1)
    whole, chance = lgamma(n + 1), 0.0
    for k in range(least, n + 1):
        of_k = exp(whole - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p))
        chance += of_k
        if of_k < chance * NOTHING and k > n * p:  # from here on each adds less than the one before it
            break
    return chance


def poisson_tail(least: int, mean: float) -> float:
    """The chance of ``least`` or more where ``mean`` (positive) are expected."""
    if least <= 0:
        return 1.0
    last = least + int(20 * sqrt(mean)) + 50  # beyond, what is left is below any level that is asked for
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(least, max(last, int(mean) + 50)))


def median(counts: Counted) -> float:
    """The value that stands for the middle bucket of a histogram of log buckets."""
    total = np.cumsum(counts.amount)
    return value_of(int(counts.key[np.searchsorted(total, max(-(-50 * int(total[-1]) // 100), 1))]))


def smaller_by_rank(first: Counted, second: Counted) -> float:
    """One-sided Mann-Whitney test of two histograms over the same buckets: the chance that the values of ``first`` rank
    so low if both are alike. Normal approximation with tie correction (Mann and Whitney, 1947)."""
    buckets = np.union1d(first.key, second.key)
    a, b = first.of(buckets).astype(np.float64), second.of(buckets).astype(np.float64)
    n, m = a.sum(), b.sum()
    below = np.cumsum(b) - b
    u = float((a * (below + b / 2)).sum())
    ties = float(((a + b) ** 3 - (a + b)).sum())
    variance = n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return 1.0
    return 0.5 * erfc((n * m / 2 - u) / sqrt(variance) / sqrt(2))
