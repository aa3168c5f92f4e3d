"""``nadi profile``: check, begin, show and share the folder that describes a government; activation is next door."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.profile import Problem, Profile

app = typer.Typer(
    help=_("Profil kabupaten: memeriksa, mengaktifkan, membuat, membagikan."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
FRAME = "kotawaringin-barat"
ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}

AsJson = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]


def register(root: typer.Typer) -> None:
    """Declare the commands on the root app."""
    from infra.cli import profile_activate

    profile_activate.register(app)
    root.add_typer(app, name="profile")


@app.command(help=_("Memeriksa profil: setiap masalah dengan berkas, baris, dan cara memperbaikinya."))
def check(
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(help=_("Nama atau folder profil; bawaan: profil yang dipakai."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    from schemas.profile import check as check_profile

    folder = folder_of(context, path)
    problems = check_profile(folder)
    if as_json:
        print_json({"path": str(folder), "ok": not problems, "problems": [p.to_dict() for p in problems]})
    elif problems:
        say_problems(problems)
    else:
        typer.echo(_("{path}: profil ini dapat dipakai.").format(path=folder))
    if problems:
        raise typer.Exit(1)


@app.command(help=_("Menampilkan isi profil secara ringkas."))
def show(
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(help=_("Nama atau folder profil; bawaan: profil yang dipakai."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    from schemas.profile import Profile

    facts = _facts(Profile.load(folder_of(context, path)))
    if as_json:
        print_json(facts)
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        typer.echo(f"{name:<{width}}  {value}")


@app.command(help=_("Membuat profil baru; yang tidak diberikan sebagai pilihan akan ditanyakan."))
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder baru untuk profil."))],
    name: Annotated[str, typer.Option(help=_("Nama pemerintah, misalnya Kabupaten Contoh."))] = "",
    code: Annotated[str, typer.Option(help=_("Kode wilayah PP.KK, misalnya 62.01."))] = "",
    province: Annotated[str, typer.Option(help=_("Nama provinsi."))] = "",
    timezone: Annotated[str, typer.Option(help=_("WIB, WITA, WIT, atau nama zona waktu."))] = "",
    villages: Annotated[
        Path | None,
        typer.Option(help=_("Daftar desa: wilayah.sql atau CSV."), exists=True, dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from infra.settings import resolve_profile
    from schemas.profile import check as check_profile
    from schemas.profile.draft import Draft, read_villages, write_draft

    draft = Draft(
        name=_asked(name, "--name", _("Nama pemerintah")),
        code=_asked(code, "--code", _("Kode wilayah (PP.KK)")),
        province=_asked(province, "--province", _("Provinsi")),
        timezone=_zone(_asked(timezone, "--timezone", _("Zona waktu (WIB, WITA, WIT)"), "WIB")),
    )
    try:
        found = read_villages(villages, draft.code) if villages else []
        write_draft(folder, draft, found, resolve_profile(FRAME))
    except (OSError, ValueError) as error:
        give_up(str(error))
    problems = check_profile(folder)
    if as_json:
        listed = [p.to_dict() for p in problems]
        print_json({"path": str(folder), "ok": not problems, "villages": len(found), "problems": listed})
    else:
        typer.echo(_("Profil dibuat di {path}, {count} desa.").format(path=folder, count=len(found)))
        typer.echo(_("Lengkapi berkasnya, lalu: nadi profile check {path}").format(path=folder))
        say_problems(problems)
    if problems:
        raise typer.Exit(1)


@app.command("export", help=_("Menyimpan profil sebagai satu berkas ZIP untuk dibagikan."))
def export_(
    context: typer.Context,
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help=_("Nama atau folder profil."))],
    target: Annotated[Path, typer.Argument(metavar="FILE.zip", help=_("Berkas ZIP baru."))],
    as_json: AsJson = False,
) -> None:
    from schemas.profile.archive import export_profile

    try:
        names = export_profile(folder_of(context, profile), target)
    except OSError as error:
        give_up(str(error))
    if as_json:
        print_json({"file": str(target), "names": names})
    else:
        typer.echo(_("{count} berkas disimpan di {path}.").format(count=len(names), path=target))


@app.command("import", help=_("Membuka profil dari berkas ZIP ke folder baru, setelah memeriksanya."))
def import_(
    source: Annotated[
        Path, typer.Argument(metavar="FILE.zip", help=_("Berkas ZIP."), exists=True, dir_okay=False)
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder baru untuk profil."))],
    as_json: AsJson = False,
) -> None:
    from schemas.profile import ProfileError
    from schemas.profile.archive import import_profile

    try:
        import_profile(source, folder)
    except ProfileError as error:
        if as_json:
            print_json({"path": str(folder), "ok": False, "problems": [p.to_dict() for p in error.problems]})
        else:
            say_problems(error.problems)
        raise typer.Exit(1) from error
    except OSError as error:
        give_up(str(error))
    if as_json:
        print_json({"path": str(folder), "ok": True, "problems": []})
    else:
        typer.echo(_("Profil dibuka di {path}.").format(path=folder))


def _facts(profile: Profile) -> dict[str, Any]:
    """What ``show`` prints: counts, never the lists."""
    standards = sum(len(kind.standards) for kind in profile.permit_types.values())
    return {
        "name": profile.name,
        "code": profile.code,
        "province": profile.province,
        "timezone": profile.timezone.key,
        "simulation_allowed": profile.simulation_allowed,
        "path": str(profile.path),
        "hash": profile.hash,
        "departments": len(profile.departments),
        "units": len(profile.units),
        "villages": len(profile.villages),
        "permit_types": len(profile.permit_types),
        "service_standards": standards,
        "cash_offices": len(profile.cash_offices),
        "accounts": len(profile.accounts),
        "sub_activities": len(profile.sub_activities),
        "revenue_targets": len(profile.revenue_targets),
        "sources": len(profile.sources),
        "thresholds": len(profile.thresholds),
        "elections": len(profile.elections),
        "tariffs": len(profile.tariffs),
        "authorities": len(profile.authorities),
    }


def folder_of(context: typer.Context, name: str) -> Path:
    from infra.cli.main import settings_of
    from infra.settings import SettingsError, resolve_profile

    if not name:
        return resolve_profile(settings_of(context).profile)
    try:
        return resolve_profile(name)
    except SettingsError:
        return Path(name)  # the check says that there is no such folder


def _asked(value: str, option: str, question: str, default: str | None = None) -> str:
    if value:
        return value
    if not sys.stdin.isatty():
        if default is not None:
            return default
        raise typer.BadParameter(_("{option} harus diberikan").format(option=option))
    answer: str = typer.prompt(question, default=default)
    return answer.strip()


def _zone(name: str) -> str:
    return ZONES.get(name.upper(), name)


def say_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        typer.echo(_("{count} masalah.").format(count=len(problems)), err=True)


def print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def give_up(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
