"""How many cases each rule was applied to so far, and how often it found something, from ClickHouse.

A rule that is asked about groups (of rows, or pairs such as an officer and an applicant) once a day counts them once for
each day: those figures stand apart from the cases, which count once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from infra.settings import Settings
from streams.rules import coverage

OUTCOMES = tuple(coverage.METRICS.values())
#: The same of groups.
ASKED = tuple(coverage.ASKED.values())
#: What a rule shows on its page and never says: by rule and group, in millionths.
PAGE = "regency.page"


class Shown(NamedTuple):
    """A figure of a rule's page: of which group, as of which local day it was looked at last, and what was seen."""

    group: str
    day: str
    observed: float


@dataclass(slots=True)
class Count:
    """Cases by outcome; ``sources`` by source in the order of ``OUTCOMES``, ``reasons`` why it said nothing. With
    ``simulated`` some of them were made by the simulator, and whatever shows them says so. ``asked`` are the groups that
    it was asked about, None where it was about none; ``page`` the figures that are shown and never said, the largest first."""

    found: int = 0
    not_found: int = 0
    not_applicable: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    sources: dict[str, list[int]] = field(default_factory=dict)
    simulated: bool = False
    asked: Count | None = None
    page: list[Shown] = field(default_factory=list)

    @property
    def applied(self) -> int:
        """What it could judge."""
        return self.found + self.not_found

    @property
    def total(self) -> int:
        """What it was applied to."""
        return self.applied + self.not_applicable

    @property
    def base_rate(self) -> float | None:
        """Share of the cases it applied to in which it found something; None where there are none."""
        return self.found / self.applied if self.applied else None

    @property
    def shown(self) -> Count:
        """Of one figure: the cases, and the groups of a rule that has no cases."""
        return self.asked if self.asked is not None and not self.total else self

    def as_json(self) -> dict[str, Any]:
        asked = None if self.asked is None else self.asked.as_json()
        page = [figure._asdict() for figure in self.page]
        return {**asdict(self), "base_rate": self.base_rate, "asked": asked, "page": page}


def counts(settings: Settings) -> dict[str, Count] | None:
    """By rule; None when no ClickHouse answers, or it has no figures yet."""
    from clickhouse_connect.driver.exceptions import Error

    from sinks.clickhouse.client import connect

    if not settings.clickhouse.url:
        return None
    try:
        client = connect(settings.clickhouse)
    except (Error, ValueError):
        return None
    try:
        rows = client.query(
            f"SELECT metric, dimension, value, sum(amount), max(simulated) FROM {settings.clickhouse.database}.aggregates FINAL "  # noqa: S608
            "WHERE arrayExists(name -> endsWith(metric, concat('.', name)), {names:Array(String)}) "
            "AND dimension IN ('rule', 'source', 'reason') GROUP BY metric, dimension, value",
            parameters={"names": [*OUTCOMES, *ASKED]},
        ).result_rows
        shown = client.query(
            f"SELECT value, argMax(amount, local_day), max(local_day), max(simulated) FROM {settings.clickhouse.database}.aggregates FINAL "  # noqa: S608
            "WHERE metric = {name:String} AND amount != 0 GROUP BY value",
            parameters={"name": PAGE},
        ).result_rows
    except Error:
        return None
    finally:
        client.close()
    return gathered(rows, shown)


def gathered(rows: Any, shown: Any = ()) -> dict[str, Count]:
    """From rows of (metric, dimension, value, amount, simulated), and (value, amount, local day, simulated) of what pages
    show."""
    found: defaultdict[str, Count] = defaultdict(Count)
    for metric, dimension, value, amount, simulated in rows:
        name = metric.partition(".")[2]
        rule, _, rest = value.partition("|")
        count = found[rule]
        count.simulated |= bool(simulated)
        if name in ASKED:
            outcome, count.asked = ASKED.index(name), count.asked or Count()
            count = count.asked
            count.simulated |= bool(simulated)
        else:
            outcome = OUTCOMES.index(name)
        if dimension == "rule":
            name = ("found", "not_found", "not_applicable")[outcome]
            setattr(count, name, getattr(count, name) + int(amount))
        elif dimension == "source":
            count.sources.setdefault(rest, [0, 0, 0])[outcome] += int(amount)
        elif amount:
            count.reasons[rest] = count.reasons.get(rest, 0) + int(amount)
    for value, amount, day, simulated in shown:
        rule, _, group = value.partition("|")
        found[rule].page.append(Shown(group.replace("|", ", "), day, amount / 1e6))
        found[rule].simulated |= bool(simulated)
    for count in found.values():
        count.page.sort(key=lambda figure: (-figure.observed, figure.group))
    return dict(found)
