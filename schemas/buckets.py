"""Log buckets of durations with 1 % relative error: they add like sums, and percentiles are read from them."""

from __future__ import annotations

from math import ceil, log

#: Bucket ``b`` covers (GROWTH^(b-1), GROWTH^b]; everything up to 1 is in bucket 0.
GROWTH = 1.01 / 0.99


def bucket_of(value: int) -> int:
    """The bucket of a value (not negative; any unit)."""
    return ceil(log(value) / log(GROWTH)) if value > 1 else 0


def value_of(bucket: int) -> float:
    """The value that stands for a bucket, within 1 % of all in it (bucket 0: up to 1)."""
    return 2 * GROWTH**bucket / (GROWTH + 1)
