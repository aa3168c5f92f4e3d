"""`nadi dlq`: dead letters by group and one by one, sent again, or set aside for good."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.main import settings_of
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.dead_letters.replay import Outcome, Plan
    from infra.settings import Settings
    from producers.dead_letters.letters import Selection

Places = Annotated[
    list[str] | None,
    typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help=_("surat tertentu, atau rekaman aslinya")),
]
Topic = Annotated[str, typer.Option("--topic", help=_("hanya topik ini"))]
Domain = Annotated[
    str, typer.Option("--domain", help=_("hanya ranah ini: permits, revenue, budget, population, activities"))
]
Reason = Annotated[list[str] | None, typer.Option("--reason", help=_("hanya sebab ini; boleh diulang"))]
Stage = Annotated[
    list[str] | None,
    typer.Option("--stage", help=_("hanya tahap ini: decode, accept, process, insert; boleh diulang")),
]
Source = Annotated[list[str] | None, typer.Option("--source", help=_("hanya sumber ini; boleh diulang"))]
Since = Annotated[str, typer.Option("--since", help=_("sejak waktu ini, ISO 8601"))]
Until = Annotated[str, typer.Option("--until", help=_("sebelum waktu ini, ISO 8601"))]
Json = Annotated[bool, typer.Option("--json", help=_("Keluaran JSON."))]
Yes = Annotated[
    bool, typer.Option("--yes", help=_("laksanakan; tanpa ini hanya ditunjukkan apa yang akan dilakukan"))
]

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Declare the command group ``dlq``."""
    dlq = typer.Typer(help=_("Surat mati: melihat, mengirim ulang, menyisihkan."), no_args_is_help=True)
    app.add_typer(dlq, name="dlq")
    dlq.command("list", help=_("Menampilkan surat mati yang belum ditangani, dikelompokkan."))(list_letters)
    dlq.command(help=_("Menampilkan satu surat seluruhnya, dan apa yang harus dilakukan."))(show)
    dlq.command(
        help=_(
            "Mengirim rekaman aslinya sekali lagi ke topiknya, byte demi byte; tanpa --yes hanya menunjukkan."
        )
    )(replay)
    dlq.command(
        help=_(
            "Menyisihkan surat untuk seterusnya, dengan alasan; isinya tetap ada sampai masa simpan habis."
        )
    )(drop)


def list_letters(
    context: typer.Context,
    topic: Topic = "",
    domain: Domain = "",
    reason: Reason = None,
    stage: Stage = None,
    source: Source = None,
    since: Since = "",
    until: Until = "",
    with_handled: Annotated[bool, typer.Option("--all", help=_("juga yang sudah ditangani"))] = False,
    each: Annotated[bool, typer.Option("--each", help=_("satu baris per surat"))] = False,
    as_json: Json = False,
) -> None:
    from infra.cli import dlq_tables
    from producers.dead_letters.letters import letters
    from producers.dead_letters.marks import is_open, standing

    settings = _given(context)
    selection = _selection(settings, [], topic, domain, reason, stage, source, since, until)
    marks = standing(settings.kafka)
    shown = (
        (letter, marks.get(letter.subject))
        for letter in letters(settings.kafka, selection)
        if with_handled or is_open(marks.get(letter.subject))
    )
    if each and as_json:
        json.dump([letter.as_json() | dlq_tables.state_as_json(mark) for letter, mark in shown], sys.stdout)
    elif each:
        dlq_tables.each(shown, _zone(settings))
        return
    else:
        groups = dlq_tables.grouped(shown)
        if not as_json:
            dlq_tables.summary(groups, _zone(settings))
            return
        json.dump([group.as_json() for group in groups], sys.stdout)
    sys.stdout.write("\n")


def show(
    context: typer.Context,
    place: Annotated[
        str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help=_("surat, atau rekaman aslinya"))
    ],
    as_json: Json = False,
) -> None:
    from infra.cli import dlq_show

    settings = _given(context)
    dlq_show.show(settings, _places([place]), _zone(settings), as_json=as_json)


