"""Reading back what the pipeline said: alerts as they stand, and how many cases each rule was applied to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from infra import records
from infra.audit import results
from infra.embedded.stack import Stack
from infra.evaluation.known import END_BY_THEMSELVES
from infra.records import read_topics
from schemas.catalogue import AGGREGATES, ALERTS, DOMAINS, Layout
from schemas.codec import Codec, DecodeError
from schemas.registry import open_ids
from streams.domains import REGENCY

#: The coverage of rules among the aggregates, whichever task counts it.
COVERAGE = re.compile(r"\w+\.rules_(found|not_found|not_applicable)")
WITHDRAWN = "withdrawn"
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


def outcomes(bootstrap: str, layout: Layout) -> dict[str, dict[str, int]]:
    """Cases by rule and by what it said of them (found, not_found, not_applicable), from the aggregates of coverage
    by rule: the highest version of each key and partition, added up over days. Empty where none are counted."""
    codec = Codec("aggregates", open_ids())
    newest: dict[tuple[Any, ...], tuple[int, int]] = {}
    for message in read_topics(bootstrap, [layout.topic(topic.name) for topic in AGGREGATES.values()]):
        try:
            row = codec.decode(message.value())
        except DecodeError:
            continue
        if row["dimension"] != "rule" or not COVERAGE.fullmatch(row["metric"]):
            continue
        key = (row["metric"], row["value"], row["local_day"], row["source_topic"], row["source_partition"])
        if key not in newest or row["version"] >= newest[key][0]:
            newest[key] = (row["version"], row["amount"])
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (metric, rule, *_), (_, amount) in newest.items():
        outcome = metric.partition(".rules_")[2]
        found[rule][outcome] = found[rule].get(outcome, 0) + amount
    return found


def dead_letters(bootstrap: str, layout: Layout) -> Mapping[str, int]:
    """Dead letters of each domain."""
    found: dict[str, int] = {}
    for name, topic in DOMAINS.items():
        found[name] = sum(1 for _ in read_topics(bootstrap, [layout.topic(topic.dead_letters)]))
    return {name: count for name, count in found.items() if count}
