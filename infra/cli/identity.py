"""`nadi identity`: what a token stands for, revealed by two persons, forgotten, and who did what."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.opd import Json, connected_kafka
from infra.cli.rules import profile_of, say
from infra.cli.texts import _

Token = Annotated[str, typer.Argument(metavar="TOKEN", help=_("token seperti pada kejadian atau peringatan"))]
Reason = Annotated[str, typer.Option("--reason", help=_("alasan, untuk dibaca orang lain; wajib"))]
Case = Annotated[str, typer.Option("--case", help=_("nomor perkara atau surat tugas; wajib"))]


def register(app: typer.Typer) -> None:
    """Declare the command group ``identity``."""
    identity = typer.Typer(
        help=_("Identitas di balik token: membuka dengan dua orang, menghapus, melihat catatan."),
        no_args_is_help=True,
    )
    app.add_typer(identity, name="identity")
    identity.command(
        help=_("Meminta nomor di balik token; sesudah disetujui orang kedua, menampilkannya sekali.")
    )(reveal)
    identity.command(help=_("Menyetujui permintaan orang lain; salah seorang harus dari inspektorat."))(
        approve
    )
    identity.command(help=_("Menghapus nomor di balik token untuk seterusnya; tokennya tetap."))(forget)
    identity.command("log", help=_("Menampilkan siapa meminta, menyetujui, membuka, dan menghapus."))(history)


def reveal(
    context: typer.Context, token: Token, reason: Reason = "", case: Case = "", as_json: Json = False
) -> None:
    from infra.access import identity

    settings = connected_kafka(context)
    found = identity.reveal(settings, profile_of(settings), token, reason, case)
    if as_json:
        say({"request": found.request.id, "token": token, "number": found.number})
    elif found.number is not None:
        typer.echo(found.number)
    else:
        typer.echo(
            _(
                "Permintaan {request} menunggu orang kedua: nadi identity approve {request}. Sesudah itu jalankan perintah "
                "ini lagi dalam 24 jam."
            ).format(request=found.request.id)
        )


def approve(
    context: typer.Context,
    request: Annotated[str, typer.Argument(metavar="REQUEST", help=_("nomor permintaan"))],
    as_json: Json = False,
) -> None:
    from infra.access import identity

    settings = connected_kafka(context)
    found = identity.approve(settings, profile_of(settings), request)
    if as_json:
        say(
            {
                "request": found.id,
                "token": found.token,
                "who": found.who,
                "reason": found.reason,
                "case": found.case,
            }
        )
        return
    typer.echo(
        _("Permintaan {request} dari {who} disetujui (perkara {case}: {reason}).").format(
            request=found.id, who=found.who, case=found.case, reason=found.reason
        )
    )


def forget(
    context: typer.Context,
    token: Token,
    reason: Reason = "",
    case: Case = "",
    yes: Annotated[bool, typer.Option("--yes", help=_("laksanakan; tidak dapat dibatalkan"))] = False,
    as_json: Json = False,
) -> None:
    from infra.access import identity

    if not yes:
        raise typer.BadParameter(
            _("penghapusan tidak dapat dibatalkan; tambahkan --yes bila memang dikehendaki")
        )
    settings = connected_kafka(context)
    kept = identity.forget(settings, profile_of(settings), token, reason, case)
    if as_json:
        say({"token": token, "erased": kept})
    elif kept:
        typer.echo(_("Nomor di balik token itu dihapus; tokennya tidak dapat dibuka lagi."))
    else:
        typer.echo(_("Tidak ada nomor yang tersimpan untuk token itu; selanjutnya pun tidak akan disimpan."))


def history(context: typer.Context, as_json: Json = False) -> None:
    from infra.access import identity
    from infra.cli.opd_words import when

    settings = connected_kafka(context)
    entries = identity.history(settings.kafka)
    if as_json:
        say([identity.as_json(entry) for entry in entries])
        return
    profile, names = profile_of(settings), identity.step_names()
    for entry in entries:
        more = " · ".join(
            str(entry.values[name]) for name in ("token", "case", "reason") if name in entry.values
        )
        typer.echo(
            f"{when(entry.at, profile)}  {entry.who:<16} {names[entry.kind]:<10} {entry.subject}  {more}"
        )
