"""``python -m benchmarks catalogue``: what the whole catalogue of rules costs on a year of all domains, and what the
regency task holds of a million actors.

The simulator's year goes, as decoded columns, through the processors of both tasks in one process and without a broker, as
the engine reads a backlog: chunks of its size for a case task, half a year of all domains at a time for the regency task.
The actors are persons with one registered change each and payees with one payment each, half and half. Writes
``results/catalogue.json``.
"""

from __future__ import annotations

import gc
import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.driving import against, case_seconds, regency_seconds, resident_mb
from benchmarks.machine import machine
from benchmarks.rules import CHUNK, DAY, START, columns_of
from infra.settings import resolve_profile
from producers.simulator.simulator import Simulator
from schemas import calendar_arrays
from schemas.catalogue import DOMAINS
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import open_ids
from streams.domains import PROCESSORS
from streams.domains.regency import Regency
from streams.engine.chunk import Chunk
from streams.engine.processor import Context
from streams.engine.regency import STEP_MS
from streams.worker import GARBAGE_OBJECTS

RESULTS = Path(__file__).parent / "results"
BARS = {"case_events_per_cpu_s": 60_000, "regency_events_per_cpu_s": 40_000, "gb_per_million_actors": 1.0}
YEAR = 2025
Step = dict[str, Chunk]


def main(population: int, actors: int) -> dict[str, Any]:
    """Simulate, run, print, write; returns the result."""
    gc.set_threshold(GARBAGE_OBJECTS, 20, 50)  # as the worker does
    profile = Profile.load(resolve_profile("contoh"))
    calendar_arrays.unit(profile.calendar)
    year = _year(profile, population)
    counts = {domain: len(chunk) for domain, chunk in year.items()}
    events = sum(counts.values())
    case = {
        domain: case_seconds(PROCESSORS[domain](Context(profile)), _as_read(chunk))
        for domain, chunk in year.items()
    }
    for domain, seconds in case.items():
        print(f"case task, {domain}: {counts[domain] / seconds:,.0f} events a CPU second", flush=True)
    regency = regency_seconds(Regency(Context(profile)), _as_merged(year))
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as alone:
        weight = alone.submit(weigh, actors).result()
    found = {
        "case_events_per_cpu_s": events / sum(case.values()),
        "regency_events_per_cpu_s": events / regency,
        "gb_per_million_actors": weight,
    }
    rows = against(found, BARS, ["gb_per_million_actors"])
    for name, row in rows.items():
        print(f"{name}: {row['value']:,.2f} (wanted {row['bar']:,})", flush=True)
    result = {
        "machine": machine(), "population": population, "events": counts, "actors": actors, "rows": rows,
        "case_by_domain": {domain: round(counts[domain] / seconds) for domain, seconds in case.items()},
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "catalogue.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return result


def weigh(actors: int) -> float:
    """Gigabytes that the regency task holds for a million actors."""
    profile = Profile.load(resolve_profile("contoh"))
    calendar_arrays.unit(profile.calendar)
    steps = list(_named_once(actors))
    made = Regency(Context(profile))
    before = resident_mb()
    regency_seconds(made, steps)
    made.advance(START + 130 * DAY)
    return (resident_mb() - before) / 1024 * 1_000_000 / actors


def _chunk(topic: str, first: int, columns: pa.RecordBatch, clocks: np.ndarray[Any, Any]) -> Chunk:
    count = len(columns)
    offsets = np.arange(first, first + count, dtype=np.int64)
    return Chunk(topic, 0, first, first + count, columns, offsets, clocks, int(clocks[-1]))


def _year(profile: Profile, population: int) -> Step:
    """A simulated year, one chunk a domain."""
    codecs = {domain: Codec(DOMAINS[domain].schema, open_ids("")) for domain in PROCESSORS}
    records: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for domain, record in Simulator(profile, population=population).year(YEAR):
        if domain in codecs:
            records[domain].append(record)
    made: Step = {}
    for domain, rows in records.items():
        decoded = codecs[domain].decode_batch([codecs[domain].encode(row) for row in rows])
        clocks = np.maximum.accumulate(np.array([row["occurred_at"] for row in rows], np.int64))
        made[domain] = _chunk(DOMAINS[domain].name, 0, decoded.columns, clocks)
    return made


def _part(chunk: Chunk, first: int, after: int) -> Chunk:
    cut = slice(first, after)
    return _chunk(chunk.topic, first, chunk.columns.slice(first, after - first), chunk.clocks[cut])


def _as_read(chunk: Chunk) -> Iterator[Chunk]:
    """As a case task reads a backlog: in chunks of the engine's size."""
    for first in range(0, len(chunk), CHUNK):
        yield _part(chunk, first, min(first + CHUNK, len(chunk)))


def _as_merged(year: Step) -> Iterator[Step]:
    """As the regency task applies a backlog of so many rows: all domains, half a year at a time."""
    begins, ends = (
        edge(int(chunk.clocks[n]) for chunk in year.values()) for edge, n in ((min, 0), (max, -1))
    )
    for at in range(begins, ends + 1, STEP_MS):
        cuts = {
            domain: np.searchsorted(chunk.clocks, (at, at + STEP_MS)).tolist()
            for domain, chunk in year.items()
        }
        yield {domain: _part(year[domain], *cut) for domain, cut in cuts.items() if cut[0] < cut[1]}


def _named_once(actors: int) -> Iterator[Step]:
    """Half of the actors are persons with one change, half payees with one payment, over a hundred days."""
    half = actors // 2
    at = START + (np.arange(half) * (100 * DAY) // max(half, 1)).astype(np.int64)
    for first in range(0, half, CHUNK // 2):
        numbers = range(first, min(first + CHUNK // 2, half))
        clocks = at[numbers.start : numbers.stop]
        names = {kind: [f"{kind}{n:012x}" for n in numbers] for kind in ("P", "F", "A", "R")}
        population = {
            "event_id": [f"00000000-0000-0001-0000-{n:012x}" for n in numbers], "kind": "birth", "status": "registered",
            "persons": 1, "person_token": names["P"], "family_card_token": names["F"], "opd": "2.12.01",
            "source": "/opd/2.12.01/kependudukan",
        }  # fmt: skip
        budget = {
            "event_id": [f"00000000-0000-0002-0000-{n:012x}" for n in numbers], "kind": "sp2d", "disbursement_type": "LS",
            "amount": 10_000_000, "payee_token": names["R"], "payee_account_token": names["A"], "fiscal_year": 2025,
            "document_number": [f"SP2D/{n}" for n in numbers], "sub_activity": [f"1.01.01.{n % 900:03}" for n in numbers],
            "account": "5.1.02.01", "opd": "1.01.01", "source": "/opd/1.01.01/keuangan",
        }  # fmt: skip
        yield {
            domain: _chunk(DOMAINS[domain].name, first, columns_of(domain, given | {"occurred_at": clocks}, len(clocks)), clocks)
            for domain, given in (("population", population), ("budget", budget))
        }  # fmt: skip
