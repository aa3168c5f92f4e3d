"""The comparison of one domain: state, topics, table and wallboard with the plain reference.

Exact on a moving stack too: the state logs say how far each partition was processed and how far its clock stood, and
the reference is computed for that very point.
"""

from __future__ import annotations

from infra.settings import Settings
from infra.state.logs import headers
from infra.verify import alerts, board, table
from infra.verify.committed import Committed, committed
from infra.verify.events import events
from infra.verify.published import Published
from infra.verify.report import Difference, Progress, Report
from schemas.catalogue import DOMAINS
from schemas.profile import Profile
from streams import reference


def verify(domain: str, settings: Settings, profile: Profile, progress: Progress) -> Report:
    """Compare one domain. Raises TimeoutError when the broker does not answer, StateGroupError for a damaged log."""
    report = Report(domain)
    said = Published(domain, settings, progress).read()
    state = committed(domain, settings, progress)
    said.read(state)
    report.moving = said.moving
    report.same_profile = all(header.profile in ("", profile.hash) for header in state.headers.values())
    counted = list(events(domain, settings, state.positions(), report, progress))
    by_event_time = settings.streams.clock == "event"
    wanted = reference.compute(domain, counted, profile, state.clocks(), by_event_time)
    verdicts = (
        reference.alerts(counted, profile, state.clocks(), by_event_time) if domain == "permits" else {}
    )
    progress("hitung", 1, 1)
    stored = table.sums(domain, settings, said.cells, report)
    seen = board.shown(settings, report)
    if seen is not None and _moved(domain, state, settings):
        report.wallboard, seen = "the figures are moving", None
    report.audit = table.unaccounted(domain, settings)
    report.figures, report.standing_alerts = len(wanted), len(verdicts)
    report.alerts = list(alerts.differences(said.alerts, state, verdicts))
    whole, of_board = said.whole, {figure[:2] for figure in seen or ()}
    for figure in sorted(wanted.keys() | state.figures.keys() | said.cells.keys() | (stored or {}).keys()):
        found = (
            state.figures.get(figure, 0),
            sum(c.amount for c in said.cells.get(figure, {}).values())
            if whole or figure in said.cells
            else None,
            stored.get(figure, 0) if stored is not None else None,
            seen.get(figure, 0) if seen is not None and figure[:2] in of_board else None,
        )
        right = wanted.get(figure, 0)
        if any(value is not None and value != right for value in found):
            report.differences.append(Difference(*figure, *found, right))
    return report


def _moved(domain: str, state: Committed, settings: Settings) -> bool:
    """Whether a task has committed more of the domain since."""
    topic = DOMAINS[domain].name
    now = {task: header.lanes.get(topic) for task, header in headers(settings.kafka).items()}
    return any(lane != state.lanes.get(task) for task, lane in now.items())
