"""One audit: a temporary stack, the log through the live pipeline on its own clock, the results, and away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.audit import files, report, results
from infra.embedded.stack import Stack
from infra.settings import Settings
from producers.client import Publisher
from producers.history import History, read_history
from producers.log_files import LogFile, read_log
from producers.mapping import Mapping, load_mapping
from producers.proposal import propose
from schemas import records
from schemas.catalogue import DOMAINS
from schemas.profile import Profile

Say = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to audit. ``mapping`` None is a mapping proposed from the log; ``until`` (UTC ms) is where every clock
    ends, None is the last event of the whole log."""

    domain: str
    files: tuple[Path, ...]
    mapping: Path | None
    out: Path
    partitions: int = 4
    workers: int = 1
    until: int | None = None
    keep: bool = False


def run(
    request: Request, settings: Settings, profile: Profile, say: Say, proposed: Callable[[str], None]
) -> report.Summary:
    """Carry it out and write the results; ``say`` hears (stage, done, total), ``proposed`` the TOML of a mapping that
    was proposed, before anything is done with it.

    The whole log is published before the workers begin, so that the end they see is the end of the input.
    Raises what the mapping and the files raise (ValueError with file, line and column), and RuntimeError when a
    worker dies.
    """
    begun = time.monotonic()
    mapping, history = _read(request, profile, say, proposed)
    with Stack.temporary(
        settings, profile, partitions=request.partitions, workers=request.workers, keep=request.keep
    ) as stack:
        until = history.last_occurred_at if request.until is None else request.until
        stack.start_bounded(until)
        published = time.monotonic()
        _publish(history, request.domain, stack, say)
        stack.input_complete()
        found = _follow(request.domain, stack, until, say)
        ended = time.monotonic()
    seconds = {"total": round(ended - begun, 2), "pipeline": round(ended - published, 2)}
    log = files.Log(request.domain, history, mapping, request.mapping is None, until)
    return files.write(request.out, log, found, profile, seconds)


def _read(
    request: Request, profile: Profile, say: Say, proposed: Callable[[str], None]
) -> tuple[Path, History]:
    """The history, and the mapping file it was read through: the one given, or the one proposed, written first."""

    def told(done: int, total: int) -> None:
        say("baca", done, total)

    def history(mapping: Mapping, logs: Iterable[LogFile]) -> History:
        return read_history(request.domain, logs, mapping, profile.timezone, told)

    if request.mapping is not None:
        return request.mapping, history(load_mapping(request.mapping), map(read_log, request.files))
    logs = [read_log(path) for path in request.files]
    text = propose(request.domain, logs).toml
    request.out.mkdir(parents=True, exist_ok=True)
    path = request.out / files.MAPPING
    path.write_text(text, encoding="utf-8")
    proposed(text)
    return path, history(load_mapping(path), logs)


def _publish(history: History, domain: str, stack: Stack, say: Say) -> None:
    total = len(history.events)
    with Publisher(stack.settings.kafka, origin="live") as publisher:
        for number, record in enumerate(history.events, 1):
            publisher.publish(domain, record, trusted=True)  # typed by the mapping
            if number % 1000 == 0 or number == total:
                say("kirim", number, total)


def _follow(domain: str, stack: Stack, until: int, say: Say) -> results.Results:
    kafka = stack.settings.kafka
    places = records.partitions(kafka.bootstrap_servers, [kafka.layout().topic(DOMAINS[domain].name)])
    results.wait_until_committed(
        kafka.bootstrap_servers,
        stack.settings.streams.group,
        records.ends(kafka.bootstrap_servers, places),
        alive=stack.check_alive,
        progress=lambda done, total: say("olah", done, total),
    )
    if domain == "permits":
        results.wait_until_compared(kafka, until, stack.check_alive)
    return results.read(stack.settings, domain)
