"""Two sources about one fact, through Kafka, the worker and the sink: what counts, what differs, and who may correct."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from board_stack import BoardStack, eventually
from test_reconcile import at

from infra.settings import PROFILES
from schemas.catalogue import REVENUE
from schemas.records import read_topics
from sinks.clickhouse.client import connect

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

BANK, OFFICE = "/opd/5.02.01/penerimaan", "/opd/3.30.01/pasar"
DECLARED = f"""domain,kind,fact,authoritative,other,valid_from,valid_to,legal_basis
revenue,receipt,receipt_number,{BANK},{OFFICE},2026-01-01,,Keputusan Bupati contoh
"""


class Stack(BoardStack):
    """The same with a profile that names the bank right about receipts."""

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "NADI_PROFILE": str(self.folder / "profil")}


def receipt(number: str | None, amount: int, source: str, **more: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()), "source": source, "opd": "5.02.01", "occurred_at": at("2026-09-01"),
        "kind": "receipt", "cash_office": "BPD", "account": "4.1.02.02.01.0003", "amount": amount,
        "receipt_number": number, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def stack(kafka: Any, engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("sources")
    shutil.copytree(PROFILES / "contoh", folder / "profil")
    (folder / "profil" / "fact_sources.csv").write_text(DECLARED, "utf-8")
    stack = Stack(kafka.settings(kafka.layout()), engine_url, folder)
    wrong, own = receipt("R4", 1, BANK), receipt("R5", 5, OFFICE)
    stolen = {"corrects": wrong["event_id"], "correction_reason": "bukan milik kami"}
    stack.publish("revenue", wrong, own)
    stack.publish(
        "revenue",
        receipt("R1", 100, BANK), receipt("R1", 60, OFFICE), receipt("R1", 40, OFFICE),  # the same, in two parts
        receipt("R2", 200, BANK), receipt("R2", 250, OFFICE, opd="3.30.01", cash_office="KAS-PASAR-1"),  # under another key
        receipt("R3", 300, BANK),
        receipt("R4", 400, BANK, corrects=wrong["event_id"], correction_reason="salah ketik"),
        receipt("R4", 9_999, OFFICE, **stolen),
        receipt("R5", 50, OFFICE, corrects=own["event_id"], correction_reason="kurang nol"),
        receipt(None, 7, OFFICE),
        receipt("LAMA", 3, OFFICE, occurred_at=at("2025-12-31")),
    )  # fmt: skip
    stack.start("stream", "sink", "inspectorate", "wallboard")
    client = connect(stack.clickhouse)
    database = stack.clickhouse.database

    def number(sql: str) -> int:
        return int(client.query(sql).result_rows[0][0])

    try:
        total = f"SELECT sum(amount) FROM {database}.aggregates FINAL WHERE metric = 'revenue.received' AND dimension = 'total'"
        eventually("what counts", lambda: number(total) == 100 + 200 + 300 + 400 + 3, 120)
        rows = f"SELECT countIf(NOT is_repeat) FROM {database}.revenue_receipts"
        eventually("everything is kept", lambda: number(rows) == 13)
        yield stack
    finally:
        client.close()
        stack.close()


def test_what_two_sources_say_fact_by_fact(stack: Stack) -> None:
    done = stack.run("sources", "compare", "--json")
    assert done.returncode == 1, done.stderr
    (found,) = json.loads(done.stdout)["comparisons"]
    assert found["counts"] == {"agrees": 1, "differs": 1, "only-authoritative": 2, "only-other": 1}
    assert (found["differing"], found["nameless"]) == (4, 1)
    lines = {line["fact"][0]: (line["status"], line["ours"], line["theirs"]) for line in found["lines"]}
    assert lines == {
        "R2": ("differs", 200, 250), "R3": ("only-authoritative", 300, None),
        "R4": ("only-authoritative", 400, None), "R5": ("only-other", None, 50),
    }  # fmt: skip
    shown = stack.run("sources", "compare", "--domain", "revenue").stdout
    assert "hanya di sumber lain 1" in shown
    assert stack.run("sources", "compare", "--domain", "budget").returncode == 0
    page = httpx.get(f"{stack.desk}/sumber", timeout=30, trust_env=False)
    assert page.status_code == 200
    assert "Hanya di sumber lain" in page.text
    assert ">R2<" in page.text
    assert ">R1<" not in page.text


def test_who_corrects_anothers_event_is_a_dead_letter(stack: Stack) -> None:
    topic = stack.kafka.layout().topic(REVENUE.dead_letters)
    (letter,) = read_topics(stack.kafka.bootstrap_servers, [topic])
    assert "ForeignCorrection" in {(value or b"").decode() for _, value in letter.headers()}
    (said,) = json.loads(stack.run("dlq", "list", "--json").stdout)
    assert "ForeignCorrection" in json.dumps(said)


def test_what_counts_is_what_the_plain_reference_counts(stack: Stack) -> None:
    """State, topic, table and wallboard; and a reference that leaves nobody out finds what was left out."""
    eventually("the wallboard has a picture", lambda: httpx.get(f"{stack.wall}/readyz").status_code == 200)
    done = stack.run("state", "verify", "--json")
    reports = {report["domain"]: report for report in json.loads(done.stdout)}
    assert done.returncode == 0, (done.stderr, reports)
    found = reports["revenue"]
    assert (found["events"], found["refused"], found["behind"]) == (13, 1, 0)
    assert (found["table"], found["wallboard"], found["same_profile"]) == ("compared", "compared", True)
    assert found["figures"] > 10
    declared = stack.folder / "profil" / "fact_sources.csv"
    declared.write_text(DECLARED.splitlines()[0] + "\n", "utf-8")
    try:
        done = stack.run("state", "verify", "--domain", "revenue", "--json")
    finally:
        declared.write_text(DECLARED, "utf-8")
    (found,) = json.loads(done.stdout)
    assert (done.returncode, found["same_profile"]) == (1, False)
    wrong = {
        d["local_day"]: (d["state"], d["reference"])
        for d in found["differences"]
        if (d["metric"], d["dimension"]) == ("revenue.received", "total")
    }
    others = 60 + 40 + 250 + 50 + 7
    assert wrong == {"2026-09-01": (100 + 200 + 300 + 400, 100 + 200 + 300 + 400 + others)}
