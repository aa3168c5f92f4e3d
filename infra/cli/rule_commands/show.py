"""`nadi rules show ID`: everything a rule declares, its parameters and fences in force, and how often it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from infra.cli.rules import Json, RuleId, given, named, profile_of, rules, say
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.rules.counts import Count
    from infra.rules.fences import Fence, Measured

#: The fences of most peers; JSON has all.
FENCES_SHOWN = 15
LEVEL = "   "
STAMP = "DATA SIMULASI"


@rules.command(
    help=_("Menampilkan satu aturan: isi, parameter yang berlaku menurut profil, cakupan dan angka dasarnya.")
)
def show(context: typer.Context, rule: RuleId, as_json: Json = False) -> None:
    from infra.rules.counts import counts
    from infra.rules.declared import declared, parameters
    from infra.rules.fences import frozen
    from infra.rules.states import States

    one, settings = named(rule), given(context)
    profile = profile_of(settings)
    states, found = States(settings.data_dir), counts(settings)
    fences: list[Measured] | None = []
    if one.fences:
        kept = frozen(settings, profile)
        fences = kept.of(one) if kept is not None else None
    facts: dict[str, Any] = {
        **declared(one),
        "state": states.state(one),
        "decisions": [entry.as_json() for entry in states.entries() if entry.rule == one.id],
        "parameters": parameters(one, profile),
        "fences": None if fences is None else [measured.as_json() for measured in fences],
        "coverage": found[one.id].as_json() if found and one.id in found else None,
    }
    if as_json:
        say(facts)
        return
    _print(facts, found.get(one.id) if found else None, fences, answered=found is not None)


def _print(
    facts: dict[str, Any], count: Count | None, fences: list[Measured] | None, *, answered: bool
) -> None:
    from infra.cli.rule_commands.listing import kind_text, state_text, task_text

    typer.echo(
        _("{id} {title} (versi {version})").format(**{k: facts[k] for k in ("id", "title", "version")})
    )
    rows = (
        (_("keadaan"), state_text(facts["state"])),
        (_("jenis"), f"{kind_text(facts['kind'])}, {task_text(facts['task'])}"),
        (_("bidang"), f"{facts['area']} ({facts['domain']})"),
        (_("pemilik"), facts["owner"]),
        (_("bobot"), f"{facts['severity']:g}"),
        (_("contoh paling sedikit"), str(facts["minimum_sample"]) if facts["minimum_sample"] else "–"),
        (_("data yang dibaca"), ", ".join(facts["needs"])),
        (_("data historis"), _("dinilai") if facts["historic"] else _("tidak dinilai")),
    )
    width = max(len(name) for name, _text in rows)
    for name, text in rows:
        typer.echo(f"{LEVEL}{name:<{width}}  {text}")
    for title, text in ((_("cara"), facts["method"]), (_("mengapa"), facts["why"])):
        typer.echo(f"\n{title}\n{LEVEL}{text}")
    _listed(_("penjelasan yang wajar"), facts["innocent"])
    _listed(_("dasar hukum"), [basis["text"] + _days(basis) for basis in facts["legal_basis"]])
    _listed(_("rujukan"), facts["sources"])
    _listed(_("tidak berlaku bila"), facts["not_applicable"])
    _listed(_("parameter"), [_parameter(row) for row in facts["parameters"]])
    _print_fences(fences)
    _listed(
        _("keputusan"), [f"{e['by']}: {state_text(e['state'])}, {e['reason']}" for e in facts["decisions"]]
    )
    typer.echo("\n" + _("cakupan sampai sekarang"))
    if count is None:
        typer.echo(LEVEL + (_("belum ada angka") if answered else _("ClickHouse tidak menjawab")))
        return
    if count.simulated:
        typer.echo(LEVEL + STAMP)
    if count.total or count.asked is None:
        _print_count(count)
    if count.asked is not None:
        typer.echo(LEVEL + _("kelompok yang ditanyakan, sekali untuk setiap hari:"))
        _print_count(count.asked)


def _print_count(count: Count) -> None:
    rate = "–" if count.base_rate is None else f"{count.base_rate:.1%}"
    typer.echo(
        LEVEL
        + _(
            "ditemukan {found}, tidak ditemukan {not_found}, tidak berlaku {not_applicable}; angka dasar {rate}"
        ).format(found=count.found, not_found=count.not_found, not_applicable=count.not_applicable, rate=rate)
    )
    for reason, amount in sorted(count.reasons.items(), key=lambda item: -item[1]):
        typer.echo(f"{LEVEL}{LEVEL}{amount}  {reason}")


def _print_fences(fences: list[Measured] | None) -> None:
    if fences is None:
        _listed(_("pagar yang berlaku"), [_("tidak dapat dibaca")])
        return
    for measured in fences:
        lines = [_fence(measured, fence) for fence in measured.fences[:FENCES_SHOWN]]
        if rest := measured.fences[FENCES_SHOWN:]:
            lines.append(_("… dan {n} lagi; --json menampilkan semuanya").format(n=len(rest)))
        _listed(
            f"{_('pagar yang berlaku')}, {measured.day}", [STAMP, *lines] if measured.simulated else lines
        )


def _fence(measured: Measured, fence: Fence) -> str:
    from infra.rules.words import amount

    side = _("kurang dari") if measured.side == "below" else _("lebih dari")
    limit = (
        _("belum cukup pembanding") if fence.limit is None else f"{side} {amount(fence.limit, measured.unit)}"
    )
    return f"{fence.of}: {limit} [{fence.peers}] {fence.id}"


def _parameter(row: dict[str, Any]) -> str:
    where = ", ".join(filter(None, (row["permit_type"], row["source"])))
    text = f"{row['name']} = {row['value']:g} {row['unit']}{f' [{where}]' if where else ''}{_days(row)}"
    return f"{text} – {row['origin']}"


def _days(row: dict[str, Any]) -> str:
    if not row["valid_from"] and not row["valid_to"]:
        return ""
    return f" ({row['valid_from'] or '…'} – {row['valid_to'] or '…'})"


def _listed(title: str, texts: list[str]) -> None:
    if texts:
        typer.echo(f"\n{title}")
        for text in texts:
            typer.echo(f"{LEVEL}{text}")
