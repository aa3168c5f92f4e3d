"""`nadi status`: what runs, whether it is healthy, and how far behind it is."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.settings import Settings


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
        "fetch": "confluent-kafka",
    }
    if record is not None:
        found["parts"] = list(record["parts"].values())
        found["topics"] = _topics(connected(settings))
        found["data_bytes"] = _size(settings.data_dir)
    if as_json:
        json.dump(found, sys.stdout)
        sys.stdout.write("\n")
    else:
        _show(found, settings.data_dir)
    raise typer.Exit(0 if record is not None and all(p["healthy"] for p in found["parts"]) else 1)


def _topics(settings: Settings) -> list[dict[str, Any]]:
    """Per domain topic: events, how many the workers and the sink have yet to take, how many seconds the first of
    these has been waiting for the sink, and dead letters (none where ClickHouse does not answer)."""
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    from schemas.catalogue import DOMAINS
    from sinks.clickhouse.freshness import freshness

    kafka = settings.kafka
    layout = kafka.layout()
    rows: list[dict[str, Any]] = []
    letters = _dead_letters(settings)
    workers: Any = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": settings.streams.group,
            "enable.auto.commit": False,
        }
    )
    try:
        names = [topic.name for topic in DOMAINS.values()]
        found = freshness(kafka.bootstrap_servers, layout, settings.clickhouse.group, names)
        now = int(time.time() * 1000)
        for name in names:
            stored = [place for place in found if place.topic == name]
            places = [TopicPartition(layout.topic(name), p.partition) for p in stored]
            done = [max(0, place.offset) for place in workers.committed(places, timeout=5)]
            rows.append(
                {
                    "topic": name,
                    "events": sum(p.end for p in stored),
                    "stream_lag": sum(p.end - at for p, at in zip(stored, done, strict=True)),
                    "sink_lag": sum(p.end - p.queryable for p in stored),
                    "sink_behind_s": max((p.behind_ms(now) for p in stored), default=0) / 1000,
                    "dead_letters": None if letters is None else letters.get(name, 0),
                }
            )
    except (KafkaException, TimeoutError):
        return rows  # the broker is starting again; the parts say so
    finally:
        workers.close()
    return rows


def _dead_letters(settings: Settings) -> dict[str, int] | None:
    """Records by topic that somebody gave up on, from the table: on Kafka a letter may stand twice. None while
    ClickHouse does not answer."""
    from clickhouse_connect.driver.exceptions import Error

    from sinks.clickhouse.audit import dead_letters
    from sinks.clickhouse.client import connect

    try:
        client = connect(settings.clickhouse)
        try:
            return dead_letters(client, settings.clickhouse.database)
        finally:
            client.close()
    except (Error, OSError):
        return None


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
        topics.add_column(title, justify="left" if title == _("topik") else "right")
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
            fetch=found["fetch"], size=found["data_bytes"] / 1e6
        )
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Menampilkan keadaan setiap bagian."))(status)
