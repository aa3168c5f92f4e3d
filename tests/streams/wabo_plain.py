"""What every permit rule must say of the receipt log, counted straight from the CSV file.

Its own reading and its own code: it knows neither events nor the reference, only the file, the working calendar and
the definitions as far as such a log can feed them. Every row is a step that was finished; a case closes (kind
``closed``, never ``issued``) at its end date; everything is history. The clock is the time of the events and ends with
the last of them. Local days and working time are those of Jakarta, as in the profile that judges.

The rules among peers speak at midnight: what they say is said of the cases as they were at the last midnight of the log,
and a case that began after it is not among them. Those about officers say nothing here (P09, P17, P18, and P15 of an
officer): the log names no applicant and no agent, nothing is ever returned, and no permit is ever issued.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.calendar import WorkingCalendar

LOG = Path(__file__).parents[3] / "shared" / "data" / "permits_wabo_receipt.csv"
ZONE = ZoneInfo("Asia/Jakarta")
CHECK = "T02 Check confirmation of receipt"
DETERMINE = "T04 Determine confirmation of receipt"
SEND = "T05 Print and send confirmation of receipt"
#: What the profile of the second count declares for every type of the log.
MANDATORY = "Confirmation of receipt"
AFTER = {DETERMINE: CHECK, SEND: DETERMINE}
DEEMED_DAYS = 30.0

#: A rule's answer about a case: None (not found), True (found), or the reason why it does not apply.
Answer = bool | str | None


class PlainCase(NamedTuple):
    """One case of the file. ``steps`` are (time, step, officer); times are UTC ms."""

    name: str
    permit_type: str
    due: int
    end: int | None
    steps: list[tuple[int, str, str]]

    @property
    def past(self) -> list[tuple[int, str, str]]:
        """Its steps up to its end."""
        return [step for step in self.steps if self.end is None or step[0] <= self.end]


@cache
def read(path: Path = LOG) -> dict[str, PlainCase]:
    """The cases of the file by name."""
    cases: dict[str, PlainCase] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row["case:concept:name"]
            if name not in cases:
                end = utc_ms(row["case:enddate"]) if row["case:enddate"] else None
                cases[name] = PlainCase(name, row["case:department"], utc_ms(row["case:deadline"]), end, [])
            step = (utc_ms(row["time:timestamp"]), row["concept:name"], row["org:resource"])
            cases[name].steps.append(step)
    return cases


def utc_ms(text: str) -> int:
    """UTC ms of a time with its offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def last_event(path: Path = LOG) -> int:
    """UTC ms at which the log ends."""
    return max(at for case in read(path).values() for at in (case.steps[-1][0], case.end or 0))


def last_midnight(path: Path = LOG) -> int:
    """UTC ms at which the day of the last event began."""
    begin = datetime.combine(_local_day(last_event(path)), time(), ZONE)
    return round(begin.timestamp() * 1000)


def as_of(instant: int, path: Path = LOG) -> list[PlainCase]:
    """The cases as they were at an instant: those that had begun, with what had happened."""
    found = []
    for case in read(path).values():
        steps = [step for step in case.steps if step[0] <= instant]
        end = case.end if case.end is not None and case.end <= instant else None
        if steps or end is not None:
            found.append(case._replace(steps=steps, end=end))
    return found


def late(path: Path = LOG) -> set[str]:
    """Cases that ended after their deadline, or are open beyond it when the log ends."""
    until = last_event(path)
    return {name for name, case in read(path).items() if (until if case.end is None else case.end) > case.due}


@cache
def counts(profile_kind: str) -> dict[str, dict[str, object]]:
    """By rule: how often it is found, and by reason how often it does not apply. ``profile_kind`` is ``plain`` (the
    log's types are unknown) or ``declared`` (steps, order, pair and deemed days of every type)."""
    found = {}
    for rule, answers in _answers(profile_kind == "declared"):
        reasons = Counter(answer for answer in answers if isinstance(answer, str))
        found[rule] = {"found": answers.count(True), "not_applicable": dict(reasons)}
    return found


