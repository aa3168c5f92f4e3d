"""Sources fall silent and come back, at any cut: what the case tasks say of permits equals the reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from domain_rows import SOURCE, chunks_of, record, ruled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_domains_properties import HOUR, START, rows_of

from schemas.profile import Profile
from streams.domains import PROCESSORS
from streams.engine.processor import Context, Processor
from streams.reference import alerts, compute
from streams.reference.received import Received
from streams.reference.silences import silences

MINUTE = 60_000
VERDICT = ("level", "level_at", "unit", "observed", "threshold", "evidence_digest")


def patient(silent_minutes: float | None, hours: str) -> Profile:
    """The source says how long it may be silent, or may be for four hours without saying so."""
    source = replace(ruled().sources[SOURCE], silent_minutes=silent_minutes, hours=hours)
    return replace(ruled(), sources={SOURCE: source}, _standards={}, _thresholds={})


@st.composite
def outages(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[int], list[int]]:
    """Records that come every hour or so, but for pauses after which the old ones come late; where to cut."""
    records, stamps, clock = [], [], START + 4 * 24 * HOUR
    for number in range(draw(st.integers(5, 30))):
        pause = draw(st.sampled_from([0, 1, 1, 2, 3, 3, 30, 90]))
        clock += pause * HOUR
        late = draw(st.sampled_from([0, 0, 5 * MINUTE, 2 * HOUR, 40 * HOUR, 80 * HOUR]))
        earlier = draw(st.one_of(st.none(), st.none(), st.none(), st.integers(0, number)))
        records.append(
            record(
                "permits", **draw(rows_of("permits")), event_id=str(UUID(int=number)), occurred_at=clock - late,
                corrects=None if earlier is None else str(UUID(int=earlier)),
            )
        )  # fmt: skip
        stamps.append(clock)
    return records, stamps, draw(st.lists(st.integers(0, len(records) - 1), max_size=4))


def said(processor: Processor) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    return {
        (a["rule"], a["subject"], a["scope"]): tuple(a[name] for name in VERDICT)
        for a in processor.alerts.records().values()
        if a["status"] != "withdrawn"
    }


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    stream=outages(),
    silent_minutes=st.sampled_from([None, 60, 240]),
    hours=st.sampled_from(["office", "always"]),
    event_clock=st.booleans(),
    beyond=st.sampled_from([0, 2, 9, 60, 200]),
)
def test_any_cut_equals_the_reference(
    stream: tuple[list[dict[str, Any]], list[int], list[int]],
    silent_minutes: float | None,
    hours: str,
    event_clock: bool,
    beyond: int,
) -> None:
    records, stamps, cuts = stream
    profile = patient(silent_minutes, hours)
    events = [(r, 0, offset, stamp) for offset, (r, stamp) in enumerate(zip(records, stamps, strict=True))]
    for rows in (1, cuts):
        processor = PROCESSORS["permits"](Context(profile, event_clock))
        done = 0
        for chunk in chunks_of("permits", records, rows, stamps):
            processor.process(chunk)
            for store in processor.stores.values():
                store.mark()
            done += len(chunk)
            if rows == 1 and done % 5 == 0:
                assert said(processor) == alerts(events[:done], profile, chunk.clock, event_clock)
        until = stamps[-1] + beyond * HOUR
        processor.advance(until)
        assert said(processor) == alerts(events, profile, until, event_clock)
        totals = {tuple(key): amount for key, amount in processor.totals.snapshot().items() if amount}
        assert totals == compute("permits", events, profile, until, event_clock)


def one(number: int, clock: int, at: int) -> Received:
    fields = {"event_id": str(UUID(int=number)), "source": SOURCE, "occurred_at": at}
    return Received(record("permits", **fields), 0, number, clock)


def test_the_reference_knows_when_a_silence_begins_and_ends() -> None:
    """Two hours may pass at any time of the day; ten minutes after the event a record may still be on its way."""
    profile = patient(120, "always")
    first, back = START, START + 5 * HOUR
    rows = [one(0, first, first), one(1, back, back - 11 * MINUTE), one(2, back + 1, back + 1 - 10 * MINUTE)]

    def since(some: list[Received], clock: int) -> Any:
        return silences(some, profile, clock, False).since.get((0, SOURCE))

    assert since(rows[:1], first + 2 * HOUR) is None
    assert since(rows[:1], first + 2 * HOUR + 1) == first
    assert since(rows[:2], back) == first, "it came late: the source is catching up"
    assert since(rows, back + 1) is None
    assert silences(rows, profile, back + 1, False).catching_up == {(0, 1)}
    assert since(rows, back + 1 + 2 * HOUR + 1) == back + 1


def test_where_nothing_is_declared_a_source_must_have_been_heard_steadily() -> None:
    profile = patient(None, "always")
    steady = [one(n, START + n * HOUR, START + n * HOUR) for n in range(41)]
    much_later = START + 90 * HOUR
    assert silences(steady, profile, much_later, False).since == {(0, SOURCE): START + 40 * HOUR}
    assert silences(steady[:-1], profile, much_later, False).since == {}
    gap = [*steady[:20], *steady[25:]]
    assert silences(gap, profile, much_later, False).since == {}
    assert silences(steady, profile, much_later, True).since == {}, "a past period: only what was declared"
