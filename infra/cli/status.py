"""`nadi status`: what runs, whether it is healthy, and how far behind it is."""

from __future__ import annotations

import contextlib
import json
import os
import sys
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
    """Per domain topic: events, how many the workers and the sink have yet to take, and dead letters."""
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    from schemas.catalogue import DOMAINS

    layout = settings.kafka.layout()
    rows: list[dict[str, Any]] = []
    groups = {"stream_lag": settings.streams.group, "sink_lag": settings.clickhouse.group}
    consumers = {
        name: Consumer(
            {
                "bootstrap.servers": settings.kafka.bootstrap_servers,
                "group.id": group,
                "enable.auto.commit": False,
            }
        )
        for name, group in groups.items()
    }
    try:
        for topic in DOMAINS.values():
            places = [TopicPartition(layout.topic(topic.name), p) for p in range(settings.kafka.partitions)]
            letters = [
                TopicPartition(layout.topic(topic.dead_letters), p) for p in range(settings.kafka.partitions)
            ]
            asker = next(iter(consumers.values()))
            ends = [asker.get_watermark_offsets(place, timeout=5)[1] for place in places]
            row = {"topic": topic.name, "events": sum(ends)}
            row["dead_letters"] = sum(asker.get_watermark_offsets(place, timeout=5)[1] for place in letters)
            for name, consumer in consumers.items():
                done = [max(0, place.offset) for place in consumer.committed(places, timeout=5)]
                row[name] = sum(end - at for end, at in zip(ends, done, strict=True))
            rows.append(row)
    except KafkaException:
        return rows  # the broker is starting again; the parts say so
    finally:
        for consumer in consumers.values():
            consumer.close()
    return rows


def _size(folder: Path) -> int:
    """Bytes in a folder whose files come and go while they are counted."""
    total = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).stat().st_size
    return total


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
    for title in (_("topik"), _("kejadian"), _("belum diolah"), _("belum tersimpan"), _("surat mati")):
        topics.add_column(title, justify="left" if title == _("topik") else "right")
    for row in found["topics"]:
        topics.add_row(
            row["topic"],
            *(
                f"{row.get(k, 0):,}".replace(",", ".")
                for k in ("events", "stream_lag", "sink_lag", "dead_letters")
            ),
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
