"""`nadi state`: what the engine says, held against the plain reference."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.main import settings_of
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.settings import Settings
    from infra.verify import Report

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Declare the command group ``state``."""
    state = typer.Typer(
        help=_("Membandingkan angka dengan perhitungan langsung dari topik."), no_args_is_help=True
    )
    app.add_typer(state, name="state")

    @state.command(
        help=_(
            "Membandingkan semua angka dengan perhitungan langsung dari topik; kode keluar 1 bila berbeda."
        )
    )
    def verify(
        context: typer.Context,
        domain: Annotated[list[str] | None, typer.Option(help=_("ranah; bawaan: semua"))] = None,
        as_json: Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))] = False,
    ) -> None:
        from infra.cli.progress import Stages
        from infra.settings import resolve_profile
        from infra.verify import verify as compare
        from schemas.catalogue import DOMAINS
        from schemas.profile import Profile

        settings = _given(context)
        profile = Profile.load(resolve_profile(settings.profile))
        reports: list[Report] = []
        for name in domain or DOMAINS:
            if name not in DOMAINS:
                raise typer.BadParameter(
                    _("ranah {domain} tidak dikenal; pilih {known}").format(
                        domain=name, known=", ".join(DOMAINS)
                    )
                )
            labels = {
                "topik": _("membaca angka"),
                "baca": _("membaca kejadian"),
                "hitung": _("menghitung ulang"),
            }
            with Stages({key: f"{name}: {label}" for key, label in labels.items()}) as stages:
                try:
                    reports.append(compare(name, settings, profile, stages.update))
                except (TimeoutError, RuntimeError, OSError) as error:
                    stages.stop()
                    typer.echo(str(error), err=True)
                    raise typer.Exit(1) from error
        if as_json:
            json.dump([report.as_json() for report in reports], sys.stdout, ensure_ascii=False)
            sys.stdout.write("\n")
        else:
            for report in reports:
                _print(report)
        if not all(report.ok for report in reports):
            raise typer.Exit(1)

    @state.command(help=_("Menampilkan satu angka per hari, misalnya: nadi state show revenue.received"))
    def show(
        context: typer.Context,
        metric: Annotated[str, typer.Argument(help=_("nama angka, misalnya revenue.received"))],
        dimension: Annotated[str, typer.Option(help=_("dimensi: total, opd, village, …"))] = "total",
        value: Annotated[str | None, typer.Option(help=_("nilai dimensi; bawaan: semua"))] = None,
    ) -> None:
        from infra.verify import newest
        from schemas.catalogue import AGGREGATES

        domain = metric.partition(".")[0]
        if domain not in AGGREGATES:
            raise typer.BadParameter(
                _("angka {metric} tidak dikenal; awalannya {known}").format(
                    metric=metric, known=", ".join(AGGREGATES)
                )
            )
        found = newest(domain, _given(context)).cells
        rows = sorted(
            (figure[3], figure[2], sum(cell.amount for cell in parts.values()))
            for figure, parts in found.items()
            if figure[0] == metric and figure[1] == dimension and value in (None, figure[2])
        )
        for day, of, amount in rows:
            typer.echo(f"{day}\t{of or dimension}\t{amount}")
        typer.echo(_("jumlah") + f"\t\t{sum(amount for *_rest, amount in rows)}")


def _given(context: typer.Context) -> Settings:
    """The settings with the addresses of the running stack."""
    from infra.embedded.running import connected

    return connected(settings_of(context))


def _print(report: Report) -> None:
    verdict = _("sama") if not report.differences else _("{n} berbeda").format(n=len(report.differences))
    typer.echo(
        _("{domain}: {verdict}; {figures} angka dari {events} kejadian, {repeats} berulang, {refused} ditolak, {behind} belum diolah").format(
            domain=report.domain, verdict=verdict, figures=report.figures, events=report.events,
            repeats=report.repeats, refused=report.refused, behind=report.behind,
        )
    )  # fmt: skip
    for problem in report.audit:
        typer.echo(_("  tabel tidak lengkap: {problem}").format(problem=problem))
    for name, said in ((_("tabel"), report.table), (_("papan"), report.wallboard)):
        if said != "compared":
            typer.echo(_("  {name} tidak dibandingkan penuh: {why}").format(name=name, why=said))
    for d in report.differences[:SHOWN]:
        typer.echo(
            _("  {metric} {dimension}={value} {day}: topik {topic}, tabel {table}, papan {board}, hitung ulang {reference}").format(
                metric=d.metric, dimension=d.dimension, value=d.value, day=d.local_day, topic=d.topic, table=d.table,
                board=d.wallboard, reference=d.reference,
            )
        )  # fmt: skip
    if len(report.differences) > SHOWN:
        typer.echo(
            _("  … dan {n} lagi; --json menampilkan semuanya").format(n=len(report.differences) - SHOWN)
        )
