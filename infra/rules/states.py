"""Which rules reach the inspectorate, and who decided it: a log of lines of JSON in the data folder, only ever added to.

A rule starts as it declares (``delivers``); the last entry about it holds. What is observed is computed and stored all
the same: only pages and deliveries leave it out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from infra.cli.texts import _
from infra.journal import Journal
from infra.journal import lenient as lenient_read
from producers.dead_letters.marks import user
from streams.rules import rules
from streams.rules.rule import Rule

LOG = "rules.jsonl"
#: A rule that only accompanies others, or is a page, is neither.
SILENT_KINDS = ("context", "page")
State = Literal["delivered", "observed"]
DELIVERED: State = "delivered"
OBSERVED: State = "observed"


class RuleStateError(ValueError):
    """A rule whose delivery cannot be switched, or a log that cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. ``at`` is UTC milliseconds, ``by`` the user of the operating system."""

    at: int
    by: str
    rule: str
    state: State
    reason: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class States:
    """The decisions in a data folder; ``known`` are the rules there are (default: all)."""

    def __init__(self, data_dir: Path, known: Collection[Rule] | None = None) -> None:
        self.path = data_dir / LOG
        self._rules = {rule.id: rule for rule in (rules().values() if known is None else known)}
        self._journal = Journal(self.path, _entry, self._damaged)

    def entries(self) -> list[Entry]:
        """All decisions, the oldest first; read again only when the file has changed. Raises RuleStateError."""
        return self._journal.entries()

    def state(self, rule: Rule) -> State | None:
        """``delivered`` or ``observed``; None for a rule that is never an alert by itself."""
        if rule.kind in SILENT_KINDS:
            return None
        last = next((entry for entry in reversed(self.entries()) if entry.rule == rule.id), None)
        return last.state if last is not None else DELIVERED if rule.delivers else OBSERVED

    def observed(self) -> frozenset[str]:
        """The ids of the rules that are not delivered."""
        return frozenset(rule.id for rule in self._rules.values() if self.state(rule) != DELIVERED)

    def switch(self, rule_id: str, state: State, reason: str) -> Entry:
        """Decide, and write it down. Raises RuleStateError for an unknown rule, one that is no alert, and no reason."""
        rule = self._rules.get(rule_id)
        if rule is None:
            raise RuleStateError(
                _("aturan {rule} tidak ada; yang ada: {known}").format(
                    rule=rule_id, known=", ".join(self._rules)
                )
            )
        if rule.kind in SILENT_KINDS:
            kind = _("menyertai indikasi lain") if rule.kind == "context" else _("halaman")
            raise RuleStateError(
                _("{rule} tidak pernah indikasi sendiri: hanya {kind}").format(rule=rule_id, kind=kind)
            )
        if not reason.strip():
            raise RuleStateError(
                _("alasan kosong; tulis --reason dengan alasan yang dapat dibaca orang lain")
            )
        entry = Entry(int(time.time() * 1000), user(), rule_id, state, reason.strip())
        self._journal.add(entry.as_json())
        return entry

    def _damaged(self, line: int, error: Exception) -> RuleStateError:
        return RuleStateError(
            _("{path}, baris {line}: bukan keputusan ({error}); perbaiki baris itu").format(
                path=self.path, line=line, error=error
            )
        )


def lenient(states: States) -> Callable[[], frozenset[str]]:
    """``states.observed`` for processes that must go on: a log that cannot be read changes nothing, and is reported."""
    return lenient_read(states.observed, frozenset(rule.id for rule in rules().values() if not rule.delivers))


def _entry(values: Mapping[str, Any]) -> Entry:
    entry = Entry(**values)
    if entry.state not in (DELIVERED, OBSERVED):
        raise ValueError(entry.state)
    return entry
