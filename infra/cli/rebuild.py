"""`nadi rebuild`: totals and alerts computed anew beside the live ones, the difference, and the switch."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from pathlib import Path

    from infra.rebuild.difference import Difference
    from infra.settings import Settings
    from schemas.profile import Profile

SHOWN = 15


def rebuild(
    context: typer.Context,
    since: Annotated[
        str,
        typer.Option("--from", metavar="YYYY-MM-DD", help=_("hari pertama yang boleh berubah")),
    ],
    profile: Annotated[
        str, typer.Option("--profile", help=_("folder profil yang baru; bawaan: folder profil yang berjalan"))
    ] = "",
    domain: Annotated[
        list[str] | None,
        typer.Option("--domain", help=_("hanya ranah ini yang boleh berubah; dapat diulang")),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rules", help=_("hanya aturan ini yang boleh berubah; dapat diulang")),
    ] = None,
    outside: Annotated[
        bool, typer.Option("--also-outside", help=_("alihkan juga bila yang lain ikut berubah"))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=_("alihkan tanpa bertanya"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False,
) -> None:
    """Compute beside what is live, show what would change, and switch when that is wanted."""
    from infra.activation import Activations
    from infra.cli.main import fail, settings_of
    from infra.cli.profile import folder_of, say_problems
    from infra.cli.progress import Stages
    from infra.embedded.running import connected
    from infra.embedded.supervisor import LockedError, StackError
    from infra.logs import set_up
    from infra.rebuild.building import build
    from infra.rebuild.rehearsal import NotBesideError, rehearse
    from infra.rebuild.sets import delete, open_set
    from infra.settings import SettingsError
    from schemas.profile import ProfileError

    first = _date(since)
    set_up("ERROR")
    timed = _Timed()
    try:
        settings = connected(settings_of(context))
        source = folder_of(context, profile) if profile else _running_source(context)
        wanted = Activations(settings.data_dir).keep(source)
    except SettingsError as error:
        fail(str(error), 2)
    except ProfileError as error:
        say_problems(list(error.problems))
        raise typer.Exit(1) from error
    with Stages(
        {"build": _("menghitung ulang"), "compare": _("membandingkan"), "switch": _("mengalihkan")}
    ) as stages:
        try:
            number, begun = open_set(settings)
            if begun:
                stages.write(_("melanjutkan himpunan {number}").format(number=number))
            own = settings.with_values({"profile": str(wanted.path)})
            with timed.stage(stages, "build") as progress:
                build(own, number, progress)
            with timed.stage(stages, "compare") as progress:
                found = rehearse(own, wanted, number, progress)
        except (LockedError, StackError, NotBesideError, TimeoutError) as error:
            stages.stop()
            fail(str(error), 1)
        if found.nothing:
            delete(settings, number)
        others = found.outside(first, domain or [], rules or [])
        refused = any(others) and not outside
        stages.stop()
        if not as_json:
            _show(found, others)
        switched = False
        if not found.nothing and not refused and (yes or (not as_json and _agreed())):
            with timed.stage(stages, "switch") as progress:
                switched = _switch(settings, source, wanted, number, found, progress)
    if as_json:
        outcome = {
            "set": number, **found.as_json(), "outside": sum(others), "switched": switched, "seconds": timed.seconds,
        }  # fmt: skip
        sys.stdout.write(json.dumps(outcome, ensure_ascii=False, indent=2) + "\n")
    elif found.nothing:
        typer.echo(_("Tidak ada yang berubah; tidak ada yang dialihkan."))
    elif refused:
        typer.echo(
            _(
                "Ada yang berubah di luar yang diminta: {figures} angka, {alerts} indikasi. Tidak dialihkan; periksa dahulu, "
                "lalu ulangi dengan --also-outside."
            ).format(figures=others[0], alerts=others[1]),
            err=True,
        )
    elif not switched:
        typer.echo(_("Belum dialihkan. Yang sudah dihitung tetap ada; perintah yang sama melanjutkannya."))
    if refused:
        raise typer.Exit(1)


def _switch(
    settings: Settings, source: Path, wanted: Profile, number: int, found: Difference,
    progress: Callable[[int, int], None],
) -> bool:  # fmt: skip
    from infra.embedded.running import await_profile
    from infra.rebuild.sets import delete
    from infra.rebuild.switching import switch, wait_switched

    if not switch(settings, source, number):
        typer.echo(
            _(
                "Himpunan {number} dipilih. Profilnya sama, jadi yang berjalan tidak dimulai ulang sendiri: hentikan nadi up "
                "dan jalankan lagi dengan program yang baru."
            ).format(number=number),
            err=True,
        )
        return False
    if not wait_switched(settings, found.anew, progress):
        typer.echo(_("Belum semua pengolah beralih; lihat nadi status dan nadi state tasks."), err=True)
        return False
    delete(settings, number)
    await_profile(settings, source, wanted)  # the pages follow the workers
    typer.echo(
        _("Beralih: {name}, profil {digest}.").format(name=wanted.name, digest=wanted.hash[:12]), err=True
    )
    return True


def _running_source(context: typer.Context) -> Path:
    from pathlib import Path

    from infra.cli.main import settings_of
    from infra.embedded.running import record_of
    from infra.settings import resolve_profile

    settings = settings_of(context)
    record = record_of(settings)
    return Path(record["profile_source"]) if record is not None else resolve_profile(settings.profile)


class _Timed:
    """Seconds of each stage, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, stages: Any, key: str) -> Iterator[Callable[[int, int], None]]:
        begun = time.monotonic()
        try:
            yield lambda done, total: stages.update(key, done, total)
        finally:
            self.seconds[key] = round(time.monotonic() - begun, 1)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    return typer.confirm(_("Alihkan sekarang?"), default=False)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(_("--from {text}: bukan tanggal YYYY-MM-DD").format(text=text)) from error


