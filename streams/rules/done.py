"""Steps that were begun and finished: how long each took, who finished it, and whether a machine did."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.cases.book import combined
from streams.cases.courses import courses_of
from streams.cases.events import AUTOMATIC
from streams.cases.view import Cases
from streams.cases.words import Numbers
from streams.engine.chunk import Int64s
from streams.runs import Bools


class Done(NamedTuple):
    """One row a step of a case, in order of case: working minutes over all its spans, the officer who finished it last
    (a name), and whether the template or one of its events says that it is automatic."""

    case: Int64s
    step: Numbers
    minutes: Int64s
    officer: Numbers
    automatic: Bools
    minimum: np.ndarray


def done(cases: Cases) -> Done:
    """All finished steps of the cases."""
    found: Done = cases.once("done steps", _done)
    return found


def _done(cases: Cases) -> Done:
    """All finished steps. ``minimum`` are the minutes that the template says it cannot take less of, 0 for none."""
    steps, book = cases.steps, cases.book
    ended = steps.finish >= 0
    courses = courses_of(
        steps.case[ended],
        steps.since[ended],
        steps.until[ended],
        steps.scope[ended],
        len(steps.first),
        cases.stops,
    )
    minutes = courses.minutes(book.profile.calendar)
    last = np.full(len(steps.first), -1)
    last[steps.scope[ended]] = steps.finish[ended]  # of several, the one assigned last stays
    scopes = np.flatnonzero(last >= 0)
    case, step = steps.case[steps.first[scopes]], steps.step[steps.first[scopes]]
    automatic = np.zeros(len(scopes), np.bool_)
    minimum = np.zeros(len(scopes), np.float64)
    template = cases.template[case]
    for number, process in enumerate(cases.templates):
        for one in process.steps:
            mine = (template == number) & (step == book.words.number(one.code))
            automatic |= mine & one.automatic
            minimum[mine] = one.minimum_minutes
    rows = np.flatnonzero(cases.is_kind("started", "finished") & cases.past & cases.flag(AUTOMATIC))
    machine = np.unique(combined(cases.case_of[rows], cases.column("step")[rows]))
    automatic |= np.isin(combined(case, step), machine)
    return Done(case, step, minutes[scopes], cases.column("officer")[last[scopes]], automatic, minimum)
