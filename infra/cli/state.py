"""`nadi state`: what the tasks keep, to look at and to hold against the plain reference."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.main import settings_of
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.cli.progress import Stages
    from infra.settings import Settings
    from schemas.profile import Profile

Json = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]
Domains = Annotated[list[str] | None, typer.Option("--domain", help=_("ranah; bawaan: semua"))]


def register(app: typer.Typer) -> None:
    """Declare the command group ``state``."""
    state = typer.Typer(
        help=_("Keadaan pengolah: melihat, mengekspor, membandingkan dengan perhitungan langsung."),
        no_args_is_help=True,
    )
    app.add_typer(state, name="state")
    state.command(help=_("Menampilkan setiap tugas: pemilik, posisi, ketertinggalan, ukuran keadaan."))(tasks)
    state.command(
        help=_(
            "Menampilkan satu angka per hari (revenue.received), satu izin (nomor permohonan), atau kunci lain."
        )
    )(show)
    state.command(help=_("Menulis seluruh keadaan ke berkas Parquet, satu per ranah dan jenis."))(export)
    state.command(
        help=_(
            "Membandingkan semua angka dan indikasi dengan perhitungan langsung dari topik; kode keluar 1 bila berbeda."
        )
    )(verify)


def tasks(context: typer.Context, as_json: Json = False) -> None:
    from infra.cli import state_tables
    from infra.state.standing import standing

    settings = _given(context)
    with _stages({"keadaan": _("membaca keadaan")}) as stages:
        found = standing(settings.kafka, lambda done, total: stages.update("keadaan", done, total))
    if as_json:
        _say(found)
    else:
        state_tables.tasks(found, _profile(settings).timezone)


def show(
    context: typer.Context,
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help=_(
                "nama angka (revenue.received), nomor permohonan, atau bagian kunci dipisah | (1.01|5.1.02.01)"
            ),
        ),
    ],
    dimension: Annotated[str, typer.Option(help=_("dimensi: total, opd, village, …"))] = "total",
    value: Annotated[str | None, typer.Option(help=_("nilai dimensi; bawaan: semua"))] = None,
    as_json: Json = False,
) -> None:
    from infra.cli import state_tables
    from infra.state.keys import find, is_figure

    settings = _given(context)
    if is_figure(key):
        _figure(settings, key, dimension, value, as_json=as_json)
        return
    profile = _profile(settings)
    with _stages({"keadaan": _("mencari dalam keadaan")}) as stages:
        found = find(settings, profile, key, lambda done, total: stages.update("keadaan", done, total))
    if as_json:
        _say([one.as_json() for one in found])
    elif found:
        state_tables.keys(found, profile)
    else:
        typer.echo(_("{key}: tidak ada dalam keadaan tugas mana pun").format(key=key), err=True)
    if not found:
        raise typer.Exit(1)


def _figure(settings: Settings, metric: str, dimension: str, value: str | None, *, as_json: bool) -> None:
    from infra.verify.published import newest

    rows = sorted(
        (figure[3], figure[2], sum(cell.amount for cell in parts.values()))
        for figure, parts in newest(metric.partition(".")[0], settings).items()
        if figure[0] == metric and figure[1] == dimension and value in (None, figure[2])
    )
    if as_json:
        _say([{"local_day": day, "value": of, "amount": amount} for day, of, amount in rows])
        return
    for day, of, amount in rows:
        typer.echo(f"{day}\t{of or dimension}\t{amount}")
    typer.echo(_("jumlah") + f"\t\t{sum(amount for *_rest, amount in rows)}")


def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help=_("folder tujuan"))],
    domain: Domains = None,
    as_json: Json = False,
) -> None:
    from infra.state.export import export as write

    settings, wanted = _given(context), _domains(domain)
    with _stages({"tugas": _("mengekspor tugas")}) as stages:
        counts = write(
            settings, _profile(settings), wanted, out, lambda done, total: stages.update("tugas", done, total)
        )
    if as_json:
        _say({"out": str(out), "rows": counts})
        return
    for name, count in sorted(counts.items()):
        typer.echo(f"{out / name}\t{count}")


def verify(context: typer.Context, domain: Domains = None, as_json: Json = False) -> None:
    from infra.cli import state_tables
    from infra.verify import verify as compare

    settings = _given(context)
    profile = _profile(settings)
    reports = []
    for name in _domains(domain):
        labels = {
            "topik": _("membaca angka"),
            "indikasi": _("membaca indikasi"),
            "keadaan": _("membaca keadaan"),
            "baca": _("membaca kejadian"),
            "hitung": _("menghitung ulang"),
        }
        with _stages({key: f"{name}: {label}" for key, label in labels.items()}) as stages:
            reports.append(compare(name, settings, profile, stages.update))
    if as_json:
        _say([report.as_json() for report in reports])
    else:
        for report in reports:
            state_tables.report(report)
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _given(context: typer.Context) -> Settings:
    """The settings with the addresses of the running stack."""
    from infra.embedded.running import connected

    return connected(settings_of(context))


def _profile(settings: Settings) -> Profile:
    from infra.settings import resolve_profile
    from schemas.profile import Profile

    return Profile.load(resolve_profile(settings.profile))


def _domains(wanted: list[str] | None) -> list[str]:
    """The domains asked for, all of them for none. Raises BadParameter naming one that there is not."""
    from schemas.catalogue import DOMAINS

    for name in wanted or ():
        if name not in DOMAINS:
            raise typer.BadParameter(
                _("ranah {domain} tidak dikenal; pilih {known}").format(domain=name, known=", ".join(DOMAINS))
            )
    return list(wanted or DOMAINS)


@contextmanager
def _stages(labels: dict[str, str]) -> Iterator[Stages]:
    """Progress, and an end with a message where the broker or the log does not allow it."""
    from infra.cli.progress import Stages

    with Stages(labels) as stages:
        try:
            yield stages
        except (TimeoutError, RuntimeError, OSError) as error:
            stages.stop()
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error


def _say(found: Any) -> None:
    json.dump(found, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")
