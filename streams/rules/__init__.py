"""One small file per rule. ``RULES`` are those that run; a rule that is not here makes no statement at all."""

from __future__ import annotations

from collections.abc import Collection
from types import ModuleType

from streams.rules import p01

#: Rule modules by id; each has ID, TITLE, DOMAIN, NEEDS, VERSION, DEFAULTS and its pure functions.
RULES: dict[str, ModuleType] = {p01.ID: p01}


def applicable(domain: str) -> tuple[str, ...]:
    """The ids of the rules that are computed for a domain."""
    return tuple(rule for rule, module in RULES.items() if domain == module.DOMAIN)


def not_applicable(domain: str, absent_fields: Collection[str]) -> dict[str, str]:
    """Rules of a domain that data without these fields cannot feed, with the reason in Indonesian."""
    found = {}
    for rule in applicable(domain):
        if missing := sorted(set(RULES[rule].NEEDS) & set(absent_fields)):
            found[rule] = f"data tidak memuat {', '.join(missing)}"
    return found
