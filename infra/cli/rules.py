"""``nadi rules``: how good the rules are."""

from __future__ import annotations

import typer

from infra.cli import rules_evaluate
from infra.cli.texts import _

app = typer.Typer(
    help=_("Aturan: menilai seberapa baik aturan menemukan."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(root: typer.Typer) -> None:
    """Declare the commands on the root app."""
    root.add_typer(app, name="rules")


@app.callback()
def rules() -> None:
    """Keep this a group, however many commands it has."""


rules_evaluate.register(app)
