"""``python -m benchmarks rules``: what the permit rules cost: events per core and second with all of them on, memory for
a million open permits, and how soon a passed deadline is an alert among them.

Both tasks' processors get the same year of permits, as columns, in chunks of the engine's size; a commit's changes are
taken after each. Nothing of Kafka is in it: what the engine adds is in the other benchmarks. What a worker pays once, when it
makes its calendar (0.8 s), is not counted.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.driving import against, case_seconds, regency_seconds, resident_mb
from benchmarks.machine import machine
from infra.settings import resolve_profile
from schemas import calendar_arrays
from schemas.catalogue import DOMAINS, PERMITS
from schemas.codec import arrow_schema
from schemas.profile import Profile
from streams.domains.permits import Permits
from streams.domains.regency import Regency
from streams.engine.chunk import Chunk
from streams.engine.processor import Context
from streams.worker import GARBAGE_OBJECTS

RESULTS = Path(__file__).parent / "results"
BARS = {
    "case_rules": 60_000, "regency_rules": 40_000, "case_gb_per_million": 1.0, "regency_gb_per_million": 1.0,
    "deadline_s": 2.0,
}  # fmt: skip
CHUNK = 16_384
MINUTE, DAY = 60_000, 86_400_000
START = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1000


def main(cases: int = 60_000, open_permits: int = 1_000_000) -> dict[str, Any]:
    """Run, print, write; returns the result."""
    gc.set_threshold(GARBAGE_OBJECTS, 20, 50)  # as the worker does
    profile = Profile.load(resolve_profile("contoh"))
    calendar_arrays.unit(profile.calendar)
    chunks = list(_chunks(_year(profile, cases)))
    events = sum(len(chunk) for chunk in chunks)
    found: dict[str, float] = {}
    for name, made in (
        ("case_rules", Permits(Context(profile))),
        ("regency_rules", Regency(Context(profile))),
    ):
        seconds = _through(made, chunks)
        found[name] = events / seconds
        print(
            f"{name}: {events:,} events of {cases:,} cases, {found[name]:,.0f} events a CPU second",
            flush=True,
        )
    with ProcessPoolExecutor(
        1, get_context("spawn"), max_tasks_per_child=1
    ) as alone:  # so that nothing else is weighed
        for name in ("case", "regency"):
            found |= alone.submit(weigh, name, open_permits).result()
            print(f"{name}: {found[f'{name}_gb_per_million']:.2f} GB for a million open permits", flush=True)
    print(f"a passed deadline is an alert after {found['deadline_s'] * 1000:.1f} ms", flush=True)
    rows = against(found, BARS, [name for name in BARS if not name.endswith("rules")])
    result = {"machine": machine(), "events": events, "open_permits": open_permits, "rows": rows}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "rules.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return result


def weigh(name: str, open_permits: int) -> dict[str, float]:
    """Gigabytes that a task holds for a million open permits; for the case task also how soon a deadline is told."""
    profile = Profile.load(resolve_profile("contoh"))
    # in the regency task they come over a hundred days, as they do; in the case task none is late yet
    chunks = list(_chunks(_open(profile, open_permits, 1 if name == "case" else 100)))
    made = Permits(Context(profile)) if name == "case" else Regency(Context(profile))
    before = resident_mb()
    _through(made, chunks)
    found: dict[str, float] = {}
    if isinstance(made, Regency):
        made.advance(made.permits.next_freeze())
    found[f"{name}_gb_per_million"] = (resident_mb() - before) / 1024 * 1_000_000 / open_permits
    if isinstance(made, Permits):
        found["deadline_s"] = _deadline(made)
    return found


def _through(processor: Permits | Regency, chunks: list[Chunk]) -> float:
    """All chunks, and what a commit takes; CPU seconds."""
    if isinstance(processor, Permits):
        return case_seconds(processor, chunks)
    return regency_seconds(processor, ({"permits": chunk} for chunk in chunks))


def _deadline(processor: Permits) -> float:
    """Seconds from the instant at which the next deadline may be judged to its alert's record."""
    due = processor.next_due()
    if due is None:
        raise RuntimeError("no deadline is open")
    begun = time.perf_counter()
    processor.advance(due)
    if processor.alerts.changes() is None:
        raise RuntimeError("the deadline made no alert")
    return time.perf_counter() - begun


def _year(profile: Profile, cases: int) -> dict[str, Any]:
    """A year of permits that all come to their end: columns in order of time."""
    rng = np.random.default_rng(1)
    types = [profile.permit_types[code] for code in sorted(profile.permit_types)]
    which = rng.integers(0, len(types), cases)
    begin = START + np.sort(rng.integers(0, 350 * DAY, cases))
    agent = rng.random(cases) < 0.25
    parts: list[dict[str, Any]] = []
    for number, kind in enumerate(types):
        mine = np.flatnonzero(which == number)
        steps = kind.steps_on(datetime(2025, 1, 1, tzinfo=UTC).date())
        plan = [("submitted", None, "LOKET"), ("accepted", None, "LOKET")]
        plan += [(what, step.code, step.unit) for step in steps for what in ("started", "finished")]
        plan += [("issued", None, steps[-1].unit)]
        at = begin[mine]
        for place, (what, step, unit) in enumerate(plan):
            at = at + rng.exponential(0.4 * DAY, len(mine)).astype(np.int64) + MINUTE
            officer = rng.integers(0, 6, len(mine))
            parts.append({
                "case": mine, "at": at, "kind": what, "step": step, "unit": unit, "type": kind.code,
                "officer": officer, "agent": agent[mine], "place": place,
            })  # fmt: skip
    return {"parts": parts, "cases": cases}


