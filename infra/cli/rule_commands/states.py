"""`nadi rules enable` and `nadi rules observe`: whether a rule reaches the inspectorate, with who and why."""

from __future__ import annotations

import typer

from infra.cli.rules import Json, Reason, RuleId, given, named, rules, say
from infra.cli.texts import _


@rules.command(help=_("Mengirimkan indikasi suatu aturan kepada inspektorat mulai sekarang; dicatat."))
def enable(context: typer.Context, rule: RuleId, reason: Reason = "", as_json: Json = False) -> None:
    _switch(context, rule, "delivered", reason, as_json=as_json)


@rules.command(help=_("Hanya mengamati suatu aturan: dihitung, tidak dikirim; dicatat."))
def observe(context: typer.Context, rule: RuleId, reason: Reason = "", as_json: Json = False) -> None:
    _switch(context, rule, "observed", reason, as_json=as_json)


def _switch(context: typer.Context, rule_id: str, state: str, reason: str, *, as_json: bool) -> None:
    from infra.rules.states import DELIVERED, OBSERVED, RuleStateError, States

    if not reason.strip():
        raise typer.BadParameter(_("{option} harus diberikan").format(option="--reason"))
    rule, states = named(rule_id), States(given(context).data_dir)
    before = states.state(rule)
    try:
        entry = states.switch(rule.id, DELIVERED if state == DELIVERED else OBSERVED, reason)
    except (RuleStateError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        say(entry.as_json() | {"before": before, "log": str(states.path)})
        return
    from infra.cli.rule_commands.listing import state_text

    typer.echo(
        _("{rule} {title}: {before} → {after}. Dicatat di {path}.").format(
            rule=rule.id,
            title=rule.title,
            before=state_text(before),
            after=state_text(state),
            path=states.path,
        )
    )
