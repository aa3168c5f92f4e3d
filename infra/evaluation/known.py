"""Which rules there are, as an evaluation needs to know them: the one place that asks the package of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams.rules import rules

#: Rules whose alert ends when what it is about ends: a source speaks again, an officer's habit of the last year is
#: over, a cashier's or a payee's of the last months, or spending has caught up. What was withdrawn then was said all the same, and is
#: right or wrong.
END_BY_THEMSELVES = frozenset({"S01", "P09", "P15", "P18", "R06", "R09", "B07", "B12"})
#: Rules that give early warnings and nothing else: what they warn of counts as found.
WARNS = frozenset({"B12"})
#: Kinds whose findings are alerts; the others only stand beside an alert or on a page.
ALERTING = ("hard", "soft")


@dataclass(frozen=True, slots=True)
class Known:
    """A rule that runs. ``hard`` findings are facts and published, ``soft`` ones are signs. ``papers``: it is about
    documents of money or people, over ledgers. ``warns``: its findings are warnings."""

    id: str
    kind: Literal["hard", "soft"]
    title: str
    domain: str
    papers: bool = False
    warns: bool = False


def known_rules() -> list[Known]:
    """The rules that raise alerts, in order of their ids."""
    return [
        Known(
            rule.id,
            "hard" if rule.kind == "hard" else "soft",
            rule.title,
            rule.domain,
            papers=rule.weigh is not None,
            warns=rule.id in WARNS,
        )
        for rule in rules().values()
        if rule.kind in ALERTING
    ]
