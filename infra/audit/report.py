"""What an audit leaves behind: alerts.csv, the page, and the summary on standard output (the workbook: workbook.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from infra.audit.pictures import number
from infra.audit.sections import Section
from schemas.spreadsheets import write_csv

EVIDENCE_SHOWN = 20
PAGE_ROWS = 200
DOMAIN_NAMES = {
    "permits": "perizinan",
    "revenue": "penerimaan",
    "budget": "anggaran",
    "population": "kependudukan",
    "activities": "kegiatan",
}
HEADER = (
    "rule",
    "case",
    "scope",
    "level",
    "time",
    "due",
    "observed",
    "threshold",
    "unit_of_measure",
    "unit",
    "sentence",
    "evidence",
)


@dataclass(frozen=True, slots=True)
class Summary:
    """The JSON on standard output. ``events`` are input rows; ``alerts`` counts distinct cases at breach or severe."""

    domain: str
    cases: int
    events: int
    rejected: int
    alerts: dict[str, int]
    not_applicable: dict[str, str]
    seconds: dict[str, float]
    repeats: int
    rejected_by_reason: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The summary as plain values."""
        return asdict(self)


def count_by_rule(standing: list[dict[str, Any]], rules: tuple[str, ...]) -> dict[str, int]:
    """Distinct cases at breach or severe per rule, zero for a rule that found none."""
    cases = {(a["rule"], a["subject"]) for a in standing if a["level"] in {"breach", "severe"}}
    counts = Counter(rule for rule, _ in cases)
    return {rule: counts.get(rule, 0) for rule in sorted({*rules, *counts})}


def write_alerts(path: Path, standing: list[dict[str, Any]], zone: ZoneInfo) -> None:
    """alerts.csv: one line per standing alert; times in the regency's zone with their offset."""

    def time(ms: int | None) -> str:
        return "" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).isoformat()

    with path.open("w", encoding="utf-8", newline="") as stream:
        write_csv(
            stream,
            HEADER,
            (
                (
                    alert["rule"],
                    alert["subject"],
                    alert["scope"],
                    alert["level"],
                    time(alert["level_at"]),
                    time(alert["due_at"]),
                    round(alert["observed"], 4),
                    round(alert["threshold"], 4),
                    alert["unit_of_measure"],
                    alert["unit"],
                    alert["sentence"],
                    evidence(alert),
                )
                for alert in standing
            ),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows. ``span`` says which time the log covers, ``notes`` what the reader left out or filled in,
    ``mapping`` is the TOML, ``proposed`` where no person wrote it."""

    summary: Summary
    sections: Sequence[Section]
    standing: Sequence[Mapping[str, Any]]
    span: str
    made: str
    notes: Sequence[str]
    mapping: str
    proposed: bool


def write_page(path: Path, page: Page) -> None:
    """index.html: one self-contained page in Indonesian, without scripts."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("infra.audit", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    rejected = page.summary.rejected_by_reason
    path.write_text(
        environment.get_template("report.html.j2").render(
            domain=DOMAIN_NAMES.get(page.summary.domain, page.summary.domain),
            summary=page.summary,
            sections=page.sections,
            alerts=heaviest(page.standing)[:PAGE_ROWS],
            total=len(page.standing),
            span=page.span,
            made=page.made,
            notes=page.notes,
            rejected=[(reason, number(count)) for reason, count in sorted(rejected.items())],
            mapping=page.mapping,
            proposed=page.proposed,
        ),
        encoding="utf-8",
    )


def heaviest(standing: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Alerts, the heaviest first."""
    return sorted(
        standing, key=lambda a: (-_rank(a["level"]), -a["observed"], a["rule"], a["subject"], a["scope"])
    )


def _rank(level: str) -> int:
    return {"warning": 0, "breach": 1, "severe": 2}.get(level, 0)


def evidence(alert: Mapping[str, Any]) -> str:
    parts = [
        f"{e['topic']}/{e['partition']}/{e['offset']}/{e['event_id']}"
        for e in alert["evidence"][:EVIDENCE_SHOWN]
    ]
    rest = alert["evidence_total"] - len(parts)
    return " ".join(parts) + (f" (+{rest}, sha256 {alert['evidence_digest']})" if rest > 0 else "")
