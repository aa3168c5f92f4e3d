"""`nadi sources`: where two sources report one fact, what they do not agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.rules import profile_of, say
from infra.cli.texts import _

if TYPE_CHECKING:
    from sinks.inspectorate.sources import Comparison

SHOWN = 200


def register(app: typer.Typer) -> None:
    """Declare the command group ``sources``."""
    group = typer.Typer(
        help=_("Dua sumber tentang satu fakta: menampilkan perbedaannya."), no_args_is_help=True
    )
    app.add_typer(group, name="sources")
    group.command(
        help=_("Membandingkan sumber yang berwenang menurut profil dengan sumber lain, fakta demi fakta.")
    )(compare)
    group.callback()(lambda: None)


def compare(
    context: typer.Context,
    domain: Annotated[str, typer.Option("--domain", help=_("hanya ranah ini"))] = "",
    url: Annotated[
        str, typer.Option("--url", help=_("alamat ClickHouse; bawaan: yang sedang berjalan"))
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False,
) -> None:
    """Exit code 1 where something differs."""
    from infra.cli.query import clickhouse_of, failures, refusal
    from infra.sources.compare import compare as compared
    from schemas.profile.rows import FACT_DOMAINS
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.simulated import STAMP, any_simulated

    if domain and domain not in FACT_DOMAINS:
        raise typer.BadParameter(
            _("ranah {domain} tidak dikenal; pilih {known}").format(
                domain=domain, known=", ".join(FACT_DOMAINS)
            )
        )
    settings = clickhouse_of(context, url)
    profile = profile_of(settings)
    try:
        client = connect(settings.clickhouse)
        try:
            found = compared(client, settings.clickhouse.database, profile, domain)
            simulated = any_simulated(client, settings.clickhouse.database)
        finally:
            client.close()
    except failures() as error:
        typer.echo(refusal(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        say({"comparisons": [one.as_json() for one in found], "simulated": simulated})
    else:
        if simulated:
            typer.echo(STAMP)
        if not found:
            typer.echo(_("Profil ini tidak menetapkan sumber yang berwenang (fact_sources.csv)."))
        for one in found:
            _show(one)
    if any(one.differing for one in found):
        raise typer.Exit(1)


def _show(one: Comparison) -> None:
    from rich.console import Console
    from rich.table import Table

    from sinks.inspectorate.sources import STATUSES
    from sinks.wallboard.wording import count as shown

    typer.echo(
        _("{domain} {kind}: berwenang {authoritative}, sumber lain {other}, sejak {since}").format(
            domain=one.domain,
            kind=one.kind,
            authoritative=one.authoritative,
            other=one.other,
            since=one.since,
        )
    )
    typer.echo("  " + ", ".join(f"{STATUSES[status]} {number}" for status, number in one.counts.items()))
    if one.nameless:
        typer.echo(
            "  "
            + _("{n} kejadian tidak menyebut {fields}, tidak dapat dibandingkan").format(
                n=one.nameless, fields=", ".join(one.fields)
            )
        )
    if not one.lines:
        return
    table = Table(*one.fields, _("keadaan"))
    for name in (_("berwenang"), _("sumber lain"), _("selisih")):
        table.add_column(f"{name} ({one.unit})", justify="right", no_wrap=True)
    for line in one.lines[:SHOWN]:
        numbers = (
            "–" if value is None else shown(value) for value in (line.ours, line.theirs, line.difference)
        )
        table.add_row(*line.fact, STATUSES[line.status], *numbers)
    Console().print(table)
    if one.differing > SHOWN:
        typer.echo(_("… dan {n} baris lagi").format(n=one.differing - SHOWN))
