"""`nadi up`: the whole stack in the foreground."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.activation import Activations
    from infra.embedded.stack import Stack
    from schemas.profile import Profile

STOPPING = "stopped"


def up(
    context: typer.Context,
    demo: Annotated[
        bool, typer.Option("--demo", help=_("Kabupaten Contoh dengan kejadian tiruan (DATA SIMULASI)"))
    ] = False,
) -> None:
    """Start everything, watch it, stop it cleanly on Ctrl-C."""
    from infra.activation import Activations
    from infra.cli.main import fail, settings_of
    from infra.embedded.stack import Stack
    from infra.logs import set_up
    from infra.settings import resolve_profile
    from infra.signals import stop_signal

    set_up("WARNING")
    begun = time.monotonic()
    stopping = stop_signal()
    settings = settings_of(context)
    source = resolve_profile(settings.profile)
    activations = Activations(settings.data_dir)
    profile = activations.chosen(source)
    if demo and not profile.simulation_allowed:
        fail(
            _("profil {name} tidak boleh disimulasikan; pakai --profile contoh").format(name=profile.name), 2
        )
    stack = Stack(
        settings.with_values({"profile": str(profile.path)}),
        demo=demo,
        profile_source=source,
        tell=lambda name, event: _tell(name, event, begun),
    )
    left = stack.supervisor.claim()
    if left:
        _say(_("sisa dari proses sebelumnya dihentikan: {names}").format(names=", ".join(left)))
    _say(_("Nadi untuk {name}; data di {folder}").format(name=profile.name, folder=stack.folder))
    _say_profile(activations, source, profile)
    try:
        stack.supervisor.add(stack.parts())
        shown, seen = False, activations.size()
        while not stopping.is_set():
            stack.supervisor.tick()
            if not shown and all(state.healthy for state in stack.supervisor.states.values()):
                shown = True
                _welcome(stack, time.monotonic() - begun, demo)
            if seen != activations.size():
                seen = activations.size()
                profile = _renew(stack, activations, source, profile, demo)
            time.sleep(0.1)
    finally:
        _say(_("menghentikan semua bagian …"))
        stack.stop()
    _say(_("berhenti."))


def _say_profile(activations: Activations, source: Path, profile: Profile) -> None:
    """Which profile runs, and whether its folder has changed since it was put into force."""
    from schemas.profile import Profile, ProfileError

    activation = activations.last(source)
    if activation is None:
        return
    _say(_("profil {digest} aktif sejak {at}").format(digest=profile.hash[:12], at=activation.at))
    try:
        same = Profile.load(source).hash == profile.hash
    except ProfileError:
        same = False
    if not same:
        _say(_("  {folder} sudah berbeda; memakainya: nadi profile activate").format(folder=source))


def _renew(stack: Stack, activations: Activations, source: Path, running: Profile, demo: bool) -> Profile:
    """Run with what was put into force meanwhile; what cannot run is said, and what runs stays."""
    from infra.activation import ActivationError

    try:
        activation = activations.last(source)
        if activation is None or activation.hash == running.hash:
            return running
        profile = activations.load(activation.hash)
    except ActivationError as error:
        _say(str(error))
        return running
    if profile.code != running.code or (demo and not profile.simulation_allowed):
        _say(_("profil {digest} tidak dapat menggantikan yang berjalan").format(digest=profile.hash[:12]))
        return running
    _say(_("profil {digest} diaktifkan; pengolah dan halaman dimulai ulang").format(digest=profile.hash[:12]))
    stack.use_profile(profile.path)
    return profile


def _welcome(stack: object, seconds: float, demo: bool) -> None:
    from infra.embedded.stack import Stack

    assert isinstance(stack, Stack)  # noqa: S101
    parts = {part.name: part for part in stack.parts()}
    _say("")
    _say(_("Siap dalam {seconds:.1f} detik.").format(seconds=seconds))
    _say(_("  Papan        {url}").format(url=parts["wallboard"].url))
    _say(_("  Inspektorat  {url}").format(url=parts["inspectorate"].url))
    _say(_("  Gerbang      {url}").format(url=parts["gateway"].url))
    _say(_("  Log          {folder}").format(folder=stack.folder / "log"))
    if demo:
        _say(_("  DATA SIMULASI: semua kejadian dibuat oleh simulator."))
    _say(_("Tekan Ctrl-C untuk berhenti."))


def _tell(name: str, event: str, begun: float) -> None:
    words = {
        "starting": _("mulai"),
        "healthy": _("siap"),
        "unhealthy": _("tidak menjawab"),
        "died": _("mati; dijalankan lagi"),
        "stopped": _("berhenti"),
    }
    _say(f"{time.monotonic() - begun:7.1f} s  {name:<13} {words.get(event, event)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def register(app: typer.Typer) -> None:
    """Add the command."""
    explained = _(
        "Menjalankan semua bagian Nadi; Ctrl-C menghentikannya. Yang dipakai ialah profil yang terakhir diaktifkan "
        "dengan nadi profile activate; bila belum pernah, salinan profil saat dimulai. Mengubah folder profil tidak "
        "mengubah apa yang berjalan."
    )
    short = _("Menjalankan semua bagian Nadi; Ctrl-C menghentikannya.")
    app.command(help=explained, short_help=short)(up)
