"""The command ``nadi``: finds its commands by name and loads only the one that is asked for.

A command group is a module here with ``register(app)``, which declares its commands on the typer app. ``GROUPS``
says which module declares which command, so that ``nadi --help`` need not import any of them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from infra.cli import texts
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.settings import Settings

#: Exit codes: 0 done, 1 a problem was found or the work failed, 2 wrong usage or settings, 130 interrupted.
PROBLEM = 1
USAGE = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Group:
    """A command, the module of ``infra.cli`` that declares it, and its line in ``nadi --help`` (Indonesian)."""

    command: str
    module: str
    help: str


GROUPS = (
    Group("up", "up", "Menjalankan semua bagian Nadi; Ctrl-C menghentikannya."),
    Group("status", "status", "Menampilkan keadaan setiap bagian."),
    Group("doctor", "doctor", "Memeriksa setiap bagian dan menunjukkan cara memperbaikinya."),
    Group("config", "config", "Menampilkan pengaturan, nilai dan asalnya."),
    Group("profile", "profile", "Profil kabupaten: memeriksa, mengaktifkan, membuat, membagikan."),
    Group("opd", "opd", "Kunci OPD: memberi, mengganti, mencabut."),
    Group("catalogue", "catalogue", "Katalog layanan bus: penerbit dan pemakai, juga sebagai AsyncAPI."),
    Group(
        "identity",
        "identity",
        "Identitas di balik token: membuka dengan dua orang, menghapus, melihat catatan.",
    ),
    Group("relay", "relay", "Relai outbox: dari tabel outbox OPD ke gerbang."),
    Group("spool", "spool", "Antrean yang bertahan: mengirim, melihat, membereskan yang ditolak."),
    Group("pull", "pull", "Menarik dari basis data yang tidak dapat diubah, hanya dengan SELECT."),
    Group("publish", "publish", "Menerbitkan kejadian dari berkas CSV, XLSX, ODS, JSONL, Avro, atau XES."),
    Group(
        "template",
        "template",
        "Membuat buku kerja XLSX untuk diisi, lengkap dengan daftar pilihan dan petunjuk.",
    ),
    Group("drop", "drop", "Menerbitkan berkas yang diletakkan di folder kiriman."),
    Group("simulate", "simulate", "Menjalankan kabupaten tiruan (DATA SIMULASI)."),
    Group("audit", "audit", "Telaah data historis dari berkas CSV, Parquet, atau XES."),
    Group("reconcile", "reconcile", "Mencocokkan angka dengan LRA, daftar setoran, atau rekening koran."),
    Group("query", "query", "Menjalankan SQL pada ClickHouse."),
    Group(
        "state", "state", "Keadaan pengolah: melihat, mengekspor, membandingkan dengan perhitungan langsung."
    ),
    Group(
        "rules",
        "rules",
        "Aturan: isi, parameter, contoh, halaman, dan apa yang berubah bila parameternya diubah.",
    ),
    Group("rebuild", "rebuild", "Menghitung ulang di samping yang berjalan, lalu mengalihkan."),
    Group("dlq", "dlq", "Surat mati: melihat, mengirim ulang, menyisihkan."),
    Group("demo-alert", "demo_alert", "Menerbitkan satu izin terlambat dan menunjukkan perjalanannya."),
    Group("run", "run", "Menjalankan satu bagian saja (dipakai oleh nadi up)."),
)


class Commands(TyperGroup):
    """The commands of ``GROUPS``, each imported when it is asked for."""

    listing = False

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        self.listing = True
        try:
            super().format_commands(ctx, formatter)
        finally:
            self.listing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return [group.command for group in GROUPS if _exists(group.module)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        group = next((g for g in GROUPS if g.command == cmd_name and _exists(g.module)), None)
        if group is None:
            return None
        if self.listing:
            return TyperCommand(group.command, short_help=_(group.help), help=_(group.help))
        return _load(group)


def build() -> typer.Typer:
    """The app in the language chosen."""
    app = typer.Typer(
        cls=Commands,
        name="nadi",
        help=_("Nadi: bus kejadian pemerintah kabupaten. Angka langsung dan indikasi risiko KKN."),
        epilog=_("Contoh: nadi up --demo · nadi status · nadi publish permits izin.csv"),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: rich alone would take half of the time
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def options(
        context: typer.Context,
        profile: Annotated[str, typer.Option("--profile", help=_("Nama atau folder profil kabupaten."))] = "",
        data_dir: Annotated[
            Path | None, typer.Option("--data-dir", help=_("Folder data; bawaan .nadi di folder kerja."))
        ] = None,
        lang: Annotated[str, typer.Option("--lang", help=_("Bahasa: id atau en."))] = "",
        sets: Annotated[
            list[str] | None,
            typer.Option(
                "--set", metavar="KEY=VALUE", help=_("Mengubah satu pengaturan, misalnya kafka.partitions=8.")
            ),
        ] = None,
        version: Annotated[  # noqa: ARG001
            bool, typer.Option("--version", help=_("Menampilkan versi."), callback=_version, is_eager=True)
        ] = False,
    ) -> None:
        flags: dict[str, Any] = {}
        for item in sets or []:
            key, equals, value = item.partition("=")
            if not equals:
                raise typer.BadParameter(_("tulis --set KUNCI=NILAI, bukan") + f" {item!r}")
            flags[key.strip()] = None if value == "null" else value
        flags |= {"profile": profile} if profile else {}
        flags |= {"data_dir": str(data_dir)} if data_dir else {}
        flags |= {"lang": lang} if lang else {}
        context.obj = flags

    return app


def settings_of(context: typer.Context) -> Settings:
    """The settings of this call: all sources, with the flags before the command on top."""
    from infra.settings import Settings

    return Settings.load(context.find_root().obj or {})


def main() -> NoReturn:
    """Run the command line and exit: see the exit codes above."""
    try:
        texts.choose(texts.asked())
    except ValueError as error:
        fail(str(error), USAGE)
    from typer import _click

    from infra.cli import typer_texts

    _click.core.Context.formatter_class = typer_texts.Formatter
    try:
        code = typer.main.get_command(build())(standalone_mode=False)
    except _click.exceptions.ClickException as wrong:
        sys.stderr.write(typer_texts.said(wrong))
        sys.exit(wrong.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except Exception as error:
        if type(error).__name__ not in EXPECTED:
            raise
        fail(str(error), EXPECTED[type(error).__name__])
    sys.exit(code if isinstance(code, int) else 0)


#: Errors whose message says all a person needs; their exit code.
EXPECTED = {
    "SettingsError": USAGE,
    "ProfileError": PROBLEM,
    "DownloadError": PROBLEM,
    "BrokerError": PROBLEM,
    "StackError": PROBLEM,
    "LockedError": PROBLEM,
    "DeploymentMismatchError": PROBLEM,
    "PublishError": PROBLEM,
    "LedgerError": PROBLEM,
    "ActivationError": PROBLEM,
    "AccessLogError": PROBLEM,
    "KeyProblemError": PROBLEM,
    "IdentityError": PROBLEM,
    "VaultError": PROBLEM,
    "EnvironmentFileError": USAGE,
    "RegistryError": PROBLEM,
    "SpoolError": PROBLEM,
    "SpoolBusyError": PROBLEM,
    "SpoolFullError": PROBLEM,
    "SpoolDiskError": PROBLEM,
    "EventError": USAGE,
    "StoppedError": PROBLEM,  # the gateway refuses the sender
    "PullError": USAGE,
    "MappingError": USAGE,
    "PulledElsewhereError": PROBLEM,
    "TimeoutError": PROBLEM,
    "KafkaException": PROBLEM,
    "OperationalError": PROBLEM,  # ClickHouse does not answer
}


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong on standard error and exit."""
    sys.stderr.write(_("Gagal:") + " " + message + "\n")
    sys.exit(code)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"nadi {version('nadi')}")
        raise typer.Exit


def _exists(module: str) -> bool:
    return importlib.util.find_spec(f"infra.cli.{module}") is not None


def _load(group: Group) -> Any:
    module = importlib.import_module(f"infra.cli.{group.module}")
    register: Callable[[typer.Typer], None] = module.register
    app = typer.Typer(
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def group_of_one() -> None: ...

    register(app)
    loaded = typer.main.get_group(app)
    command = loaded.commands.get(group.command)
    if command is None:
        raise LookupError(f"infra/cli/{group.module}.py registers no command {group.command!r}")
    command.short_help = command.short_help or _(group.help)
    return command
