"""``nadi profile activate`` and ``history``: which profile is in force on a data folder, since when and by whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from pathlib import Path

    from infra.settings import Settings
    from schemas.profile import Profile


def register(app: typer.Typer) -> None:
    """Declare the commands on the app of ``nadi profile``."""
    app.command(
        help=_(
            "Memeriksa profil, menyalinnya ke folder data, dan memberlakukan salinan itu. nadi up yang sedang berjalan "
            "memulai ulang pengolah dan halamannya dengan salinan baru. Profil yang bermasalah ditolak dan yang "
            "berjalan tetap berjalan. Sesudahnya, mengubah folder profil tidak berpengaruh sampai diaktifkan lagi."
        ),
        short_help=_("Memberlakukan profil."),
    )(activate)
    app.command(help=_("Menampilkan profil yang pernah diaktifkan: kapan, oleh siapa, dengan hash apa."))(
        history
    )


def activate(
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(help=_("Nama atau folder profil; bawaan: profil yang dipakai."))
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False,
) -> None:
    """Check it, refuse it or put it into force, and wait until what runs has it."""
    from infra.activation import Activations
    from infra.cli.main import settings_of
    from infra.cli.profile import folder_of, print_json, say_problems
    from infra.embedded.running import await_profile, record_of, runs_with
    from schemas.profile import Problem, ProfileError

    settings = settings_of(context)
    activations = Activations(settings.data_dir)
    source = folder_of(context, path)
    refused: list[Problem] = []
    try:
        refused = _misfits(settings, source)
        if not refused:
            profile, new = activations.activate(source)
    except ProfileError as error:
        refused = list(error.problems)
    if refused:
        if as_json:
            print_json({"path": str(source), "ok": False, "problems": [p.to_dict() for p in refused]})
        else:
            say_problems(refused)
            typer.echo(_("Profil ditolak; yang berjalan tidak berubah."), err=True)
        raise typer.Exit(1)
    has_it = runs_with(record_of(settings), profile)
    restarted = None if has_it else await_profile(settings, source, profile)
    if as_json:
        print_json(
            {
                "path": str(source),
                "ok": restarted is not False,
                "problems": [],
                "hash": profile.hash,
                "copy": str(profile.path),
                "new": new,
                "restarted": restarted,
            }
        )
    else:
        _say(profile, new=new, restarted=restarted, log=activations.log)
    if restarted is False:
        raise typer.Exit(1)


def history(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False
) -> None:
    """Every activation on the data folder, newest first."""
    from infra.activation import Activations
    from infra.cli.main import settings_of
    from infra.cli.profile import print_json

    activations = Activations(settings_of(context).data_dir)
    found = activations.history()[::-1]
    if as_json:
        print_json({"activations": [asdict(item) for item in found]})
        return
    if not found:
        typer.echo(_("Belum ada profil yang diaktifkan di folder data ini."))
    for item in found:
        typer.echo(f"{item.at}  {item.hash[:12]}  {item.who:<12} {item.name} ({item.code})  {item.source}")


def _misfits(settings: Settings, source: Path) -> list[Any]:
    """Why a profile cannot take the place of the one that runs; nothing where nothing runs.

    Raises ProfileError for a profile with problems.
    """
    from infra.embedded.running import record_of
    from schemas.profile import Problem, Profile

    profile = Profile.load(source)
    record = record_of(settings)
    if record is None:
        return []
    running = Profile.load(record["profile"])
    if str(source.resolve()) != record.get("profile_source", record["profile"]):
        return [
            Problem(
                str(source),
                0,
                f"yang berjalan memakai profil {record.get('profile_source', record['profile'])}",
                "aktifkan profil itu, atau hentikan nadi up dan mulai lagi dengan --profile",
            )
        ]
    if profile.code != running.code:
        return [
            Problem(
                "profile.toml",
                0,
                f"code = {profile.code!r}, yang berjalan {running.code!r}",
                "satu folder data untuk satu pemerintah; pakai --data-dir lain",
            )
        ]
    if "simulator" in record["parts"] and not profile.simulation_allowed:
        return [
            Problem(
                "profile.toml",
                0,
                "simulation_allowed = false, padahal simulasi sedang berjalan",
                "hentikan nadi up --demo dahulu",
            )
        ]
    return []


def _say(profile: Profile, *, new: bool, restarted: bool | None, log: Path) -> None:
    from infra.embedded.running import RESTART_SECONDS

    digest = profile.hash[:12]
    if new:
        typer.echo(
            _("{name}: profil {digest} diaktifkan; tercatat di {log}.").format(
                name=profile.name, digest=digest, log=log
            )
        )
    else:
        typer.echo(_("{name}: profil {digest} sudah aktif.").format(name=profile.name, digest=digest))
    if restarted:
        typer.echo(_("Pengolah dan halaman sudah berjalan dengan profil ini."))
    elif restarted is False:
        typer.echo(
            _(
                "Yang berjalan belum siap dengan profil ini setelah {seconds:.0f} detik; lihat nadi status."
            ).format(seconds=RESTART_SECONDS),
            err=True,
        )
