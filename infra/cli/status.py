"""`nadi status`: what runs, whether it is healthy, and how far behind it is."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.texts import _
from schemas.catalogue import DEAD_LETTER_SUFFIX

if TYPE_CHECKING:
    from infra.settings import Settings
    from streams.engine.state_group import Header


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=_("keluaran JSON"))] = False,
) -> None:
    """Parts, lag, dead letters, size on disk."""
    from infra.cli.main import settings_of
    from infra.embedded.running import connected, record_of

    settings = settings_of(context)
    record = record_of(settings)
    found: dict[str, Any] = {
        "running": record is not None,
        "parts": [],
        "topics": [],
        "fetch": "",
    }
    if record is not None:
        found["parts"] = list(record["parts"].values())
        running = connected(settings)
        headers = _headers(running)
        found["fetch"] = _fetch(headers)
        found["topics"] = _topics(running, headers)
        found["data_bytes"] = _size(settings.data_dir)
    if as_json:
        json.dump(found, sys.stdout)
        sys.stdout.write("\n")
    else:
        _show(found, settings.data_dir)
    raise typer.Exit(0 if record is not None and all(p["healthy"] for p in found["parts"]) else 1)


def _topics(settings: Settings, headers: Mapping[int, Header]) -> list[dict[str, Any]]:
    """Per domain topic: events, how many the workers and the sink have yet to take, how many seconds the first of
    these has been waiting for the sink, and records that stand as dead letters and that nobody has handled."""
    from confluent_kafka import KafkaException

    from schemas.catalogue import DOMAINS
    from sinks.clickhouse.freshness import freshness

    kafka = settings.kafka
    rows: list[dict[str, Any]] = []
    try:
        letters = _open_letters(settings)
        names = [topic.name for topic in DOMAINS.values()]
        found = freshness(kafka.bootstrap_servers, kafka.layout(), settings.clickhouse.group, names)
        now = int(time.time() * 1000)
        for name in names:
            places = [place for place in found if place.topic == name]
            rows.append(
                {
                    "topic": name,
                    "events": sum(p.end for p in places),
                    "stream_lag": sum(max(0, p.end - _position(headers, p.partition, name)) for p in places),
                    "sink_lag": sum(p.end - p.queryable for p in places),
                    "sink_behind_s": max((p.behind_ms(now) for p in places), default=0) / 1000,
                    "dead_letters": letters[name],
                }
            )
    except (KafkaException, TimeoutError):
        return rows  # the broker is starting again; the parts say so
    return rows


def _headers(settings: Settings) -> dict[int, Header]:
    """Where the tasks stand; nothing while the broker does not answer."""
    from infra.state.logs import headers

    try:
        return headers(settings.kafka)
    except TimeoutError:
        return {}


def _position(headers: Mapping[int, Header], task: int, topic: str) -> int:
    """The next offset of a task's partition of a topic, 0 before its first commit."""
    lane = headers[task].lanes.get(topic) if task in headers else None
    return lane.position if lane is not None else 0


def _fetch(headers: Mapping[int, Header]) -> str:
    """How records are fetched, as the tasks say; empty before their first commit."""
    return ", ".join(sorted({header.fetch for header in headers.values() if header.fetch}))


def _open_letters(settings: Settings) -> Counter[str]:
    """Records by topic (catalogue name) that were given up on and not handled; one with two letters counts once."""
    from producers.dead_letters.letters import Selection, letters
    from producers.dead_letters.marks import is_open, standing

    marks = standing(settings.kafka)
    found = {letter.subject for letter in letters(settings.kafka, Selection())}
    return Counter(
        subject.topic.removesuffix(DEAD_LETTER_SUFFIX) for subject in found if is_open(marks.get(subject))
    )


def _size(folder: Path) -> int:
    """Bytes in a folder whose files come and go while they are counted."""
    total = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).stat().st_size
    return total


def _count(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _show(found: dict[str, Any], folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    words = {
        "waiting": _("menunggu"),
        "preparing": _("disiapkan"),
        "starting": _("mulai"),
        "renewing": _("dimulai ulang"),
        "healthy": _("tidak menjawab"),
    }
    if not found["running"]:
        console.print(_("Tidak ada yang berjalan di {folder}; jalankan nadi up.").format(folder=folder))
        return
    parts = Table(title=_("Bagian"))
    for title in (_("bagian"), _("keadaan"), "pid", _("dijalankan lagi"), _("alamat")):
        parts.add_column(title)
    for part in found["parts"]:
        state = _("siap") if part["healthy"] else words.get(part["phase"], part["phase"])
        parts.add_row(part["name"], state, str(part["pid"] or ""), str(part["restarts"]), part["url"])
    console.print(parts)
    topics = Table(title=_("Topik"))
    for title in (
        _("topik"), _("kejadian"), _("belum diolah"), _("belum tersimpan"), _("menunggu (detik)"), _("surat mati")
    ):  # fmt: skip
        named = title == _("topik")
        topics.add_column(title, justify="left" if named else "right", no_wrap=named)
    for row in found["topics"]:
        topics.add_row(
            row["topic"],
            *(_count(row[k]) for k in ("events", "stream_lag", "sink_lag")),
            f"{row['sink_behind_s']:.1f}".replace(".", ","),
            "?" if row["dead_letters"] is None else _count(row["dead_letters"]),
        )
    console.print(topics)
    console.print(
        _("Pengambil: {fetch}; data {size:.0f} MB").format(
            fetch=found["fetch"] or "–", size=found["data_bytes"] / 1e6
        )
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Menampilkan keadaan setiap bagian."))(status)
