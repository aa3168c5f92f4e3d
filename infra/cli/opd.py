"""`nadi opd`: keys with which departments publish, given, changed and taken back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli import opd_backfill
from infra.cli.rules import profile_of, say
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.settings import Settings
    from producers.access.book import Key
    from producers.access.credentials import Made

Json = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]
KeyId = Annotated[str, typer.Argument(metavar="KEY", help=_("nomor kunci, lihat nadi opd list"))]
Days = Annotated[int, typer.Option("--days", help=_("masa berlaku kunci dalam hari"))]
Env = Annotated[
    Path | None,
    typer.Option("--env", help=_("berkas .env baru untuk OPD; tanpa ini ditampilkan"), dir_okay=False),
]
Addresses = Annotated[
    list[str] | None,
    typer.Option("--address", help=_("alamat atau jaringan yang diizinkan (CIDR); boleh diulang")),
]
Url = Annotated[str, typer.Option("--url", help=_("alamat gerbang yang dipakai OPD"))]


def register(app: typer.Typer) -> None:
    """Declare the command group ``opd``."""
    opd = typer.Typer(help=_("Kunci OPD: memberi, mengganti, mencabut."), no_args_is_help=True)
    app.add_typer(opd, name="opd")
    opd_backfill.register(opd)
    opd.command(help=_("Memberi OPD sebuah kunci; rahasianya hanya ditampilkan sekali."))(add)
    opd.command("list", help=_("Menampilkan kunci yang ada, tanpa rahasianya."))(list_keys)
    opd.command(help=_("Membuat kunci pengganti; kunci lama berlaku sampai masa peralihan habis."))(rotate)
    opd.command(help=_("Mencabut kunci; berlaku saat itu juga dan untuk seterusnya."))(revoke)
    opd.command(
        help=_("Memberi Diskominfo kunci untuk melihat kiriman semua OPD; kunci ini tidak dapat mengirim.")
    )(operator)
    opd.command(help=_("Menampilkan sumber mana yang melapor menurut irama yang dinyatakannya."))(compliance)


def add(
    context: typer.Context,
    opd: Annotated[str, typer.Argument(metavar="CODE", help=_("kode OPD menurut profil, misalnya 2.18.01"))],
    system: Annotated[str, typer.Option("--system", help=_("nama sistem pengirim"))] = "utama",
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--source", help=_("awalan sumber yang boleh dipakai; boleh diulang; bawaan /opd/KODE/")
        ),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type", help=_("ranah atau pola jenis kejadian; boleh diulang; bawaan menurut profil")
        ),
    ] = None,
    addresses: Addresses = None,
    days: Days = 365,
    signed: Annotated[
        bool, typer.Option("--signed", help=_("wajibkan tanda tangan pada setiap kiriman"))
    ] = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help=_("kunci uji coba: kirimannya tidak masuk ke papan mana pun"))
    ] = False,
    requests_per_second: Annotated[
        float, typer.Option("--requests-per-second", help=_("permintaan per detik"))
    ] = 20,
    events_per_day: Annotated[int, typer.Option("--events-per-day", help=_("kejadian per hari"))] = 200_000,
    bytes_per_day: Annotated[int, typer.Option("--bytes-per-day", help=_("byte per hari"))] = 500_000_000,
    batch: Annotated[int, typer.Option("--batch", help=_("kejadian paling banyak dalam satu kiriman"))] = 500,
    url: Url = "",
    env: Env = None,
    as_json: Json = False,
) -> None:
    from infra.access import issuing
    from producers.access.caller import Quota

    settings = connected_kafka(context)
    _refuse_existing(env)
    wish = issuing.Wish(
        opd,
        system,
        sources or (),
        types or (),
        addresses or (),
        Quota(requests_per_second, events_per_day, bytes_per_day, batch),
        days,
        sandbox,
        signed,
    )
    made, key = issuing.add(settings.kafka, profile_of(settings), wish)
    _hand_over(settings, made, key, url, env, as_json=as_json)


def list_keys(
    context: typer.Context,
    opd: Annotated[str, typer.Argument(metavar="CODE", help=_("hanya OPD ini"))] = "",
    every: Annotated[
        bool, typer.Option("--all", help=_("juga yang habis masa berlakunya atau dicabut"))
    ] = False,
    as_json: Json = False,
) -> None:
    from infra.access.issuing import book_of
    from infra.cli import opd_words

    settings = connected_kafka(context)
    now = time.time_ns() // 1_000_000
    keys = sorted(book_of(settings.kafka).keys.values(), key=lambda key: (key.opd, key.system, key.issued_at))
    shown = [key for key in keys if opd in ("", key.opd) and (every or key.state(now) == "live")]
    if as_json:
        say([opd_words.as_json(key, now) for key in shown])
    elif shown:
        opd_words.table(shown, now, profile_of(settings))
    else:
        typer.echo(_("Tidak ada kunci. Memberi kunci: nadi opd add KODE"))


def rotate(
    context: typer.Context,
    key_id: KeyId,
    days: Days = 365,
    grace_days: Annotated[
        int, typer.Option("--grace-days", help=_("berapa hari lagi kunci lama masih berlaku"))
    ] = 7,
    url: Url = "",
    env: Env = None,
    as_json: Json = False,
) -> None:
    from infra.access import issuing
    from infra.cli import opd_words

    settings = connected_kafka(context)
    _refuse_existing(env)
    made, key, old = issuing.rotate(settings.kafka, key_id, days=days, grace_days=grace_days)
    _hand_over(settings, made, key, url, env, as_json=as_json)
    if not as_json:
        until = opd_words.when(old.expires_at, profile_of(settings))
        typer.echo(_("Kunci lama {key} berlaku sampai {until}.").format(key=old.key_id, until=until))


def revoke(
    context: typer.Context,
    key_id: KeyId,
    reason: Annotated[str, typer.Option("--reason", help=_("alasan, untuk dibaca orang lain; wajib"))] = "",
    as_json: Json = False,
) -> None:
    from infra.access import issuing
    from infra.cli import opd_words

    settings = connected_kafka(context)
    key = issuing.revoke(settings.kafka, key_id, reason)
    if as_json:
        say(opd_words.as_json(key, time.time_ns() // 1_000_000))
        return
    typer.echo(_("Kunci {key} milik OPD {opd} dicabut.").format(key=key.key_id, opd=key.opd))


def operator(
    context: typer.Context,
    opd: Annotated[str, typer.Argument(metavar="CODE", help=_("kode OPD Diskominfo menurut profil"))],
    addresses: Addresses = None,
    days: Days = 365,
    url: Url = "",
    env: Env = None,
    as_json: Json = False,
) -> None:
    from infra.access import issuing

    settings = connected_kafka(context)
    _refuse_existing(env)
    made, key = issuing.operator(settings.kafka, profile_of(settings), opd, days, addresses or ())
    _hand_over(settings, made, key, url, env, as_json=as_json)


def compliance(
    context: typer.Context,
    opd: Annotated[str, typer.Argument(metavar="CODE", help=_("hanya OPD ini"))] = "",
    as_json: Json = False,
) -> None:
    from infra.cli import opd_words
    from producers.arrivals.compliance import table
    from producers.arrivals.heard import Heard
    from producers.arrivals.routes import TRAIL_FILE
    from producers.gateway.refusals import refused_in

    settings = connected_kafka(context)
    profile, now = profile_of(settings), time.time_ns() // 1_000_000
    heard = Heard(settings.kafka)
    heard.refresh(now)
    refused = refused_in(settings.data_dir / "gateway" / TRAIL_FILE, now)
    rows = table(profile, heard, refused, now, opd)
    if as_json:
        say([row.as_json() for row in rows])
        return
    opd_words.compliance(rows, profile)


def connected_kafka(context: typer.Context) -> Settings:
    """The settings with the running stack's broker, or a given one. Raises SettingsError when there is none."""
    from infra.cli.main import settings_of
    from infra.embedded.running import connected, record_of

    settings = settings_of(context)
    if record_of(settings) is None and settings.kafka.bootstrap_servers:
        return settings
    return connected(settings)


def _hand_over(
    settings: Settings, made: Made, key: Key, url: str, env: Path | None, *, as_json: bool
) -> None:
    from infra.cli import opd_words

    address = url or f"http://{settings.gateway.host}:{settings.gateway.port}"
    text = opd_words.environment(made, key, address.rstrip("/"))
    if env is not None:
        env.touch(mode=0o600, exist_ok=False)
        env.write_text(text, encoding="utf-8")
    if as_json:
        now = time.time_ns() // 1_000_000
        secrets = {
            "key": made.key,
            "signing_key": made.private,
            "env": text,
            "curl": opd_words.curl(made, address),
        }
        say(opd_words.as_json(key, now) | secrets)
        return
    opd_words.handed_over(made, key, address, text, env, profile_of(settings))


def _refuse_existing(env: Path | None) -> None:
    """Before a key is made: a secret must not be lost for want of a place."""
    if env is not None and (env.exists() or not env.absolute().parent.is_dir()):
        raise typer.BadParameter(
            _("--env {path}: berkas sudah ada atau foldernya tidak ada; pilih nama lain").format(path=env)
        )
