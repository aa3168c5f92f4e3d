"""`nadi pull`: tables of systems that nobody can change, read by SELECT alone, to the gateway."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.main import PROBLEM, fail
from infra.cli.rules import say
from infra.cli.sending import explained
from infra.cli.texts import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from producers.pull.config import Source
    from producers.pull.database import Database
    from producers.pull.state import State

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help=_("berkas TOML sumber, lihat docs/panduan/tarik.md"), dir_okay=False),
]
Env = Annotated[
    Path, typer.Option("--env", help=_("berkas .env dari Diskominfo, ditambah alamat basis data"))
]
Json = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]
FOLDER, SECRET = "pull", "pull.key"
SHOWN = 20


def register(app: typer.Typer) -> None:
    """Declare the command group ``pull``."""
    pull = typer.Typer(
        help=_("Menarik dari basis data yang tidak dapat diubah, hanya dengan SELECT."), no_args_is_help=True
    )
    app.add_typer(pull, name="pull")
    pull.command(
        help=_("Membaca baris baru dan berubah, lalu mengirimnya; Ctrl-C menghentikannya dengan rapi.")
    )(run)
    pull.command("try", help=_("Menampilkan baris pertama sebagai kejadian; tidak mengirim apa pun."))(
        try_out
    )
    pull.command(help=_("Menampilkan posisi, baris yang disisihkan, dan kejanggalan setiap sumber."))(status)


def run(
    context: typer.Context,
    file: File,
    env: Env = Path(".env"),
    once: Annotated[bool, typer.Option("--once", help=_("satu putaran saja (untuk cron)"))] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help=_("juga membaca seluruh tabel pada putaran pertama"))
    ] = False,
    retry: Annotated[
        bool,
        typer.Option("--retry", help=_("mengirim lagi yang disisihkan gerbang, setelah sebabnya diperbaiki")),
    ] = False,
    as_json: Json = False,
) -> None:
    import signal
    import threading
    from dataclasses import asdict

    from infra.cli.progress import Stages
    from producers.pull.events import Maker, secret_of
    from producers.pull.pull import Progress, Puller
    from producers.pull.report import report_path

    source, values = _source(file), _values(env)
    folder = _folder(context)
    state = _state(folder, source.name)
    gateway = source.gateway(values, str(env), state.path)
    maker = Maker(source, secret_of(folder / SECRET))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # A thread of its own: the handler may run while this one holds the event's lock.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    labels = {"baca": _("membaca tabel"), "kirim": _("mengirim")}
    with explained(), state.alone(), _database(source, values) as database, Stages(labels) as stages:
        said = ""

        def tell(progress: Progress) -> None:
            nonlocal said
            if progress.total:
                stages.update("baca", progress.read, max(progress.total, progress.read))
            if done := progress.sent + progress.refused:
                stages.update("kirim", done, 0)
            if progress.waiting_for and progress.waiting_for != said:
                stages.write(_("menunggu: {why}").format(why=progress.waiting_for))
            said = progress.waiting_for

        if retry:
            state.retry()
        progress = Puller(source, database, state, maker, gateway, stop, tell).run(once=once, sweep=sweep)
    refused = state.counts()["set_aside"]
    if as_json:
        say({**asdict(progress), "set_aside": refused, "report": str(report_path(state))})
    else:
        typer.echo(
            _("{sent} terkirim, {refused} disisihkan, {anomalies} kejanggalan").format(
                sent=progress.sent, refused=refused, anomalies=progress.anomalies
            )
        )
        if progress.anomalies:
            typer.echo(_("Kejanggalan: {path}").format(path=report_path(state)))
        if refused:
            typer.echo(_("Lihat sebabnya: nadi pull status"), err=True)
    if refused or progress.waiting_for:
        raise typer.Exit(PROBLEM)


def try_out(
    file: File,
    env: Env = Path(".env"),
    rows: Annotated[int, typer.Option("--rows", min=1, max=100, help=_("berapa baris"))] = 5,
    as_json: Json = False,
) -> None:
    from producers.pull.trying import tried

    source = _source(file)
    with explained(), _database(source, _values(env)) as database:
        database.check()
        found = [tried(source, row) for row in database.by_key(None, rows)]
    if as_json:
        say(found)
    else:
        import json

        for one in found:
            typer.echo(json.dumps(one["event"], ensure_ascii=False, indent=2))
            for problem in one["problems"]:
                typer.echo(_("Salah:") + f" {problem}")
        if not found:
            typer.echo(_("Tabel kosong."))
    if not found or any(one["problems"] for one in found):
        raise typer.Exit(PROBLEM)


def status(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help=_("hanya sumber ini"), dir_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    folder = _folder(context)
    names = [file.stem] if file else sorted(path.stem for path in folder.glob("*.db"))
    found = [_standing(folder, name) for name in names]
    if as_json:
        say(found)
    else:
        for one in found:
            _show(one)
        if not found:
            typer.echo(_("Belum ada sumber yang ditarik."))
    if not found or any(one["set_aside"] for one in found):
        raise typer.Exit(PROBLEM)


def _standing(folder: Path, name: str) -> dict[str, Any]:
    from producers.pull.report import standing

    if not (folder / f"{name}.db").is_file():
        fail(_("sumber {name} belum pernah ditarik").format(name=name), PROBLEM)
    return standing(_state(folder, name, writable=False), SHOWN)


def _show(one: dict[str, Any]) -> None:
    typer.echo(
        _("{source}: {rows} baris diketahui, {waiting} menunggu, {aside} disisihkan").format(
            source=one["source"], rows=one["rows"], waiting=one["waiting"], aside=one["set_aside"]
        )
    )
    typer.echo(
        "  "
        + _("penanda tertinggi {mark}; seluruh tabel terakhir dibaca {at}").format(
            mark=one["watermark"] or "–", at=one["swept_at"] or "–"
        )
    )
    for refused in one["refused"]:
        typer.echo(f"  {refused['key']}  {refused['type']}\n    {refused['last_error']}")
    for kind, number in one["anomalies"].items():
        typer.echo(f"  {number} × {one['meanings'][kind]}")
    if one["anomalies"]:
        typer.echo("  " + _("Kejanggalan: {path}").format(path=one["report"]))


def _source(file: Path) -> Source:
    from producers.pull.config import Source

    return Source(file)


def _values(env: Path) -> dict[str, str]:
    """What the ``.env`` says, over what the environment says."""
    from producers.sending.environment import values

    return {**os.environ, **(values(env.read_text("utf-8")) if env.is_file() else {})}


def _folder(context: typer.Context) -> Path:
    from infra.cli.main import settings_of

    return settings_of(context).data_dir / FOLDER


def _state(folder: Path, name: str, *, writable: bool = True) -> State:
    from producers.pull.state import State

    return State(folder / f"{name}.db", writable=writable)


@contextmanager
def _database(source: Source, values: dict[str, str]) -> Iterator[Database]:
    from producers.pull.database import Database

    database = Database(source, source.address(values))
    try:
        yield database
    finally:
        database.close()
