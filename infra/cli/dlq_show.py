"""One dead letter with everything it says: headers, key, bytes, fields, and what to do."""

from __future__ import annotations

import json
import sys
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import typer

from infra.cli import dlq_tables
from infra.cli.texts import _

if TYPE_CHECKING:
    from infra.settings import Settings
    from producers.dead_letters.contents import Contents
    from producers.dead_letters.letters import Letter, Place
    from producers.dead_letters.marks import Mark

LEVEL = "   "


def show(settings: Settings, places: frozenset[Place], zone: tzinfo, *, as_json: bool) -> None:
    """Print every letter of one place; exits with 1 when there is none."""
    from producers.dead_letters.contents import contents
    from producers.dead_letters.letters import Selection, letters
    from producers.dead_letters.marks import standing
    from schemas import records
    from schemas.registry import open_ids

    kafka = settings.kafka
    found = list(letters(kafka, Selection(places=places)))
    if not found:
        typer.echo(_("Tidak ada surat mati {place}.").format(place=", ".join(map(str, places))), err=True)
        raise typer.Exit(1)
    marks = standing(kafka)
    ids = open_ids(kafka.schema_registry_url)
    said = []
    for letter in found:
        start = {(kafka.layout().topic(letter.place.topic), letter.place.partition): letter.place.offset}
        message = next(records.read(kafka.bootstrap_servers, start))
        inside = contents(message.value(), letter.place.topic.removesuffix(".dlq"), ids)
        if as_json:
            said.append(_as_json(letter, marks.get(letter.subject), message, inside))
        else:
            _print(letter, marks.get(letter.subject), message, inside, zone)
    if as_json:
        json.dump(said, sys.stdout, ensure_ascii=False, default=str)
        sys.stdout.write("\n")


def _as_json(letter: Letter, mark: Mark | None, message: Any, inside: Contents) -> dict[str, Any]:
    from infra.dead_letters.advice import advice
    from producers.dead_letters.contents import readable

    key, value = message.key(), message.value()
    return {
        **letter.as_json(),
        **dlq_tables.state_as_json(mark),
        "headers": [[name, readable(text)] for name, text in message.headers() or ()],
        "key_hex": key.hex() if key is not None else None,
        "value_hex": value.hex() if value is not None else None,
        "schema": inside.schema,
        "schema_assumed": inside.assumed,
        "fields": dict(inside.fields),
        "stopped": inside.stopped,
        "advice": advice(letter.reason).text,
    }


def _print(letter: Letter, mark: Mark | None, message: Any, inside: Contents, zone: tzinfo) -> None:
    from infra.dead_letters.advice import advice
    from producers.dead_letters.contents import hexdump, readable

    facts = (
        (_("surat"), str(letter.place)),
        (_("rekaman asli"), str(letter.original or "?")),
        (_("waktu"), dlq_tables.when(letter.written_at, zone)),
        (_("sebab"), letter.reason or "?"),
        (_("tahap"), f"{letter.stage or '?'} ({letter.group or '?'})"),
        (_("pesan"), readable(letter.message.encode())),
        (_("sumber"), readable(letter.source.encode()) or "-"),
        (_("kegagalan ke"), str(letter.attempt)),
        (_("keadaan"), _state(mark, zone)),
        (_("yang harus dilakukan"), advice(letter.reason).text),
    )
    width = max(len(name) for name, _text in facts)
    for name, text in facts:
        typer.echo(f"{name:<{width}}  {text}")
    typer.echo("\n" + _("kepala"))
    for name, value in message.headers() or ():
        typer.echo(f"{LEVEL}{readable(name.encode())}: {readable(value)}")
    typer.echo("\n" + _("kunci") + f": {readable(message.key())}")
    typer.echo("\n" + _("isi yang terbaca") + (f": {inside.schema}" if inside.schema else ""))
    if inside.assumed:
        typer.echo(LEVEL + _("nomor skema tidak dikenal; dicoba dengan skema topik ini"))
    for name, value in inside.fields:
        typer.echo(f"{LEVEL}{name}: {readable(str(value).encode())}")
    if inside.stopped:
        typer.echo(LEVEL + _("berhenti pada {where}").format(where=inside.stopped))
    value = message.value()
    typer.echo("\n" + _("byte") + f": {len(value) if value is not None else 'null'}")
    for line in hexdump(value or b""):
        typer.echo(LEVEL + line)
    typer.echo("")


def _state(mark: Mark | None, zone: tzinfo) -> str:
    if mark is None:
        return dlq_tables.state_name(None)
    said = f"{dlq_tables.state_name(mark)}, {dlq_tables.when(mark.at, zone)}, {mark.by}"
    if mark.because:
        said += f": {mark.because}"
    return said + (
        f" → {mark.original.topic}/{mark.original.partition}/{mark.offset}"
        if mark.action == "replayed"
        else ""
    )
