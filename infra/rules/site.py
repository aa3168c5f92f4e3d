"""The rules' pages: an index and one page a rule, whole in themselves, for screen, phone and paper, without scripts.

Everything on them comes from the rule's own file, the profile, the log of decisions and, where they answer, ClickHouse and
the broker. The worked example is the first of the rule's table, run through the real processor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from infra.rules import words
from infra.rules.counts import Count
from infra.rules.declared import declared, parameters
from infra.rules.fences import Frozen
from infra.rules.remarks import remarks
from infra.rules.states import States
from schemas.profile import Profile
from streams.rules import rules
from streams.rules.rule import SITUATIONS, Example, Rule
from streams.rules.trial import Said, example_profile, worked

INDEX = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured beside what is declared: coverage by rule (None: no ClickHouse answers), and the frozen fences
    (None: they could not be read)."""

    counts: Mapping[str, Count] | None = None
    fences: Frozen | None = None

    @property
    def simulated(self) -> bool:
        """Whether any of it was made by the simulator."""
        fenced = self.fences is not None and self.fences.simulated
        return fenced or any(count.simulated for count in (self.counts or {}).values())


class Site:
    """``link`` makes the address of a page from a rule's id, or of the index from ``INDEX``; ``home`` is where the
    index leads back to."""

    def __init__(self, profile: Profile, states: States, link: Callable[[str], str], home: str = "") -> None:
        self._profile, self._states = profile, states
        self._pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters.update(
            number=words.number, amount=words.amount, share=words.share, day=words.day, moment=words.moment
        )
        self._pages.globals |= {"w": words, "link": link, "index": INDEX, "name": profile.name, "home": home}

    def page(self, name: str, figures: Figures, day: date | None = None) -> str | None:
        """A rule's page, or the index for ``INDEX``; None where there is no such rule. Its fences are those of a local
        day, by default the last that was frozen."""
        if name == INDEX:
            return self._index(figures)
        rule = rules().get(name)
        return self._rule(rule, figures, day) if rule is not None else None

    def write(self, folder: Path, figures: Figures) -> list[Path]:
        """All pages as ``index.html`` and ``<ID>.html``. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name in (INDEX, *rules()):
            path = folder / f"{name or 'index'}.html"
            path.write_text(self.page(name, figures) or "", "utf-8")
            written.append(path)
        return written

    def _index(self, figures: Figures) -> str:
        lines = [
            {
                "rule": rule,
                "state": self._states.state(rule),
                "count": (figures.counts or {}).get(rule.id),
            }
            for rule in rules().values()
        ]
        return self._pages.get_template("index.html.j2").render(
            lines=lines, answered=figures.counts is not None, simulated=figures.simulated
        )

    def _rule(self, rule: Rule, figures: Figures, day: date | None) -> str:
        return self._pages.get_template("rule.html.j2").render(
            rule=rule,
            facts=declared(rule),
            sources=[text for text in rule.sources if text not in {b.text for b in rule.legal_basis}],
            parameters=parameters(rule, self._profile),
            state=self._states.state(rule),
            decisions=[entry for entry in self._states.entries() if entry.rule == rule.id],
            alike=[one.id for one in rules().values() if one.sign == rule.sign and one.id != rule.id],
            example=_shown(rule),
            table=_table(rule),
            fences=figures.fences.of(rule, day) if figures.fences is not None else None,
            asked=day,
            count=(figures.counts or {}).get(rule.id),
            answered=figures.counts is not None,
            simulated=figures.simulated,
            when=lambda ms: words.instant(ms, self._profile),
        )


def static_link(name: str) -> str:
    """Addresses of pages that lie in one folder."""
    return f"{name or 'index'}.html"


@cache
def _worked(rule_id: str) -> tuple[Example, Said] | None:
    """Run once a process: neither the rule nor the examples' profile changes while it runs."""
    return worked(rules()[rule_id])


def _shown(rule: Rule) -> dict[str, Any] | None:
    """The worked example: its events in words, and what is said of it."""
    found = _worked(rule.id)
    if found is None:
        return None
    example, said = found
    profile = example_profile()
    events = [_in_words(profile, *event) for event in example.events]
    others = [
        {"cases": cases, "events": [_in_words(profile, *event) for event in each]}
        for cases, each in example.peers.values()
    ]
    return {
        "events": events,
        "others": others,
        "used": {name: any(event[name] for event in events) for name in ("step", "who", "remarks")},
        "clock": example.clock,
        "outcome": words.OUTCOMES.get(said.outcome, said.outcome),
        "alerts": said.alerts,
        "evidence": [
            {**item, "at": words.instant(item["occurred_at"], profile)}
            for item in (said.alerts[0]["evidence"] if said.alerts else ())
        ],
    }


def _in_words(profile: Profile, kind: str, at: str, fields: Mapping[str, Any]) -> dict[str, str]:
    return {
        "at": at,
        "what": words.EVENTS.get(kind, kind),
        "step": words.step_name(profile, fields.get("step")),
        "who": words.PEOPLE.get(fields.get("officer_token") or "", ""),
        "remarks": "; ".join(remarks(fields)),
    }


def _table(rule: Rule) -> list[dict[str, Any]]:
    """Every situation with how many examples show it and what they expect, or why it cannot be."""
    rows = []
    for situation in SITUATIONS:
        shown = [example for example in rule.examples if example.situation == situation]
        expected = dict.fromkeys(
            words.OUTCOMES[example.expects] + (f" ({words.LEVELS[example.level]})" if example.level else "")
            for example in shown
        )
        rows.append(
            {
                "situation": words.SITUATIONS[situation],
                "examples": len(shown),
                "expected": ", ".join(expected) or rule.without.get(situation, "belum ditulis"),
            }
        )
    return rows
