"""A small regency and rows for the tests of the domains."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from schemas.calendar import WorkingCalendar
from schemas.catalogue import DOMAINS
from schemas.codec import arrow_schema
from schemas.profile import Profile
from schemas.profile.rows import (
    Authority,
    Deemed,
    Department,
    Incompatible,
    PermitType,
    ServiceStandard,
    Source,
    Step,
    Tariff,
    Threshold,
    Unit,
)
from schemas.registry import current
from streams.engine.chunk import Chunk

SOURCE = "/opd/1.01/test"


@cache
def profile() -> Profile:
    """Two departments, two units, one permit type with a standard of 5 working days and 2 for its survey."""
    zone = ZoneInfo("Asia/Jakarta")
    since = date(2000, 1, 1)
    permit = PermitType(
        "PBG", "Persetujuan Bangunan Gedung", "PBG",
        (Step("berkas", "Pemeriksaan berkas", "LOKET"), Step("survei", "Survei lapangan", "PUPR")),
        (ServiceStandard(5, since), ServiceStandard(2, since, step="survei")),
    )  # fmt: skip
    return Profile(
        path=Path(), hash="0" * 64, code="99.01", name="Kabupaten Uji", province="Uji", timezone=zone,
        simulation_allowed=True, retention_years=10, logo=None, calendar=WorkingCalendar(zone), unit_calendars={},
        departments={"1.01": Department("1.01", "Dinas Satu", "Dinas Satu"), "1.02": Department("1.02", "Dinas Dua", "Dinas Dua")},
        units={"LOKET": Unit("LOKET", "Loket", "Loket", "1.01"), "PUPR": Unit("PUPR", "PUPR", "PUPR", "1.02")},
        villages={}, permit_types={"PBG": permit}, cash_offices={}, accounts={}, sub_activities={}, revenue_targets=(),
        sources={SOURCE: Source(SOURCE, "1.01", "Uji", "permits", 1, 10)}, thresholds=(), elections=(),
    )  # fmt: skip


@cache
def ruled() -> Profile:
    """The same with everything a rule may read, most of it from 4 January 2026 on in another way than before."""
    since, before, change = date(2000, 1, 1), date(2026, 1, 3), date(2026, 1, 4)
    permit = replace(
        profile().permit_types["PBG"],
        steps=(
            Step("berkas", "Pemeriksaan berkas", "LOKET"),
            Step("survei", "Survei lapangan", "PUPR", after=("berkas",), minimum_minutes=30, valid_to=before),
            Step("survei", "Survei lapangan", "PUPR", mandatory=False, valid_from=change),
        ),
        standards=(
            ServiceStandard(5, since, before), ServiceStandard(4, change), ServiceStandard(2, since, step="survei"),
        ),
        deemed=(Deemed(4, since, before), Deemed(3, change)),
        incompatible=(Incompatible("berkas", "survei", since), Incompatible("survei", "kind:issued", change)),
    )  # fmt: skip
    return replace(
        profile(),
        permit_types={"PBG": permit},
        thresholds=(
            Threshold("P04.tolerance_minutes", 90, change, permit_type="PBG"), Threshold("P12.days", 2, change),
            Threshold("P11.lag_days", 1, since, source=SOURCE),
            Threshold("P01.breach", 0.5, change, permit_type="PBG", source=SOURCE),
        ),
        tariffs=(Tariff("PBG", None, since, before), Tariff("PBG", 500, change)),
        authorities=(Authority("O1", "PBG", since, before), Authority("O2", "*", since, delegation_id="D1")),
        _standards={},
        _thresholds={},
    )  # fmt: skip


@cache
def _defaults(schema: str) -> dict[str, Any]:
    fields = json.loads(current(schema))["fields"]
    return {f["name"]: f["default"] for f in fields if "default" in f}


def record(domain: str, **fields: Any) -> dict[str, Any]:
    """A whole record of a domain's topic; what is not given has its default."""
    return {**_defaults(DOMAINS[domain].schema), **fields}


def chunks_of(
    domain: str,
    records: Sequence[dict[str, Any]],
    rows: int | Sequence[int],
    timestamps: Sequence[int] | None = None,
    partition: int = 0,
) -> Iterator[Chunk]:
    """The records as chunks of ``rows`` each, or cut before the given positions."""
    cuts = list(range(0, len(records), rows)) if isinstance(rows, int) else sorted({0, *rows})
    schema = arrow_schema(DOMAINS[domain].schema)
    stamps = timestamps if timestamps is not None else [r["occurred_at"] for r in records]
    for first, after in zip(cuts, [*cuts[1:], len(records)], strict=True):
        times = np.asarray(stamps[first:after], np.int64)
        yield Chunk(
            topic=DOMAINS[domain].name, partition=partition, first_offset=first, next_offset=after,
            columns=pa.RecordBatch.from_pylist(list(records[first:after]), schema=schema),
            offsets=np.arange(first, after, dtype=np.int64), clocks=times, clock=int(times.max(initial=0)),
        )  # fmt: skip
