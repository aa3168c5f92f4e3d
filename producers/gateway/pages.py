"""The pages for senders, made from the tables: how to send, and every error with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from producers.gateway.examples import snippets
from producers.gateway.problems import TABLE
from producers.settings import GatewaySettings

FOLDER = Path(__file__).with_name("templates")
DOMAIN_NAMES = {
    "permits": "Izin (permits)", "revenue": "Pendapatan (revenue)", "budget": "Anggaran (budget)",
    "population": "Kependudukan (population)", "activities": "Kemajuan kegiatan (activities)",
}  # fmt: skip
NAMES = {"curl": "curl", "php": "PHP", "java": "Java", "python": "Python"}


def guide(url: str) -> str:
    """How to send a first event, in four languages."""
    return _templates().get_template("guide.html.j2").render(names=NAMES, snippets=snippets(url=url))


def errors() -> str:
    """The error table as a page."""
    return _templates().get_template("errors.html.j2").render(table=TABLE)


def style() -> str:
    """The style sheet of both."""
    return (FOLDER / "style.css").read_text("utf-8")


def icon() -> str:
    """The icon of all pages, the wallboard's (SVG)."""
    return (FOLDER / "nadi.svg").read_text("utf-8")


def upload(domains: Iterable[str], kinds: Iterable[str], settings: GatewaySettings) -> str:
    """The page on which people upload a file."""
    return (
        _templates()
        .get_template("upload.html.j2")
        .render(
            domains=list(domains), names=DOMAIN_NAMES, kinds=list(kinds), bytes=settings.file_bytes,
            megabytes=settings.file_bytes >> 20, rows=f"{settings.file_rows:,}".replace(",", "."),
        )
    )  # fmt: skip


def upload_script() -> str:
    """The script of that page."""
    return (FOLDER / "upload.js").read_text("utf-8")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def errors_markdown() -> str:
    """The error table as it stands in docs/gerbang-kesalahan.md."""
    lines = [
        "# Kesalahan gerbang dan cara memperbaikinya", "",
        "Dibuat dari `producers/gateway/problems.py`; jangan disunting di sini.", "",
        "| Jawaban | Kode | Artinya | Yang harus dilakukan |", "|---|---|---|---|",
        *(f"| {e.status} | `{code}` | {e.title} | {e.cure} |" for code, e in TABLE.items()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
