"""One rule held against its own table of examples, and what it still has to say about itself."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import Any

from infra.cli.texts import _
from streams.rules.rule import Rule
from streams.rules.trial import Problem, differences, gaps, triable, try_out

#: How a text begins that a person still has to write.
UNWRITTEN = "ISI:"
TEXTS = ("title", "area", "method", "why", "unit_of_measure")
LISTS = ("innocent", "sources", "not_applicable")


@dataclass(frozen=True, slots=True)
class Row:
    """One example; ``wrong`` are the differences, empty where the rule says what the table says."""

    situation: str
    wrong: list[str]


@dataclass(frozen=True, slots=True)
class Report:
    """``triable``: whether its examples could be run. ``todo``: what is missing or unwritten, in words."""

    rule: str
    triable: bool
    rows: list[Row]
    todo: list[str]

    @property
    def ok(self) -> bool:
        return not self.todo and all(not row.wrong for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}


def check(rule: Rule) -> Report:
    """Run the examples that can be run, and list what is missing."""
    if not triable(rule):
        return Report(rule.id, False, [], unwritten(rule))
    rows, todo = [], unwritten(rule)
    for example in rule.examples:
        try:
            said = try_out(rule, example)
            wrong = [told(problem) for problem in differences(rule, example, said)]
        except Exception as error:  # noqa: BLE001  (a rule being written may fail in any way; the table says where)
            wrong = [f"{type(error).__name__}: {error}"]
        else:
            if any(UNWRITTEN in alert["sentence"] for alert in said.alerts) and "sentence" not in todo:
                todo.append("sentence")
        rows.append(Row(example.situation, wrong))
    return Report(rule.id, True, rows, [*todo, *map(told, gaps(rule))])


def told(problem: Problem) -> str:
    """A problem of a table for people."""
    texts = {
        "outcome": _("diharapkan {expected}, ternyata {got}"),
        "unexpected alert": _("indikasi yang tidak diharapkan: {got}"),
        "no alert": _("tidak ada indikasi untuk {expected!r}; yang ada: {got}"),
        "level": _("diharapkan tingkat {expected}, ternyata {got}"),
        "observed": _("diharapkan teramati {expected}, ternyata {got}"),
        "no example": _("tidak ada contoh untuk: {expected}"),
        "excused though shown": _("dimaafkan padahal ada contohnya: {expected}"),
        "unknown situation": _("keadaan tidak dikenal: {expected}"),
    }
    return texts[problem.name].format(expected=problem.expected, got=problem.got)


def unwritten(rule: Rule) -> list[str]:
    """Texts that are empty or still to be written, by name."""
    found = [name for name in TEXTS if _open(getattr(rule, name))]
    found += [name for name in LISTS if any(map(_open, getattr(rule, name)))]
    found += ["legal_basis"] if any(_open(basis.text) for basis in rule.legal_basis) else []
    found += [f"parameters.{p.name}" for p in rule.parameters if _open(p.unit) or _open(p.meaning)]
    found += [f"without[{name!r}]" for name, reason in rule.without.items() if _open(reason)]
    found += [name for name in ("innocent", "sources", "legal_basis") if not getattr(rule, name)]
    speaks = rule.judge or rule.compare or rule.ask
    described = sys.modules[speaks.__module__].__doc__ or "" if speaks is not None else ""
    found += ["docstring"] if UNWRITTEN in described else []
    if rule.sentence is None and rule.kind not in ("context", "page"):
        found.append("sentence")
    return found


def _open(text: str) -> bool:
    return not text.strip() or text.startswith(UNWRITTEN)
