"""`nadi drop`: a folder into which offices put files; each is published whole or set aside with what is wrong."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.cli.progress import Stages
    from infra.settings import Settings
    from producers.drop.outcome import Outcome
    from schemas.settings import KafkaSettings


def drop(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help=_("folder kiriman; bagian-bagiannya dibuat"), file_okay=False)
    ],
    once: Annotated[
        bool, typer.Option("--once", help=_("sekali saja, untuk cron; tanpa ini terus mengawasi"))
    ] = False,
    settle: Annotated[
        float, typer.Option(help=_("berapa detik ukuran berkas harus tetap sebelum dibaca"), min=0.0)
    ] = 5.0,
    as_json: Annotated[
        bool, typer.Option("--json", help=_("satu baris JSON per berkas ke keluaran standar"))
    ] = False,
) -> None:
    """Watch the folder until stopped, or look into it once."""
    from infra.access.loads import announced
    from infra.cli.main import settings_of
    from infra.cli.progress import Stages
    from infra.cli.publish import KEYS_FILE
    from infra.settings import resolve_profile
    from infra.signals import stop_signal
    from producers.client import Publisher
    from producers.drop.folder import DropFolder, FolderInUseError
    from producers.drop.watch import Watch
    from producers.drop.work import Worker
    from producers.tokens import Tokens
    from schemas.deployment import DeploymentMismatchError
    from schemas.profile import Profile

    settings = settings_of(context)
    held_back = 0
    shown: list[Stages] = []  # the bars of the file in hand

    def progress(stage: str, done: int, total: int) -> None:
        if not shown:
            shown.append(Stages({"periksa": _("memeriksa baris"), "kirim": _("menerbitkan")}).__enter__())
        shown[0].update(stage, done, total)

    def clear() -> None:
        while shown:
            shown.pop().stop()

    def report(outcome: Outcome) -> None:
        nonlocal held_back
        held_back += outcome.status in ("refused", "waiting")
        clear()
        _say(outcome, as_json)

    try:
        profile = Profile.load(resolve_profile(settings.profile))
        place = DropFolder(folder)
        with place.held():
            place.make_places((source.opd, source.domain) for source in profile.sources.values())
            tokens = Tokens.open(settings.data_dir / KEYS_FILE)
            worker = Worker(
                place,
                profile,
                tokens,
                lambda: Publisher(_kafka(settings), origin="live"),
                lambda: announced(_kafka(settings), profile),
                stop_signal(),
                progress,
            )
            watch = Watch(worker, report, settle)
            if once:
                watch.once()
            else:
                typer.echo(_("Mengawasi {folder}; Ctrl-C menghentikan.").format(folder=place.inbox), err=True)
                watch.forever()
    except (ValueError, OSError, FolderInUseError, DeploymentMismatchError) as error:
        clear()
        typer.echo(_("Gagal:") + f" {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        clear()
    if once and held_back:
        raise typer.Exit(1)


def _kafka(settings: Settings) -> KafkaSettings:
    """The settings' broker or that of the stack that runs. Raises TimeoutError where there is none now."""
    from infra.embedded.running import with_broker
    from infra.settings import SettingsError

    try:
        return with_broker(settings).kafka
    except SettingsError as error:
        raise TimeoutError(str(error)) from error


def _say(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        json.dump(asdict(outcome), sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        sys.stdout.flush()
        return
    told = {
        "published": _("diterbitkan, {n} kejadian").format(n=outcome.published),
        "repeat": _("sudah pernah diterbitkan"),
        "refused": _("ditolak, {n} baris salah").format(n=outcome.rejected),
        "waiting": _("menunggu Kafka"),
        "growing": _("masih ditulis"),
    }
    typer.echo(f"{outcome.place}/{outcome.file}: {told[outcome.status]}")
    for line in [*([outcome.reason] if outcome.reason else []), *outcome.problems]:
        typer.echo(f"  {line}")
    if outcome.result:
        typer.echo("  " + _("Hasil: {path}").format(path=outcome.result))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Menerbitkan berkas yang diletakkan di folder kiriman."))(drop)
