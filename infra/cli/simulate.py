"""`nadi simulate`: a simulated regency, live on a running stack or a whole year on a stack of its own."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.cli.progress import Stages
    from infra.embedded.stack import Stack
    from infra.settings import Settings
    from schemas.profile import Profile


def simulate(
    context: typer.Context,
    live: Annotated[bool, typer.Option("--live", help=_("terus-menerus ke Nadi yang berjalan"))] = False,
    rate: Annotated[float, typer.Option(min=0.01, help=_("kejadian per detik (--live)"))] = 10.0,
    year: Annotated[int, typer.Option(help=_("tahun yang disimulasikan, di tumpukan tersendiri"))] = 0,
    population: Annotated[
        int, typer.Option(min=100, help=_("jumlah penduduk; bawaan 300000, --live 30000"))
    ] = 0,
    seed: Annotated[int, typer.Option(help=_("benih; benih yang sama memberi kejadian yang sama"))] = 1,
    once: Annotated[bool, typer.Option("--once", help=_("berhenti setelah semua diolah (--year)"))] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help=_("bandingkan semua angka dengan hitungan langsung (--year)"))
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help=_("simpan data tumpukan (--year)"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("ringkasan JSON ke keluaran standar"))] = False,
) -> None:
    """Run the simulator."""
    from infra.cli.main import settings_of
    from infra.cli.progress import Stages
    from infra.settings import resolve_profile
    from producers.simulator import SimulationRefusedError
    from schemas.profile import Profile

    if live == bool(year):
        raise typer.BadParameter(_("pilih satu: --live atau --year TAHUN"))
    if year and not 2000 <= year <= 2100:
        raise typer.BadParameter(_("--year {year}: di luar 2000 sampai 2100").format(year=year))
    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    if not profile.simulation_allowed:
        typer.echo(
            _(
                "profil {name} milik pemerintah nyata; simulasi tidak diizinkan. Pakai --profile contoh"
            ).format(name=profile.name),
            err=True,
        )
        raise typer.Exit(1)
    labels = {
        "kirim": _("mengirim kejadian (DATA SIMULASI)"),
        "olah": _("mengolah"),
        "baca": _("membaca kejadian"),
        "topik": _("membaca angka"),
        "hitung": _("menghitung ulang"),
    }
    with Stages(labels) as stages:
        try:
            if live:
                _live(settings, profile, rate, population or 30_000, seed, stages)
                return
            _year(settings, profile, year, population or 300_000, seed, stages, once, verify, keep, as_json)
        except (SimulationRefusedError, TimeoutError) as error:
            stages.stop()
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error


def _live(
    settings: Settings, profile: Profile, rate: float, population: int, seed: int, stages: Stages
) -> None:
    from infra.embedded.running import with_broker
    from infra.signals import stop_signal
    from producers.simulator.publishing import simulate_live

    stop = stop_signal()
    simulate_live(
        with_broker(settings).kafka,
        profile,
        settings.data_dir / "simulator.json",
        stop,
        rate=rate,
        population=population,
        seed=seed,
        progress=lambda n: stages.update("kirim", n, 0),
    )


def _year(
    settings: Settings,
    profile: Profile,
    year: int,
    population: int,
    seed: int,
    stages: Stages,
    once: bool,
    verify: bool,
    keep: bool,
    as_json: bool,
) -> None:
    """A stack of its own on free ports and event time: publish, process, show, and away at the end."""
    from infra.embedded.stack import Stack
    from infra.signals import stop_signal
    from producers.simulator import simulate_year

    stop = stop_signal()
    begun = time.monotonic()
    with Stack.temporary(settings, profile, partitions=settings.kafka.partitions, keep=keep) as stack:
        stack.start_broker()
        sending = time.monotonic()
        counts = simulate_year(
            stack.settings.kafka, profile, year, population, seed, lambda n: stages.update("kirim", n, 0)
        )
        sent = time.monotonic()
        stack.start_clickhouse()
        stack.start_workers(until=_year_end(profile, year))
        stack.start_wallboard()
        _await(stack, stages)
        seconds = {"publish": round(sent - sending, 1), "total": round(time.monotonic() - begun, 1)}
        summary: dict[str, Any] = {
            "simulated": True,
            "year": year,
            "population": population,
            "seed": seed,
            "events": counts,
            "seconds": seconds,
        }
        if verify:
            summary["differences"] = _verify(stack, profile, stages)
        stages.stop()
        _say(stack, summary, as_json)
        if not once and not stop.is_set():
            _stay(stack, stop)
    if verify and any(summary["differences"].values()):
        raise typer.Exit(1)


def _await(stack: Stack, stages: Stages) -> None:
    """Until the workers have committed every domain topic."""
    from infra.audit import results
    from schemas import records
    from schemas.catalogue import DOMAINS

    kafka = stack.settings.kafka
    topics = [kafka.layout().topic(topic.name) for topic in DOMAINS.values()]
    results.wait_until_committed(
        kafka.bootstrap_servers,
        stack.settings.streams.group,
        records.ends(kafka.bootstrap_servers, records.partitions(kafka.bootstrap_servers, topics)),
        alive=stack.check_alive,
        progress=lambda done, total: stages.update("olah", done, total),
    )


def _verify(stack: Stack, profile: Profile, stages: Stages) -> dict[str, int]:
    """By domain: differences between state, topics, table, wallboard and the plain reference, and offsets not accounted for."""
    from infra.verify import verify
    from schemas.catalogue import DOMAINS

    reports = {domain: verify(domain, stack.settings, profile, stages.update) for domain in DOMAINS}
    return {
        domain: len(report.differences) + len(report.alerts) + len(report.audit)
        for domain, report in reports.items()
    }


def _say(stack: Stack, summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        json.dump(summary, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        sys.stdout.flush()
        return
    typer.echo(
        _("DATA SIMULASI {year}: {n} kejadian dikirim dalam {seconds} detik").format(
            year=summary["year"], n=sum(summary["events"].values()), seconds=summary["seconds"]["publish"]
        )
    )
    for domain, count in sorted(summary["events"].items()):
        typer.echo(f"  {domain}: {count}")
    for domain, differing in summary.get("differences", {}).items():
        typer.echo(_("  {domain}: {n} angka berbeda").format(domain=domain, n=differing))
    typer.echo(_("Papan: {url}").format(url=f"http://127.0.0.1:{stack.settings.wallboard.port}/"))


def _stay(stack: Stack, stop: threading.Event) -> None:
    typer.echo(
        _("Bandingkan angka: nadi --data-dir {folder} state verify. Ctrl-C untuk berhenti.").format(
            folder=stack.folder
        )
    )
    while not stop.wait(0.5):
        stack.check_alive()


def _year_end(profile: Profile, year: int) -> int:
    """The last millisecond of a local year."""
    return profile.calendar.day_start(f"{year + 1:04d}-01-01") - 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Menjalankan kabupaten tiruan (DATA SIMULASI)."))(simulate)
