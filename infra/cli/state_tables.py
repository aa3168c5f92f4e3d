"""State on the terminal: tasks, keys, and what a comparison found."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

import typer

from infra.cli.dlq_tables import thousands, when
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.state.keys import Found
    from infra.verify import Report
    from schemas.profile import Profile

SHOWN = 20


def tasks(found: Sequence[dict[str, Any]], zone: tzinfo) -> None:
    """One block a task: who has it, and a line for each topic."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    now = time.time()
    for task in found:
        if not task["claim"]:
            typer.echo(_("Tugas {task}: belum pernah dikerjakan").format(task=task["task"]))
            continue
        typer.echo(
            _("Tugas {task}: {worker}, klaim {claim}, kelompok {group}, pengambil {fetch}").format(**task)
        )
        snapshot = _("belum ada")
        if task["snapshot_at"]:
            snapshot = _("{n} detik lalu").format(n=thousands(round(now - task["snapshot_at"] / 1000)))
        typer.echo(
            _("  terakhir menyimpan {at}; log {size:.1f} MB; potret terakhir: {snapshot}").format(
                at=when(task["committed_at"], zone), size=task["log_bytes"] / 1e6, snapshot=snapshot
            )
        )
        table = Table(box=None, padding=(0, 0, 0, 2))
        table.add_column(_("topik"), no_wrap=True)
        for title in (_("posisi"), _("akhir"), _("belum diolah"), _("jam"), _("hitung ulang")):
            table.add_column(title, justify="right", no_wrap=title == _("jam"))
        for topic, lane in task["inputs"].items():
            numbers = (thousands(lane[name]) for name in ("position", "end", "lag"))
            clock = when(lane["clock"], zone) if lane["clock"] else "-"
            table.add_row(topic, *numbers, clock, str(lane["rebuild"]))
        console.print(table)


def keys(found: Sequence[Found], profile: Profile) -> None:
    """What the stores say of a key: a permit in words, anything else as it is."""
    for one in found[:SHOWN]:
        typer.echo(_("{key} — tugas {task}, {domain}/{store}").format(key=one.key, task=one.task, domain=one.domain, store=one.store))  # fmt: skip
        if one.store == "cases" and "deadlines" in one.state:
            _permit(one.state, profile)
        else:
            _plain(one.state, profile.timezone)
    if len(found) > SHOWN:
        typer.echo(_("… dan {n} lagi; --json menampilkan semuanya").format(n=len(found) - SHOWN))


def _permit(state: dict[str, Any], profile: Profile) -> None:
    zone = profile.timezone

    def at(ms: int | None) -> str:
        return "-" if ms is None else when(ms, zone)

    typer.echo(
        _("  jenis {kind}; masuk {entered}, mulai {started}, tenggat {due}, selesai {closed}").format(
            kind=state["permit_type"] or "-", entered=at(state["entered_at"]), started=at(state["started_at"]),
            due=at(state["due_at"]), closed=at(state["closed_at"]),
        )
    )  # fmt: skip
    if state["holder"]:
        holder = _("pemohon") if state["holder"] == "applicant" else state["holder"]
        typer.echo(
            _("  dipegang {holder} sejak {since}").format(holder=holder, since=at(state["held_since"]))
        )
    typer.echo(_("  Kejadian:"))
    for event in state["events"]:
        words = (event["kind"], event["step"], event["unit"])
        typer.echo(f"    {at(event['occurred_at'])}  {' '.join(w for w in words if w)}  @{event['offset']}")
    for old, new in state["replaced"].items():
        typer.echo(_("    {old} diganti oleh {new}").format(old=old, new=new))
    typer.echo(_("  Tenggat (jam tugas {clock}):").format(clock=at(state["clock"])))
    for deadline in state["deadlines"]:
        typer.echo(
            "    {at}  {level} {scope} {days:.1f} {unit}  {reached}".format(
                at=at(deadline["at"]), level=deadline["level"], scope=deadline["scope"],
                days=deadline["working_days"], unit=_("hari kerja"),
                reached=_("tercapai") if deadline["reached"] else _("belum"),
            ).replace("  ", " ")
        )  # fmt: skip
    typer.echo(_("  Indikasi:"))
    for alert in state["alerts"]:
        said = (str(alert["revision"]), alert["status"], alert["rule"], alert["level"], alert["scope"])
        typer.echo(f"    {at(alert['clock'])}  {' '.join(word for word in said if word)}")
        typer.echo(f"      {alert['withdrawn_reason'] or alert['sentence']}")
    if not state["alerts"]:
        typer.echo(_("    tidak ada"))


def _plain(state: dict[str, Any], zone: tzinfo) -> None:
    for name, value in state.items():
        if name in ("occurred_at", "due", "due_at") and isinstance(value, int):
            text = datetime.fromtimestamp(value / 1000, zone).isoformat(timespec="seconds")
        elif name == "versions":
            typer.echo(f"  {name}:")
            for order, day, values in value:
                typer.echo(f"    {day}  {json.dumps(values)}  {json.dumps(order)}")
            continue
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        typer.echo(f"  {name}: {text}")


def report(found: Report) -> None:
    """One line a domain, and the first of what differs."""
    differing = len(found.differences) + len(found.alerts)
    verdict = _("sama") if not differing else _("{n} berbeda").format(n=differing)
    typer.echo(
        _("{domain}: {verdict}; {figures} angka dan {alerts} indikasi dari {events} kejadian, {repeats} berulang, {refused} ditolak, {behind} belum diolah").format(
            domain=found.domain, verdict=verdict, figures=found.figures, alerts=found.standing_alerts,
            events=found.events, repeats=found.repeats, refused=found.refused, behind=found.behind,
        )
    )  # fmt: skip
    if not found.same_profile:
        typer.echo(_("  pengolah memakai profil lain dari perintah ini; beri --profile yang sama"))
    for problem in found.audit:
        typer.echo(_("  tabel tidak lengkap: {problem}").format(problem=problem))
    for name, said in ((_("tabel"), found.table), (_("papan"), found.wallboard)):
        if said != "compared":
            typer.echo(_("  {name} tidak dibandingkan penuh: {why}").format(name=name, why=said))
    for d in found.differences[:SHOWN]:
        typer.echo(
            _("  {metric} {dimension}={value} {day}: keadaan {state}, topik {topic}, tabel {table}, papan {board}, hitung ulang {reference}").format(
                metric=d.metric, dimension=d.dimension, value=d.value, day=d.local_day, state=d.state, topic=d.topic,
                table=d.table, board=d.wallboard, reference=d.reference,
            )
        )  # fmt: skip
    for a in found.alerts[:SHOWN]:
        typer.echo(
            _(
                "  indikasi {subject} {scope}: keadaan {state}, topik {topic}, hitung ulang {reference}"
            ).format(subject=a.subject, scope=a.scope, state=a.state, topic=a.topic, reference=a.reference)
        )
    left = max(0, len(found.differences) - SHOWN) + max(0, len(found.alerts) - SHOWN)
    if left:
        typer.echo(_("  … dan {n} lagi; --json menampilkan semuanya").format(n=left))
