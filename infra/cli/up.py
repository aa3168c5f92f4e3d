"""`nadi up`: the whole stack in the foreground."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from infra.cli.texts import _

STOPPING = "stopped"


def up(
    context: typer.Context,
    demo: Annotated[
        bool, typer.Option("--demo", help=_("Kabupaten Contoh dengan kejadian tiruan (DATA SIMULASI)"))
    ] = False,
) -> None:
    """Start everything, watch it, stop it cleanly on Ctrl-C."""
    from infra.cli.main import fail, settings_of
    from infra.embedded.stack import Stack, stop_signal
    from infra.logs import set_up
    from infra.settings import resolve_profile
    from schemas.profile import Profile

    set_up("WARNING")
    begun = time.monotonic()
    stopping = stop_signal()
    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    if demo and not profile.simulation_allowed:
        fail(
            _("profil {name} tidak boleh disimulasikan; pakai --profile contoh").format(name=profile.name), 2
        )
    stack = Stack(settings, demo=demo, tell=lambda name, event: _tell(name, event, begun))
    left = stack.supervisor.claim()
    if left:
        _say(_("sisa dari proses sebelumnya dihentikan: {names}").format(names=", ".join(left)))
    _say(_("Nadi untuk {name}; data di {folder}").format(name=profile.name, folder=stack.folder))
    try:
        stack.supervisor.add(stack.parts())
        shown = False
        while not stopping.is_set():
            stack.supervisor.tick()
            if not shown and all(state.healthy for state in stack.supervisor.states.values()):
                shown = True
                _welcome(stack, time.monotonic() - begun, demo)
            time.sleep(0.1)
    finally:
        _say(_("menghentikan semua bagian …"))
        stack.stop()
    _say(_("berhenti."))


def _welcome(stack: object, seconds: float, demo: bool) -> None:
    from infra.embedded.stack import Stack

    assert isinstance(stack, Stack)  # noqa: S101
    parts = {part.name: part for part in stack.parts()}
    _say("")
    _say(_("Siap dalam {seconds:.1f} detik.").format(seconds=seconds))
    _say(_("  Papan        {url}").format(url=parts["wallboard"].url))
    _say(_("  Inspektorat  {url}").format(url=parts["inspectorate"].url))
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
    app.command(help=_("Menjalankan semua bagian Nadi; Ctrl-C menghentikannya."))(up)
