"""`nadi rules what-if ID --set parameter=value`: what a change would have said in the last months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.rules import Json, RuleId, connected_to, named, profile_of, rules, say
from infra.cli.texts import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.rules.what_if import Difference, WhatIf
    from schemas.profile import Profile
    from streams.rules.rule import Rule

SHOWN = 5


@rules.command(
    "what-if",
    help=_("Menghitung ulang bulan-bulan terakhir dengan parameter lain: indikasi baru, hilang, berubah."),
)
def what_if(
    context: typer.Context,
    rule: RuleId,
    sets: Annotated[
        list[str],
        typer.Option("--set", metavar="PARAMETER=VALUE", help=_("parameter dan nilainya; boleh diulang")),
    ],
    months: Annotated[int, typer.Option("--months", min=1, max=120, help=_("berapa bulan ke belakang"))] = 3,
    as_json: Json = False,
) -> None:
    from infra.cli.progress import Stages
    from infra.rules.what_if import WhatIfError, answers
    from infra.rules.what_if import what_if as compute

    one = named(rule)
    if not answers(one):
        typer.echo(
            _(
                "{rule} tidak dapat dihitung ulang: tidak punya parameter, atau hanya halaman atau konteks yang tidak "
                "pernah menjadi indikasi."
            ).format(rule=one.id),
            err=True,
        )
        raise typer.Exit(1)
    changes = _changes(sets, [parameter.name for parameter in one.parameters], one.id)
    settings = connected_to(context)
    profile = profile_of(settings)
    with Stages({"baca": _("membaca dan menilai berkas")}) as stages:
        try:
            found = compute(
                settings, profile, one, changes, months,
                lambda done, total: stages.update("baca", done, total),
            )  # fmt: skip
        except (WhatIfError, TimeoutError, RuntimeError) as error:
            stages.stop()
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    if as_json:
        say(found.as_json())
    else:
        _print(found, one, profile)


def _changes(sets: Sequence[str], known: Sequence[str], rule_id: str) -> dict[str, float]:
    found = {}
    for text in sets:
        name, equals, value = text.partition("=")
        name = name.strip().removeprefix(f"{rule_id}.")
        if name not in known:
            raise typer.BadParameter(
                _("parameter {name} tidak ada pada {rule}; yang ada: {known}").format(
                    name=repr(name), rule=rule_id, known=", ".join(known) or "–"
                )
            )
        try:
            found[name] = float(value.replace(",", ".")) if equals else float("nan")
        except ValueError:
            found[name] = float("nan")
        if not abs(found[name]) < float("inf"):
            raise typer.BadParameter(_("tulis --set PARAMETER=ANGKA, bukan {text}").format(text=repr(text)))
    return found


def _print(found: WhatIf, rule: Rule, profile: Profile) -> None:
    changes = ", ".join(f"{found.rule}.{name} = {value:g}" for name, value in found.changes.items())
    read = _("{changes}: {cases} berkas dinilai, {older} yang lebih lama dikesampingkan")
    if rule.task == "regency":
        read = _(
            "{changes}: indikasi {since} sampai {until}, dengan {cases} berkas sejak {read_since} sebagai pembanding; "
            "{older} yang lebih lama dikesampingkan"
        )
    days = {name: profile.local_day(getattr(found, name)) for name in ("since", "until", "read_since")}
    typer.echo(read.format(changes=changes, cases=found.cases, older=found.older, **days))
    for title, counts in ((_("sekarang"), found.standing["now"]), (_("nantinya"), found.standing["then"])):
        levels = ", ".join(f"{level} {n}" for level, n in sorted(counts.items()))
        typer.echo(f"   {title}: {sum(counts.values())}{f' ({levels})' if levels else ''}")
    for title, differences in (
        (_("baru"), found.new),
        (_("hilang"), found.gone),
        (_("berubah tingkat"), found.changed),
    ):
        _listed(title, differences)


def _listed(title: str, differences: Sequence[Difference]) -> None:
    typer.echo(f"{title}: {len(differences)}")
    for one in differences[:SHOWN]:
        levels = " → ".join(filter(None, (one.was, one.would_be)))
        typer.echo(f"   [{levels}] {one.sentence}")
    if len(differences) > SHOWN:
        typer.echo(_("   … dan {n} lagi; --json menampilkan semuanya").format(n=len(differences) - SHOWN))
