"""What the wall says of the last comparison with an official report: cocok dengan LRA per 30 September 2026."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sinks.wallboard import wording

if TYPE_CHECKING:
    from sinks.wallboard.state import Board, Today


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The outcome of one comparison of a whole domain; days are YYYY-MM-DD, both included.

    ``report`` is what people call the report. ``agrees`` says whether every line was the same, ``differences`` by how
    many rupiah what is in Indonesian named differs ("" for the figure itself), ``figures`` what our metrics were then.
    """

    domain: str
    report: str
    since: str
    as_of: str
    agrees: bool
    differences: Mapping[str, int]
    figures: Mapping[str, int]


def reconciled(board: Board, domain: str, today: Today) -> list[dict[str, str]]:
    """One line for each report of a domain: the newest of this year, compared last. Empty where there is none."""
    known = [o for o in board.reconciled() if o.domain == domain and today.year <= o.as_of <= today.day]
    last = {outcome.report: outcome for outcome in sorted(known, key=lambda o: o.as_of)}
    return [
        {
            "text": _text(outcome, board),
            "tone": "" if outcome.agrees and not _moved(outcome, board) else "warn",
        }
        for outcome in last.values()
    ]


def _text(outcome: Reconciled, board: Board) -> str:
    report = f"dengan {outcome.report} per {wording.day(date.fromisoformat(outcome.as_of))}"
    if outcome.agrees:
        return f"cocok {report}" + (", lalu angkanya berubah" if _moved(outcome, board) else "")
    for what, amount in outcome.differences.items():
        if amount:
            return f"{what} selisih {wording.rupiah(amount)} {report}".strip()
    return f"tanggal berbeda {report}"


def _moved(outcome: Reconciled, board: Board) -> bool:
    """Whether our own figures of those days are no longer what was compared."""
    return any(
        board.store.total(metric, outcome.since, outcome.as_of) != amount
        for metric, amount in outcome.figures.items()
    )
