"""`nadi publish`: a file of events onto the bus, all rows or none."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.cli.progress import Stages
    from producers.files import Ages, Columns
    from schemas.settings import KafkaSettings

KEYS_FILE = "tokens.key"


def publish(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(help=_("ranah: permits, revenue, budget, population, activities"))],
    file: Annotated[
        Path,
        typer.Argument(
            help=_("berkas .csv, .xlsx, .ods, .xls, .jsonl, .avro, atau .xes (.xes.gz)"),
            exists=True,
            dir_okay=False,
        ),
    ],
    number_format: Annotated[
        str, typer.Option("--number-format", help=_("plain (1500000) atau id (1.500.000,00)"))
    ] = "plain",
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", help=_("berkas TOML yang memetakan kolom ke kontrak"), exists=True),
    ] = None,
    source: Annotated[str, typer.Option(help=_("sumber, bila tidak ada di berkas"))] = "",
    opd: Annotated[str, typer.Option(help=_("kode OPD, bila tidak ada di berkas"))] = "",
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help=_("terbitkan baris yang benar walau ada yang salah"))
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("periksa saja, tidak menerbitkan"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("ringkasan JSON ke keluaran standar"))] = False,
) -> None:
    """Check every row, then publish."""
    from infra.access.loads import announced
    from infra.cli.main import settings_of
    from infra.cli.progress import Stages
    from infra.embedded.running import with_broker
    from infra.settings import resolve_profile
    from producers.client import PublishError
    from producers.files import Ages, Columns, check, good_events
    from producers.mapping import load_mapping
    from producers.tokens import Tokens
    from schemas.catalogue import DOMAINS
    from schemas.profile import Profile

    if domain not in DOMAINS:
        raise typer.BadParameter(
            _("ranah {domain} tidak dikenal; pilih {known}").format(domain=domain, known=", ".join(DOMAINS))
        )
    if number_format not in ("plain", "id"):
        raise typer.BadParameter(
            _("--number-format {value}: pilih plain atau id").format(value=number_format)
        )
    settings = settings_of(context)
    profile = Profile.load(resolve_profile(settings.profile))
    with Stages({"periksa": _("memeriksa baris"), "kirim": _("menerbitkan")}) as stages:
        try:
            columns = Columns(
                domain,
                profile.timezone,
                Tokens.open(settings.data_dir / KEYS_FILE),
                number_format,
                load_mapping(mapping) if mapping else None,
                source,
                opd,
            )
            if columns.mapping and columns.mapping.domain != domain:
                raise ValueError(
                    _("pemetaan ini untuk {found}, bukan {wanted}").format(
                        found=columns.mapping.domain, wanted=domain
                    )
                )
            ages = Ages(
                profile, lambda: announced(with_broker(settings).kafka, profile), time.time_ns() // 1_000_000
            )
            further = partial(ages.problems, file.name, columns)
            result = check(file, columns, lambda n: stages.update("periksa", n, 0), further)
            published = 0
            if result.good and not dry_run and (skip_invalid or not result.rejected):
                events = good_events(file, columns, further)
                published = _send(with_broker(settings).kafka, columns, ages, events, result.good, stages)
        except (ValueError, OSError, PublishError, TimeoutError) as error:
            stages.stop()
            typer.echo(_("Gagal:") + f" {error}", err=True)
            raise typer.Exit(1) from error
        stages.stop()
    summary: dict[str, Any] = {
        "domain": domain,
        "file": file.name,
        "rows": result.rows,
        "rejected": result.rejected,
        "published": published,
        "problems": [str(problem) for problem in result.problems],
        "refused_file": str(result.refused_file) if result.refused_file else None,
    }
    _say(summary, as_json, dry_run)
    if result.rejected or not result.rows:
        raise typer.Exit(1)


def _send(
    kafka: KafkaSettings,
    columns: Columns,
    ages: Ages,
    events: Iterator[dict[str, Any]],
    total: int,
    stages: Stages,
) -> int:
    from producers.client import Publisher

    with Publisher(kafka, origin="live") as publisher:
        for number, event in enumerate(events, 1):
            publisher.publish(columns.domain, event, trusted=True, headers=ages.headers(event))
            if number % 1000 == 0 or number == total:
                stages.update("kirim", number, total)
        publisher.flush()
        return publisher.published


def _say(summary: dict[str, Any], as_json: bool, dry_run: bool) -> None:
    if as_json:
        json.dump(summary, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    for problem in summary["problems"]:
        typer.echo(problem, err=True)
    if summary["rejected"] > len(summary["problems"]):
        typer.echo(
            _("… dan {n} baris lagi").format(n=summary["rejected"] - len(summary["problems"])), err=True
        )
    typer.echo(
        _("{rows} baris, {rejected} ditolak, {published} diterbitkan").format(
            rows=summary["rows"], rejected=summary["rejected"], published=summary["published"]
        )
    )
    if not summary["rows"]:
        typer.echo(_("berkas tidak berisi baris data"), err=True)
    if summary["refused_file"]:
        typer.echo(_("Baris yang ditolak ada di {path}").format(path=summary["refused_file"]))
        if not summary["published"] and not dry_run:
            typer.echo(
                _(
                    "Tidak ada yang diterbitkan. Perbaiki berkas, atau pakai --skip-invalid untuk baris yang benar."
                )
            )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Menerbitkan kejadian dari berkas CSV, XLSX, ODS, JSONL, Avro, atau XES."))(publish)
