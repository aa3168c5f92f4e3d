"""The files an audit leaves in its folder: alerts.csv, index.html, telaah.xlsx."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from babel.dates import format_date

from infra.audit import report, sections
from infra.audit.base_rates import base_rates
from infra.audit.pictures import number
from infra.audit.process import process
from infra.audit.results import Results
from infra.audit.workbook import Contents, write_workbook
from producers.files.xes import FILLED, LISTS
from producers.history import History
from producers.mapping import event_fields
from schemas.profile import Profile
from streams import rules

PAGE, TABLE, WORKBOOK, MAPPING = "index.html", "alerts.csv", "telaah.xlsx", "mapping.toml"


@dataclass(frozen=True, slots=True)
class Log:
    """What was audited: the history, the mapping file it was read through, whether that was only ``proposed``, and
    the end of the audited time (UTC ms)."""

    domain: str
    history: History
    mapping: Path
    proposed: bool
    until: int


def write(out: Path, log: Log, found: Results, profile: Profile, seconds: dict[str, float]) -> report.Summary:
    """Write them all and return the summary."""
    history, standing = log.history, found.standing
    reasons = Counter(problem.reason for problem in history.rejected) + Counter(found.dead_letters)
    applicable = rules.applicable(log.domain)
    summary = report.Summary(
        domain=log.domain,
        cases=history.cases,
        events=history.rows,
        rejected=sum(reasons.values()),
        alerts=report.count_by_rule(standing, applicable),
        not_applicable=rules.not_applicable(log.domain, history.absent_fields),
        seconds=seconds,
        repeats=history.repeats,
        rejected_by_reason=dict(reasons),
    )
    with_cases = "case_id" in event_fields(log.domain) and history.events
    work = process(history.events, profile, log.until, history.order) if with_cases else None
    rates = base_rates(standing, applicable, summary.not_applicable, history.cases, found.coverage)
    names = sections.Names(profile)
    shown = [sections.rules(rates)]
    if work:
        shown += [
            sections.times(work, standing, profile),
            sections.throughput(work),
            sections.types(work, names),
            sections.holders(work, names),
            sections.variants(work, names),
        ]
    made = datetime.now(profile.timezone)
    span, notes = _span(log, profile), _notes(history)
    out.mkdir(parents=True, exist_ok=True)
    report.write_alerts(out / TABLE, standing, profile.timezone)
    report.write_page(
        out / PAGE,
        report.Page(
            summary=summary,
            sections=shown,
            standing=standing,
            span=span,
            made=made.strftime("%d-%m-%Y %H.%M %Z"),
            notes=notes,
            mapping=log.mapping.read_text("utf-8"),
            proposed=log.proposed,
        ),
    )
    write_workbook(
        out / WORKBOOK,
        Contents(
            summary=summary,
            standing=standing,
            rates=rates,
            process=work,
            rejected=history.rejected,
            dead=found.dead_letters,
            names=names,
            zone=profile.timezone,
            made=made,
            span=span,
            notes=notes,
        ),
    )
    return summary


def _span(log: Log, profile: Profile) -> str:
    """The time from the first to the last event, in words."""
    if not log.history.events:
        return "Tidak ada kejadian."
    ends = (log.history.events[0]["occurred_at"], log.history.last_occurred_at)
    first, last = (
        format_date(datetime.fromtimestamp(ms / 1000, profile.timezone), "d MMMM y", locale="id")
        for ms in ends
    )
    return f"Data {first} sampai {last}."


def _notes(history: History) -> list[str]:
    """What the reader left out or filled in, in sentences."""
    notes = []
    if history.counts[LISTS]:
        notes.append(f"{number(history.counts[LISTS])} daftar (<list>) dalam log XES tidak dibaca.")
    if history.counts[FILLED]:
        notes.append(
            f"{number(history.counts[FILLED])} nilai kosong diisi dari nilai bawaan (<global>) dalam log XES."
        )
    return notes
