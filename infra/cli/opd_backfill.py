"""`nadi opd backfill`: loads of old events, announced by source and period, so that the gateway lets them in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.rules import profile_of, say
from infra.cli.texts import _

if TYPE_CHECKING:
    from producers.access.backfills import Announced

Json = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]
DAY = ["%Y-%m-%d"]


def register(opd: typer.Typer) -> None:
    """Declare the command group ``backfill`` of `nadi opd`."""
    group = typer.Typer(help=_("Pemuatan riwayat: mengumumkan, menampilkan, menutup."), no_args_is_help=True)
    opd.add_typer(group, name="backfill")
    group.command(help=_("Mengumumkan bahwa sebuah sumber akan mengirim kejadian lama dari suatu masa."))(
        announce
    )
    group.command("list", help=_("Menampilkan pengumuman yang masih terbuka."))(list_loads)
    group.command(help=_("Menutup pengumuman: kejadian lama sesudahnya ditolak lagi."))(close)


def announce(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help=_("sumber, misalnya /opd/2.18.01/perizinan"))
    ],
    first: Annotated[
        datetime, typer.Option("--from", formats=DAY, help=_("hari pertama riwayat, YYYY-MM-DD"))
    ],
    last: Annotated[datetime, typer.Option("--to", formats=DAY, help=_("hari terakhir riwayat, YYYY-MM-DD"))],
    reason: Annotated[str, typer.Option("--reason", help=_("alasan, untuk dibaca orang lain"))] = "",
    as_json: Json = False,
) -> None:
    from infra.access import loads
    from infra.cli.opd import connected_kafka

    settings = connected_kafka(context)
    made = loads.announce(settings.kafka, profile_of(settings), source, first.date(), last.date(), reason)
    if as_json:
        say(_plain(made))
        return
    typer.echo(
        _(
            'Pengumuman {id}: {source} boleh mengirim kejadian {first} sampai {last} dengan data.mode "backfill".'
        ).format(id=made.id, source=made.source, first=made.first, last=made.last)
    )
    typer.echo(_("Tutup setelah selesai: nadi opd backfill close {id}").format(id=made.id))


def list_loads(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help=_("juga yang sudah ditutup"))] = False,
    as_json: Json = False,
) -> None:
    from infra.access.loads import loads_of
    from infra.cli.opd import connected_kafka
    from infra.cli.opd_words import when

    settings = connected_kafka(context)
    profile = profile_of(settings)
    found = sorted(loads_of(settings.kafka, profile).loads.values(), key=lambda load: load.at)
    shown = [load for load in found if every or load.state == "open"]
    if as_json:
        say([_plain(load) for load in shown])
        return
    if not shown:
        typer.echo(_("Tidak ada pemuatan riwayat yang diumumkan."))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(
        _("nomor"), _("sumber"), _("dari"), _("sampai"), _("keadaan"), _("diumumkan"), _("oleh"), _("alasan")
    )
    for load in shown:
        state = _("terbuka") if load.state == "open" else _("ditutup")
        table.add_row(
            load.id,
            load.source,
            str(load.first),
            str(load.last),
            state,
            when(load.at, profile),
            load.who,
            load.reason,
        )
    Console().print(table)


def close(
    context: typer.Context,
    load: Annotated[
        str, typer.Argument(metavar="ID", help=_("nomor pengumuman, lihat nadi opd backfill list"))
    ],
    as_json: Json = False,
) -> None:
    from infra.access import loads
    from infra.cli.opd import connected_kafka

    settings = connected_kafka(context)
    closed = loads.close(settings.kafka, profile_of(settings), load)
    if as_json:
        say(_plain(closed))
        return
    typer.echo(_("Pengumuman {id} ditutup.").format(id=closed.id))


def _plain(load: Announced) -> dict[str, Any]:
    """A load as JSON; days are local, times UTC ms."""
    found: dict[str, Any] = {
        "id": load.id, "state": load.state, **load.announced(), "announced_at": load.at, "announced_by": load.who,
    }  # fmt: skip
    if load.closed_at is not None:
        found |= {"closed_at": load.closed_at, "closed_by": load.closed_by}
    return found