def _show(found: Difference, others: tuple[int, int]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    counts = found.counts()
    typer.echo(
        _(
            "Dibandingkan: {totals} angka dan {alerts} indikasi. Berubah: {figures} angka; indikasi baru {new}, ditarik "
            "{withdrawn}, berubah {changed}."
        ).format(totals=found.totals, alerts=found.alerts, figures=len(found.figures), **counts)
    )
    if found.figures:
        table = Table(_("angka"), _("rincian"), _("hari"), _("sebelum"), _("sesudah"))
        for one in found.figures[:SHOWN]:
            detail = "" if one.dimension == "total" else f"{one.dimension} {one.value}"
            table.add_row(one.metric, detail, one.local_day, f"{one.before:,}", f"{one.after:,}")
        console.print(table)
    if found.indications:
        table = Table(_("aturan"), _("tentang"), _("hari"), _("sebelum"), _("sesudah"))
        for row in found.indications[:SHOWN]:
            table.add_row(
                row.rule, f"{row.subject} {row.scope}".strip(), row.day, row.before or "-", row.after or "-"
            )
        console.print(table)
    if any(others):
        typer.echo(
            _("Di luar yang diminta: {figures} angka, {alerts} indikasi.").format(
                figures=others[0], alerts=others[1]
            )
        )


def register(app: typer.Typer) -> None:
    """Add the command."""
    explained = _(
        "Menghitung ulang angka dan indikasi dari kejadian yang tersimpan, di samping yang berjalan, dengan profil atau "
        "program yang baru; menunjukkan apa yang akan berubah; lalu mengalihkan tanpa jeda. Beginilah aturan, parameter "
        "yang berlaku surut, atau kesalahan program diperbaiki. Yang tidak berubah tidak diberitahukan lagi."
    )
    app.command(help=explained, short_help=_("Menghitung ulang di samping yang berjalan, lalu mengalihkan."))(
        rebuild
    )
