"""`nadi relay`: a department's outbox table to the gateway, for its server. It reads a ``.env`` and no other setting."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.rules import say
from infra.cli.sending import explained
from infra.cli.texts import _

if TYPE_CHECKING:
    from producers.relay.environment import Environment
    from producers.relay.outbox import Outbox

Env = Annotated[Path, typer.Option("--env", help=_("berkas .env dari Diskominfo, ditambah NADI_OUTBOX"))]
Json = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]
SHOWN = 20


def register(app: typer.Typer) -> None:
    """Declare the command group ``relay``."""
    relay = typer.Typer(help=_("Relai outbox: dari tabel outbox OPD ke gerbang."), no_args_is_help=True)
    app.add_typer(relay, name="relay")
    relay.command(help=_("Mengirim baris yang menunggu, berurutan; Ctrl-C menghentikannya dengan rapi."))(run)
    relay.command(help=_("Menampilkan berapa baris menunggu, terkirim, dan disisihkan."))(status)
    relay.command(help=_("Mengirim lagi baris yang disisihkan, setelah diperbaiki."))(retry)
    relay.command(help=_("Menampilkan SQL untuk membuat tabel outbox."))(table)
    relay.command(help=_("Menampilkan relay.php, relai yang sama dalam satu berkas PHP untuk cron."))(php)


def run(
    env: Env = Path(".env"),
    once: Annotated[
        bool, typer.Option("--once", help=_("berhenti setelah tidak ada yang menunggu (untuk cron)"))
    ] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help=_("berhenti paling lama setelah sekian detik"))
    ] = None,
    batch: Annotated[
        int, typer.Option("--batch", min=1, max=500, help=_("baris paling banyak dalam satu kiriman"))
    ] = 200,
    as_json: Json = False,
) -> None:
    from infra.cli.sending import Telling, stopping
    from producers.relay.relay import Relay

    environment = _environment(env)
    stop = stopping()
    with explained():
        with _opened(environment) as outbox:
            total = outbox.counts().waiting
        with Telling(total) as telling:
            relay = Relay(environment, batch=batch, stop=stop, tell=telling)
            progress = relay.run(once=once, seconds=seconds)
    if as_json:
        say({"sent": progress.sent, "refused": progress.refused, "waiting_for": progress.waiting_for})
    else:
        typer.echo(
            _("{sent} terkirim, {refused} disisihkan").format(sent=progress.sent, refused=progress.refused)
        )
        if progress.refused:
            typer.echo(_("Lihat sebabnya: nadi relay status"), err=True)
    if progress.refused or progress.waiting_for:
        raise typer.Exit(1)


def status(env: Env = Path(".env"), as_json: Json = False) -> None:
    with explained(), _opened(_environment(env)) as outbox:
        counts, aside = outbox.counts(), outbox.aside(SHOWN)
    if as_json:
        say(
            {
                "waiting": counts.waiting,
                "oldest_waiting": counts.oldest,
                "sent": counts.sent,
                "set_aside": counts.aside,
                "rows": [row._asdict() for row in aside],
            }
        )
    else:
        typer.echo(
            _("{waiting} menunggu, {sent} terkirim, {aside} disisihkan").format(
                waiting=counts.waiting, sent=counts.sent, aside=counts.aside
            )
        )
        if counts.oldest:
            typer.echo(_("Yang paling lama menunggu dibuat {time} (UTC).").format(time=counts.oldest))
        for row in aside:
            typer.echo(f"{row.seq}  {row.id}  {row.type}  {row.created_at}\n    {row.last_error}")
        if counts.aside > len(aside):
            typer.echo(_("… dan {n} baris lagi").format(n=counts.aside - len(aside)))
        if counts.aside:
            typer.echo(_("Perbaiki barisnya, lalu: nadi relay retry ID"))
    if counts.aside:
        raise typer.Exit(1)


def retry(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help=_("id baris yang disisihkan"))] = None,
    every: Annotated[bool, typer.Option("--all", help=_("semua yang disisihkan"))] = False,
    env: Env = Path(".env"),
) -> None:
    if bool(ids) == every:
        raise typer.BadParameter(_("sebutkan id baris, atau --all"))
    with explained(), _opened(_environment(env)) as outbox:
        count = outbox.retry(ids or ())
    typer.echo(_("{n} baris menunggu lagi.").format(n=count))
    if not count:
        raise typer.Exit(1)


def table(
    database: Annotated[str, typer.Argument(metavar="DATABASE", help=_("mysql, postgresql, atau sqlite"))],
) -> None:
    from producers.relay.dialects import ALIASES, DIALECTS

    found = DIALECTS.get(ALIASES.get(database, database))
    if found is None:
        raise typer.BadParameter(
            _("{name} tidak dikenal; pilih {known}").format(name=database, known=", ".join(DIALECTS))
        )
    sys.stdout.write(found.ddl)


def php() -> None:
    from producers import relay

    sys.stdout.write(Path(relay.__file__).with_name("relay.php").read_text("utf-8"))


def _environment(path: Path) -> Environment:
    from producers.relay.environment import Environment

    return Environment.load(path)


def _opened(environment: Environment) -> Outbox:
    from producers.relay.outbox import Outbox

    return Outbox(environment.database, environment.table)
