"""The inspectorate's pages over a real engine: list, one alert with its evidence, download."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from infra.settings import resolve_profile
from schemas.profile import Profile
from schemas.settings import KafkaSettings
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.inspectorate.app import Pages
from sinks.inspectorate.sources import Comparison
from sinks.settings import ClickHouseSettings
from streams.domains.received import CORRECTIONS, EVENTS

CASES = 120
HOSTILE = "=HYPERLINK(1)<script>alert(1)</script>"
OBSERVED = {"P04"}
PROFILE = Profile.load(resolve_profile("contoh"))
INDEX = "<html><style>b { color: red; }</style><p>semua aturan</p></html>"
FENCE = "P04/PBG/survei/2026-02-03/0123abcd"
COLUMNS = (
    "alert_id", "revision", "status", "rule", "rule_version", "domain", "level", "subject", "permit_type", "unit",
    "level_at", "first_at", "observed", "threshold", "unit_of_measure", "sentence", "evidence", "evidence_total",
    "evidence_digest", "excluded", "parameters", "profile_hash", "clock", "simulated", "fence_id",
)  # fmt: skip


def row(number: int, level: str, subject: str, rule: str = "P01", fence: str | None = None) -> list[object]:
    now = 1_795_000_000_000
    evidence = [("permits.steps", 1, 7, str(uuid.uuid4()), now, "accepted")]
    return [
        str(uuid.uuid5(uuid.NAMESPACE_URL, subject)), 1, "raised", rule, "1", "permits", level, subject, "PBG", "PUPR-CK",
        now, now - number * 1000, 12.5, 10.0, "working_days", f"Indikasi keterlambatan: {subject}.", evidence, 1,
        "d" * 64, ["satu peristiwa koreksi"], {"P01.breach": "1.0"}, "h" * 64, now, True, fence,
    ]  # fmt: skip


def desk(
    engine_url: str, table: str, columns: tuple[str, ...], rows: list[list[Any]], *comparisons: Comparison
) -> TestClient:
    """The pages over a database of their own, with these rows in a table, and what two sources say."""
    settings = ClickHouseSettings(url=engine_url, database=f"desk_{uuid.uuid4().hex[:8]}")
    client = connect(settings)
    migrate(client, settings.database)
    if rows:
        client.insert(f"{settings.database}.{table}", rows, column_names=columns)
    client.close()
    found = Pages(
        KafkaSettings(),
        settings,
        PROFILE,
        observed=lambda: OBSERVED,
        comparisons=lambda: comparisons,
        rule_pages=lambda name, day: f"{INDEX}{day}" if name in ("", "P01") else None,
    )
    found._origin = (time.monotonic(), True)  # the broker is not part of this test
    return TestClient(found.app())


@pytest.fixture(scope="module")
def pages(engine_url: str) -> TestClient:
    rows = [row(n, ("warning", "breach", "severe")[n % 3], f"KASUS-{n:03}") for n in range(CASES)]
    rows.append(row(999, "severe", HOSTILE))
    rows.append(row(0, "severe", "DIAMATI-1", "P04", FENCE))
    return desk(engine_url, "alerts", COLUMNS, rows)


def test_the_list_has_the_heaviest_and_oldest_first(pages: TestClient) -> None:
    text = pages.get("/").text
    assert "121 indikasi" in text
    assert "DATA SIMULASI" in text
    assert text.index("jauh lewat batas</span>") < text.index("● lewat batas</span>")
    assert text.index("KASUS-119") < text.index("KASUS-002")


def test_filters_and_pages_hold_together(pages: TestClient) -> None:
    text = pages.get("/?level=breach").text
    assert "40 indikasi" in text
    assert "KASUS-118" in pages.get("/?level=breach").text
    assert "berikutnya" in pages.get("/").text
    assert "level=breach" in text
    assert "0 indikasi" in pages.get("/", params={"unit": "x' OR 1=1 --"}).text


def test_one_alert_shows_what_it_rests_on(pages: TestClient) -> None:
    name = uuid.uuid5(uuid.NAMESPACE_URL, "KASUS-007")
    text = pages.get(f"/peringatan/{name}").text
    for said in (
        "indikasi – perlu klarifikasi",
        "permits.steps",
        "12,5 hari kerja",
        "h" * 64,
        "P01.breach",
        "satu peristiwa koreksi",
        "revisi 1",
        "DATA SIMULASI",
    ):
        assert said in text, said
    assert pages.get("/peringatan/unknown").status_code == 404


def test_what_is_only_observed_stands_apart(pages: TestClient) -> None:
    delivered, observed = pages.get("/").text, pages.get("/?tampil=amati").text
    assert "DIAMATI-1" not in delivered
    assert "1 indikasi" in observed
    assert "DIAMATI-1" in observed
    assert "KASUS-" not in observed
    assert '<option value="P04"' not in delivered
    assert "DIAMATI-1" not in pages.get("/peringatan.csv").text
    assert "DIAMATI-1" in pages.get("/peringatan.csv?tampil=amati").text
    name = uuid.uuid5(uuid.NAMESPACE_URL, "DIAMATI-1")
    assert "tidak dikirim" in pages.get(f"/peringatan/{name}").text
    OBSERVED.clear()
    try:
        assert "122 indikasi" in pages.get("/").text, "a decision holds without a restart"
    finally:
        OBSERVED.add("P04")


def test_the_page_of_a_rule_is_linked_and_served(pages: TestClient) -> None:
    assert '<a href="/aturan/P01">P01</a>' in pages.get("/").text
    assert "/aturan/P01" in pages.get(f"/peringatan/{uuid.uuid5(uuid.NAMESPACE_URL, 'KASUS-007')}").text
    for address in ("/aturan/", "/aturan/P01"):
        answer = pages.get(address)
        assert "semua aturan" in answer.text
        policy = answer.headers["content-security-policy"]
        assert "style-src 'self' 'sha256-" in policy
        assert "'unsafe-inline'" not in policy
    assert pages.get("/aturan/Z99").status_code == 404


def test_an_alert_leads_to_the_fence_that_it_names(pages: TestClient) -> None:
    alert = pages.get(f"/peringatan/{uuid.uuid5(uuid.NAMESPACE_URL, 'DIAMATI-1')}").text
    assert f'<a href="/aturan/P04?hari=2026-02-03">{FENCE}</a>' in alert
    assert "Nomor pagar" not in pages.get(f"/peringatan/{uuid.uuid5(uuid.NAMESPACE_URL, 'KASUS-007')}").text
    assert pages.get("/aturan/P01?hari=2026-02-03").text.endswith("2026-02-03")
    assert pages.get("/aturan/P01?hari=kemarin").text.endswith("None")


def test_text_of_departments_is_escaped_and_no_formula(pages: TestClient) -> None:
    assert "<script>alert" not in pages.get("/").text
    text = pages.get("/peringatan.csv").text
    assert text.startswith("DATA SIMULASI\n")
    assert len(text.splitlines()) == CASES + 3
    assert ",=HYPERLINK" not in text
    assert "'=HYPERLINK" in text


def test_health_and_headers(pages: TestClient) -> None:
    assert pages.get("/healthz").status_code == 200
    assert pages.get("/readyz").status_code == 200
    assert "nadi_" in pages.get("/metrics").text
    assert "frame-ancestors 'none'" in pages.get("/").headers["content-security-policy"]


def sent(
    domain: str,
    source: str,
    days_ago: int,
    events: int,
    corrections: int,
    partition: int = 0,
    version: int = 1,
) -> list[list[object]]:
    """What the aggregates say of a source and day."""
    day = (datetime.now(PROFILE.timezone).date() - timedelta(days=days_ago)).isoformat()
    return [
        [f"{domain}.{what}", "source", source, day, f"{domain}.topic", partition, amount, version]
        for what, amount in ((EVENTS, events), (CORRECTIONS, corrections))
    ]


AGGREGATED = (
    "metric", "dimension", "value", "local_day", "source_topic", "source_partition", "amount", "version",
)  # fmt: skip


def test_who_corrects_much_is_shown_by_share(engine_url: str) -> None:
    first, second, third = list(PROFILE.sources)[:3]
    rows = [
        *sent("permits", first, 2, 500, 500),
        *sent("permits", first, 2, 100, 20, version=2),  # the newer version holds
        *sent("revenue", first, 20, 60, 8, partition=3),
        *sent("budget", second, 10, 1250, 15),
        *sent("activities", "/tidak/dikenal<b>", 3, 10, 9),
        *sent("population", third, 3, 70, 0),
        *sent("revenue", "/sudah/lama", 40, 300, 300),
    ]
    text = desk(engine_url, "aggregates", AGGREGATED, rows).get("/").text
    section = text[text.index('id="koreksi"') :]
    assert "3 dari 4 sumber mengirim koreksi" in section
    cells = [re.sub(r"<.*?>", " ", line).split() for line in re.findall(r'<td class="number">.*', section)]
    assert cells == [
        ["28", "160", "17,5", "%"], ["15", "1.250", "1,2", "%"], ["9", "10", "90,0", "%"],
    ]  # fmt: skip
    names = re.findall(r'<th scope="row">(.*)</th>', section)
    assert names[0].startswith(PROFILE.sources[first].name)
    assert names[2].startswith("/tidak/dikenal&lt;b&gt;")
    assert ["sampel kecil" in name for name in names] == [False, False, True]
    assert 'href="#koreksi"' in text


def test_no_correction_and_no_event_are_said(engine_url: str, pages: TestClient) -> None:
    source = next(iter(PROFILE.sources))
    without = desk(engine_url, "aggregates", AGGREGATED, sent("permits", source, 1, 12, 0)).get("/").text
    assert "Tidak ada koreksi dari 1 sumber yang mengirim peristiwa." in without
    assert "Belum ada peristiwa dalam 30 hari terakhir." in pages.get("/").text
    assert "koreksi" not in pages.get("/?tampil=amati").text


def test_pages_that_have_nothing_to_show_say_so(engine_url: str) -> None:
    none = desk(engine_url, "alerts", COLUMNS, [])
    assert "Belum ada indikasi." in none.get("/").text
    assert "Tidak ada indikasi dengan saringan ini." in none.get("/?rule=P01").text
    assert "tidak ada yang dibandingkan" in none.get("/sumber").text
    counts = {"agrees": 0, "differs": 0, "only-authoritative": 0, "only-other": 0}
    since = date(2026, 1, 1)
    declared = Comparison(
        "revenue", "receipt", ("receipt_number",), "/opd/1", "*", since, None, "rupiah", counts, 0, []
    )
    agreed = replace(declared, counts={**counts, "agrees": 3})
    for one, said in (
        (declared, "Belum ada kejadian yang dapat dibandingkan."),
        (agreed, "Tidak ada perbedaan."),
    ):
        text = desk(engine_url, "alerts", COLUMNS, [], one).get("/sumber").text
        assert said in text
        assert "Profil kabupaten menetapkan" in text
