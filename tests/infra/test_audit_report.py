"""What an audit says about the work: times, holders, ways, base rates; its page and its workbook."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from infra.audit import files, sections
from infra.audit.base_rates import base_rates
from infra.audit.process import by_holder, by_type, distribution, over_time, process
from infra.audit.results import Coverage, Results, coverage
from infra.verify.report import Cell
from producers.history import History
from producers.values import RowValueError
from schemas.profile import Profile
from tests.producers.conftest import make_regency

ZONE = ZoneInfo("Asia/Jakarta")


@pytest.fixture(scope="module")
def regency() -> Profile:
    return make_regency()


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def event(case: str, at: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "case_id": case,
        "occurred_at": ms(at),
        "event_id": f"{case}/{at}/{kind}/{more.get('step', '')}",
        "kind": kind,
        "permit_type": "PBG",
        "opd": "2.18.01",
        **more,
    }


#: One case with time at the applicant, one that never closes, one closed at its first event. Monday is 6 January 2025.
EVENTS = [
    event("a", "2025-01-06T07:30", "submitted", unit="PTSP-1"),
    event("a", "2025-01-07T07:30", "accepted", unit="PTSP-1"),
    event("a", "2025-01-08T07:30", "finished", step="periksa", unit="PUPR-1"),
    event("a", "2025-01-09T07:30", "returned"),
    event("a", "2025-01-14T07:30", "resubmitted"),
    event("a", "2025-01-15T07:30", "finished", step="teknis", unit="PTSP-2"),
    event("a", "2025-01-16T07:30", "issued", unit="PTSP-2"),
    event("a", "2025-01-20T07:30", "finished", step="sah"),
    event("b", "2025-01-06T07:30", "finished", step="periksa"),
    event("c", "2025-02-03T07:30", "rejected", unit="PTSP-1", permit_type="", due_at=None),
]
UNTIL = ms("2025-02-03T07:30")


def test_times_and_holders_are_those_of_the_case(regency: Profile) -> None:
    found = process([*EVENTS, EVENTS[0]], regency, UNTIL)
    assert found.cases.select(
        "case_id", "days", pl.col("closed_at").is_not_null().alias("closed")
    ).rows() == [
        ("a", pytest.approx(4.0), True),  # accepted to issued is 7 working days, 3 of them at the applicant
        ("b", pytest.approx(regency.calendar.elapsed(ms("2025-01-06T07:30"), UNTIL)), False),
        ("c", 0.0, True),
    ]
    held = found.holdings.filter(pl.col("case_id") == "a").select("holder", pl.col("days").round(6)).rows()
    assert held == [("PTSP-1", 2.0), ("PUPR-1", 1.0), ("applicant", 3.0), ("PUPR-1", 1.0), ("PTSP-2", 1.0)]
    (open_one,) = found.holdings.filter(pl.col("open")).rows(named=True)
    assert (open_one["holder"], open_one["end"]) == ("2.18.01", UNTIL)
    assert by_type(found.cases).select("permit_type", "cases").rows() == [("", 1), ("PBG", 1)]
    assert by_holder(found.holdings).get_column("share").sum() == pytest.approx(1.0)


def test_variants_and_their_shares(regency: Profile) -> None:
    found = process(EVENTS, regency, UNTIL)
    assert found.variants.select("steps", "cases", "share").rows() == [
        (["periksa", "teknis", "sah"], 1, 0.5),
        (["periksa"], 1, 0.5),
    ]


def test_events_of_one_day_stand_in_the_order_of_the_file(regency: Profile) -> None:
    steps = ["z", "a", "m"]
    events = [event("x", "2025-01-06", "finished", step=step) for step in steps]
    order = {e["event_id"]: n for n, e in enumerate(events)}
    found = process(sorted(events, key=lambda e: e["event_id"]), regency, UNTIL, order)
    assert found.variants.get_column("steps").to_list() == [steps]


def test_started_and_finished_are_one_step(regency: Profile) -> None:
    events = [
        event("x", f"2025-01-0{n}", kind, step="periksa") for n, kind in ((6, "started"), (7, "finished"))
    ]
    assert process(events, regency, UNTIL).variants.get_column("steps").to_list() == [["periksa"]]


def test_a_corrected_event_does_not_count(regency: Profile) -> None:
    wrong = event("x", "2025-01-06T07:30", "finished", step="periksa")
    right = event("x", "2025-01-07T07:30", "finished", step="teknis", corrects=wrong["event_id"])
    assert process([wrong, right], regency, UNTIL).variants.get_column("steps").to_list() == [["teknis"]]


@pytest.mark.parametrize(
    ("days", "bins"),
    [
        ([], []),
        ([0.0, 0.0], [(0.0, 1.0, 2)]),
        ([0.5, 1.0, 2.5], [(0.0, 1.0, 1), (1.0, 2.0, 1), (2.0, 3.0, 1)]),
        ([1.0] * 99 + [500.0], [(0.0, 1.0, 0), (1.0, None, 100)]),
    ],
)
def test_distribution(days: list[float], bins: list[tuple[float, float | None, int]]) -> None:
    assert distribution(pl.Series(days, dtype=pl.Float64)).rows() == bins


def test_periods_follow_the_local_day_and_have_no_gaps(regency: Profile) -> None:
    late = [event("x", "2024-12-31T23:30", "finished"), event("y", "2025-03-01T00:10", "finished")]
    period, table = over_time(process(late, regency, UNTIL), [ms("2025-01-31T23:59")], regency)
    assert period == "1w"
    begun = table.filter(pl.col("begun") > 0).get_column("day").to_list()
    assert [str(day) for day in begun] == ["2024-12-30", "2025-02-24"]
    assert table.height == 9
    assert table.get_column("alerts").sum() == 1


def alert(rule: str, subject: str, level: str = "breach") -> dict[str, Any]:
    return {
        "rule": rule,
        "subject": subject,
        "scope": "",
        "level": level,
        "level_at": UNTIL,
        "due_at": None,
        "observed": 7.25,
        "threshold": 5.0,
        "unit_of_measure": "working_days",
        "unit": "PTSP-1",
        "sentence": '=HYPERLINK("http://example.org")<script>alert(1)</script>',
        "evidence": [],
        "evidence_total": 0,
        "evidence_digest": "",
    }


def test_base_rates() -> None:
    standing = [
        alert("P01", "a"),
        alert("P01", "a", "severe"),
        alert("P01", "b", "warning"),
        alert("Z77", "b"),
    ]
    counted = {"P01": Coverage(2, {"tanpa standar": 1}), "P14": Coverage(3, {})}
    rates = base_rates(standing, ("P01", "P14"), {"P14": "data tidak memuat fee_paid"}, 3, counted)
    assert list(rates) == ["P01", "P14", "Z77"]
    p01, p14, z77 = rates.values()
    assert (p01.found, p01.applicable, p01.share, p01.not_applicable) == (1, 2, 0.5, {"tanpa standar": 1})
    assert (p14.found, p14.applicable, p14.share) == (0, 0, None)
    assert p14.not_applicable == {"data tidak memuat fee_paid": 3}
    assert (z77.title, z77.found, z77.applicable) == ("Z77", 1, 3)


def test_coverage_is_summed_over_days_and_partitions() -> None:
    cells = {
        ("permits.rules_found", "rule", "P01", "2025-01-06"): {0: Cell(1, 5), 1: Cell(2, 9)},
        ("permits.rules_not_found", "rule", "P01", "2025-01-07"): {0: Cell(4, 5)},
        ("permits.rules_not_found", "source", "P01|/opd", "2025-01-07"): {0: Cell(4, 5)},
        ("permits.rules_not_applicable", "rule", "P01", "2025-01-07"): {0: Cell(3, 5)},
        ("permits.rules_not_applicable", "reason", "P01|tanpa standar", "2025-01-07"): {0: Cell(3, 5)},
        ("permits.rules_not_applicable", "reason", "P01|lain", "2025-01-07"): {0: Cell(0, 6)},
        ("permits.open", "total", "", "2025-01-07"): {0: Cell(9, 5)},
    }
    assert coverage("permits", cells) == {"P01": Coverage(7, {"tanpa standar": 3}, found=3)}


@pytest.fixture
def left(tmp_path: Path, regency: Profile) -> Path:
    """The folder of an audit of EVENTS, with one alert and one refused row that mean harm."""
    mapping = tmp_path / "map.toml"
    mapping.write_text('domain = "permits" # </pre><script>', "utf-8")
    history = History(events=EVENTS, rows=len(EVENTS) + 1, cases=3, last_occurred_at=UNTIL)
    history.rejected.append(RowValueError("BadTime", "t", "=1+1", "bukan waktu").at("izin.csv", 7))
    history.counts["lists"] = 2
    log = files.Log("permits", history, mapping, True, UNTIL)
    files.write(
        tmp_path / "out",
        log,
        Results([alert("P01", "a")], {"FarFuture": 3}, {"P01": Coverage(2, {})}),
        regency,
        {},
    )
    return tmp_path / "out"


def test_the_page_needs_nothing_and_runs_nothing(left: Path) -> None:
    page = (left / "index.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)\s*=|url\(|@import", page), "nothing is fetched"
    assert "perlu klarifikasi" in page
    assert "2 daftar (&lt;list&gt;) dalam log XES tidak dibaca." in page
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 6
    for picture in pictures:
        svg = ElementTree.fromstring(picture)  # noqa: S314  (ours)
        assert svg.get("role") == "img"
        assert svg.get("aria-label")
        title = svg.find("{http://www.w3.org/2000/svg}title")
        assert title is not None
        assert title.text == svg.get("aria-label")


def sheet(book: Path, number: int) -> list[dict[str, tuple[str, str]]]:
    """The rows below the header: (type, value) by name of the column; texts are looked up."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(book) as parts:
        shared = ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))  # noqa: S314  (ours)
        texts = ["".join(item.itertext()) for item in shared.findall("m:si", space)]
        root = ElementTree.fromstring(parts.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314  (ours)
    assert root.find(".//m:f", space) is None, "no formulas"
    assert root.find(".//m:pane[@state='frozen']", space) is not None
    assert root.find("m:autoFilter", space) is not None
    rows = []
    for row in root.iterfind(".//m:row", space):
        cells = {}
        for cell in row.iterfind("m:c", space):
            value, kind = cell.findtext("m:v", "", space), cell.get("t", "n")
            cells[re.sub(r"\d", "", cell.get("r", ""))] = (kind, texts[int(value)] if kind == "s" else value)
        rows.append(cells)
    names = {column: name for column, (_, name) in rows[0].items()}
    return [{names[column]: cell for column, cell in cells.items()} for cells in rows[1:]]


def test_the_workbook_has_types_and_no_formulas(left: Path) -> None:
    book = left / "telaah.xlsx"
    with zipfile.ZipFile(book) as parts:
        names = re.findall(r'<sheet name="([^"]+)"', parts.read("xl/workbook.xml").decode())
    assert names == ["Ringkasan", "Indikasi", "Aturan", "Varian", "Pemegang berkas", "Ditolak"]
    (found,) = sheet(book, 2)
    assert found["Tercapai"] == ("n", "45691.3125")  # 3 February 2025 07:30 in Jakarta
    assert found["Teramati"] == ("n", "7.25")
    assert found["Uraian"] == ("s", alert("P01", "a")["sentence"])
    assert "Tenggat" not in found
    assert sheet(book, 3)[0]["Bagian"] == ("n", "0.5")
    row, dead = sheet(book, 6)
    assert (row["Nilai"], row["Baris"]) == (("s", "=1+1"), ("n", "7"))
    assert dead["Keterangan"] == ("s", "3 kejadian ditolak pengolah (surat mati)")


def test_an_audit_without_any_event(tmp_path: Path, regency: Profile) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text("", "utf-8")
    for domain in ("permits", "revenue"):
        log = files.Log(domain, History(), mapping, False, 0)
        summary = files.write(tmp_path / domain, log, Results([], {}, {}), regency, {})
        assert summary.cases == 0
        assert "Tidak ada indikasi" in (tmp_path / domain / "index.html").read_text("utf-8")


def test_long_ways_are_cut_and_repeats_are_counted(regency: Profile) -> None:
    names = sections.Names(regency)
    assert sections.path(["periksa", "periksa", "sah"], names) == "Pemeriksaan (2×) → Pengesahan"
    assert sections.path([str(n) for n in range(20)], names, most=3) == "0 → 1 → 2 → … (17 lagi)"
