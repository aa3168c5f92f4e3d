"""`nadi rules what-if` for the rules of the regency task, on a real broker, against one pass over everything at once."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner

from infra.cli.main import build
from infra.rules import lanes
from infra.rules.what_if import WhatIfError, changed_profile, what_if
from infra.settings import Settings
from schemas.catalogue import DOMAINS, PERMITS
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.registry import open_ids
from streams.domains.regency import Regency
from streams.engine.merge import Rows, merge
from streams.engine.processor import Context
from streams.rules import rules
from streams.rules.examples import APPLICANT, FIRST, PROFILE, SECOND, Event, many, on
from streams.rules.rule import Example
from streams.rules.trial import example_profile
from streams.rules.trial_events import SUBJECT, Arrival, arrivals, chunk_of, instant
from streams.settings import StreamSettings

pytestmark = pytest.mark.kafka

OLD = "503/pembanding/tua/1"
QUICK = "503/pembanding/lekas/1"


def step(day: str, since: str, until: str) -> list[Event]:
    """An issued case whose only step took from one time of the day to another."""
    return [
        on(f"{day} {since}", "started", "NILAI"), on(f"{day} {until}", "finished", "NILAI"),
        on(f"{day} 15:00", "issued"),
    ]  # fmt: skip


def met(day: str, officer: str, applicant: str | None = None) -> list[Event]:
    """A closed case that an officer had, of an applicant."""
    return [
        on(f"{day} 09:00", "finished", "BERKAS", officer, applicant_token=applicant),
        on(f"{day} 10:00", "closed"),
    ]


def returned(times: int) -> list[Event]:
    """A case of February that was returned so many times."""
    back = [on(f"2026-02-03 {9 + number:02d}:00", "returned") for number in range(times)]
    return [*back, on("2026-02-03 15:00", "issued")]


#: The case of the example is faster than the fence of February (44 minutes), but not than that of January (36). Its peers,
#: one of them as fast, are eight months older; one case is older than what is read.
EVENTS = Example(
    "found", step("2026-02-03", "08:00", "08:40"), "found",
    peers={
        "cepat": many(15, *step("2025-06-02", "08:00", "09:40")),
        "lambat": many(15, *step("2025-06-02", "08:00", "11:20")),
        "lekas": many(1, *step("2025-06-16", "08:00", "08:15")),
        "tua": many(1, on("2023-02-01 08:00", "accepted"), *step("2026-02-03", "08:00", "08:10")),
        "langganan": many(9, *met("2026-01-05", FIRST, APPLICANT)),
        "lain": many(40, *met("2026-01-05", SECOND)),
        "bertemu": many(1, *met("2026-02-03", FIRST, APPLICANT)),
        "sekali": many(1, *returned(1)),
        "tigakali": many(1, *returned(3)),
        "sesudahnya": many(1, on("2026-02-05 09:00", "accepted")),
    },
)  # fmt: skip


class Office(NamedTuple):
    settings: Settings
    arrivals: list[Arrival]


@pytest.fixture(scope="module")
def office(kafka: Any) -> Office:
    """Everything on four partitions, now and then twice, and a record that nobody can read."""
    layout = kafka.layout(timestamps="CreateTime")
    settings = Settings.model_construct(kafka=kafka.settings(layout), streams=StreamSettings(clock="event"))
    producer, codec = (
        Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True}),
        Codec(PERMITS.schema, open_ids()),
    )
    topic, some = layout.topic(PERMITS.name), arrivals("permits", EVENTS, example_profile())
    for number, (at, event) in enumerate(some):
        for _ in range(2 if number % 7 == 0 else 1):
            producer.produce(topic, codec.encode(event), PERMITS.key_of(event), timestamp=at)
    producer.produce(topic, b"\x07junk", SUBJECT.encode(), timestamp=some[-1][0])
    assert producer.flush(30) == 0
    return Office(settings, some)


def at_once(office: Office, profile: Profile, rule: str) -> dict[tuple[str, str], str]:
    """Level by subject and scope of what stands in one pass over all but the old case."""
    taken = [(at, event) for at, event in office.arrivals if event["case_id"] != OLD]
    chunk = chunk_of("permits", taken, 0)
    processor = Regency(Context(profile, event_clock=True))
    processor.process(merge([Rows.of("permits", chunk)], chunk.clock + 1))
    return {
        (alert["subject"], alert["scope"]): alert["level"]
        for alert in processor.alerts.records().values()
        if alert["rule"] == rule and alert["status"] != "withdrawn"
    }


@pytest.mark.parametrize(
    ("rule", "changes", "new", "gone"),
    [
        ("P07", {"reach": 1.5}, [], [(SUBJECT, "NILAI")]),
        ("P07", {"reach": 0.5}, [], []),
        ("P09", {"least": 11.0}, [], [(FIRST, APPLICANT)]),
        ("P15", {"returns": 0.0}, [("503/pembanding/sekali/1", "")], []),
        ("P15", {"returns": 3.0}, [], [("503/pembanding/tigakali/1", "")]),
    ],
)
def test_what_a_change_does_is_what_one_pass_says(
    office: Office, rule: str, changes: dict[str, float], new: list[Any], gone: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    profile, one = example_profile(), rules()[rule]
    found = what_if(office.settings, profile, one, changes)
    before = at_once(office, profile, rule)
    after = at_once(office, changed_profile(profile, one, changes), rule)
    assert [(each.subject, each.scope) for each in found.new] == new == sorted(after.keys() - before.keys())
    assert [(each.subject, each.scope) for each in found.gone] == gone == sorted(before.keys() - after.keys())
    assert all(each.sentence.startswith("Indikasi") for each in (*found.new, *found.gone))
    earlier = {name for name in before if name[0] == QUICK}
    assert bool(earlier) == (rule == "P07"), "it stands, but it is older than the months asked about"
    assert sum(found.standing["now"].values()) == len(before.keys() - earlier) > 0
    monkeypatch.setattr(lanes, "ROWS", 7)
    assert what_if(office.settings, profile, one, changes) == found


def test_peers_are_read_from_two_years_before_and_older_cases_left_out_whole(office: Office) -> None:
    profile = example_profile()
    found = what_if(office.settings, profile, rules()["P07"], {"reach": 1.5}, months=3)
    days = [profile.local_day(at) for at in (found.read_since, found.since, found.until)]
    assert days == ["2025-06-02", "2025-11-05", "2026-02-05"]
    assert (found.cases, found.older) == (len({event["case_id"] for _, event in office.arrivals}) - 1, 1)
    longer = what_if(office.settings, profile, rules()["P07"], {"reach": 1.5}, months=13)
    assert (longer.older, longer.read_since) == (0, instant("2023-02-01 08:00", profile))
    assert longer.gone == found.gone
    assert (found.standing["then"], longer.standing["then"]) == ({}, {"breach": 2}), (
        "the old one, and that of June"
    )


@pytest.mark.parametrize(
    ("name", "changes", "gone"),
    [("P11", {"register_days": 900.0}, {"register"}), ("B04", {"goods": 400e6}, {"pecah"})],
)
def test_what_is_judged_in_both_tasks_or_in_groups_of_rows_is_asked_there(
    kafka: Any, name: str, changes: dict[str, float], gone: set[str]
) -> None:
    rule, profile, layout = rules()[name], example_profile(), kafka.layout(timestamps="CreateTime")
    settings = Settings.model_construct(kafka=kafka.settings(layout), streams=StreamSettings(clock="event"))
    example = next(e for e in rule.examples if e.expects == "found" and (e.scope in gone))
    topic = DOMAINS[rule.domain]
    producer, codec = (
        Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True}),
        Codec(topic.schema, open_ids()),
    )
    some = arrivals(rule.domain, example, profile)
    other = {"event_id": str(UUID(int=999)), **({"case_id": "LAIN"} if name == "P11" else {})}
    later = (some[-1][0] + 3 * 86_400_000, {**some[-1][1], **other})
    for at, event in [*some, later]:
        producer.produce(layout.topic(topic.name), codec.encode(event), topic.key_of(event), timestamp=at)
    assert producer.flush(30) == 0
    found = what_if(settings, profile, rule, changes, months=24)
    assert {one.scope for one in found.gone} == gone
    assert not found.new
    same = what_if(settings, profile, rule, {}, months=24)
    assert (same.gone, same.new) == ([], [])
    assert same.standing["now"] == same.standing["then"] != {}


def test_a_topic_without_records_has_no_alerts(kafka: Any) -> None:
    settings = Settings.model_construct(kafka=kafka.settings(kafka.layout()), streams=StreamSettings())
    found = what_if(settings, example_profile(), rules()["P15"], {"returns": 1})
    assert (found.cases, found.standing, found.read_since) == (0, {"now": {}, "then": {}}, found.until)


@pytest.mark.parametrize("rule", ["P10", "P17", "S01"])
def test_a_rule_without_alerts_or_parameters_cannot_be_asked(office: Office, rule: str) -> None:
    with pytest.raises(WhatIfError, match=rule):
        what_if(office.settings, example_profile(), rules()[rule], {})
    refused = nadi(office, "what-if", rule, "--set", "least=3")
    assert refused.exit_code == 1
    assert f"{rule} tidak dapat dihitung ulang" in refused.stderr


def nadi(office: Office, *words: str) -> Any:
    kafka = office.settings.kafka
    values = {
        "kafka.bootstrap_servers": kafka.bootstrap_servers,
        "kafka.topic_prefix": kafka.topic_prefix,
        "kafka.timestamps": kafka.timestamps,
        "streams.clock": "event",
        "clickhouse.url": "http://127.0.0.1:9",
    }
    sets = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    return CliRunner().invoke(build(), ["--profile", str(PROFILE), *sets, "rules", *words])


def test_the_command_says_what_was_read(office: Office) -> None:
    told = nadi(office, "what-if", "P15", "--set", "returns=3")
    assert told.exit_code == 0, told.output
    first, *lines = told.stdout.splitlines()
    assert first == (
        "P15.returns = 3: indikasi 2025-11-05 sampai 2026-02-05, dengan 85 berkas sejak 2025-06-02 sebagai pembanding; "
        "1 yang lebih lama dikesampingkan"
    )
    assert "   sekarang: 1 (breach 1)" in lines
    assert "   nantinya: 0" in lines
    assert "hilang: 1" in lines
    found = json.loads(nadi(office, "what-if", "p15", "--set", "P15.returns=3", "--json").stdout)
    assert (found["rule"], found["changes"], found["cases"]) == ("P15", {"returns": 3.0}, 85)
    assert [(one["subject"], one["was"], one["would_be"]) for one in found["gone"]] == [
        ("503/pembanding/tigakali/1", "breach", "")
    ]
    assert found["read_since"] == instant("2025-06-02 08:00", example_profile())
