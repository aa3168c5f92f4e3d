"""What `nadi opd` shows of a key: a table, JSON, and what a department is handed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from infra.cli.texts import _
from producers.access.book import Key
from producers.access.credentials import Made
from producers.arrivals.compliance import Row
from schemas.profile import Profile


def when(ms: int, profile: Profile) -> str:
    """An instant (UTC ms) in the regency's zone."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(profile.timezone).strftime("%Y-%m-%d %H:%M")


def state_text(state: str) -> str:
    """The state of a key for people."""
    return {"live": _("berlaku"), "expired": _("habis masa berlaku"), "revoked": _("dicabut")}[state]


def as_json(key: Key, now: int) -> dict[str, Any]:
    """A key without anything secret, not even its hash."""
    values = {name: value for name, value in key.issued().items() if name != "hash"}
    more = {"revoked_at": key.revoked_at, "revoked_by": key.revoked_by, "reason": key.reason}
    return {
        "key_id": key.key_id,
        "state": key.state(now),
        "issued_at": key.issued_at,
        "issued_by": key.issued_by,
        **values,
        **(more if key.revoked_at is not None else {}),
    }


def table(keys: Sequence[Key], now: int, profile: Profile) -> None:
    """Keys, one a line."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(
        _("kunci"), _("OPD"), _("sistem"), _("keadaan"), _("berlaku sampai"), _("dibuat oleh"), _("sifat")
    )
    for key in keys:
        marks = [_("uji coba")] if key.sandbox else []
        marks += [_("bertanda tangan")] if key.signed else []
        marks += [_("operator")] if key.operator else []
        department = profile.departments.get(key.opd)
        name = f"{key.opd} {department.short}" if department else key.opd
        shown.add_row(
            key.key_id,
            name,
            key.system,
            state_text(key.state(now)),
            when(key.expires_at, profile),
            key.issued_by,
            ", ".join(marks),
        )
    Console().print(shown)


def environment(made: Made, key: Key, url: str) -> str:
    """A ready ``.env`` file."""
    if key.operator:
        return f"NADI_URL={url}\nNADI_KEY={made.key}\n"
    return (
        f"NADI_URL={url}\nNADI_OPD={key.opd}\nNADI_SOURCE={key.sources[0]}\n"
        f"NADI_KEY={made.key}\nNADI_SIGNING_KEY={made.private}\n"
    )


def curl(made: Made, url: str) -> str:
    """A line that shows at once whether the key works; it changes nothing."""
    return f"curl -sS -H 'Authorization: Bearer {made.key}' {url.rstrip('/')}/v1/me"


def handed_over(made: Made, key: Key, url: str, text: str, env: Path | None, profile: Profile) -> None:
    """Everything the department needs, for the one time that it can be shown."""
    typer.echo(
        _("Kunci {key} untuk OPD {opd}, sistem {system}, berlaku sampai {until}.").format(
            key=key.key_id, opd=key.opd, system=key.system, until=when(key.expires_at, profile)
        )
    )
    if key.sandbox:
        typer.echo(_("Kunci uji coba: kirimannya tidak masuk ke papan mana pun."))
    if key.operator:
        typer.echo(
            _(
                "Kunci operator: melihat kiriman semua OPD di {url}/opd, tidak dapat mengirim; pemakaiannya dicatat."
            ).format(url=url.rstrip("/"))
        )
    else:
        typer.echo(_("Sumber : {sources}").format(sources=", ".join(key.sources)))
        typer.echo(_("Jenis  : {types}").format(types=", ".join(key.types)))
    typer.echo(_("Alamat : {addresses}").format(addresses=", ".join(key.addresses) or _("dari mana saja")))
    typer.echo("")
    typer.echo(
        _("Rahasia di bawah ini hanya ditampilkan sekali. Serahkan langsung kepada OPD, jangan lewat surel.")
    )
    if env is None:
        typer.echo("")
        typer.echo(text, nl=False)
    else:
        typer.echo(_("Disimpan di {path}.").format(path=env))
    typer.echo("")
    if not key.operator:
        typer.echo(_("Melihat kiriman tiba: buka {url}/opd dengan kunci ini.").format(url=url.rstrip("/")))
    typer.echo(_("Mencoba kuncinya:"))
    typer.echo(curl(made, url) if env is None else _curl_with(env))


def _curl_with(env: Path) -> str:
    return f'. {env} && curl -sS -H "Authorization: Bearer $NADI_KEY" "$NADI_URL/v1/me"'


def compliance(rows: Sequence[Row], profile: Profile) -> None:
    """Sources against their cadence, one a line."""
    from rich.console import Console
    from rich.table import Table

    from producers.arrivals.compliance import WORDS
    from producers.arrivals.view import share
    from producers.arrivals.words import when as instant

    shown = Table(
        _("OPD"), _("sumber"), _("keadaan"), _("terakhir terdengar"), _("ditunggu paling lambat"),
        _("hari tepat waktu"), _("ditolak"),
    )  # fmt: skip
    for row in rows:
        shown.add_row(
            row.department,
            row.source,
            WORDS[row.state],
            instant(row.last, profile.timezone),
            instant(row.expected_by, profile.timezone),
            share(row),
            "–" if row.refused is None else str(row.refused),
        )
    Console().print(shown)
