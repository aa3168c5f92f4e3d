"""The combined risk again, plainly: a loop over targets and their alerts, without columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Facts:
    """What a rule says of itself."""

    kind: str
    family: str
    severity: float
    domain: str


@dataclass(frozen=True)
class Alert:
    """An alert about a target; ``clock`` is UTC milliseconds."""

    id: str
    rule: str
    level: str
    clock: int
    observed: float
    threshold: float
    unit: str


@dataclass(frozen=True)
class Given:
    """What a profile decides: values by name, date and default, and (least, factor, first day, last day) of bands."""

    value: Callable[[str, date, float], float]
    bands: Sequence[tuple[int, float, date, date | None]]
    zone: ZoneInfo


def risk(
    alerts: Sequence[Alert], rules: dict[str, Facts], given: Given, on: date
) -> tuple[float, bool] | None:
    """The risk of one target on a day, and whether it is published; None where nothing about it is alive."""
    decay = max(1.0, given.value("risk.decay_days", on, 90.0))
    strongest: dict[str, float] = {}
    hard, soft, accompanied = set(), set(), False
    for alert in alerts:
        facts = rules.get(alert.rule)
        if facts is None or facts.kind == "page" or facts.domain == "sources" or alert.level == "warning":
            continue
        family = facts.family or (alert.rule if facts.kind == "hard" else facts.domain)
        day = (datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(milliseconds=alert.clock)).astimezone(
            given.zone
        )
        age = (on - day.date()).days
        strength = min(0.95, _strength(alert, facts, given, day.date())) * (1 - age / decay)
        if age < 0 or strength <= 0:
            continue
        strongest[family] = max(strongest.get(family, 0.0), strength)
        accompanied |= facts.kind != "context"
        if facts.kind == "hard":
            hard.add(family)
        if facts.kind == "soft":
            soft.add(family)
    if not accompanied:
        return None
    nothing = 1.0
    for strength in strongest.values():
        nothing *= 1 - strength
    return 1 - nothing, bool(hard) or len(soft) >= max(2, round(given.value("risk.soft_signs", on, 2)))


def _strength(alert: Alert, facts: Facts, given: Given, on: date) -> float:
    strength = min(1.0, max(0.0, facts.severity)) * max(0.0, given.value(f"{alert.rule}.weight", on, 1.0))
    if alert.level == "severe":
        strength *= max(1.0, given.value("risk.severe", on, 1.25))
    if alert.unit == "rupiah":
        factor, reached = 0.75, -1
        beyond = abs(alert.observed - alert.threshold)
        held = [band for band in given.bands if band[2] <= on and (band[3] is None or on <= band[3])]
        since = date(2005, 1, 1)
        usual = [
            (0, 0.75, since, None),
            (10_000_000, 1.0, since, None),
            (100_000_000, 1.15, since, None),
            (1_000_000_000, 1.3, since, None),
        ]
        for least, each, _, _ in held or usual:
            if reached < least <= beyond:
                factor, reached = each, least
        strength *= factor
    return strength
