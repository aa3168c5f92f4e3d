"""Reading back what the pipeline said: alerts as they stand, and how many cases each rule was applied to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.audit import results
from infra.embedded.stack import Stack
from infra.evaluation.known import END_BY_THEMSELVES
from infra.settings import Settings
from infra.verify.published import newest
from infra.verify.report import Cell, Figure
from schemas import records
from schemas.catalogue import ALERTS, DOMAINS, Layout
from schemas.codec import Codec, DecodeError
from schemas.records import read_topics
from schemas.registry import open_ids
from streams.domains import REGENCY
from streams.engine.regency import DOMAIN as REGENCY_DOMAIN
from streams.rules import coverage

WITHDRAWN = "withdrawn"
#: What the regency task counts of the rules that it asks about groups.
ASKED = {
    f"{REGENCY_DOMAIN}.{metric}": outcome
    for metric, outcome in zip(coverage.ASKED.values(), ("found", "not_found", "not_applicable"), strict=True)
}
Say = Callable[[str, int, int], None]


def follow(stack: Stack, until: int, say: Say) -> None:
    """Wait until the workers have done everything: the case tasks by their group's offsets, the regency task, where
    there is one, by its clock, which ends at ``until`` (UTC ms). Raises TimeoutError, and StackError for a death."""
    kafka = stack.settings.kafka
    layout = kafka.layout()
    topics = [layout.topic(topic.name) for topic in DOMAINS.values()]
    places = records.partitions(kafka.bootstrap_servers, topics)
    results.wait_until_committed(
        kafka.bootstrap_servers,
        stack.settings.streams.group,
        records.ends(kafka.bootstrap_servers, places),
        alive=stack.check_alive,
        progress=lambda done, total: say("olah", done, total),
    )
    if REGENCY is not None:
        results.wait_until_compared(
            kafka, until, stack.check_alive, lambda done, total: say("kabupaten", done, total)
        )


def alerts(bootstrap: str, layout: Layout) -> list[dict[str, Any]]:
    """Alerts that stand, of every domain, in a fixed order; of rules whose alerts end by themselves those
    that ended too."""
    codec = Codec(ALERTS.schema, open_ids())
    newest: dict[str, dict[str, Any]] = {}
    for message in read_topics(bootstrap, [layout.topic(ALERTS.name)]):
        try:
            alert = codec.decode(message.value())
        except DecodeError:
            continue  # the sink dead-letters it
        known = newest.get(alert["alert_id"])
        if known is None or alert["revision"] >= known["revision"]:
            newest[alert["alert_id"]] = alert
    standing = [
        alert
        for alert in newest.values()
        if alert["status"] != WITHDRAWN or alert["rule"] in END_BY_THEMSELVES
    ]
    standing.sort(key=lambda a: (a["rule"], a["subject"], a["scope"]))
    return standing


def outcomes(settings: Settings) -> dict[str, dict[str, int]]:
    """Permit cases by rule and by what it said of them (found, not_found, not_applicable); of the rules that are asked day
    by day about groups, groups and days. Empty where none are counted."""
    cells = newest(REGENCY_DOMAIN, settings)
    counted = results.coverage("permits", newest("permits", settings)) | results.coverage(
        REGENCY_DOMAIN, cells
    )
    return _asked(cells) | {
        rule: {
            "found": one.found,
            "not_found": one.judged - one.found,
            "not_applicable": sum(one.not_judged.values()),
        }
        for rule, one in counted.items()
    }


def _asked(cells: Mapping[Figure, Mapping[int, Cell]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (metric, dimension, rule, _day), parts in cells.items():
        outcome = ASKED.get(metric)
        if outcome is not None and dimension == "rule":
            mine = found.setdefault(rule, dict.fromkeys(ASKED.values(), 0))
            mine[outcome] += sum(cell.amount for cell in parts.values())
    return found


def dead_letters(bootstrap: str, layout: Layout) -> Mapping[str, int]:
    """Dead letters of each domain."""
    found: dict[str, int] = {}
    for name, topic in DOMAINS.items():
        found[name] = sum(1 for _ in read_topics(bootstrap, [layout.topic(topic.dead_letters)]))
    return {name: count for name, count in found.items() if count}
