"""Dead letters as tables on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from infra.cli.texts import _
from producers.dead_letters.marks import is_open

if TYPE_CHECKING:
    from infra.dead_letters.replay import Plan
    from producers.dead_letters.letters import Letter, Place
    from producers.dead_letters.marks import Mark

Marked = Iterable[tuple["Letter", "Mark | None"]]


@dataclass(slots=True)
class Group:
    """Letters of one topic, reason and stage. ``first`` and ``last`` are UTC milliseconds."""

    topic: str
    reason: str
    stage: str
    first: int
    last: int
    letters: int = 0
    handled: int = 0
    subjects: set[Place] = field(default_factory=set)
    sources: Counter[str] = field(default_factory=Counter)

    def add(self, letter: Letter, mark: Mark | None) -> None:
        self.first, self.last = min(self.first, letter.written_at), max(self.last, letter.written_at)
        self.letters += 1
        self.handled += not is_open(mark)
        self.subjects.add(letter.subject)
        self.sources[letter.source] += 1

    def as_json(self) -> dict[str, Any]:
        return {
            "topic": self.topic,
            "reason": self.reason,
            "stage": self.stage,
            "letters": self.letters,
            "records": len(self.subjects),
            "handled": self.handled,
            "first": self.first,
            "last": self.last,
            "sources": dict(self.sources.most_common()),
        }


def state_as_json(mark: Mark | None) -> dict[str, Any]:
    return {"state": mark.action if mark else "open", "mark": mark.as_json() if mark else None}


def state_name(mark: Mark | None) -> str:
    """A word for what was done."""
    words = {
        "open": _("terbuka"),
        "sending": _("pengiriman terputus"),
        "replayed": _("dikirim ulang"),
        "dropped": _("disisihkan"),
        "mended": _("diperbaiki pengirim"),
    }
    return words[mark.action if mark else "open"]


def grouped(found: Marked) -> list[Group]:
    """Groups by topic, reason and stage, in that order."""
    groups: dict[tuple[str, str, str], Group] = {}
    for letter, mark in found:
        topic = letter.place.topic.removesuffix(".dlq")
        key = (topic, letter.reason, letter.stage)
        if key not in groups:
            groups[key] = Group(*key, letter.written_at, letter.written_at)
        groups[key].add(letter, mark)
    return [groups[key] for key in sorted(groups)]


def summary(groups: list[Group], zone: tzinfo) -> None:
    """One line a group, with whose turn it is."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from infra.dead_letters.advice import advice, remedy_name

    console = Console()
    if not groups:
        console.print(_("Tidak ada surat mati."))
        return
    table = Table()
    left = (_("topik"), _("sebab"), _("tahap"))
    for title in left:
        table.add_column(title, overflow="fold")
    for title in (_("surat"), _("rekaman")):
        table.add_column(title, justify="right")
    for title in (_("pertama"), _("terakhir"), _("giliran")):
        table.add_column(title)
    for group in groups:
        cells = (
            group.topic,
            group.reason or "?",
            group.stage or "?",
            thousands(group.letters),
            thousands(len(group.subjects)),
            when(group.first, zone),
            when(group.last, zone),
            remedy_name(advice(group.reason).remedy),
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    console.print(_("nadi dlq list --each menampilkan satu per satu, nadi dlq show satu surat seluruhnya."))


def each(found: Marked, zone: tzinfo) -> None:
    """One plain line a letter, for eyes and for grep."""
    import typer

    from producers.dead_letters.contents import readable

    for letter, mark in found:
        said = "  ".join(
            (
                str(letter.place),
                when(letter.written_at, zone),
                letter.reason or "?",
                letter.stage or "?",
                readable(letter.source.encode()) or "-",
                str(letter.attempt),
                state_name(mark),
                readable(letter.message.encode()),
            )
        )
        typer.echo(said)


def planned(plan: Plan) -> None:
    """What would be sent, by topic and reason."""
    import typer

    counts = Counter((item.original.topic, item.reason) for item in plan.items)
    for (topic, reason), count in sorted(counts.items()):
        typer.echo(f"{topic}  {reason or '?'}  {thousands(count)}")


def when(milliseconds: int, zone: tzinfo) -> str:
    """Local time to the second."""
    return datetime.fromtimestamp(milliseconds / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")


def thousands(count: int) -> str:
    return f"{count:,}".replace(",", ".")
