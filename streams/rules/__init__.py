"""One small file per rule. ``RULES`` are those that run; a rule that is not here makes no statement at all."""

from __future__ import annotations

from types import ModuleType

from streams.rules import p01

#: Rule modules by id; each has ID, TITLE, VERSION, DEFAULTS and its pure functions.
RULES: dict[str, ModuleType] = {p01.ID: p01}
