"""What the pages are told, on the real gateway: own things only, refusals that outlive it, and operators who are noted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from arrivals_stack import OFFICE, PERMITS_OPD, REVENUE_OPD, REVENUE_SOURCE, ArrivalsStack, Keys, eventually

from infra.access import issuing
from producers.access import log
from producers.access.entries import OPERATOR_LOOKED, Entry

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


def arrivals(stack: ArrivalsStack, key: str, more: str = "") -> dict[str, Any]:
    answer = stack.get(f"/opd/data/arrivals?{more}", key)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture(scope="module")
def sent(stack: ArrivalsStack, keys: Keys) -> dict[str, Any]:
    """One event of the revenue office, one trial, and refusals of three kinds."""
    good, trial = stack.event(), stack.event()
    assert stack.send(good, keys.revenue).status_code == 202
    assert stack.send(good, keys.revenue).headers["idempotency-replayed"] == "true"
    assert stack.send(trial, keys.trial).status_code == 202
    bad = stack.event(amount="1.500.000,00")
    refused = stack.send(bad, keys.revenue)
    assert refused.status_code == 422
    assert stack.send(b"{", keys.revenue).status_code == 400
    assert stack.send(stack.event(source="/opd/2.18.01/perizinan"), keys.revenue).status_code == 403
    return {"good": good, "trial": trial, "bad": bad, "problem": refused.json()}


def test_what_was_sent_is_told_in_the_same_sentences(
    stack: ArrivalsStack, keys: Keys, sent: dict[str, Any]
) -> None:
    found = arrivals(stack, keys.revenue)
    assert [one["id"] for one in found["accepted"]] == [sent["trial"]["id"], sent["good"]["id"]]
    newest = found["accepted"][1]
    assert newest["subject"] == "KAS-01"
    assert newest["type"] == sent["good"]["type"]
    assert not newest["sandbox"]
    assert newest["receipt"] == {
        name: value
        for name, value in stack.get(f"/v1/events/{sent['good']['id']}", keys.revenue).json().items()
        if name not in ("id", "event_id")
    }
    assert [one["code"] for one in found["refused"]] == ["source-not-allowed", "body-not-json", "fields"]
    told = found["refused"][2]
    assert {name: told[name] for name in ("title", "detail", "errors", "status")} == {
        name: sent["problem"][name] for name in ("title", "detail", "errors", "status")
    }
    assert told["errors"][0]["pointer"] == "/data/amount"
    assert stack.get(f"/opd/data/arrivals?seen={found['version']}", keys.revenue).status_code == 204


def test_a_department_sees_only_its_own(stack: ArrivalsStack, keys: Keys, sent: dict[str, Any]) -> None:
    foreign = arrivals(stack, keys.permits)
    assert foreign["accepted"] == foreign["refused"] == []
    assert sent["good"]["id"] not in stack.get("/opd/data/letters", keys.permits).text
    for path in ("arrivals?", "letters?", "letter?place=revenue.receipts.dlq/0/0&"):
        assert stack.get(f"/opd/data/{path}opd={REVENUE_OPD}", keys.permits).status_code == 404
    rows = stack.get("/opd/data/compliance", keys.permits).json()["rows"]
    assert {row["opd"] for row in rows} == {PERMITS_OPD}


def test_a_trial_key_sees_trials(stack: ArrivalsStack, keys: Keys, sent: dict[str, Any]) -> None:
    found = arrivals(stack, keys.trial)
    assert [one["id"] for one in found["accepted"]] == [sent["trial"]["id"]]
    assert found["refused"] == []
    for path in ("letters", "letter?place=revenue.receipts.dlq/0/0", "compliance"):
        assert stack.get(f"/opd/data/{path}", keys.trial).status_code == 404


def test_nobody_looks_without_a_living_key(stack: ArrivalsStack, keys: Keys) -> None:
    assert stack.http.get("/opd/data/arrivals").json()["type"].endswith("#key-missing")
    key = stack.key(PERMITS_OPD, system="lama")
    assert stack.get("/opd/data/arrivals", key).status_code == 200
    issuing.revoke(stack.kafka, key.rpartition("_")[2].partition(".")[0], "vendor berganti")
    eventually("it is refused", lambda: stack.get("/opd/data/arrivals", key).status_code == 401, 20)
    assert "dicabut" in stack.get("/opd/data/arrivals", key).json()["detail"]
    assert stack.send(stack.event(source="/opd/2.18.01/x"), key).status_code == 401
    told = arrivals(stack, keys.permits)["refused"][0]
    assert told["code"] == "key-revoked"


def test_an_operator_sees_all_sends_nothing_and_is_noted(
    stack: ArrivalsStack, keys: Keys, sent: dict[str, Any]
) -> None:
    assert stack.send(stack.event(), keys.operator).status_code == 403
    assert stack.send(stack.event(), "nadi_x").status_code == 401
    found = arrivals(stack, keys.operator, f"opd={REVENUE_OPD}")
    assert sent["good"]["id"] in [one["id"] for one in found["accepted"]]
    assert {one["opd"] for one in found["departments"]} == set(stack.profile.departments)
    assert arrivals(stack, keys.operator, "opd=")["refused"][0]["code"] == "key-unknown"
    rows = stack.get("/opd/data/compliance", keys.operator).json()["rows"]
    assert {row["source"] for row in rows} == set(stack.profile.sources)
    entries: list[Entry] = []
    log.read(stack.kafka, entries.append)
    looked = [entry for entry in entries if entry.kind == OPERATOR_LOOKED]
    assert [entry.values["opd"] for entry in looked] == [REVENUE_OPD, "*"]
    assert all(entry.subject in keys.operator for entry in looked)


def test_it_outlives_the_process(stack: ArrivalsStack, keys: Keys, sent: dict[str, Any]) -> None:
    before = arrivals(stack, keys.revenue)
    stack.kill("gateway")
    stack.start("gateway")
    after = arrivals(stack, keys.revenue)
    assert after["accepted"] == before["accepted"]
    assert after["refused"] == before["refused"]
    assert after["refused_since"] == before["refused_since"]


def test_the_line_to_copy_works(stack: ArrivalsStack, keys: Keys) -> None:
    for key in (keys.permits, keys.trial):
        line = arrivals(stack, key)["curl"]
        done = subprocess.run(
            ["bash", "-c", line],
            env={**os.environ, "NADI_KEY": key},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert '"offset"' in done.stdout, done.stdout + done.stderr
    assert arrivals(stack, keys.operator, f"opd={OFFICE}")["curl"] == ""


def test_compliance_of_the_page_and_of_the_command(
    stack: ArrivalsStack, keys: Keys, sent: dict[str, Any]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", "opd", "compliance", REVENUE_OPD, "--json"],
        cwd=stack.folder, env=stack.environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    row = next(row for row in json.loads(done.stdout) if row["source"] == REVENUE_SOURCE)
    assert (row["state"], row["refused"]) == ("on-time", 1)
    rows = stack.get("/opd/data/compliance", keys.revenue).json()["rows"]
    [shown] = [one for one in rows if one["source"] == REVENUE_SOURCE]
    assert (shown["state_text"], shown["refused"]) == ("● tepat waktu", "1")
    quiet = stack.get("/opd/data/compliance", keys.operator).json()["rows"]
    assert "○ belum terdengar" in {one["state_text"] for one in quiet}


def test_the_catalogue_of_the_page_and_of_the_command(stack: ArrivalsStack, keys: Keys) -> None:
    served = stack.http.get("/docs/asyncapi.json").json()
    assert served.pop("servers")["gerbang"]["host"] == f"127.0.0.1:{stack.port}"
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", "catalogue", "--json"],
        cwd=stack.folder, env=stack.environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert json.loads(done.stdout) == served, done.stderr
    publishers = served["operations"]["publish.revenue.receipts"]["x-publishers"]
    assert {one["source"]: one["live_key"] for one in publishers}[REVENUE_SOURCE]


def test_an_uploaded_file_arrives_as_its_rows(stack: ArrivalsStack, keys: Keys) -> None:
    """At once, and not only when the topics are read again."""
    rows = "".join(f"submitted,2026-11-23T09:00:00+07:00,UNGGAH-{n},PBG\n" for n in range(3))
    answer = stack.http.post(
        "/v1/files", params={"domain": "permits", "name": "izin.csv"},
        content=f"kind,occurred_at,case_id,permit_type\n{rows}".encode(),
        headers={"Authorization": f"Bearer {keys.permits}", "Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert answer.status_code in (200, 202), answer.text
    wanted = [f"UNGGAH-{n}" for n in range(3)]

    def told() -> bool:
        found = [one["subject"] for one in arrivals(stack, keys.permits)["accepted"]]
        return sorted(name for name in found if name.startswith("UNGGAH")) == wanted

    eventually("the rows", told)
