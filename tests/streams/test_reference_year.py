"""A simulated year in which half of the time is promised, so that much is late: the case task says what the reference says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np

from infra.settings import PROFILES
from producers.simulator.simulator import Simulator
from schemas.catalogue import PERMITS
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import open_ids
from streams import reference
from streams.domains import PROCESSORS
from streams.engine.alerts import WITHDRAWN
from streams.engine.chunk import Chunk
from streams.engine.processor import Context
from streams.rules.alerts import alert_id

SAYS = ("level", "level_at", "unit", "observed", "threshold", "evidence_digest")
ROWS = 500


def test_the_case_task_says_of_a_year_what_the_reference_says(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PROFILES / "contoh", tmp_path / "contoh"))
    codec = Codec(PERMITS.schema, open_ids())
    year = Simulator(Profile.load(folder), seed=7, population=5_000).year(2025)
    sent = [codec.encode(record) for domain, record in year if domain == "permits"]
    types = folder / "permit_types.toml"
    text = types.read_text("utf-8")
    types.write_text(re.sub(r"(working_days = )(\d+)", lambda m: f"{m[1]}{max(1, int(m[2]) // 2)}", text))
    profile = Profile.load(folder)

    columns = codec.decode_batch(sent).columns
    clocks = np.maximum.accumulate(columns.column("occurred_at").to_numpy())
    offsets, until = np.arange(len(sent)), int(clocks[-1])
    processor = PROCESSORS["permits"](Context(profile))
    for first in range(0, len(sent), ROWS):
        part = slice(first, min(first + ROWS, len(sent)))
        processor.process(
            Chunk(
                PERMITS.name, 0, first, part.stop, columns.slice(first, part.stop - first), offsets[part],
                clocks[part], int(clocks[part.stop - 1]),
            )
        )  # fmt: skip
    said = {
        name: tuple(alert[field] for field in SAYS)
        for name, alert in processor.alerts.records().items()
        if alert["status"] != WITHDRAWN
    }
    events = [
        (codec.decode(value), 0, offset, int(clock))
        for offset, (value, clock) in enumerate(zip(sent, clocks, strict=True))
    ]
    wanted = reference.alerts(events, profile, until)
    assert {rule for rule, *_ in wanted} >= {"P01", "P02"}
    assert said == {alert_id(*place): tuple(verdict) for place, verdict in wanted.items()}
