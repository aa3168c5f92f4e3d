"""The pages for senders, made from the tables: how to send, and every error with what to do about it."""

from __future__ import annotations

from html import escape

from producers.gateway.examples import snippets
from producers.gateway.problems import TABLE

NAMES = {"curl": "curl", "php": "PHP", "java": "Java", "python": "Python"}
_HEAD = """<!doctype html><html lang="id"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"></head><body><h1>{title}</h1>"""


def guide(url: str) -> str:
    """How to send a first event, in four languages."""
    parts = [
        _HEAD.format(title="Mengirim kejadian ke Nadi"),
        "<p>Satu kejadian dikirim dengan POST ke /v1/events sebagai CloudEvents 1.0. Jawaban 202 berarti kejadian sudah "
        "tersimpan; tanda terimanya ada dalam jawaban. Bila jawaban tidak datang, atau 503, kirim ulang dengan id yang "
        "sama: kejadian tidak akan terhitung dua kali. Nomor diingat selama tujuh hari.</p>",
        "<p>Periksa tanpa mengirim: /v1/events/validate. Kontrak dan contoh: <a href='/v1/schemas'>/v1/schemas</a>. "
        "Kesalahan: <a href='/docs/errors'>/docs/errors</a>. <a href='/docs/postman.json'>Koleksi Postman</a>. "
        "<a href='/openapi.json'>OpenAPI</a>.</p>",
        "<p>Mengulang, membetulkan, tanda tangan, nomor orang, dan relai outbox: panduan vendor dan relai, "
        "docs/panduan/vendor.md dan docs/panduan/relay.md pada repositori Nadi; mintalah kepada Diskominfo.</p>",
    ]
    for name, text in snippets(url=url).items():
        parts.append(f"<h2>{NAMES[name]}</h2><pre>{escape(text)}</pre>")
    return "".join(parts) + "</body></html>"


def errors() -> str:
    """The error table as a page."""
    rows = "".join(
        f"<tr id='{code}'><td>{entry.status}</td><td><code>{code}</code></td><td>{escape(entry.title)}</td>"
        f"<td>{escape(entry.cure)}</td></tr>"
        for code, entry in TABLE.items()
    )
    head = "<tr><th>Jawaban</th><th>Kode</th><th>Artinya</th><th>Yang harus dilakukan</th></tr>"
    return (
        _HEAD.format(title="Kesalahan dan cara memperbaikinya") + f"<table>{head}{rows}</table></body></html>"
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
