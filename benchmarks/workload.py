"""The benchmarks' events and the totals they must give: seeded, so every run and every machine has the same ones.

An event is a receipt of the real contract ``revenue.receipts``. What is asked of every contender: the sum of
``amount`` and the number of events by (opd, local day), by (account, local day) and by (village, local day).
``expected`` is the plain computation of the same, straight from the generated columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SEED = 20_260_302
PARTITIONS = 4
CHUNK = 250_000
ZONE_MS = 7 * 3_600_000  # WIB has no daylight saving
DAY_MS = 86_400_000
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")
FIRST_MS = 1_772_384_400_000  # 2026-03-02 00:00 WIB
LATE = 0.05  # share of events that come up to two days late

OPDS = [f"{1 + i // 10}.{10 + i % 10:02d}.{1 + i % 3:02d}" for i in range(40)]
OFFICES = [f"KAS-{i:03d}" for i in range(200)]  # five a department
ACCOUNTS = [f"4.1.0{1 + i % 4}.{1 + i // 60:02d}.{1 + i % 60:02d}.0001" for i in range(300)]
VILLAGES = [f"62.01.{1 + i // 15:02d}.{2001 + i % 15}" for i in range(150)]
CHANNELS = ["cash", "qris", "teller", "virtual_account", "transfer"]
CHANNEL_SHARES = [0.38, 0.24, 0.2, 0.12, 0.06]
DIMENSIONS = {"opd": OPDS, "account": ACCOUNTS, "village": VILLAGES}

Totals = dict[tuple[str, str, str], tuple[int, int]]
"""(dimension, value, local day YYYY-MM-DD) to (sum of amount in rupiah, number of events)."""

Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Columns:
    """A run of events: indexes into the lists above, amounts in rupiah, ``occurred_at`` in UTC ms."""

    first: int
    office: Ints
    account: Ints
    village: Ints
    channel: Ints
    amount: Ints
    occurred_at: Ints
    rng: np.random.Generator

    def __len__(self) -> int:
        return len(self.amount)

    @property
    def opd(self) -> Ints:
        return self.office // 5

    @property
    def day(self) -> Ints:
        return (self.occurred_at - FIRST_MS) // DAY_MS


def chunks(events: int, seed: int = SEED) -> Iterator[Columns]:
    """All events in order of publishing, ``CHUNK`` at a time. Time passes evenly over the three days."""
    for first in range(0, events, CHUNK):
        yield _chunk(first, min(CHUNK, events - first), events, np.random.default_rng([seed, events, first]))


def _chunk(first: int, size: int, events: int, rng: np.random.Generator) -> Columns:
    span = len(DAYS) * DAY_MS
    on_time = (np.arange(first, first + size) * span) // events + rng.integers(-60_000, 60_000, size)
    late = np.where(rng.random(size) < LATE, rng.integers(0, 2 * DAY_MS, size), 0)
    occurred = np.clip(on_time - late, 0, span - 1) + FIRST_MS
    amount = (rng.lognormal(np.log(85_000), 1.2, size) / 500).astype(np.int64) * 500
    return Columns(
        first=first,
        office=_uneven(rng, len(OFFICES), size),
        account=_uneven(rng, len(ACCOUNTS), size),
        village=_uneven(rng, len(VILLAGES), size),
        channel=rng.choice(len(CHANNELS), size, p=CHANNEL_SHARES),
        amount=np.clip(amount, 1000, 100_000_000),
        occurred_at=occurred,
        rng=rng,
    )


def _uneven(rng: np.random.Generator, values: int, size: int) -> Ints:
    """Some values are busier than others; every value occurs. Neighbouring indexes are not alike."""
    return (rng.random(size) ** 1.5 * values).astype(np.int64) * 7 % values


def expected(events: int, seed: int = SEED) -> Totals:
    """The right totals. Sums stay below 2^53, so adding in floats is exact."""
    found: Totals = {}
    sums = {name: np.zeros((len(values), len(DAYS), 2)) for name, values in DIMENSIONS.items()}
    for part in chunks(events, seed):
        for name, values in DIMENSIONS.items():
            cell = getattr(part, name) * len(DAYS) + part.day
            size = len(values) * len(DAYS)
            shape = (len(values), len(DAYS))
            sums[name][..., 0] += np.bincount(cell, part.amount, size).reshape(shape)
            sums[name][..., 1] += np.bincount(cell, minlength=size).reshape(shape)
    for name, values in DIMENSIONS.items():
        for i, value in enumerate(values):
            for j, day in enumerate(DAYS):
                amount, count = sums[name][i, j]
                if count:
                    found[name, value, day] = (int(amount), int(count))
    return found
