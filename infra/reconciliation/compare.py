"""Two sides, line by line. Pure: no input or output.

A line of a report may stand for many of ours: an account for all accounts below it, an empty field for any value. A
line that stands for another line of the report is a subtotal: it is compared, but totals and what only we have are
told by the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import product
from typing import Any, Literal

from infra.reconciliation.official_file import Key, Official
from infra.reconciliation.ours import Amounts

Status = Literal["differs", "only_theirs", "only_ours", "other_day", "agrees"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One line and one measure; amounts in rupiah, None where a side has nothing. ``rows`` are those of the file,
    ``days`` and ``our_days`` (YYYY-MM-DD) those of deposits."""

    status: Status
    measure: str
    key: Key
    ours: int | None
    theirs: int | None
    rows: tuple[int, ...] = ()
    subtotal: bool = False
    days: tuple[str, ...] = ()
    our_days: tuple[str, ...] = ()

    @property
    def difference(self) -> int:
        """Ours less theirs."""
        return (self.ours or 0) - (self.theirs or 0)


@dataclass(frozen=True, slots=True)
class Total:
    """A measure over all lines, subtotals left out; ``apart`` is the sum of all differences without their signs, and no less
    than the largest of a subtotal."""

    ours: int
    theirs: int
    apart: int

    @property
    def difference(self) -> int:
        return self.ours - self.theirs


@dataclass(slots=True)
class Comparison:
    """``lines`` with those that differ first, the largest difference before the others; ``since`` and ``until`` are the
    days compared, both included."""

    official: Official
    since: date
    until: date
    lines: list[Compared] = field(default_factory=list)
    totals: dict[str, Total] = field(default_factory=dict)

    @property
    def differing(self) -> list[Compared]:
        return [line for line in self.lines if line.status != "agrees"]

    @property
    def agrees(self) -> bool:
        return not self.differing

    def as_json(self) -> dict[str, Any]:
        official = self.official
        return {
            "report": official.name,
            "file": official.file,
            "sha256": official.sha256,
            "opd": official.opd,
            "columns": official.columns,
            "skipped": official.skipped,
            "since": self.since.isoformat(),
            "as_of": self.until.isoformat(),
            "agrees": self.agrees,
            "totals": {name: {**asdict(t), "difference": t.difference} for name, t in self.totals.items()},
            "lines": [
                {
                    **{name: part for name, part in asdict(line).items() if name != "key"},
                    "key": dict(zip(official.keys, line.key, strict=True)),
                    "difference": line.difference,
                }
                for line in self.lines
            ],
        }


def period(official: Official, since: date | None, until: date | None) -> tuple[date, date]:
    """The days to compare: what is given, else those of the file's own dates, else from the beginning of the year.
    Raises ValueError where the last day cannot be told."""
    days = sorted(line.day for line in official.lines if line.day)
    last = until or (date.fromisoformat(days[-1]) if days else None)
    if last is None:
        raise ValueError(
            f"berkas {official.file}: tanggal laporan tidak ada di berkas; nyatakan --as-of, misalnya 2026-09-30"
        )
    first = since or (date.fromisoformat(days[0]) if days else last.replace(month=1, day=1))
    if first > last:
        raise ValueError(f"jangka waktu terbalik: {first} sesudah {last}")
    return first, last


def compare(official: Official, ours: Amounts, since: date, until: date) -> Comparison:
    """Compare a report with our amounts from ``since`` to ``until``, both included.

    Deposits are found by their number on any day of the years compared, for they may be booked later.
    """
    made = Comparison(official, since, until)
    lines = _lines_by_key(official)
    covered = {above for key in lines for above in _above(official.keys, key) if above != key} & lines.keys()
    for measure in official.measures:
        inside, beside = _rolled(official, lines, covered, ours[measure], since, until)
        found = [
            _line(measure, key, line, inside.get(key, {}), subtotal=key in covered)
            for key, line in lines.items()
        ]
        found += [
            Compared("only_ours", measure, key, amount, None, our_days=_days(official, days))
            for key, days in beside.items()
            if (amount := sum(days.values()))
        ]
        made.lines += found
        made.totals[measure] = _total(found)
    made.lines.sort(
        key=lambda line: (line.status == "agrees", -abs(line.difference), line.status != "other_day")
    )
    return made


@dataclass(slots=True)
class _Theirs:
    amounts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    rows: list[int] = field(default_factory=list)
    days: set[str] = field(default_factory=set)


def _lines_by_key(official: Official) -> dict[Key, _Theirs]:
    found: defaultdict[Key, _Theirs] = defaultdict(_Theirs)
    for line in official.lines:
        theirs = found[line.key]
        theirs.rows.append(line.row)
        theirs.days |= {line.day} - {""}
        for measure, amount in line.amounts.items():
            theirs.amounts[measure] += amount
    return dict(found)


def _rolled(
    official: Official,
    lines: Mapping[Key, _Theirs],
    covered: set[Key],
    ours: Mapping[Key, dict[str, int]],
    since: date,
    until: date,
) -> tuple[dict[Key, dict[str, int]], dict[Key, dict[str, int]]]:
    """Our amounts by day under each line of the report, and those under none that is no subtotal."""
    first, last = since.isoformat(), until.isoformat()
    inside: defaultdict[Key, dict[str, int]] = defaultdict(dict)
    beside: dict[Key, dict[str, int]] = {}
    for key, days in ours.items():
        above = [line for line in _above(official.keys, key) if line in lines]
        if official.report.dated and above:
            kept = {day: n for day, n in days.items() if first[:4] <= day[:4] <= last[:4]}
        else:
            kept = {day: n for day, n in days.items() if first <= day <= last}
        for line in above:
            for day, amount in kept.items():
                inside[line][day] = inside[line].get(day, 0) + amount
        if kept and not any(line not in covered for line in above):
            beside[key] = kept
    return inside, beside


def _line(measure: str, key: Key, line: _Theirs, ours: Mapping[str, int], *, subtotal: bool) -> Compared:
    theirs, mine = line.amounts[measure], sum(ours.values())
    our_days = tuple(sorted(day for day, amount in ours.items() if amount)) if line.days else ()
    days = tuple(sorted(line.days))
    status: Status = "agrees"
    if mine != theirs:
        status = "differs" if mine else "only_theirs"
    elif days and our_days != days:
        status = "other_day"
    return Compared(
        status, measure, key, mine if ours else None, theirs, tuple(line.rows), subtotal, days, our_days
    )


def _days(official: Official, days: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(days)) if official.report.dated else ()


def _total(lines: list[Compared]) -> Total:
    single = [line for line in lines if not line.subtotal]
    apart = sum(abs(line.difference) for line in single)
    return Total(
        sum(line.ours or 0 for line in single),
        sum(line.theirs or 0 for line in single),
        max(apart, max((abs(line.difference) for line in lines), default=0)),
    )


def _above(names: Key, key: Key) -> Iterator[Key]:
    """The keys of all lines that may stand for one of ours, itself among them."""
    return product(*(_parts(name, part) for name, part in zip(names, key, strict=True)))


def _parts(name: str, part: str) -> list[str]:
    if name == "deposit_number":
        return [part]
    if name != "account" or not part:
        return [part, ""] if part else [""]
    steps = part.split(".")
    return [".".join(steps[:count]) for count in range(len(steps), -1, -1)]
