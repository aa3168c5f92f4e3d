"""Every kind of file that people upload through a running gateway, and the cap of rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from gateway_running import Running, running
from test_uploads import HEADER, asked, finished, standing, table, upload

from schemas.records import read_topics
from tests.producers.protected_numbers import NIK, leaks
from tests.producers.workbook_files import old_book, open_book

pytestmark = pytest.mark.kafka
COLUMNS = HEADER.split(",")
ROWS = 20


def new_book(path: Path, *rows: list[Any]) -> Path:
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy hh:mm"}) as made:
        sheet = made.add_worksheet()
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return path


@pytest.fixture(scope="module")
def narrow(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A gateway that takes files of at most so many rows."""
    with running(kafka, tmp_path_factory.mktemp("narrow"), file_rows=ROWS) as gateway:
        yield gateway


def permits(at: Any, rows: int = 3) -> list[list[Any]]:
    run = uuid.uuid4().hex[:8]
    return [COLUMNS, *(["submitted", at, f"K-{run}-{n}", "PBG", NIK] for n in range(rows))]


@pytest.mark.parametrize(
    ("name", "write", "at"),
    [
        ("izin.xlsx", new_book, datetime(2026, 11, 23, 9)),  # noqa: DTZ001
        ("izin.xlsx", new_book, "23/11/2026 09.00"),
        ("IZIN.ODS", open_book, datetime(2026, 11, 23, 9)),  # noqa: DTZ001
        ("izin.ods", open_book, "23/11/2026 09.00"),
        ("izin.xls", old_book, "23/11/2026 09.00"),
    ],
)
def test_a_workbook_of_any_kind_is_published_whole_and_once(
    narrow: Running, tmp_path: Path, name: str, write: Callable[..., Path], at: Any
) -> None:
    before = standing(narrow)
    body = write(tmp_path / name, *permits(at)).read_bytes()
    report = finished(narrow, upload(narrow, body, name))
    assert (report["status"], report["rows"], report["published"]) == ("published", 3, 3), report
    assert upload(narrow, body, name).headers["idempotency-replayed"] == "true"
    new = standing(narrow) - before
    assert (len(new), set(new.values())) == (3, {1})
    stands = read_topics(narrow.kafka.bootstrap_servers, [narrow.kafka.layout().topic("permits.steps")])
    times = {dict(m.headers())["ce_time"] for m in stands if dict(m.headers())["ce_id"].decode() in new}
    assert times == {b"2026-11-23T02:00:00.000Z"}, "nine o'clock in Western Indonesia"


@pytest.mark.parametrize(
    ("name", "write"), [("izin.xlsx", new_book), ("izin.ods", open_book), ("izin.xls", old_book)]
)
def test_a_faulty_row_of_a_workbook_is_told_with_its_place(
    narrow: Running, tmp_path: Path, name: str, write: Callable[..., Path]
) -> None:
    before = standing(narrow)
    rows = permits("23/11/2026 09.00")
    rows[2][1] = "November 2026"
    rows[3][2] = f"IZIN {NIK}"
    report = finished(narrow, upload(narrow, write(tmp_path / name, *rows).read_bytes(), name))
    assert (report["status"], report["rows"], report["refused"]) == ("refused", 3, 2), report
    assert [(e["row"], e["column"]) for e in report["errors"]] == [(3, "occurred_at"), (4, "case_id")]
    assert leaks(str(report)) == set()
    assert standing(narrow) == before


@pytest.mark.parametrize("name", ["izin.ods", "data berkas.xls"])
def test_what_only_calls_itself_a_workbook_is_refused(narrow: Running, name: str) -> None:
    before = standing(narrow)
    report = finished(narrow, upload(narrow, table(2), name))
    assert report["status"] == "refused"
    assert f"berkas {name}: bukan buku kerja" in report["reason"], "by the name that its sender knows"
    assert standing(narrow) == before


def test_a_file_of_too_many_rows_is_refused_whole(narrow: Running, tmp_path: Path) -> None:
    assert finished(narrow, upload(narrow, table(ROWS)))["published"] == ROWS
    before = standing(narrow)
    many = new_book(tmp_path / "izin.xlsx", *permits("23/11/2026", ROWS + 1)).read_bytes()
    for name, body in (("izin.csv", table(ROWS + 1)), ("izin.xlsx", many)):
        report = finished(narrow, upload(narrow, body, name))
        assert report["status"] == "refused"
        assert report["reason"] == f"berkas {name}: lebih dari {ROWS} baris; pecah menjadi beberapa berkas"
        assert asked(narrow, report["job"], more="/hasil").status_code == 200
    assert standing(narrow) == before