def replay(
    context: typer.Context,
    places: Places = None,
    topic: Topic = "",
    domain: Domain = "",
    reason: Reason = None,
    stage: Stage = None,
    source: Source = None,
    since: Since = "",
    until: Until = "",
    yes: Yes = False,
    force: Annotated[
        bool,
        typer.Option("--force", help=_("juga yang sudah terlalu sering diulang, atau pernah disisihkan")),
    ] = False,
    on_failure: Annotated[
        str, typer.Option("--on-failure", help=_("bila ada yang tidak dapat dikirim: stop atau skip"))
    ] = "stop",
    as_json: Json = False,
) -> None:
    from infra.cli.progress import Stages
    from infra.dead_letters import replay as work
    from producers.dead_letters.marks import Ledger, standing

    if on_failure not in ("stop", "skip"):
        raise typer.BadParameter(_("--on-failure {value}: pilih stop atau skip").format(value=on_failure))
    settings = _given(context)
    selection = _selection(settings, places, topic, domain, reason, stage, source, since, until)
    if not yes:
        plan = work.plan(settings.kafka, selection, standing(settings.kafka), force=force)
        _say(plan, None, as_json=as_json)
        raise typer.Exit(1 if plan.refused and on_failure == "stop" else 0)
    with Ledger(settings.kafka) as ledger:
        recovered = work.recover(settings.kafka, ledger)
        _recovered(recovered)
        plan = work.plan(settings.kafka, selection, ledger.marks, force=force)
        if plan.refused and on_failure == "stop":
            _say(plan, None, as_json=as_json)
            typer.echo(
                _("Tidak ada yang dikirim. --on-failure skip melewati yang ditolak."),
                err=True,
            )
            raise typer.Exit(1)
        failure = ""
        with Stages({"kirim": _("mengirim ulang")}) as stages:
            try:
                outcome = work.send(
                    settings.kafka,
                    ledger,
                    plan.items,
                    policy="skip" if on_failure == "skip" else "stop",
                    progress=lambda done, total: stages.update("kirim", done, total),
                )
            except work.ReplayError as error:
                outcome, failure = error.outcome, str(error)
    _say(plan, outcome, as_json=as_json)
    if failure:
        typer.echo(_("Gagal:") + " " + failure, err=True)
    raise typer.Exit(1 if outcome.failed else 0)


