"""`nadi rules explain` and `what-if` on a real broker, on the topics that a real worker left."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka import Producer
from domain_rows import SOURCE, record
from processed import Processed, processed
from reference_worker import prompt
from typer.testing import CliRunner

from infra.activation import Activations
from infra.cli.main import build
from infra.rules.explain import Explained, explain, read_back
from infra.rules.what_if import WhatIfError, changed_profile, months_before, what_if
from infra.settings import Settings
from infra.verify.published import Published
from schemas import records
from schemas.catalogue import ALERTS, PERMITS
from schemas.codec import Codec
from schemas.profile import Profile
from schemas.profile.rows import Threshold
from schemas.registry import open_ids
from streams.rules import rules
from streams.rules.as_of import KEYS, AsOf
from streams.rules.examples import PROFILE
from streams.rules.trial import try_out
from streams.settings import StreamSettings

pytestmark = pytest.mark.kafka


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=prompt().timezone).timestamp() * 1000)


@pytest.fixture(scope="module")
def stack(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Processed:
    return processed(kafka, tmp_path_factory.mktemp("rules"))


def test_an_alert_is_explained_by_case_and_by_its_id(stack: Processed) -> None:
    profile = prompt()
    found = explain(stack.settings, profile, "C99")
    late = next(one for one in found if one.alert["rule"] == "P01")
    assert late.alert["subject"] == "C99"
    assert late.same_profile
    assert [revision["revision"] for revision in late.revisions][-1] == late.alert["revision"]
    assert late.rule is not None
    assert late.rule["method"] == rules()["P01"].method
    assert [item["event"]["event_id"] for item in late.events] == [item["event_id"] for item in late.events]
    assert {item["event"]["case_id"] for item in late.events} == {"C99"}
    assert {parameter["name"] for parameter in late.parameters} >= {"P01.breach", "P01.warning"}
    accepted = next(item["occurred_at"] for item in late.events if item["kind"] == "accepted")
    assert late.as_of == {"day": profile.local_day(accepted), "permit_type": "PBG", "source": SOURCE}
    assert {parameter["origin"]["origin"] for parameter in late.parameters} == {"bawaan aturan"}
    assert all(parameter["now"] == parameter["origin"] for parameter in late.parameters)
    alone = explain(stack.settings, profile, late.alert["alert_id"])
    assert [one.as_json() for one in alone] == [late.as_json()]
    assert explain(stack.settings, profile, "C9999") == []


def origins(one: Explained, name: str) -> tuple[Any, Any]:
    """Where the value of a parameter is from, and what gives it now."""
    found = next(parameter for parameter in one.parameters if parameter["name"] == name)
    return tuple(found[key] and (found[key]["origin"], found[key]["value"]) for key in ("origin", "now"))


def test_a_value_of_the_profile_is_named_with_its_row(stack: Processed) -> None:
    rows = (
        Threshold("P01.breach", 1.0, date(2020, 1, 1), legal_basis="umum"),
        Threshold(
            "P01.breach", 1.0, date(2021, 1, 1), date(2021, 12, 31), legal_basis="lampau", permit_type="PBG"
        ),
        Threshold("P01.breach", 1.0, date(2022, 1, 1), legal_basis="khusus", permit_type="PBG"),
        Threshold("P01.breach", 1.0, date(2021, 1, 1), legal_basis="lain", permit_type="IMB"),
        Threshold("P01.severe", 9.0, date(2020, 1, 1), legal_basis="lebih lunak"),
    )
    # of the same hash, as if the worker had read these rows
    same = replace(prompt(), thresholds=rows, _thresholds={})
    late = next(one for one in explain(stack.settings, same, "C99") if one.alert["rule"] == "P01")
    assert origins(late, "P01.breach") == (("khusus", 1.0), ("khusus", 1.0))
    assert origins(late, "P01.warning") == (("bawaan aturan", 0.8), ("bawaan aturan", 0.8))
    assert origins(late, "P01.severe") == (None, ("lebih lunak", 9.0)), (
        "a row that says otherwise is no origin"
    )
    other = replace(same, hash="1" * 64)
    late = next(one for one in explain(stack.settings, other, "C99") if one.alert["rule"] == "P01")
    assert (late.same_profile, late.profile_kept) == (False, False)
    assert origins(late, "P01.breach") == (None, ("khusus", 1.0))


def test_an_alert_is_explained_by_the_kept_copy_of_its_profile(stack: Processed, tmp_path: Path) -> None:
    name, data, now = "P12.days", tmp_path / "data", tmp_path / "now"
    kept = Activations(data).keep(PROFILE)
    shutil.copytree(PROFILE, now)
    table = (now / "thresholds.toml").read_text()
    before = f'name = "{name}"\nvalue = 3\n'
    assert before in table
    (now / "thresholds.toml").write_text(table.replace(before, before.replace("3", "4")))
    changed = Profile.load(now)
    rule = rules()["P12"]
    alerts = [alert for example in rule.examples for alert in try_out(rule, example).alerts]
    as_of = {AsOf.told(alert["parameters"]): alert for alert in alerts}
    old, new = (as_of[pick(as_of, key=lambda one: one.day)] for pick in (min, max))  # type: ignore[union-attr]
    settings = stack.settings.model_copy(update={"data_dir": data})
    for number, (alert, expected) in enumerate((
        (old, (("bawaan aturan", 5.0), ("bawaan aturan", 5.0))),
        (new, (("Keputusan Inspektur contoh (rekaan)", 3.0), ("Keputusan Inspektur contoh (rekaan)", 4.0))),
    )):  # fmt: skip
        assert alert["profile_hash"] == kept.hash
        subject = f"kept-{number}"
        stack.send(ALERTS, {**alert, "subject": subject, "alert_id": subject, "published_at": 0})
        stack.flush()
        found = explain(settings, changed, subject)[0]
        assert (found.same_profile, found.profile_kept) == (False, True)
        assert origins(found, name) == expected
    without = explain(settings.model_copy(update={"data_dir": tmp_path / "empty"}), changed, "kept-1")[0]
    assert not without.profile_kept
    assert origins(without, name)[0] is None
    older = {key: value for key, value in new["parameters"].items() if key not in KEYS}
    stack.send(
        ALERTS, {**new, "subject": "older", "alert_id": "older", "published_at": 0, "parameters": older}
    )
    stack.flush()
    silent = explain(settings, kept, "older")[0]
    assert silent.as_of is None
    assert origins(silent, name) == (None, None), "of an alert that does not say its day nothing is guessed"


def test_events_are_picked_from_their_places(stack: Processed) -> None:
    topic = stack.settings.kafka.layout().topic(PERMITS.name)
    everything = list(records.read_topics(stack.settings.kafka.bootstrap_servers, [topic]))
    some = {(PERMITS.name, m.partition(), m.offset()) for m in everything[::7]}
    found = read_back(stack.settings, {*some, (PERMITS.name, 0, 10**9), ("unknown", 0, 0)})
    assert set(found) == some


def test_the_same_values_change_nothing_and_are_what_stands(stack: Processed) -> None:
    found = what_if(stack.settings, prompt(), rules()["P01"], {"breach": 1.0})
    assert (found.new, found.gone, found.changed, found.older) == ([], [], [], 0)
    said = Published("permits", stack.settings).read().alerts.values()
    standing = [alert for alert in said if alert["rule"] == "P01" and alert["status"] != "withdrawn"]
    assert sum(found.standing["now"].values()) == len(standing)
    assert found.standing["now"] == found.standing["then"]


def test_a_wider_limit_takes_alerts_away_and_a_narrower_one_raises_them(stack: Processed) -> None:
    rule = rules()["P01"]
    wide = what_if(stack.settings, prompt(), rule, {"breach": 50, "severe": 60, "warning": 40})
    assert wide.gone
    assert wide.new == []
    assert wide.standing["then"] == {}
    assert all(one.was and not one.would_be and one.sentence for one in wide.gone)
    narrow = what_if(stack.settings, prompt(), rule, {"severe": 1.0})
    assert narrow.changed or narrow.standing["now"].get("breach", 0) == 0
    assert all(one.would_be == "severe" for one in narrow.changed)


def test_what_cannot_be_asked() -> None:
    with pytest.raises(WhatIfError, match="nothing"):
        changed_profile(prompt(), rules()["P01"], {"nothing": 1})


def test_the_changed_value_holds_for_every_day_type_and_source() -> None:
    rows = (
        Threshold("P12.days", 5, date(2020, 1, 1), permit_type="PBG"),
        Threshold("P04.tolerance_minutes", 9, date(2020, 1, 1)),
    )
    profile = changed_profile(replace(prompt(), thresholds=rows), rules()["P12"], {"days": 2})
    for permit_type in ("PBG", ""):
        assert profile.threshold("P12.days", date(1990, 1, 1), 7, permit_type, "/x") == 2
    assert profile.threshold("P04.tolerance_minutes", date(2026, 1, 1), 2) == 9


def test_months_before_a_day_that_a_month_does_not_have() -> None:
    profile = prompt()
    assert months_before(ms("2026-05-31T10:00"), 3, profile) == ms("2026-02-28T10:00")
    assert months_before(ms("2026-01-15T10:00"), 3, profile) == ms("2025-10-15T10:00")


def test_a_case_that_began_before_the_window_is_left_out_whole(kafka: Any) -> None:
    layout = kafka.layout(timestamps="CreateTime")
    settings = Settings.model_construct(kafka=kafka.settings(layout), streams=StreamSettings())
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    codec = Codec(PERMITS.schema, open_ids())
    rows = [
        ("old", "accepted", "2025-10-01T08:00"), ("old", "issued", "2026-02-20T08:00"),
        ("new", "accepted", "2026-02-02T07:30"), ("new", "issued", "2026-02-20T08:00"),
    ]  # fmt: skip
    for number, (case, kind, at) in enumerate(rows):
        event = record("permits", event_id=str(UUID(int=number)), source=SOURCE, opd="1.01", occurred_at=ms(at), kind=kind,
                       case_id=case, permit_type="PBG", unit="LOKET")  # fmt: skip
        producer.produce(
            layout.topic(PERMITS.name), codec.encode(event), PERMITS.key_of(event), timestamp=ms(at)
        )
    assert producer.flush(30) == 0
    found = what_if(settings, prompt(), rules()["P01"], {"breach": 9, "severe": 9}, months=3)
    assert (found.cases, found.older, found.until) == (1, 1, ms("2026-02-20T08:00"))
    assert [(one.subject, one.was, one.would_be) for one in found.gone] == [("new", "severe", "")]
    all_of_it = what_if(settings, prompt(), rules()["P01"], {"breach": 9, "severe": 9}, months=6)
    assert (all_of_it.cases, all_of_it.older) == (2, 0)


def nadi(stack: Processed, *words: str) -> Any:
    kafka = stack.settings.kafka
    values = {
        "kafka.bootstrap_servers": kafka.bootstrap_servers,
        "kafka.topic_prefix": kafka.topic_prefix,
        "clickhouse.url": "http://127.0.0.1:9",
    }
    sets = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    return CliRunner().invoke(build(), ["--profile", str(PROFILE), *sets, "rules", *words])


def test_the_commands_say_it_in_words_and_in_json(stack: Processed, tmp_path: Path) -> None:
    told = nadi(stack, "explain", "C99")
    assert told.exit_code == 0, told.output
    for words in (
        "P01 C99", "Indikasi", "permits.steps/", "bukti:", "sudah berubah; salinannya", "parameter: yang berlaku pada",
        f"(PBG, {SOURCE})", "sekarang 1 (bawaan aturan)", rules()["P01"].method,
    ):  # fmt: skip
        assert words in told.stdout, words
    first = json.loads(nadi(stack, "explain", "C99", "--json").stdout)[0]
    assert first["alert"]["subject"] == "C99"
    assert nadi(stack, "explain", "nobody").exit_code == 1
    changed = nadi(stack, "what-if", "P12", "--set", "days=1,5")
    assert changed.exit_code == 0, changed.output
    assert "P12.days = 1.5" in changed.stdout
    found = json.loads(nadi(stack, "what-if", "p12", "--set", "P12.days=2", "--json").stdout)
    assert (found["rule"], found["changes"], found["cases"]) == ("P12", {"days": 2.0}, 100)
    for wrong in ("days", "days=x", "days=nan", "weeks=1"):
        assert nadi(stack, "what-if", "P12", "--set", wrong).exit_code == 2, wrong
