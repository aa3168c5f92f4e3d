"""How comparisons ended: a log of lines of JSON in the data folder, only ever added to, and what the wall shows of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.cli.texts import _
from infra.journal import Journal, lenient
from infra.reconciliation.compare import Comparison
from infra.reconciliation.ours import Amounts
from producers.official import REPORTS
from sinks.wallboard.reconciled import Reconciled

LOG = "reconciliations.jsonl"
#: What officials call a report, and its amounts beside the first.
NAMES = {"budget.lra": "LRA", "revenue.lra": "LRA", "revenue.deposits": "daftar setoran"}
MEASURES = {"realised": "realisasi", "ceiling": "pagu", "received": "penerimaan", "amount": "setoran"}


class OutcomeError(ValueError):
    """A log that cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One comparison. ``at`` is UTC milliseconds; ``opd`` is empty where it was about all departments. Amounts are
    rupiah by measure: ``differences`` without their signs added up, ``figures`` what ours came to in those days."""

    at: int
    report: str
    opd: str
    since: str
    as_of: str
    agrees: bool
    lines: int
    differing: int
    differences: dict[str, int]
    figures: dict[str, int]
    file: str
    sha256: str


class Outcomes:
    """The comparisons made on a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._journal = Journal(data_dir / LOG, _outcome, self._damaged)

    def entries(self) -> Sequence[Outcome]:
        """All of them, the oldest first. Raises OutcomeError."""
        return self._journal.entries()

    def add(self, comparison: Comparison, ours: Amounts) -> Outcome:
        """Write down how a comparison ended."""
        official = comparison.official
        since, until = comparison.since.isoformat(), comparison.until.isoformat()
        outcome = Outcome(
            at=int(time.time() * 1000),
            report=official.name,
            opd=official.opd,
            since=since,
            as_of=until,
            agrees=comparison.agrees,
            lines=len(comparison.lines),
            differing=len(comparison.differing),
            differences={name: total.apart for name, total in comparison.totals.items()},
            figures={
                name: sum(
                    n for days in ours[name].values() for day, n in days.items() if since <= day <= until
                )
                for name in official.measures
            },
            file=official.file,
            sha256=official.sha256,
        )
        self._journal.add(asdict(outcome))
        return outcome

    def _damaged(self, line: int, error: Exception) -> OutcomeError:
        return OutcomeError(
            _("{path}, baris {line}: bukan hasil pencocokan ({error}); hapus baris itu").format(
                path=self._journal.path, line=line, error=error
            )
        )


def shown(outcomes: Outcomes) -> Callable[[], Sequence[Reconciled]]:
    """What the wallboard may show, as it asks for it: comparisons of all departments."""

    def whole() -> Sequence[Reconciled]:
        return [_shown(outcome) for outcome in outcomes.entries() if not outcome.opd]

    return lenient(whole, ())


def _shown(outcome: Outcome) -> Reconciled:
    report = REPORTS[outcome.report]
    first = report.measures[0]
    return Reconciled(
        domain=report.domain,
        report=NAMES[outcome.report],
        since=outcome.since,
        as_of=outcome.as_of,
        agrees=outcome.agrees,
        differences={
            "" if name == first else MEASURES[name]: amount for name, amount in outcome.differences.items()
        },
        figures={report.metrics[name]: amount for name, amount in outcome.figures.items()},
    )


def _outcome(values: Mapping[str, Any]) -> Outcome:
    outcome = Outcome(**values)
    if outcome.report not in REPORTS:
        raise ValueError(outcome.report)
    return outcome
