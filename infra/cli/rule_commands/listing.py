"""`nadi rules list`: all rules in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from infra.cli.rules import Json, given, rules, say
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.rules.states import States
    from streams.rules.rule import Rule


@rules.command("list", help=_("Menampilkan semua aturan: jenis, tugas, dikirim atau diamati, parameter."))
def list_rules(context: typer.Context, as_json: Json = False) -> None:
    from infra.rules.states import States
    from streams.rules import rules as all_rules

    states = States(given(context).data_dir)
    found = [_line(rule, states) for rule in all_rules().values()]
    if as_json:
        say(found)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("id", no_wrap=True)
    table.add_column(_("judul"))
    for title in (_("jenis"), _("tugas"), _("keadaan")):
        table.add_column(title, no_wrap=True)
    table.add_column(_("parameter"))
    for line in found:
        parameters = ", ".join(f"{name}={value:g}" for name, value in line["parameters"].items())
        kind, task = kind_text(line["kind"]), task_text(line["task"])
        table.add_row(line["id"], line["title"], kind, task, state_text(line["state"]), parameters)
    Console().print(table)


def _line(rule: Rule, states: States) -> dict[str, Any]:
    last = next((entry for entry in reversed(states.entries()) if entry.rule == rule.id), None)
    return {
        "id": rule.id,
        "title": rule.title,
        "domain": rule.domain,
        "kind": rule.kind,
        "task": rule.task,
        "delivers": rule.delivers,
        "state": states.state(rule),
        "decided": last.as_json() if last else None,
        "parameters": {parameter.name: parameter.default for parameter in rule.parameters},
    }


def kind_text(kind: str) -> str:
    """The kind of a rule for people."""
    words = {"hard": _("fakta"), "soft": _("tanda"), "context": _("penyerta"), "page": _("halaman")}
    return words[kind]


def task_text(task: str) -> str:
    """What a rule judges by, for people."""
    return _("per berkas") if task == "case" else _("sekabupaten")


def state_text(state: str | None) -> str:
    """Whether a rule reaches the inspectorate, for people."""
    return _("dikirim") if state == "delivered" else _("amati") if state == "observed" else "–"
