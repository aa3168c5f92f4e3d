"""One audit: a temporary stack, the log through the live pipeline on its own clock, the results, and away."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from infra import records
from infra.audit import report, results
from infra.embedded.stack import Stack
from infra.settings import Settings
from producers.client import Publisher
from producers.history import History, read_history
from producers.mapping import load_mapping
from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from streams import rules

Say = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to audit. ``until`` (UTC ms) is where every clock ends; None is the last event of the whole log."""

    domain: str
    files: tuple[Path, ...]
    mapping: Path
    out: Path
    partitions: int = 4
    workers: int = 1
    until: int | None = None
    keep: bool = False


def run(request: Request, settings: Settings, profile: Profile, say: Say) -> report.Summary:
    """Carry it out and write the results; ``say`` hears (stage, done, total).

    The whole log is published before the workers begin, so that the end they see is the end of the input.
    Raises what the mapping and the files raise (ValueError with file, line and column), and RuntimeError when a
    worker dies.
    """
    begun = time.monotonic()
    mapping = load_mapping(request.mapping)
    history = read_history(
        request.domain, request.files, mapping, profile.timezone, lambda n, total: say("baca", n, total)
    )
    with Stack.temporary(
        settings, profile, partitions=request.partitions, workers=request.workers, keep=request.keep
    ) as stack:
        stack.start_bounded(history.last_occurred_at if request.until is None else request.until)
        published = time.monotonic()
        _publish(history, request.domain, stack, say)
        stack.input_complete()
        found = _follow(request.domain, stack, say)
        ended = time.monotonic()
    return _write(request, profile, history, found, {"total": ended - begun, "pipeline": ended - published})


def _publish(history: History, domain: str, stack: Stack, say: Say) -> None:
    total = len(history.events)
    with Publisher(stack.settings.kafka, origin="live") as publisher:
        for number, record in enumerate(history.events, 1):
            publisher.publish(domain, record, trusted=True)  # typed by the mapping
            if number % 1000 == 0 or number == total:
                say("kirim", number, total)


def _follow(domain: str, stack: Stack, say: Say) -> results.Results:
    kafka = stack.settings.kafka
    layout = kafka.layout()
    places = records.partitions(kafka.bootstrap_servers, [layout.topic(DOMAINS[domain].name)])
    results.wait_until_committed(
        kafka.bootstrap_servers,
        stack.settings.streams.group,
        records.ends(kafka.bootstrap_servers, places),
        alive=stack.check_alive,
        progress=lambda done, total: say("olah", done, total),
    )
    return results.read(kafka.bootstrap_servers, layout, domain)


def _write(
    request: Request, profile: Profile, history: History, found: results.Results, seconds: dict[str, float]
) -> report.Summary:
    reasons = Counter(problem.reason for problem in history.rejected) + Counter(found.dead_letters)
    applicable = rules.applicable(request.domain)
    summary = report.Summary(
        domain=request.domain,
        cases=history.cases,
        events=history.rows,
        rejected=sum(reasons.values()),
        alerts=report.count_by_rule(found.standing, applicable),
        not_applicable=rules.not_applicable(request.domain, history.absent_fields),
        seconds={name: round(value, 2) for name, value in seconds.items()},
        repeats=history.repeats,
        rejected_by_reason=dict(reasons),
    )
    request.out.mkdir(parents=True, exist_ok=True)
    report.write_alerts(request.out / "alerts.csv", found.standing, profile.timezone)
    units = {code: unit.name for code, unit in profile.units.items()}
    made = datetime.now(profile.timezone).strftime("%d-%m-%Y %H.%M %Z")
    report.write_page(request.out / "index.html", summary, found.standing, units, made)
    return summary
