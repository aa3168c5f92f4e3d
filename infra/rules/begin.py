"""A new rule's file, with every fact it must declare still to be written."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2

import streams.rules

TEMPLATES = Path(__file__).with_name("templates")
RULE_ID = re.compile(r"[A-Z]\d\d")


class NewRuleError(ValueError):
    """An id that cannot be a new rule's; the message says why."""


def begin(rule_id: str, folder: Path | None = None) -> Path:
    """Write ``<id>.py`` beside the other rules (or in ``folder``) and return where. It runs as it is, and applies to
    nothing yet. Raises NewRuleError for an id that is none or is taken, OSError."""
    name = rule_id.upper()
    if not RULE_ID.fullmatch(name):
        raise NewRuleError(f"{rule_id!r} ≠ {RULE_ID.pattern}")
    path = (folder or Path(next(iter(streams.rules.__path__)))) / f"{name.lower()}.py"
    template = jinja2.Environment(keep_trailing_newline=True, autoescape=False).from_string(  # noqa: S701  (it is Python)
        (TEMPLATES / "rule.py.j2").read_text("utf-8")
    )
    try:
        with path.open("x", encoding="utf-8") as written:
            written.write(template.render(id=name))
    except FileExistsError as error:
        raise NewRuleError(f"{path}: {error.strerror}") from error
    return path
