"""Where every task stands, beside where its topics end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.state.logs import Progress, TaskLog, survey
from schemas import records
from schemas.settings import KafkaSettings
from streams.engine.claims import REGENCY
from streams.engine.regency import WHOLE
from streams.engine.state_group import LaneState


def standing(kafka: KafkaSettings, progress: Progress = lambda _done, _total: None) -> list[dict[str, Any]]:
    """One entry a task, as plain values: owner, epoch (``claim``), group, times (UTC ms), bytes, and by input position,
    end, lag and clock. The regency task's is called ``regency``. Raises TimeoutError."""
    logs = survey(kafka, progress)
    layout = kafka.layout()
    places = {(layout.topic(topic), number) for log in logs for _, topic, number, _ in _inputs(log)}
    ends = records.ends(kafka.bootstrap_servers, sorted(places))
    found = []
    for log in logs:
        header = log.header
        inputs = {}
        for name, topic, number, lane in _inputs(log):
            end = ends[layout.topic(topic), number]
            inputs[name] = {
                "partition": number,
                "position": lane.position,
                "end": end,
                "lag": max(0, end - lane.position),
                "clock": lane.clock,
                "rebuild": lane.rebuild,
            }
        found.append(
            {
                "task": "regency" if log.task == REGENCY else log.task,
                "worker": header.worker if header else "",
                "claim": header.claim if header else 0,
                "group": header.number if header else 0,
                "fetch": header.fetch if header else "",
                "committed_at": header.at if header else None,
                "log_bytes": log.bytes,
                "snapshot_at": log.snapshot_at,
                "inputs": inputs,
            }
        )
    return found


def _inputs(log: TaskLog) -> Iterator[tuple[str, str, int, LaneState]]:
    """Name, topic, partition and state of what a task reads."""
    for name, lane in (log.header.lanes if log.header else {}).items():
        topic, slash, number = name.partition("/")
        if name != WHOLE:
            yield name, topic, int(number) if slash else log.task, lane
