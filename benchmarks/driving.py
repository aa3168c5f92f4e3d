"""Drives the processors of both tasks as the engine does, in one process and without a broker, and weighs the process."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import psutil
import pyarrow as pa

from streams.domains.regency import Regency
from streams.engine.chunk import Chunk
from streams.engine.merge import Rows, merge
from streams.engine.processor import Processor

#: How long a free page stays with the allocator, and what is no longer falling.
DECAY_SECONDS, SETTLED = 12.0, 0.98


def case_seconds(processor: Processor, chunks: Iterable[Chunk]) -> float:
    """CPU seconds of a case task for its chunks, and for what a commit takes after each."""
    begun = time.process_time()
    for chunk in chunks:
        processor.process(chunk)
        for store in processor.stores.values():
            store.changes()
    return time.process_time() - begun


def regency_seconds(processor: Regency, steps: Iterable[Mapping[str, Chunk]]) -> float:
    """The same of the regency task, for steps of chunks by domain; it gets the columns that the engine decodes for it."""
    begun = time.process_time()
    for step in steps:
        rows = [
            Rows.of(domain, replace(chunk, columns=chunk.columns.select(list(processor.reads[domain]))))
            for domain, chunk in step.items()
            if domain in processor.reads
        ]
        processor.process(merge(rows, max(chunk.clock for chunk in step.values()) + 1))
        for store in processor.stores.values():
            store.changes()
    return time.process_time() - begun


def resident_mb() -> float:
    """MB that the process holds when everything free was given back."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # glibc
        libc.malloc_trim(0)
    # the allocator of polars gives back what is free a while later, when it is used again
    before, held = float("inf"), _held_mb()
    while held < SETTLED * before:
        before = held
        time.sleep(DECAY_SECONDS)
        for _ in range(2_000):
            pl.DataFrame({"n": range(50)}).filter(pl.col("n") > 3)
        held = _held_mb()
    return held


def _held_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


def against(found: Mapping[str, float], bars: Mapping[str, float], most: Iterable[str]) -> dict[str, Any]:
    """Figures beside what is wanted: at least, and for those in ``most`` at most."""
    at_most = set(most)
    return {
        name: {
            "value": round(value, 4), "bar": bars[name],
            "reached": value <= bars[name] if name in at_most else value >= bars[name],
        }
        for name, value in found.items()
    }  # fmt: skip
