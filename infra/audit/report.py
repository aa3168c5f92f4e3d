"""What an audit leaves behind: alerts.csv, a plain page, and the summary on standard output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.spreadsheets import write_csv

EVIDENCE_SHOWN = 20
PAGE_ROWS = 500
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
                    _evidence(alert),
                )
                for alert in standing
            ),
        )


def write_page(
    path: Path, summary: Summary, standing: list[dict[str, Any]], names: Mapping[str, str], made: str
) -> None:
    """index.html: one self-contained page in Indonesian."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("infra.audit", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    from babel.numbers import format_decimal

    environment.filters["number"] = lambda value: format_decimal(value, locale="id_ID")
    shown = sorted(standing, key=lambda a: (-_rank(a["level"]), -a["observed"]))[:PAGE_ROWS]
    path.write_text(
        environment.get_template("report.html.j2").render(
            summary=summary,
            alerts=shown,
            total=len(standing),
            levels=Counter(a["level"] for a in standing),
            units=Counter(names.get(a["unit"], a["unit"] or "tidak disebut") for a in standing).most_common(
                12
            ),
            made=made,
        ),
        encoding="utf-8",
    )


def _rank(level: str) -> int:
    return {"warning": 0, "breach": 1, "severe": 2}.get(level, 0)


def _evidence(alert: dict[str, Any]) -> str:
    parts = [
        f"{e['topic']}/{e['partition']}/{e['offset']}/{e['event_id']}"
        for e in alert["evidence"][:EVIDENCE_SHOWN]
    ]
    rest = alert["evidence_total"] - len(parts)
    return " ".join(parts) + (f" (+{rest}, sha256 {alert['evidence_digest']})" if rest > 0 else "")
