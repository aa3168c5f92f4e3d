"""The combined risks on the inspectorate's page and on the command line, over a real engine."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from infra.cli.main import build
from infra.risks.ranking import rank
from infra.risks.served import ServedRankings
from infra.rules.states import States
from infra.settings import resolve_profile
from schemas.profile import Profile
from schemas.settings import KafkaSettings
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.inspectorate.app import PAGE, Pages
from sinks.settings import ClickHouseSettings
from streams.rules import rules

PROFILE = Profile.load(resolve_profile("contoh"))
NOW = datetime.now(PROFILE.timezone).replace(hour=0, minute=1)
VERDICTS = re.compile(r"\b(terbukti|bersalah|pelaku|kkn)\b", re.IGNORECASE)
OFFICER, OTHER, AGENT = ("a" * 26, "b" * 26, "c" * 26)
HOSTILE = "<script>alert(1)</script>"
COLUMNS = (
    "alert_id", "revision", "status", "rule", "rule_version", "domain", "level", "subject", "scope", "observed",
    "threshold", "unit_of_measure", "sentence", "clock", "evidence", "evidence_total", "simulated",
)  # fmt: skip
EVENTS = ("event_id", "case_id", "officer_token", "agent_token", "_partition", "_offset")
LATE = 60


@dataclass(frozen=True)
class Desk:
    """A database with alerts in it, and what looks at it."""

    settings: ClickHouseSettings
    pages: TestClient
    folder: Path


def alert(
    rule: str, subject: str, *, age: int = 0, level: str = "breach", status: str = "raised",
    value: float = 0, offsets: tuple[int, ...] = (), scope: str = "",
) -> list[Any]:  # fmt: skip
    """A row of the table of alerts, ``age`` days old; its evidence are events at these offsets."""
    one = rules()[rule]
    at = int((NOW - timedelta(days=age)).astimezone(UTC).timestamp() * 1000)
    evidence = [("permits.steps", 0, offset, str(uuid.uuid4()), at, "issued") for offset in offsets]
    return [
        str(uuid.uuid5(uuid.NAMESPACE_URL, rule + subject + scope)), 1, status, rule, "1", one.domain, level, subject,
        scope, value, 0.0, one.unit_of_measure, f"Indikasi {rule} pada {subject}; perlu klarifikasi.", at, evidence,
        len(evidence), True,
    ]  # fmt: skip


ALERTS = [
    alert("P06", "GANDA", offsets=(1,)), alert("P03", "GANDA", age=45, offsets=(1, 2)),
    alert("P07", "SEJENIS"), alert("P08", "SEJENIS"), alert("P13", "SEJENIS"),
    alert("P08", "DUA-TANDA", offsets=(3,)), alert("P05", "DUA-TANDA"),
    alert("P12", "KUASA", offsets=(3,)),
    alert("P06", "DITARIK", status="withdrawn"), alert("P06", "LAMA", age=90), alert("P01", "DEKAT", level="warning"),
    alert("S01", "/opd/diam"), alert("P09", OFFICER, scope=AGENT),
    alert("B05", f"{'d' * 26}|50000000", value=5e7, scope="INV/1"), alert("P04", HOSTILE),
    *(alert("P01", f"LAMBAT-{n:02}", age=n % 30) for n in range(LATE)),
]  # fmt: skip
#: Where the officer of an event is known: alone behind P06, with another one behind P03.
ROWS = [
    [str(uuid.uuid4()), "GANDA", OFFICER, None, 0, 1], [str(uuid.uuid4()), "GANDA", OTHER, None, 0, 2],
    [str(uuid.uuid4()), "KUASA", OTHER, AGENT, 0, 3],
]  # fmt: skip


@pytest.fixture(scope="module")
def desk(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    settings = ClickHouseSettings(url=engine_url, database=f"risks_{uuid.uuid4().hex[:8]}")
    client = connect(settings)
    migrate(client, settings.database)
    client.insert(f"{settings.database}.alerts", ALERTS, column_names=COLUMNS)
    client.insert(f"{settings.database}.permits_steps", ROWS, column_names=EVENTS)
    client.close()
    folder = tmp_path_factory.mktemp("data")
    for rule in ("P03", "P04", "P06", "P01", "B05"):
        States(folder).switch(rule, "delivered", "diuji")
    observed = States(folder).observed
    served = ServedRankings(settings, PROFILE, observed)
    pages = Pages(KafkaSettings(), settings, PROFILE, observed=observed, rankings=served.get)
    pages._origin = (time.monotonic(), True)  # the broker is not part of this test
    return Desk(settings, TestClient(pages.app()), folder)


def ranked(desk: Desk, by: Any = "cases") -> dict[str, Any]:
    found = rank(desk.settings, PROFILE, rules(), by, NOW.date())
    return {risk.who: risk for risk in found.risks}


def test_what_stands_is_combined_by_case(desk: Desk) -> None:
    found = ranked(desk)
    both = found["GANDA"]
    assert (both.rank, both.published, both.hard, both.soft) == (1, True, 2, 0)
    assert both.risk == pytest.approx(1 - (1 - 0.8) * (1 - 0.8 * 0.5))
    assert [one.rule for one in both.contributions] == ["P06", "P03"]
    assert both.contributions[1].fading == pytest.approx(0.5)
    alike, two = found["SEJENIS"], found["DUA-TANDA"]
    assert (alike.published, alike.soft, two.published, two.soft) == (False, 1, True, 2)
    assert [(one.rule, one.counted_by) for one in alike.contributions if not one.counts] == [
        ("P13", "P08"), ("P07", "P08"),
    ]  # fmt: skip
    assert found[f"{'d' * 26}|50000000"].value == 5e7
    assert not {"DITARIK", "LAMA", "DEKAT", "/opd/diam", OFFICER} & set(found)


def test_actors_come_from_subjects_and_from_evidence_that_names_one_alone(desk: Desk) -> None:
    found = ranked(desk, "actors")
    assert set(found) == {OFFICER, AGENT, "d" * 26}
    assert [one.rule for one in found[OFFICER].contributions] == ["P06", "P09"]
    assert found[OFFICER].roles == ["officer_token"]
    assert found[OFFICER].published
    assert [one.rule for one in found[AGENT].contributions] == ["P08", "P12"]
    assert found[AGENT].published, "one sign in each of two cases"


def test_the_page_ranks_and_draws_a_line_and_hides_nothing(desk: Desk) -> None:
    page = desk.pages.get("/risiko")
    assert page.status_code == 200
    text = page.text
    published = LATE + 3  # and GANDA, B05, P04; signs are only observed
    assert f"Di bawahnya masih {published - 10} perkara" in text
    assert text.index("GANDA") < text.index('id="garis"') < text.index("LAMBAT-05")
    seen = text + desk.pages.get("/risiko?halaman=1").text
    assert all(f"LAMBAT-{n:02}" in seen for n in range(LATE))
    assert "Halaman 1 dari 2" in text
    assert text.count("<article") == PAGE
    assert "1 indikasi lain berdiri tetapi lebih tua" in text
    assert "DUA-TANDA" not in seen
    assert "DATA SIMULASI" in text
    assert "<script>alert" not in text
    assert not VERDICTS.search(re.sub(r"<[^>]*>", " ", text))
    assert '<a href="/risiko">' in desk.pages.get("/").text


def test_observed_rules_are_combined_only_where_asked_for(desk: Desk) -> None:
    seen = "".join(desk.pages.get(f"/risiko?tampil=amati&halaman={page}").text for page in (0, 1))
    for text in (
        "DUA-TANDA",
        "SEJENIS",
        "sejenis dengan P08",
        "Mulai di sini belum memenuhi syarat terbit: 2 perkara",
    ):
        assert text in seen, text
    actors = desk.pages.get("/risiko?menurut=pihak&tampil=amati").text
    assert OFFICER in actors
    assert "petugas" in actors
    assert "kuasa" in actors


def test_without_an_answer_the_page_says_so() -> None:
    nobody = ClickHouseSettings(url="http://127.0.0.1:1")
    served = ServedRankings(nobody, PROFILE, frozenset)
    assert served.get("cases", False) is None
    pages = Pages(KafkaSettings(), nobody, PROFILE, rankings=served.get)
    pages._origin = (time.monotonic(), True)
    assert "Gudang data tidak menjawab" in TestClient(pages.app()).get("/risiko").text


def nadi(desk: Desk, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.setenv("NADI_CLICKHOUSE__URL", desk.settings.url)
    monkeypatch.setenv("NADI_CLICKHOUSE__DATABASE", desk.settings.database)
    monkeypatch.setenv("NADI_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    done = CliRunner().invoke(build(), ["--data-dir", str(desk.folder), "rules", "risks", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_says_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(nadi(desk, monkeypatch, "--json"))
    assert (found["published"], found["budget"], found["beyond"]) == (LATE + 3, 10, LATE - 7)
    assert len(found["risks"]) == LATE + 3
    assert found["risks"][0]["who"] == "GANDA"
    assert found["risks"][0]["contributions"][0]["share"] == 0.8
    every = json.loads(nadi(desk, monkeypatch, "--json", "--observed"))
    assert {risk["who"] for risk in every["risks"]} == set(ranked(desk))
    text = nadi(desk, monkeypatch, "--observed")
    assert text.startswith("DATA SIMULASI\n")
    for said in (
        "1. GANDA",
        f"di bawah anggaran minggu ini: {LATE - 6}",
        "belum memenuhi syarat terbit: 2",
        "(dihitung lewat P08)",
    ):
        assert said in text, said
    later = json.loads(
        nadi(desk, monkeypatch, "--json", "--day", (NOW + timedelta(days=90)).date().isoformat())
    )
    assert not later["risks"]
    assert OFFICER in nadi(desk, monkeypatch, "--actors", "--observed")