def _answers(declared: bool) -> Iterator[tuple[str, list[Answer]]]:
    cases = list(read().values())
    at_midnight = as_of(last_midnight())

    def each(answer: Callable[[PlainCase], Answer]) -> list[Answer]:
        return [answer(case) for case in cases]

    def each_at_midnight(answer: Callable[[PlainCase], Answer]) -> list[Answer]:
        return [answer(case) for case in at_midnight]

    def issued(case: PlainCase) -> Answer:
        return "belum terbit" if case.end is None else "tidak berakhir dengan izin"

    def always(answer: Answer) -> Callable[[PlainCase], Answer]:
        return lambda _case: answer

    calendar, until = WorkingCalendar(ZONE), last_event()
    yield "P02", each(lambda c: _deemed(c, calendar, until) if declared else "jenis ini tanpa fiktif positif")
    yield "P03", each(issued if declared else always("jenis ini tanpa susunan langkah"))
    yield "P04", each(_inverted if declared else always("jenis ini tanpa urutan langkah"))
    repeated = _repeated(at_midnight)
    yield "P05", each_at_midnight(lambda c: repeated[c.name])
    yield "P06", each(_same_officer if declared else always("jenis ini tanpa pasangan terlarang"))
    yield "P07", each_at_midnight(issued)
    yield "P08", each_at_midnight(issued)
    yield "P10", each(issued)
    yield "P11", each(always("data historis"))
    yield "P11/register", each_at_midnight(always("data historis"))
    yield "P12", each(always("tidak pernah ditolak"))
    yield "P13", each_at_midnight(issued)
    yield "P14", each(always("jenis ini tidak berbayar"))
    yield (
        "P15",
        each_at_midnight(lambda c: "belum ditutup" if c.end is None else None),
    )  # nothing is ever returned
    yield "P16", each(always("jenis ini tanpa daftar wewenang"))


def _deemed(case: PlainCase, calendar: WorkingCalendar, until: int) -> Answer:
    begin = min([at for at, _, _ in case.steps] + ([case.end] if case.end is not None else []))
    granted = calendar.add(begin, DEEMED_DAYS)
    return True if (until if case.end is None else case.end) > granted else None


def _inverted(case: PlainCase) -> Answer:
    for step, before in AFTER.items():
        begins = [at for at, name, _ in case.past if name == step]
        ends = [at for at, name, _ in case.past if name == before]
        if begins and ends and min(ends) - min(begins) > 2 * 60_000:
            return True
    return None


def _same_officer(case: PlainCase) -> Answer:
    checked = {officer for _, step, officer in case.steps if step == CHECK}
    determined = {officer for _, step, officer in case.steps if step == DETERMINE}
    if not checked and not determined:
        return "petugas tidak disebut"
    return True if checked & determined else None


def _repeated(cases: list[PlainCase]) -> dict[str, Answer]:
    """P05 of every case: its most frequent step against those of its type that ended on the 365 days before."""
    ended: defaultdict[tuple[str, date], list[int]] = defaultdict(list)
    mine: dict[str, int] = {}
    for case in cases:
        mine[case.name] = max(Counter(step for _, step, _ in case.past).values(), default=0)
        if case.end is not None and mine[case.name]:
            ended[case.permit_type, _local_day(case.end)].append(mine[case.name])
    found: dict[str, Answer] = {}
    for case in cases:
        if case.end is None:
            found[case.name] = "belum ditutup"
            continue
        day = _local_day(case.end)
        before = [day - timedelta(days=n) for n in range(1, 366)]
        peers = sorted(times for earlier in before for times in ended.get((case.permit_type, earlier), ()))
        if len(peers) < 30:
            found[case.name] = "kurang dari 30 pembanding"
        elif not mine[case.name]:
            found[case.name] = "tanpa langkah"
        else:
            usual = peers[(95 * len(peers) + 99) // 100 - 1]  # the first that 95 % do not exceed
            found[case.name] = True if mine[case.name] > max(usual, 2) else None
    return found


def _local_day(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1000, ZONE).date()
