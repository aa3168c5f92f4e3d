"""`nadi demo-alert`: one late permit, and its whole way through the running stack."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.settings import Settings
    from schemas.profile import Profile

DAYS_LATE = 60
DAY_MS = 86_400_000


def demo_alert(
    context: typer.Context,
    timeout: Annotated[float, typer.Option(help=_("berapa detik menunggu peringatan"))] = 60.0,
) -> None:
    """Terbitkan satu izin terlambat dan tunjukkan perjalanannya."""
    from infra.cli.main import fail, settings_of
    from infra.embedded.running import connected
    from infra.settings import resolve_profile
    from schemas.profile import Profile

    settings = connected(settings_of(context))
    profile = Profile.load(resolve_profile(settings.profile))
    if not profile.simulation_allowed:
        fail(
            _("profil {name} milik pemerintah nyata; contoh hanya untuk profil simulasi").format(
                name=profile.name
            ),
            2,
        )
    layout = settings.kafka.layout()
    ends = _alert_ends(settings)
    case = f"503/DEMO-{uuid.uuid4().hex[:6].upper()}/{datetime.now(UTC).year}"
    began = time.monotonic()
    delivered = _publish(settings, profile, case)
    typer.echo(
        _("1. Kejadian : permohonan {case} diterima lengkap {days} hari lalu").format(
            case=case, days=DAYS_LATE
        )
    )
    place = delivered[-1]
    typer.echo(_("2. Topik    : {0}, partisi {1}, offset {2}").format(*place))
    alert = _await_alert(settings, ends, case, began + timeout)
    if alert is None:
        fail(_("tidak ada peringatan dalam {0:.0f} detik; jalankan nadi doctor").format(timeout), 1)
    seconds = time.monotonic() - began
    typer.echo(
        _("3. Peringatan: {0} {1}, setelah {2:.1f} detik").format(alert["rule"], alert["alert_id"], seconds)
    )
    typer.echo(f"   {alert['sentence']}")
    for item in alert["evidence"]:
        typer.echo(_("4. Bukti    : {topic}/{partition}/{offset} {kind} {event_id}").format(**item))
    typer.echo(
        _("5. Halaman  : {url}").format(
            url=f"http://{settings.inspectorate.host}:{settings.inspectorate.port}/peringatan/{alert['alert_id']}"
        )
    )
    typer.echo(
        _("   Papan    : {url}").format(url=f"http://{settings.wallboard.host}:{settings.wallboard.port}/")
    )
    if layout.prefix:
        typer.echo(_("   Awalan topik: {prefix}").format(prefix=layout.prefix))


def _publish(settings: Settings, profile: Profile, case: str) -> list[tuple[str, int, int]]:
    """The three events of the case; returns topic, partition and offset of each."""
    from producers.client import Publisher

    now = int(time.time() * 1000)
    kind = next(
        t for t in profile.permit_types.values() if profile.service_standard(t.code, _day(profile, now))
    )
    holder = next((step.unit for step in kind.steps if step.unit), None)
    source = next(s for s in profile.sources.values() if s.domain == "permits")
    places: list[tuple[str, int, int]] = []
    with Publisher(settings.kafka, origin="simulated") as publisher:
        for number, (name, step) in enumerate(
            (("submitted", None), ("accepted", None), ("started", kind.steps[0].code if kind.steps else None))
        ):
            publisher.publish(
                "permits",
                {
                    "event_id": str(uuid.uuid4()),
                    "source": source.id,
                    "opd": source.opd,
                    "occurred_at": now - DAYS_LATE * DAY_MS + number * 3_600_000,
                    "kind": name,
                    "case_id": case,
                    "permit_type": kind.code,
                    "step": step,
                    "unit": holder,
                    "simulated": True,
                },
                on_delivery=lambda topic, partition, offset: places.append((topic, partition, offset)),
            )
        publisher.flush()
    return places


def _day(profile: Profile, ms: int) -> Any:
    return datetime.fromtimestamp(ms / 1000, profile.timezone).date()


def _alert_ends(settings: Settings) -> dict[tuple[str, int], int]:
    """Where the alert topic ends now, so that only what comes after is read."""
    from schemas import records
    from schemas.catalogue import ALERTS

    servers = settings.kafka.bootstrap_servers
    return records.ends(servers, records.partitions(servers, [settings.kafka.layout().topic(ALERTS.name)]))


def _await_alert(
    settings: Settings, ends: dict[tuple[str, int], int], case: str, deadline: float
) -> dict[str, Any] | None:
    from confluent_kafka import Consumer, TopicPartition

    from schemas.catalogue import ALERTS
    from schemas.codec import Codec, DecodeError
    from schemas.registry import open_ids

    codec = Codec(ALERTS.schema, open_ids(settings.kafka.schema_registry_url))
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka.bootstrap_servers,
            "group.id": "nadi-demo",
            "enable.auto.commit": False,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, partition, end) for (topic, partition), end in ends.items()])
        while time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is None or message.error():
                continue
            try:
                alert = codec.decode(message.value())
            except DecodeError:
                continue
            if alert["subject"] == case and alert["scope"] == "" and alert["level"] != "warning":
                return alert
    finally:
        consumer.close()
    return None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Terbitkan satu izin terlambat dan tunjukkan perjalanannya."))(demo_alert)