def _open(profile: Profile, cases: int, days: int) -> dict[str, Any]:
    """Permits that wait: three events each, none of them closing, begun over so many days."""
    kind = profile.permit_types[min(profile.permit_types)]
    everyone = np.arange(cases)
    morning = 2 * 60 * MINUTE  # 09.00 in Jakarta: in working hours, so that no two deadlines fall together
    begin = START + 300 * DAY + morning + everyone * 7 - everyone % days * DAY
    first = kind.steps[0]
    plan = [("submitted", None, 0), ("accepted", None, 1), ("started", first.code, 2)]
    return {
        "parts": [
            {
                "case": everyone, "at": begin + place * MINUTE, "kind": what, "step": step, "unit": first.unit,
                "type": kind.code, "officer": everyone % 6, "agent": everyone % 4 == 0, "place": place,
            }
            for what, step, place in plan
        ],
        "cases": cases,
    }  # fmt: skip


#: What stands in a field that must have a value and is not given.
NOTHING: dict[int, Any] = {
    pa.types.lib.Type_STRING: "", pa.types.lib.Type_BOOL: False, pa.types.lib.Type_INT32: 0, pa.types.lib.Type_INT64: 0,
    pa.types.lib.Type_LIST: [],
}  # fmt: skip


def columns_of(domain: str, given: Mapping[str, Any], count: int) -> pa.RecordBatch:
    """Events of a domain: columns or one value for all; what is not given is null, empty or false, and all of it live."""
    schema = arrow_schema(DOMAINS[domain].schema)
    given = {"mode": "live", **given}

    def column(field: pa.Field) -> pa.Array:
        value = given.get(field.name)
        if value is not None and np.ndim(value):
            return pa.array(value).cast(field.type)
        if value is None and not field.nullable:
            value = NOTHING[field.type.id]
        return pa.repeat(pa.scalar(value, field.type), count)

    return pa.RecordBatch.from_arrays([column(field) for field in schema], schema=schema)


def _chunks(year: dict[str, Any]) -> Iterator[Chunk]:
    """The columns in order of time, as chunks of the contract's topic."""
    parts = year["parts"]
    at = np.concatenate([part["at"] for part in parts])
    order = np.argsort(at, kind="stable")
    lengths = [len(part["at"]) for part in parts]

    def column(name: str) -> Any:
        texts = pa.chunked_array(
            [pa.repeat(pa.scalar(p[name], pa.string()), n) for p, n in zip(parts, lengths, strict=True)]
        )
        return texts.take(pa.array(order)).combine_chunks()

    case = np.concatenate([part["case"] for part in parts])[order]
    officer = np.concatenate([part["officer"] for part in parts])[order]
    agent = np.concatenate([part["agent"] for part in parts])[order]
    place = np.concatenate([np.full(n, p["place"]) for p, n in zip(parts, lengths, strict=True)])[order]
    at = at[order]
    known = {
        "kind": column("kind"),
        "step": column("step"),
        "unit": column("unit"),
        "permit_type": column("type"),
    }
    for first in range(0, len(at), CHUNK):
        rows = slice(first, min(first + CHUNK, len(at)))
        count = rows.stop - rows.start
        cases, places = case[rows].tolist(), place[rows].tolist()
        officers = [
            f"{unit}/{n}"
            for unit, n in zip(known["unit"][rows].to_pylist(), officer[rows].tolist(), strict=True)
        ]
        given: dict[str, Any] = {
            **{name: texts[rows] for name, texts in known.items()},
            "event_id": pa.array([f"00000000-0000-0000-{p:04x}-{c:012x}" for p, c in zip(places, cases, strict=True)]),
            "case_id": pa.array([f"503/{c:07}" for c in cases]),
            "occurred_at": pa.array(at[rows]),
            "officer_token": pa.array(officers),
            "applicant_token": pa.array([f"P{c % 9000}" for c in cases]),
            "agent_token": pa.array([f"A{c % 70}" if a else None for c, a in zip(cases, agent[rows].tolist(), strict=True)]),
            "opd": "2.18.01",
            "source": "/opd/2.18.01/perizinan",
        }  # fmt: skip
        columns = columns_of("permits", given, count)
        offsets = np.arange(rows.start, rows.stop, dtype=np.int64)
        yield Chunk(PERMITS.name, 0, rows.start, rows.stop, columns, offsets, at[rows], int(at[rows][-1]))
