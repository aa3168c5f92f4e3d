"""`nadi rules risks`: cases and actors ranked by the combination of what stands about them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.rules import Json, connected_to, profile_of, rules, say
from infra.cli.texts import _

if TYPE_CHECKING:
    from sinks.inspectorate.risks import Ranking, Risk

LEVEL = "   "


@rules.command(
    help=_(
        "Mengurutkan perkara, atau dengan --actors pihak, menurut gabungan indikasi yang berdiri, dengan semua "
        "sumbangannya. Anggaran mingguan hanya menarik garis; tidak ada yang disembunyikan."
    ),
    short_help=_("Mengurutkan perkara menurut gabungan indikasi."),
)
def risks(
    context: typer.Context,
    actors: Annotated[
        bool, typer.Option("--actors", help=_("menurut pihak yang dapat dimintai klarifikasi"))
    ] = False,
    observed: Annotated[
        bool, typer.Option("--observed", help=_("dengan aturan yang baru diamati juga"))
    ] = False,
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help=_("tanggal; bawaan: hari ini"))
    ] = None,
    as_json: Json = False,
) -> None:
    from clickhouse_connect.driver.exceptions import Error

    from infra.risks.ranking import left_out, rank
    from infra.rules.states import States
    from streams.rules import rules as all_rules

    settings = connected_to(context)
    profile = profile_of(settings)
    on = day.date() if day else datetime.now(profile.timezone).date()
    known = all_rules()
    without = frozenset() if observed else left_out(known, States(settings.data_dir).observed())
    try:
        found = rank(settings.clickhouse, profile, known, "actors" if actors else "cases", on, without)
    except (Error, ValueError) as error:
        typer.echo(_("ClickHouse tidak menjawab: {error}").format(error=error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        say(found.as_json())
    else:
        _print(found)


def _print(found: Ranking) -> None:
    from infra.rules.words import day

    if found.simulated:
        typer.echo("DATA SIMULASI")
    rest = len(found.risks) - found.published
    typer.echo(
        _("{day}: {published} memenuhi syarat terbit, {rest} belum; anggaran seminggu {budget}").format(
            day=day(found.day), published=found.published, rest=rest, budget=found.budget
        )
    )
    for risk in found.risks:
        if risk.published and risk.rank == found.budget + 1:
            typer.echo(_("---- di bawah anggaran minggu ini: {n} ----").format(n=found.beyond))
        if risk.rank == found.published + 1:
            typer.echo(_("---- belum memenuhi syarat terbit: {n} ----").format(n=rest))
        _print_risk(risk)
    if found.older:
        typer.echo(
            _("{n} indikasi lain berdiri tetapi lebih tua dari {days} hari").format(
                n=found.older, days=found.decay_days
            )
        )


def _print_risk(risk: Risk) -> None:
    from infra.rules.words import day, number

    typer.echo(
        _("{rank}. {who}  {risk}/100  fakta {hard}, tanda {soft}").format(
            rank=risk.rank, who=risk.who, risk=number(round(100 * risk.risk)), hard=risk.hard, soft=risk.soft
        )
    )
    for one in risk.contributions:
        counted = "" if one.counts else _(" (dihitung lewat {rule})").format(rule=one.counted_by)
        share = number(round(100 * one.share))
        typer.echo(f"{LEVEL}{share:>3}  {one.rule} {one.title}, {day(one.revised)}{counted}")
