"""`nadi spool`: the durable queue of a server that publishes with Python. It reads a ``.env`` and no other setting."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.rules import say
from infra.cli.texts import _

if TYPE_CHECKING:
    from producers.spool.outgoing import Outlet

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help=_("folder antrean"))]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help=_("id kejadian yang ditolak"))]
Every = Annotated[bool, typer.Option("--all", help=_("semua yang ditolak"))]
Json = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]
SHOWN = 20
MOST_JSON = 100_000


def register(app: typer.Typer) -> None:
    """Declare the command group ``spool``."""
    spool = typer.Typer(
        help=_("Antrean yang bertahan: mengirim, melihat, membereskan yang ditolak."), no_args_is_help=True
    )
    app.add_typer(spool, name="spool")
    spool.command(
        help=_("Mengirim yang menunggu ke gerbang, berurutan; Ctrl-C menghentikannya dengan rapi.")
    )(run)
    spool.command(help=_("Menampilkan berapa yang menunggu, sejak kapan, dan kesalahan terakhir."))(status)
    spool.command(help=_("Menampilkan kejadian yang ditolak gerbang, dan sebabnya."))(refused)
    spool.command(help=_("Mengirim lagi kejadian yang ditolak, setelah diperbaiki."))(resend)
    spool.command(help=_("Menghapus kejadian yang ditolak, untuk selamanya."))(discard)


def run(
    folder: Folder,
    env: Annotated[Path, typer.Option("--env", help=_("berkas .env dari Diskominfo"))] = Path(".env"),
    once: Annotated[bool, typer.Option("--once", help=_("berhenti setelah tidak ada yang menunggu"))] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=1, help=_("berhenti paling lama setelah sekian detik"))
    ] = None,
    batch: Annotated[
        int, typer.Option("--batch", min=1, max=500, help=_("kejadian paling banyak dalam satu kiriman"))
    ] = 200,
    as_json: Json = False,
) -> None:
    from infra.cli.sending import Telling, stopping
    from producers.sending.environment import Gateway
    from producers.spool.sender import Sender

    gateway = Gateway.load(env)
    stop = stopping()
    with _opened(folder, make=True) as outlet:
        total = outlet.status().waiting
    with Telling(total) as telling:
        sender = Sender(folder, gateway, batch=batch, stop=stop, tell=telling)
        progress = sender.run(once=once, seconds=seconds)
    if as_json:
        say(asdict(progress))
    else:
        typer.echo(
            _("{sent} terkirim, {refused} disisihkan").format(sent=progress.sent, refused=progress.refused)
        )
        if progress.refused:
            typer.echo(_("Lihat sebabnya: nadi spool refused {folder}").format(folder=folder), err=True)
    if progress.refused or progress.waiting_for:
        raise typer.Exit(1)


def status(folder: Folder, as_json: Json = False) -> None:
    from producers.spool.status import instant

    with _opened(folder) as outlet:
        found = outlet.status()
    if as_json:
        times = {name: getattr(found, name) for name in ("oldest", "success_at", "error_at")}
        say(
            {**asdict(found), **{name: instant(at) if at is not None else None for name, at in times.items()}}
        )
    else:
        lines = [
            (_("Menunggu"), f"{found.waiting}"),
            (_("Paling lama sejak"), instant(found.oldest)),
            (_("Ditolak"), f"{found.refused}"),
            (_("Isi"), _("{n} dari {most} kejadian").format(n=found.rows, most=found.most_rows)),
            ("", _("{n} dari {most} byte").format(n=found.bytes, most=found.most_bytes)),
            (_("Terkirim"), f"{found.sent}"),
            (_("Terakhir berhasil"), instant(found.success_at)),
            (_("Kesalahan terakhir"), f"{instant(found.error_at)}  {found.error or ''}".rstrip()),
        ]
        for name, value in lines:
            typer.echo(f"{name:<20}{value}")
        if found.refused:
            typer.echo(_("Lihat sebabnya: nadi spool refused {folder}").format(folder=folder), err=True)
    if found.refused:
        raise typer.Exit(1)


def refused(
    folder: Folder,
    body: Annotated[
        str,
        typer.Option(
            "--body", metavar="ID", help=_("isi satu kejadian, untuk diperbaiki; dapat memuat nomor orang")
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    from producers.spool.status import instant

    with _opened(folder) as outlet:
        if body:
            found = outlet.body(body)
            if found is None:
                raise typer.BadParameter(_("tidak ada kejadian yang ditolak dengan id {id}").format(id=body))
            sys.stdout.write(json.dumps(json.loads(found), ensure_ascii=False, indent=2) + "\n")
            return
        count, events = outlet.status().refused, outlet.refused(MOST_JSON if as_json else SHOWN)
    if as_json:
        say([{**event._asdict(), "put_at": instant(event.put_at)} for event in events])
    else:
        for event in events:
            typer.echo(
                f"{event.id}  {event.source}  {event.type}  {instant(event.put_at)}\n    {event.reason}"
            )
        if count > len(events):
            typer.echo(_("… dan {n} kejadian lagi").format(n=count - len(events)))
    if count:
        raise typer.Exit(1)


def resend(
    folder: Folder,
    ids: Ids = None,
    every: Every = False,
    mended: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help=_("isi yang sudah diperbaiki, untuk satu id")),
    ] = None,
) -> None:
    chosen = _chosen(ids, every)
    with _opened(folder) as outlet:
        if mended is None:
            count = outlet.resend(chosen)
        elif chosen is not None and len(chosen) == 1:
            count = int(outlet.mend(chosen[0], _event(mended)))
        else:
            raise typer.BadParameter(_("--from memerlukan tepat satu id"))
    typer.echo(_("{n} kejadian menunggu lagi.").format(n=count))
    if not count:
        raise typer.Exit(1)


def discard(
    folder: Folder,
    ids: Ids = None,
    every: Every = False,
    yes: Annotated[bool, typer.Option("--yes", help=_("sungguh menghapus"))] = False,
) -> None:
    chosen = _chosen(ids, every)
    if not yes:
        raise typer.BadParameter(_("tanpa --yes tidak ada yang dihapus"))
    with _opened(folder) as outlet:
        count = outlet.discard(chosen)
    typer.echo(_("{n} kejadian dihapus.").format(n=count))
    if not count:
        raise typer.Exit(1)


def _chosen(ids: list[str] | None, every: bool) -> list[str] | None:
    if bool(ids) == every:
        raise typer.BadParameter(_("sebutkan id kejadian, atau --all"))
    return None if every else ids


def _event(path: Path) -> dict[str, Any]:
    from producers.spool.errors import EventError

    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EventError(f"{path}: bukan JSON yang dapat dibaca ({error}).") from error
    if not isinstance(found, dict):
        raise EventError(f"{path}: harus satu kejadian, berupa objek JSON.")
    return found


@contextmanager
def _opened(folder: Path, *, make: bool = False) -> Iterator[Outlet]:
    from contextlib import closing

    from producers.spool.outgoing import Outlet

    with closing(Outlet.open(folder, make=make)) as outlet:
        yield outlet
