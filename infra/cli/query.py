"""`nadi query SQL`: ask ClickHouse, read-only unless told otherwise."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.main import settings_of
from infra.cli.texts import _
from sinks.clickhouse.simulated import STAMP, any_simulated

if TYPE_CHECKING:
    from infra.settings import Settings

SHOWN = 1000


def register(app: typer.Typer) -> None:
    """Declare the command ``query``."""

    @app.command(help=_("Menjalankan SQL pada ClickHouse; hanya membaca, kecuali dengan --write."))
    def query(
        context: typer.Context,
        sql: Annotated[str, typer.Argument(metavar="SQL", help=_("perintah SQL; - membaca masukan baku"))],
        as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False,
        as_csv: Annotated[bool, typer.Option("--csv", help=_("Keluaran CSV."))] = False,
        url: Annotated[
            str, typer.Option("--url", help=_("alamat ClickHouse; bawaan: yang sedang berjalan"))
        ] = "",
        write: Annotated[
            bool, typer.Option("--write", help=_("Izinkan perintah yang mengubah data."))
        ] = False,
    ) -> None:
        if as_json and as_csv:
            raise typer.BadParameter(_("pilih salah satu: --json atau --csv"))
        settings = clickhouse_of(context, url)
        statement = sys.stdin.read() if sql == "-" else sql
        try:
            _run(
                settings,
                statement.strip().rstrip(";"),
                "json" if as_json else "csv" if as_csv else "",
                write=write,
            )
        except failures() as error:
            typer.echo(refusal(error), err=True)
            if "READONLY" in str(error) or "(164)" in str(error):
                typer.echo(
                    _("Perintah ini mengubah data. Ulangi dengan --write bila memang itu maksudnya."),
                    err=True,
                )
            raise typer.Exit(1) from error


def clickhouse_of(context: typer.Context, url: str) -> Settings:
    """The settings with a ClickHouse to ask: the address given, configured, or of the running stack. Raises
    SettingsError."""
    settings = settings_of(context)
    if url:
        return settings.with_values({"clickhouse.url": url})
    if settings.clickhouse.url:
        return settings
    from infra.embedded.running import connected

    return connected(settings)


def _run(settings: Settings, statement: str, form: str, *, write: bool) -> None:
    from sinks.clickhouse.client import connect

    client = connect(settings.clickhouse)
    try:
        names = {row[0] for row in client.query("SELECT name FROM system.databases").result_rows}
        if settings.clickhouse.database in names:
            client.database = settings.clickhouse.database
        simulated = any_simulated(client, settings.clickhouse.database)
        if write:
            typer.echo(client.command(statement) if _commands(statement) else _text(client, statement, form))
            return
        only_read = {"readonly": "1"}
        if form:
            body = client.raw_query(
                statement, settings=only_read, fmt="JSON" if form == "json" else "CSVWithNames"
            )
            _print(body.decode(), form, simulated=simulated)
        else:
            result = client.query(statement, settings=only_read)
            _table(list(result.column_names), result.result_rows, simulated=simulated)
    finally:
        client.close()


def _commands(statement: str) -> bool:
    return (
        not statement.lstrip("( \n")
        .upper()
        .startswith(("SELECT", "WITH", "SHOW", "DESC", "EXPLAIN", "EXISTS"))
    )


def _text(client: Any, statement: str, form: str) -> str:
    names = {"json": "JSON", "csv": "CSVWithNames"}
    return str(client.raw_query(statement, fmt=names.get(form, "PrettyCompact")).decode())


def _print(body: str, form: str, *, simulated: bool) -> None:
    """CSV with the stamp as a first line, JSON with a field for it: no export goes out without it."""
    if form == "csv":
        if simulated:
            typer.echo(f"# {STAMP}")
        typer.echo(body, nl=False)
        return
    answer = json.loads(body)
    answer["simulated"] = simulated
    if simulated:
        answer["note"] = STAMP
    typer.echo(json.dumps(answer, ensure_ascii=False))


def _table(names: list[str], rows: list[tuple[Any, ...]], *, simulated: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if simulated:
        console.print(STAMP, style="bold red")
    table = Table()
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows[:SHOWN]:
        table.add_row(*(Text("–" if value is None else str(value)) for value in row))
    console.print(table)
    if len(rows) > SHOWN:
        console.print(
            _("{shown} dari {all} baris; pakai --csv atau LIMIT.").format(shown=SHOWN, all=len(rows))
        )


def failures() -> tuple[type[Exception], ...]:
    """What ClickHouse raises when it refuses or does not answer."""
    from clickhouse_connect.driver.exceptions import Error

    return (Error,)


def refusal(error: Exception) -> str:
    """Such an error in a line."""
    text = str(error)
    begin = text.find("DB::Exception: ")
    reason = (text[begin + len("DB::Exception: ") :] if begin >= 0 else text).split(" (for url")[0].strip()
    return _("ClickHouse menolak: {reason}").format(reason=reason)
