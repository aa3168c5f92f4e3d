"""What one permit case adds to the figures: signed flows by day, from its summary and what the clock has judged.

- entered on the day it was submitted (else of its first event); finished on the day it closed, with working minutes
  without the applicant's time, and their log bucket (schemas.buckets).
- open, near_late and late are stocks: +1 when a case comes in, -1 when it leaves. Near late is from 80 % of the
  standard to its deadline or closing, late from the deadline to the closing; breached counts each late case once.
- ``unit`` is the unit that holds the file; the applicant's time stays with the unit that returned it. ``waiting``
  says by holder, units and ``applicant``, where the open cases are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from schemas.buckets import bucket_of
from schemas.calendar import WorkingCalendar
from streams.domains.case import Holding, Summary
from streams.engine.totals import Key

Flows = Counter[Key]


def flows(case: Summary, warned_at: int | None, breached_at: int | None, calendar: WorkingCalendar) -> Flows:
    """All flows of a case; ``warned_at`` and ``breached_at`` (UTC ms) are the judged instants of P01, or None."""
    found: Flows = Counter()
    day = calendar.local_day

    def count(metric: str, at: int, amount: int = 1) -> None:
        on = day(at)
        found[Key(metric, "total", "", on)] += amount
        if case.permit_type:
            found[Key(metric, "type", case.permit_type, on)] += amount
        found[Key(metric, "unit", _at(case.units, at), on)] += amount

    def stock(metric: str, begin: int, end: int | None) -> None:
        if end is not None and end <= begin:
            return
        for at, sign in ((begin, 1), *(((end, -1),) if end is not None else ())):
            found[Key(metric, "total", "", day(at))] += sign
            if case.permit_type:
                found[Key(metric, "type", case.permit_type, day(at))] += sign
        _hold(found, metric, "unit", case.units, begin, end, calendar)

    count("permits.entered", case.entered_at)
    stock("permits.open", case.entered_at, case.closed_at)
    if case.closed_at is None or case.closed_at > case.entered_at:
        _hold(found, "permits.waiting", "holder", case.holders, case.entered_at, case.closed_at, calendar)
    if case.closed_at is not None:
        minutes = sum(calendar.minutes(a, b) for a, b in case.course.running if b is not None)
        count("permits.finished", case.closed_at)
        count("permits.duration_minutes", case.closed_at, minutes)
        bucket = f"{case.permit_type}#{bucket_of(minutes)}"
        found[Key("permits.duration_bucket", "type", bucket, day(case.closed_at))] += 1
    if breached_at is not None:
        late_from = max(breached_at, case.entered_at)
        count("permits.breached", late_from)
        stock("permits.late", late_from, case.closed_at)
    if warned_at is not None:
        ends = [at for at in (breached_at, case.closed_at) if at is not None]
        stock("permits.near_late", max(warned_at, case.entered_at), min(ends) if ends else None)
    return found


def _hold(
    found: Flows, metric: str, dimension: str, holdings: Sequence[Holding], begin: int, end: int | None,
    calendar: WorkingCalendar,
) -> None:  # fmt: skip
    """The stock by holder: in at the begin, from one to the next at every change, out at the end."""
    holder = _at(holdings, begin)
    found[Key(metric, dimension, holder, calendar.local_day(begin))] += 1
    for at, following in holdings:
        if at > begin and (end is None or at < end):
            found[Key(metric, dimension, holder, calendar.local_day(at))] -= 1
            found[Key(metric, dimension, following, calendar.local_day(at))] += 1
            holder = following
    if end is not None:
        found[Key(metric, dimension, holder, calendar.local_day(end))] -= 1


def _at(holdings: Sequence[Holding], at: int) -> str:
    """Who held the file at an instant; before the first, the first."""
    holder = holdings[0][1]
    for since, who in holdings:
        if since > at:
            break
        holder = who
    return holder