def drop(
    context: typer.Context,
    because: Annotated[str, typer.Option("--because", help=_("alasan, dicatat bersama nama pengguna"))],
    places: Places = None,
    topic: Topic = "",
    domain: Domain = "",
    reason: Reason = None,
    stage: Stage = None,
    source: Source = None,
    since: Since = "",
    until: Until = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    from infra.dead_letters import replay as work
    from producers.dead_letters.marks import Ledger, standing

    if not because.strip():
        raise typer.BadParameter(_("--because: alasan tidak boleh kosong"))
    settings = _given(context)
    selection = _selection(settings, places, topic, domain, reason, stage, source, since, until)
    if selection.everything:
        raise typer.BadParameter(_("sebutkan surat mana: TOPIC/PARTITION/OFFSET atau satu saringan"))
    if yes:
        with Ledger(settings.kafka) as ledger:
            _recovered(work.recover(settings.kafka, ledger))
            chosen = [letter.subject for letter in work.open_letters(settings.kafka, selection, ledger.marks)]
            work.drop(ledger, list(dict.fromkeys(chosen)), because)
    else:
        marks = standing(settings.kafka)
        chosen = [letter.subject for letter in work.open_letters(settings.kafka, selection, marks)]
    count = len(set(chosen))
    if as_json:
        json.dump({"chosen": count, "dropped": count if yes else 0}, sys.stdout)
        sys.stdout.write("\n")
    elif yes:
        typer.echo(_("{n} rekaman disisihkan.").format(n=count))
    else:
        typer.echo(_("{n} rekaman akan disisihkan; --yes melaksanakannya.").format(n=count))


def _given(context: typer.Context) -> Settings:
    """The settings with the broker's address: the given one, or the running stack's."""
    from infra.embedded.running import with_broker

    return with_broker(settings_of(context))


def _zone(settings: Settings) -> Any:
    from infra.settings import resolve_profile
    from schemas.profile import Profile

    return Profile.load(resolve_profile(settings.profile)).timezone


def _selection(
    settings: Settings,
    places: list[str] | None,
    topic: str,
    domain: str,
    reasons: list[str] | None,
    stages: list[str] | None,
    sources: list[str] | None,
    since: str,
    until: str,
) -> Selection:
    from producers.dead_letters.letters import Selection, source_topic

    topics: set[str] = set()
    if topic and domain:
        raise typer.BadParameter(_("pilih salah satu: --topic atau --domain"))
    if topic or domain:
        try:
            topics.add(source_topic(settings.kafka.layout().base(topic), domain))
        except ValueError as error:
            raise typer.BadParameter(
                _("{name} tidak dikenal; pilih {known}").format(name=topic or domain, known=error)
            ) from error
    return Selection(
        places=_places(places or []),
        topics=frozenset(topics),
        reasons=frozenset(reasons or ()),
        stages=frozenset(stages or ()),
        sources=frozenset(sources or ()),
        since=_milliseconds("--since", since, settings),
        until=_milliseconds("--until", until, settings),
    )


def _places(texts: list[str]) -> frozenset[Any]:
    from producers.dead_letters.letters import Place, source_topic

    found = []
    for text in texts:
        try:
            place = Place.parse(text)
            source_topic(place.topic)
        except ValueError as error:
            raise typer.BadParameter(
                _("{text}: tulis TOPIC/PARTITION/OFFSET, misalnya permits.steps.dlq/0/17").format(text=text)
            ) from error
        found.append(place)
    return frozenset(found)


def _milliseconds(option: str, text: str, settings: Settings) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            _("{option} {value}: bukan waktu ISO 8601").format(option=option, value=text)
        ) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=_zone(settings))).timestamp() * 1000)


def _recovered(found: tuple[int, int]) -> None:
    if any(found):
        typer.echo(
            _(
                "Pengiriman ulang sebelumnya terputus: {sent} rekaman ternyata sudah terkirim, {open} belum."
            ).format(sent=found[0], open=found[1]),
            err=True,
        )


def _say(plan: Plan, outcome: Outcome | None, *, as_json: bool) -> None:
    from infra.cli import dlq_tables

    if as_json:
        said: dict[str, Any] = {
            "chosen": len(plan.items),
            "refused": [{"letter": str(r.letter), "why": r.why, "attempt": r.attempt} for r in plan.refused],
            "sent": outcome.sent if outcome else 0,
            "failed": outcome.failed if outcome else 0,
            "gone": outcome.gone if outcome else 0,
            "run": outcome.run if outcome else None,
        }
        json.dump(said, sys.stdout)
        sys.stdout.write("\n")
        return
    words = {
        "guard": _("sudah {n} kali gagal; --force tetap mengirim"),
        "malformed": _("kepala surat tidak menyebut rekaman aslinya"),
        "dropped": _("sudah disisihkan; --force tetap mengirim"),
        "replayed": _("sudah dikirim ulang; bila gagal lagi ada surat yang lebih baru"),
        "mended": _("sudah diperbaiki pengirimnya dan dikirim sebagai kejadian baru"),
    }
    for refusal in plan.refused[:SHOWN]:
        typer.echo(f"{refusal.letter}: {words[refusal.why].format(n=refusal.attempt)}", err=True)
    if len(plan.refused) > SHOWN:
        typer.echo(_("… dan {n} surat lagi").format(n=len(plan.refused) - SHOWN), err=True)
    if outcome is None:
        dlq_tables.planned(plan)
        typer.echo(
            _("{n} rekaman akan dikirim ulang, {refused} ditolak; --yes melaksanakannya.").format(
                n=len(plan.items), refused=len(plan.refused)
            )
        )
        return
    typer.echo(
        _("{sent} rekaman dikirim ulang, {failed} gagal, {gone} sudah habis masa simpannya.").format(
            sent=outcome.sent, failed=outcome.failed, gone=outcome.gone
        )
    )
