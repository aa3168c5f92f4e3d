"""`nadi rules evaluate`: what the rules find of planted irregularities, or how often they speak over a log."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.rules import rules
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.evaluation.run import Evaluation, Log, Planted


@rules.command(
    help=_(
        "Menilai aturan: atas log lama, atau atas tahun-tahun tiruan dengan pelanggaran yang ditanam "
        "(--simulated). Menunjukkan yang ditemukan, ketepatan, seberapa sering bersuara, dan cakupan."
    ),
    short_help=_("Menilai seberapa baik aturan menemukan."),
)
def evaluate(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", help=_("log perizinan, CSV atau Parquet"), exists=True, dir_okay=False
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help=_("berkas TOML yang memetakan kolom ke kontrak"), exists=True)
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help=_("tahun tiruan dengan pelanggaran yang ditanam"))
    ] = False,
    seed: Annotated[int, typer.Option(help=_("benih; benih yang sama memberi kejadian yang sama"))] = 1,
    years: Annotated[int, typer.Option(min=1, max=7, help=_("jumlah tahun tiruan, sampai 2025"))] = 4,
    population: Annotated[int, typer.Option(min=1000, help=_("jumlah penduduk tiruan"))] = 300_000,
    partitions: Annotated[int, typer.Option(min=1, max=256, help=_("jumlah partisi"))] = 4,
    workers: Annotated[int, typer.Option(min=1, max=16, help=_("jumlah proses pengolah"))] = 1,
    out: Annotated[Path, typer.Option(help=_("folder hasil"))] = Path("penilaian"),
    as_json: Annotated[
        bool, typer.Option("--json", help=_("angka sebagai JSON ke keluaran standar"))
    ] = False,
) -> None:
    """Evaluate the rules."""
    from infra.cli.main import settings_of
    from infra.cli.progress import Stages
    from infra.evaluation import page, run
    from infra.logs import set_up
    from infra.settings import resolve_profile
    from producers.simulator import SimulationRefusedError
    from schemas.profile import Profile

    over = _over(files, mapping, simulated, seed, years, population)
    set_up("WARNING")  # a part that dies and comes back is said on standard error
    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    labels = {
        "baca": _("membaca berkas"),
        "kirim": _("mengirim hari-hari tiruan") if simulated else _("mengirim kejadian"),
        "olah": _("mengolah"),
        "kabupaten": _("membandingkan antarperkara, hari"),
    }
    with Stages(labels) as stages:
        try:
            done = run.evaluate(
                over, settings, profile, stages.update, partitions=partitions, workers=workers
            )
        except (SimulationRefusedError, ValueError, OSError, RuntimeError, TimeoutError) as error:
            stages.stop()
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    page.write(done, profile, out)
    if as_json:
        json.dump(page.as_json(done), sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    _say(done)
    typer.echo(_("Hasil: {page}").format(page=out / page.PAGE))


def _over(
    files: list[Path] | None, mapping: Path | None, simulated: bool, seed: int, years: int, population: int
) -> Planted | Log:
    from infra.evaluation.run import Log, Planted

    if simulated == bool(files):
        raise typer.BadParameter(_("pilih satu: berkas log, atau --simulated"))
    if simulated:
        return Planted(seed, years, population)
    if mapping is None:
        raise typer.BadParameter(_("log lama memerlukan --mapping"))
    return Log(tuple(files or ()), mapping)


def _say(done: Evaluation) -> None:
    """A line a rule, the worst first, and what is published."""
    scores = done.scores
    if done.ledger is not None:
        typer.echo(
            _("DATA SIMULASI: {cases} perkara, {events} kejadian, {planted} di antaranya ditanam").format(
                cases=done.cases, events=done.events, planted=done.ledger.changed
            )
        )
        typer.echo(
            _("aturan  ditemukan dari ditanam  ketepatan (benar, keliru, lain)  bersuara  dapat dinilai")
        )
    else:
        typer.echo(_("{cases} perkara, {events} kejadian").format(cases=done.cases, events=done.events))
        typer.echo(_("aturan  bersuara  dapat dinilai"))
    for s in scores.rules:
        words = [f"{s.rule.id:6}"]
        if done.ledger is not None:
            words.append(f"{_percent(s.recall)} {s.found:6} / {s.planted:<8}")
            words.append(f"{_percent(s.precision)} ({s.true}, {s.false}, {s.besides})".ljust(32))
        words += [f"{s.alerted:6} {_percent(s.base_rate)}", _percent(s.coverage), s.rule.title]
        typer.echo("  ".join(words))
    if done.ledger is not None:
        for head, published in (
            (_("Yang diterbitkan"), scores.published), (_("Bila semua aturan dikirim"), scores.if_all),
        ):  # fmt: skip
            per_cases = f"{published.false_per_10000_cases or 0.0:.2f}".replace(".", ",")
            typer.echo(
                _(
                    "{head}: {true} benar, {false} keliru, ketepatan {precision}, {per_cases} keliru per 10.000 perkara dan SP2D"
                ).format(
                    head=head, true=published.true, false=published.false,
                    precision=_percent(published.precision).strip(), per_cases=per_cases,
                )
            )  # fmt: skip
        if scores.no_rule:
            listed = ", ".join(f"{rule} ({count})" for rule, count in scores.no_rule.items())
            typer.echo(_("Ditanam, belum ada aturannya: {listed}").format(listed=listed))


def _percent(value: float | None) -> str:
    return "    –" if value is None else f"{100 * value:5.1f}%".replace(".", ",")
