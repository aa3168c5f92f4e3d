"""One small file per rule. A file that is here runs: nothing else needs to be touched to add one."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from re import fullmatch

from streams.rules.rule import Rule


@cache
def rules() -> dict[str, Rule]:
    """All rules by id, in order of id: the ``RULE`` of every module of this package that is named like one."""
    names = sorted(m.name for m in iter_modules(__path__) if fullmatch(r"[a-z]\d\d", m.name))
    found = [import_module(f"{__name__}.{name}").RULE for name in names]
    return {rule.id: rule for rule in found}


def applicable(domain: str) -> tuple[str, ...]:
    """The ids of the rules that are computed for a domain."""
    return tuple(rule.id for rule in rules().values() if rule.domain == domain)


def not_applicable(domain: str, absent_fields: Collection[str]) -> dict[str, str]:
    """Rules of a domain that data without these fields cannot feed, with the reason in Indonesian."""
    found = {}
    for rule in rules().values():
        if rule.domain == domain and (missing := sorted(set(rule.needs) & set(absent_fields))):
            found[rule.id] = f"data tidak memuat {', '.join(missing)}"
    return found
