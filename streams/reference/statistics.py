"""Percentiles, the binomial tail and the rank test, by their definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import erfc, exp, lgamma, log, sqrt

from schemas.buckets import bucket_of, value_of


def percentile(percent: int, values: Iterable[float]) -> float:
    """The smallest of the values that at least so many percent of them do not exceed."""
    ordered = sorted(values)
    wanted = -(-percent * len(ordered) // 100)
    return ordered[max(wanted, 1) - 1]


def bucket_percentile(percent: int, values: Iterable[int]) -> float:
    """The same of a histogram of log buckets: the value that stands for the bucket."""
    return value_of(int(percentile(percent, [bucket_of(value) for value in values])))


def binomial_tail(least: int, n: int, p: float) -> float:
    """The chance of ``least`` or more in ``n`` trials."""
    if p <= 0 or p >= 1:
        return float(least <= 0 or p >= 1)
    return sum(
        exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p))
        for k in range(least, n + 1)
    )


def poisson_tail(least: int, mean: float) -> float:
    """The chance of ``least`` or more: one less that of fewer."""
    term, fewer = exp(-mean), 0.0
    for k in range(least):
        fewer += term
        term *= mean / (k + 1)
    return 1 - fewer


def smaller_by_rank(first: list[int], second: list[int]) -> float:
    """One-sided Mann-Whitney: the chance that ``first`` ranks so low among both if they are alike; normal
    approximation with tie correction, without continuity correction."""
    n, m = len(first), len(second)
    u = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in first for b in second)
    ties = sum(t**3 - t for t in Counter(first + second).values())
    variance = n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return 1.0
    return 0.5 * erfc((n * m / 2 - u) / sqrt(variance) / sqrt(2))
