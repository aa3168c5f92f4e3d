"""Events of the past in uploaded files: announced as those that are sent, and a file that was let in is finished."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_running import Running, running
from test_uploads import DONE_SECONDS, HEADER, finished, standing, upload

from producers.access import log
from producers.access.backfills import HEADER as ANNOUNCED
from producers.access.backfills import NOT_ANNOUNCED
from producers.access.entries import BACKFILL_ANNOUNCED, BACKFILL_CLOSED, Entry
from schemas.records import read_topics
from schemas.settings import KafkaSettings

pytestmark = pytest.mark.kafka
SOURCE = "/opd/2.18.01/perizinan"
HEARD_SECONDS = 30.0


def table(rows: int, first: int = 0) -> bytes:
    """A CSV of so many permits of May 2024."""
    lines = [f"{SOURCE},submitted,2024-05-02T09:00:00+07:00,K-{first + n},PBG,,backfill" for n in range(rows)]
    return "\n".join([f"source,{HEADER},mode", *lines, ""]).encode()


def announce(kafka: KafkaSettings) -> None:
    days = {"from": "2024-05-01", "to": "2024-05-31", "reason": "pindah sistem"}
    log.write(kafka, Entry.now(BACKFILL_ANNOUNCED, "riwayat-1", source=SOURCE, **days))


def marks_of(gateway: Running) -> list[bytes | None]:
    topic = gateway.kafka.layout().topic("permits.steps")
    return [dict(m.headers()).get(ANNOUNCED) for m in read_topics(gateway.kafka.bootstrap_servers, [topic])]


def test_an_uploaded_file_of_the_past_needs_an_announcement(kafka: Any, tmp_path: Path) -> None:
    with running(kafka, tmp_path) as gateway:
        report = finished(gateway, upload(gateway, table(2)))
        assert report["errors"] == [
            {"row": row, "column": "occurred_at", "detail": NOT_ANNOUNCED.sentence} for row in (2, 3)
        ]
        assert not standing(gateway)
        announce(gateway.kafka)
        deadline = time.monotonic() + HEARD_SECONDS
        while report["status"] == "refused" and time.monotonic() < deadline:
            report = finished(gateway, upload(gateway, table(2)))
        assert (report["status"], report["published"]) == ("published", 2), report
        assert marks_of(gateway) == [b"riwayat-1"] * 2


def test_what_was_begun_is_finished_though_the_announcement_was_closed(kafka: Any, tmp_path: Path) -> None:
    settings = kafka.settings(kafka.layout())
    announce(settings)
    failing = {**os.environ, "NADI_FAILPOINT": "upload-published:1"}
    gateway = Running(settings, tmp_path / "log", environment=failing)
    body = table(1_600)
    try:
        with contextlib.suppress(httpx.TransportError):
            upload(gateway, body)
        assert gateway.process.wait(DONE_SECONDS) == -9
        assert 0 < len(standing(gateway)) < 1_600
        log.write(settings, Entry.now(BACKFILL_CLOSED, "riwayat-1"))
        gateway.environment = None
        gateway.start()
        report = finished(gateway, upload(gateway, body))
        assert (report["status"], report["published"]) == ("published", 1_600), report
        found = standing(gateway)
        assert (len(found), set(found.values())) == (1_600, {1})
        assert finished(gateway, upload(gateway, table(1, 9_000)))["status"] == "refused"
    finally:
        gateway.kill()
