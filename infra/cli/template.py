"""`nadi template`: a workbook to fill in, for `nadi publish`, `nadi drop` and upload."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.texts import _


def template(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(help=_("ranah: permits, revenue, budget, population, activities"))],
    output: Annotated[
        Path, typer.Option("--output", "-o", help=_("buku kerja yang dibuat (.xlsx)"), dir_okay=False)
    ],
    opd: Annotated[str, typer.Option(help=_("kode OPD, bila hanya untuk satu OPD"))] = "",
    force: Annotated[bool, typer.Option("--force", help=_("timpa berkas yang sudah ada"))] = False,
) -> None:
    """Make the template of a domain."""
    from infra.cli.main import settings_of
    from infra.settings import resolve_profile
    from producers.files.forms.template import make_template
    from schemas.catalogue import DOMAINS
    from schemas.profile import Profile

    if domain not in DOMAINS:
        raise typer.BadParameter(
            _("ranah {domain} tidak dikenal; pilih {known}").format(domain=domain, known=", ".join(DOMAINS))
        )
    if output.suffix.lower() != ".xlsx":
        raise typer.BadParameter(_("--output {path}: nama berkas harus berakhir .xlsx").format(path=output))
    if output.exists() and not force:
        raise typer.BadParameter(
            _("{path} sudah ada; pilih nama lain, atau timpa dengan --force").format(path=output)
        )
    try:
        make_template(output, domain, Profile.load(resolve_profile(settings_of(context).profile)), opd)
    except (ValueError, OSError) as error:
        typer.echo(_("Gagal:") + f" {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(
        _("{path} dibuat. Isi lembar Data, lalu kirim dengan nadi publish atau folder kiriman.").format(
            path=output
        )
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_("Membuat buku kerja XLSX untuk diisi, lengkap dengan daftar pilihan dan petunjuk."))(
        template
    )
