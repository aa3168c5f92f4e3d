"""`nadi catalogue`: services of the bus, who publishes and who reads, also as AsyncAPI."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from infra.cli.rules import profile_of, say
from infra.cli.texts import _


def register(app: typer.Typer) -> None:
    """Declare the command ``catalogue``."""
    app.command(help=_("Katalog layanan bus: penerbit dan pemakai setiap topik, juga sebagai AsyncAPI."))(
        catalogue
    )


def catalogue(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=_("dokumen AsyncAPI 3.0"))] = False,
) -> None:
    from infra.access.issuing import book_of
    from infra.cli.opd import connected_kafka
    from producers.arrivals.asyncapi import CONSUMERS, TITLES, WRITERS, document, publishers
    from schemas.catalogue import TOPICS

    settings = connected_kafka(context)
    profile, now = profile_of(settings), time.time_ns() // 1_000_000
    keys = [key for key in book_of(settings.kafka).keys.values() if key.state(now) == "live"]
    if as_json:
        say(document(profile, keys))
        return
    for topic in TOPICS.values():
        typer.echo(f"{topic.name}  {TITLES[topic.name]}")
        if topic.name in WRITERS:
            typer.echo("   " + _("penerbit: {who}").format(who=WRITERS[topic.name] or "–"))
        for one in publishers(topic, profile, keys) if topic.name not in WRITERS else ():
            state = _("ada kunci berlaku") if one.live_key else _("belum ada kunci")
            typer.echo("   " + _("penerbit: {who}").format(who=f"{one.name}, {one.source} ({state})"))
        typer.echo("   " + _("pemakai: {who}").format(who=", ".join(CONSUMERS[topic.name])))
