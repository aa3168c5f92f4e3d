"""What an evaluation leaves behind: one self-contained page in Indonesian, and its figures as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.evaluation.run import Evaluation, Planted
from infra.evaluation.scoring import PRECISION, RECALL, RuleScore
from producers.plants import ONE_IN
from schemas.profile import Profile

PAGE, FIGURES = "index.html", "evaluation.json"
STRENGTHS = {"weak": "lemah", "medium": "sedang", "strong": "kuat"}
KINDS = {"hard": "fakta", "soft": "tanda"}
MISSED_SHOWN = 200
WRONG_SHOWN = 20  # of each rule


def as_json(done: Evaluation) -> dict[str, Any]:
    """The whole evaluation as plain values: ``rules`` (the worst first), what is ``published`` of those that are
    delivered and would be ``published_if_all`` were, and what it was made of."""
    over, ledger = done.over, done.ledger
    return {
        "rules": [
            rule.as_json() | {"delivered": rule.rule.id not in done.observed} for rule in done.scores.rules
        ],
        "published": done.scores.published.as_json(),
        "published_if_all": done.scores.if_all.as_json(),
        "planted_without_rule": dict(done.scores.no_rule),
        "simulated": {"seed": over.seed, "years": over.years, "population": over.population}
        if isinstance(over, Planted)
        else None,
        "cases": done.cases,
        "units": dict(ledger.units) if ledger else None,
        "innocent": dict(ledger.innocent) if ledger else None,
        "events": done.events,
        "planted_events": ledger.changed if ledger else None,
        "held_events": ledger.held if ledger else None,
        "dead_letters": done.dead_letters,
        "seconds": done.seconds,
    }


def write(done: Evaluation, profile: Profile, folder: Path) -> None:
    """Write the page and the figures into a folder."""
    import json

    import jinja2
    from babel.numbers import format_decimal, format_percent

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("infra.evaluation", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: (
        "–" if value is None else format_decimal(value, locale="id_ID")
    )
    environment.filters["percent"] = lambda value: (
        "–" if value is None else format_percent(value, format="0.#%", locale="id_ID")
    )
    environment.filters["day"] = lambda ms: datetime.fromtimestamp(ms / 1000, profile.timezone).strftime(
        "%d-%m-%Y"
    )
    folder.mkdir(parents=True, exist_ok=True)
    page = environment.get_template("evaluation.html.j2").render(
        done=done,
        planted=done.over if isinstance(done.over, Planted) else None,
        profile=profile.name,
        scores=done.scores,
        groups=_strengths(done.scores.rules),
        missed=[m for rule in done.scores.rules for m in rule.missed][:MISSED_SHOWN],
        wrong=[(s.rule.id, *said) for s in done.scores.rules for said in s.wrong[:WRONG_SHOWN]],
        kinds=KINDS,
        strengths=STRENGTHS,
        recall=RECALL,
        precision=PRECISION,
        one_in=ONE_IN,
        made=datetime.now(profile.timezone).strftime("%d-%m-%Y %H.%M %Z"),
    )
    (folder / PAGE).write_text(page, encoding="utf-8")
    text = json.dumps(as_json(done), ensure_ascii=False, indent=2)
    (folder / FIGURES).write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the picture by strength: its label and (planted, found)."""

    name: str
    planted: int
    found: int


def _strengths(rules: Sequence[RuleScore]) -> list[tuple[str, list[Bar]]]:
    """Bars by rule for those of which something was planted."""
    return [
        (s.rule.id, [Bar(STRENGTHS[name], planted, found) for name, (planted, found) in s.strengths.items()])
        for s in rules
        if s.planted
    ]
