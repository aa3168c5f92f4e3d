"""`nadi rules`: what the rules say and rest on, how often they speak, and what a change would do.

Each command is a small module in ``infra.cli.rule_commands`` that declares itself on ``rules``; all of them are found
there when the group is asked for.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.settings import Settings
    from schemas.profile import Profile
    from streams.rules.rule import Rule

rules = typer.Typer(
    help=_("Aturan: isi, parameter, contoh, halaman, dan apa yang berubah bila parameternya diubah."),
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]
RuleId = Annotated[str, typer.Argument(metavar="ID", help=_("nomor aturan, misalnya P01"))]
Reason = Annotated[str, typer.Option("--reason", help=_("alasan, untuk dibaca orang lain; wajib"))]


def register(app: typer.Typer) -> None:
    """Declare the command group ``rules`` with every command there is a module for."""
    from infra.cli import rule_commands

    for module in sorted(m.name for m in pkgutil.iter_modules(rule_commands.__path__)):
        importlib.import_module(f"{rule_commands.__name__}.{module}")
    app.add_typer(rules, name="rules")


def named(rule_id: str) -> Rule:
    """A rule by its id, in either case. Raises BadParameter naming those there are."""
    from streams.rules import rules as all_rules

    known = all_rules()
    rule = known.get(rule_id.upper())
    if rule is None:
        raise typer.BadParameter(
            _("aturan {rule} tidak ada; yang ada: {known}").format(rule=rule_id, known=", ".join(known))
        )
    return rule


def given(context: typer.Context) -> Settings:
    """The settings, with the addresses of the running stack where one runs; what needs none of it works without."""
    from infra.cli.main import settings_of
    from infra.embedded.running import connected
    from infra.settings import SettingsError

    settings = settings_of(context)
    try:
        return connected(settings)
    except SettingsError:
        return settings


def connected_to(context: typer.Context) -> Settings:
    """The settings with the addresses of the running stack. Raises SettingsError when none runs and none is given."""
    from infra.cli.main import settings_of
    from infra.embedded.running import connected

    return connected(settings_of(context))


def profile_of(settings: Settings) -> Profile:
    """The profile in use. Raises ProfileError."""
    from infra.settings import resolve_profile
    from schemas.profile import Profile

    return Profile.load(resolve_profile(settings.profile))


def say(found: Any) -> None:
    """One JSON value on standard output."""
    json.dump(found, sys.stdout, ensure_ascii=False, default=str)
    sys.stdout.write("\n")
