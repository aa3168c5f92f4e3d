"""Standing alerts: the state against the reference, and ``risk.alerts`` against the state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.verify.committed import Committed
from infra.verify.report import AlertDifference
from streams.engine.alerts import WITHDRAWN
from streams.rules import rules
from streams.rules.alerts import alert_id

#: What an alert says; when it was published is no part of it.
ASIDE = ("published_at",)

Verdicts = Mapping[tuple[str, str, str], tuple[Any, ...]]


def differences(
    said: Mapping[str, dict[str, Any]], committed: Committed, verdicts: Verdicts
) -> Iterator[AlertDifference]:
    """``said`` are the newest revisions on the topic by id, ``verdicts`` the reference's by (rule, subject, scope)."""
    wanted = {alert_id(*place): (place, verdict) for place, verdict in verdicts.items()}
    state = committed.alerts
    for name in sorted(wanted.keys() | state.keys() | said.keys()):
        mine, topic = state.get(name), said.get(name)
        place, verdict = wanted.get(name, (None, None))
        known = of_cases(mine or topic)
        if mine == _spoken(topic) and (not known or _verdict(mine) == verdict):
            continue
        _, subject, scope = place or ("", (mine or topic or {})["subject"], (mine or topic or {})["scope"])
        yield AlertDifference(name, subject, scope, _words(mine), _words(topic), _found(verdict))


def of_cases(alert: Mapping[str, Any] | None) -> bool:
    """Whether a case task says an alert, so that the reference gives it: what is said among peers has its own tests."""
    rule = rules().get(alert["rule"]) if alert is not None else None
    return alert is not None and rule is not None and not rule.among_peers(alert["scope"])


def _spoken(alert: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if alert is None else {name: value for name, value in alert.items() if name not in ASIDE}


def _verdict(alert: dict[str, Any] | None) -> tuple[Any, ...] | None:
    """What the reference says of an alert that stands."""
    if alert is None or alert["status"] == WITHDRAWN:
        return None
    names = ("level", "level_at", "unit", "observed", "threshold", "evidence_digest")
    return tuple(alert[name] for name in names)


def _words(alert: dict[str, Any] | None) -> str | None:
    if alert is None:
        return None
    words = (alert["status"], alert["level"], f"revision {alert['revision']}", f"at {alert['level_at']}")
    return " ".join((*words, alert["unit"] or "", f"{alert['observed']:.3f}", alert["evidence_digest"][:8]))


def _found(verdict: tuple[Any, ...] | None) -> str | None:
    if verdict is None:
        return None
    level, at, unit, observed, _threshold, digest = verdict
    return f"{level} at {at} {unit} {observed:.3f} {digest[:8]}"
