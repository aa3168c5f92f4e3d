"""`nadi run PART`: one process of the stack in the foreground; `nadi up` starts them all this way."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.texts import _

#: What each part imports before it waits for its turn: a second or two of work while the broker starts.
HEAVY = {
    "stream": ("confluent_kafka", "streams.worker", "streams.domains", "streams.engine.app"),
    "sink": ("confluent_kafka", "clickhouse_connect", "sinks.clickhouse.sink"),
    "wallboard": ("confluent_kafka", "clickhouse_connect", "sinks.wallboard.app", "infra.rules.states"),
    "inspectorate": (
        "confluent_kafka",
        "clickhouse_connect",
        "sinks.inspectorate.app",
        "infra.rules.served",
        "infra.risks.served",
    ),
    "gateway": ("confluent_kafka", "pyruhvro", "producers.gateway.serving"),
    "simulator": ("confluent_kafka", "producers.simulator.demo"),
}
POLL_SECONDS = 0.05

app = typer.Typer(help=_("Menjalankan satu bagian saja (dipakai oleh nadi up)."), no_args_is_help=True)


@app.callback()
def prepare(
    context: typer.Context,
    after: Annotated[
        list[Path] | None, typer.Option(help=_("mulai bekerja setelah berkas ini ada (dipakai oleh nadi up)"))
    ] = None,
) -> None:
    """Set up logging for the process, import what it needs, and wait for its turn."""
    from infra.logs import set_up

    set_up()
    if after:
        for module in HEAVY.get(context.invoked_subcommand or "", ()):
            importlib.import_module(module)
        _await(after)


def _await(markers: list[Path]) -> None:
    """Wait until every file is there; end when the supervisor is gone."""
    supervisor = os.getppid()
    while not all(marker.exists() for marker in markers):
        if os.getppid() != supervisor:
            sys.exit("the supervisor ended before this part could start")
        time.sleep(POLL_SECONDS)


@app.command(help=_("pengolah arus"))
def stream(
    context: typer.Context,
    index: Annotated[int, typer.Option(help=_("nomor pengolah, mulai 0"))] = 0,
    http_port: Annotated[int, typer.Option(help=_("port metrik"))] = 8610,
) -> None:
    """One stream worker."""
    from infra.cli.main import settings_of
    from infra.settings import resolve_profile
    from schemas.profile import Profile
    from streams import worker

    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    worker.run(
        settings.kafka,
        settings.streams,
        profile,
        index=index,
        data_dir=settings.data_dir,
        http_port=http_port,
    )


@app.command(help=_("penyimpan ke ClickHouse"))
def sink(
    context: typer.Context, http_port: Annotated[int, typer.Option(help=_("port metrik"))] = 8611
) -> None:
    """The ClickHouse sink."""
    from infra.cli.main import settings_of
    from sinks.clickhouse import sink as clickhouse_sink

    settings = settings_of(context)
    clickhouse_sink.run(settings.kafka, settings.clickhouse, http_port=http_port)


@app.command(help=_("mesin ClickHouse tertanam"))
def clickhouse(context: typer.Context) -> None:
    """The embedded ClickHouse engine."""
    from infra.cli.main import settings_of
    from infra.embedded.clickhouse import serve

    settings = settings_of(context)
    serve(settings.data_dir / "clickhouse", settings.ports.clickhouse)


@app.command(help=_("papan pusat kendali"))
def wallboard(context: typer.Context) -> None:
    """The wallboard."""
    from infra.cli.main import settings_of
    from infra.reconciliation.outcomes import Outcomes, shown
    from infra.rules.states import States, lenient
    from infra.settings import resolve_profile
    from schemas.profile import Profile
    from sinks.wallboard import app as wallboard_app

    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    wallboard_app.run(
        settings.kafka,
        settings.clickhouse,
        settings.wallboard,
        profile,
        inspectorate_url=f"http://{settings.inspectorate.host}:{settings.inspectorate.port}/",
        workers_group=settings.streams.group,
        observed=lenient(States(settings.data_dir)),
        reconciled=shown(Outcomes(settings.data_dir)),
    )


@app.command(help=_("halaman inspektorat"))
def inspectorate(context: typer.Context) -> None:
    """The inspectorate's pages."""
    from infra.cli.main import settings_of
    from infra.risks.served import ServedRankings
    from infra.rules.served import Served
    from infra.rules.states import States, lenient
    from infra.settings import resolve_profile
    from schemas.profile import Profile
    from sinks.inspectorate import app as inspectorate_app

    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    states = States(settings.data_dir)
    observed = lenient(states)
    inspectorate_app.run(
        settings.kafka,
        settings.clickhouse,
        settings.inspectorate,
        profile,
        observed=observed,
        rule_pages=Served(settings, profile, states).page,
        rankings=ServedRankings(settings.clickhouse, profile, observed).get,
    )


@app.command(help=_("gerbang kiriman OPD"))
def gateway(context: typer.Context) -> None:
    """The gateway."""
    from infra.cli.main import settings_of
    from infra.cli.publish import KEYS_FILE
    from infra.settings import resolve_profile
    from producers.access.keys import Keys
    from producers.arrivals.routes import TRAIL_FILE, Site
    from producers.gateway import protecting, serving
    from producers.gateway.uploads.work import Files
    from producers.persons import Persons
    from producers.tokens import Tokens
    from producers.vault import Vault
    from schemas.profile import Profile

    settings = settings_of(context)
    profile, identity, data_dir = (
        Profile.load(resolve_profile(settings.profile)), settings.identity, settings.data_dir,
    )  # fmt: skip
    vault = (
        Vault.open(identity.vault_path(data_dir), identity.vault_key(data_dir)) if identity.vault else None
    )
    persons = Persons(Tokens.open(data_dir / KEYS_FILE), regency=profile.code, vault=vault)
    with Keys.follow(settings.kafka, profile, counts=data_dir / "gateway" / "quota.db") as keys:
        files = Files(data_dir / "gateway" / "berkas", profile)
        site = Site(profile, data_dir / "gateway" / TRAIL_FILE, keys.book)
        serving.run(settings.kafka, settings.gateway, keys, protecting.of(persons), files, site)


@app.command(help=_("kabupaten tiruan (DATA SIMULASI)"))
def simulator(context: typer.Context) -> None:
    """The demonstration's departments: this year's history once, then live."""
    from infra.cli.main import settings_of
    from infra.settings import resolve_profile
    from producers.simulator.demo import run as run_demo
    from schemas.profile import Profile

    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    run_demo(settings.kafka, profile, settings.data_dir / "simulator.json")


def register(root: typer.Typer) -> None:
    """Add the group."""
    root.add_typer(app, name="run")
