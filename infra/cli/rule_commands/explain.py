"""`nadi rules explain ALERT`: everything an alert rests on."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.rules import Json, connected_to, profile_of, rules, say
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.rules.explain import Explained

LEVEL = "   "


@rules.command(help=_("Menjelaskan indikasi: kalimat, hitungan, parameter, bukti dari topik, dan aturannya."))
def explain(
    context: typer.Context,
    alert: Annotated[str, typer.Argument(metavar="ALERT", help=_("nomor indikasi, atau nomor permohonan"))],
    as_json: Json = False,
) -> None:
    from infra.cli.progress import Stages
    from infra.rules.explain import explain as explained

    settings = connected_to(context)
    profile = profile_of(settings)
    with Stages({"indikasi": _("mencari indikasi"), "bukti": _("membaca bukti")}) as stages:
        try:
            found = explained(settings, profile, alert, stages.update)
        except (TimeoutError, RuntimeError) as error:
            stages.stop()
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    if as_json:
        say([one.as_json() for one in found])
    for one in found if not as_json else ():
        _print(one, profile.timezone)
    if not found:
        typer.echo(
            _("{alert}: tidak ada indikasi dengan nomor itu atau tentang itu").format(alert=alert), err=True
        )
        raise typer.Exit(1)


def _print(one: Explained, zone: tzinfo) -> None:
    from infra.cli.dlq_tables import when

    alert = one.alert
    typer.echo(f"{alert['rule']} {alert['subject']} {alert['scope']}".rstrip() + f"  {alert['alert_id']}")
    if alert["simulated"]:
        typer.echo(LEVEL + "DATA SIMULASI")
    typer.echo(LEVEL + (alert["withdrawn_reason"] or alert["sentence"]))
    unit = alert["unit_of_measure"]
    for name, text in (
        (_("keadaan"), f"{alert['status']}, {alert['level']}, {_('revisi')} {alert['revision']}"),
        (_("teramati"), f"{alert['observed']:g} {unit}"),
        (_("ambang"), f"{alert['threshold']:g} {unit}"),
        (_("unit"), alert["unit"] or "-"),
        (_("berlaku sejak"), when(alert["level_at"], zone)),
        (_("tenggat"), when(alert["due_at"], zone) if alert["due_at"] else "-"),
        (_("tidak dihitung"), "; ".join(alert["excluded"]) or "-"),
        (_("pagar"), alert["fence_id"] or "-"),
        (_("profil"), alert["profile_hash"][:12] + _since_then(one)),
        (_("parameter"), _read_for(one)),
    ):
        typer.echo(f"{LEVEL}{name}: {text}")
    for parameter in one.parameters:
        typer.echo(f"{LEVEL}{LEVEL}{parameter['name']} = {parameter['value']}{_origin(parameter)}")
    typer.echo(
        LEVEL
        + _("bukti: {shown} dari {all} peristiwa, sidik {digest}").format(
            shown=len(one.events), all=alert["evidence_total"], digest=alert["evidence_digest"][:12]
        )
    )
    for item in one.events:
        place = f"{item['topic']}/{item['partition']}/{item['offset']}"
        typer.echo(f"{LEVEL}{LEVEL}{when(item['occurred_at'], zone)}  {item['kind']}  {place}{_fields(item)}")
    typer.echo(LEVEL + _("revisi") + ":")
    for revision in one.revisions:
        said = f"{revision['revision']} {revision['status']} {revision['level']}"
        typer.echo(f"{LEVEL}{LEVEL}{when(revision['clock'], zone)}  {said}")
    if one.rule is not None:
        typer.echo(
            f"{LEVEL}{_('cara')} ({alert['rule']} {_('versi')} {alert['rule_version']}): {one.rule['method']}"
        )


def _since_then(one: Explained) -> str:
    if one.same_profile:
        return ""
    return f" ({_('sudah berubah') if one.profile_kept else _('sudah berubah; salinannya tidak ada lagi')})"


def _read_for(one: Explained) -> str:
    if one.as_of is None:
        return _(
            "indikasi ini belum mencatat untuk tanggal apa nilainya dibaca; asalnya tidak dapat dipastikan"
        )
    where = ", ".join(filter(None, (one.as_of["permit_type"], one.as_of["source"])))
    return _("yang berlaku pada {day}").format(day=one.as_of["day"]) + (f" ({where})" if where else "")


def _origin(parameter: dict[str, Any]) -> str:
    origin, now = parameter["origin"], parameter["now"]
    text = f"  ({_row(origin)})" if origin is not None else ""
    if now is not None and now != origin:
        text += "  " + _("sekarang {value} ({row})").format(value=f"{now['value']:g}", row=_row(now))
    return text


def _row(row: dict[str, Any]) -> str:
    where = " ".join(filter(None, (row["permit_type"], row["source"])))
    since = f" {_('sejak')} {row['valid_from']}" if row["valid_from"] else ""
    return f"{row['origin']}{since}{f' [{where}]' if where else ''}"


def _fields(item: dict[str, Any]) -> str:
    from infra.rules.explain import NOT_SHOWN

    if item["event"] is None:
        return "  " + _("tidak ada lagi di topiknya")
    shown = {k: v for k, v in item["event"].items() if k not in NOT_SHOWN and v not in (None, "", False, [])}
    return "".join(f"  {name}={value}" for name, value in shown.items())
