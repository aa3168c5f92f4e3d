"""Whole files through the gateway on a real broker: all rows or none, once, also after kill -9 in the middle."""

from __future__ import annotations

import io
import os
import subprocess
import time
import uuid
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter
from gateway_running import ROOT, Running
from python_calamine import CalamineWorkbook

from schemas.records import read_topics
from tests.producers.protected_numbers import NIK, leaks

pytestmark = pytest.mark.kafka
HEADER = "kind,occurred_at,case_id,permit_type,applicant"
DONE_SECONDS = 60.0


def table(rows: int, first: str = "", *, applicant: str = "") -> bytes:
    """A CSV of so many permits, which no other test has."""
    run = uuid.uuid4().hex[:8]
    lines = [f"submitted,2026-11-23T09:00:00+07:00,K-{run}-{n},PBG,{applicant}" for n in range(rows)]
    return "\n".join([HEADER, *([first] if first else []), *lines, ""]).encode()


def upload(
    gateway: Running, body: bytes, name: str = "izin.csv", key: str = "2.18.01", **headers: str
) -> httpx.Response:
    return gateway.http.post(
        "/v1/files",
        params={"domain": "permits", "name": name},
        content=body,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/octet-stream", **headers},
    )


def asked(gateway: Running, job: str, key: str = "2.18.01", more: str = "") -> httpx.Response:
    return gateway.http.get(f"/v1/files/{job}{more}", headers={"Authorization": f"Bearer {key}"})


def finished(gateway: Running, answer: httpx.Response, key: str = "2.18.01") -> dict[str, Any]:
    """The report once the file's fate is known."""
    found = answer.json()
    report: dict[str, Any] = found.get("report") or found
    deadline = time.monotonic() + DONE_SECONDS
    while report["result"] is None:
        assert time.monotonic() < deadline, report
        time.sleep(0.1)
        report = asked(gateway, report["job"], key).json()
    return report


def standing(gateway: Running, topic: str = "permits.steps") -> Counter[str]:
    """How often each case stands on the topic."""
    name = gateway.kafka.layout().topic(topic)
    messages = read_topics(gateway.kafka.bootstrap_servers, [name])
    return Counter(dict(m.headers())["ce_id"].decode() for m in messages)


def test_a_good_file_is_published_whole_and_once(gateway: Running) -> None:
    before = standing(gateway)
    body = table(30, applicant=NIK)
    report = finished(gateway, upload(gateway, body))
    assert (report["status"], report["rows"], report["published"]) == ("published", 30, 30), report
    again = upload(gateway, body, "lain.csv")
    assert again.status_code == 200
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["job"] == report["job"]
    new = standing(gateway) - before
    assert len(new) == 30
    assert set(new.values()) == {1}
    result = asked(gateway, report["job"], more="/hasil")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(result.content)).get_sheet_by_index(0).to_python()
    assert rows[0][:2] == ["Baris", "Keterangan kesalahan"]
    assert {row[-1] for row in rows[1:]} == set(new)
    assert leaks(str(rows)) == set()
    assert not leaks(report.__repr__())
    receipt = gateway.http.get(f"/v1/events/{next(iter(new))}", headers={"Authorization": "Bearer 2.18.01"})
    assert receipt.status_code == 200


def test_a_faulty_row_holds_back_the_whole_file(gateway: Running) -> None:
    before = standing(gateway)
    body = table(5, f"submitted,23/11/2026,IZIN {NIK},PBG,990101")
    answer = upload(gateway, body)
    assert answer.status_code in (202, 422), answer.text  # 202 where the machine is slow
    report = finished(gateway, answer)
    assert (report["status"], report["rows"], report["refused"]) == ("refused", 6, 1)
    assert {(e["row"], e["column"]) for e in report["errors"]} >= {(2, "case_id")}
    assert leaks(str(report)) == set()
    assert standing(gateway) == before
    rows = CalamineWorkbook.from_filelike(
        io.BytesIO(asked(gateway, report["job"], more="/hasil").content)
    ).get_sheet_by_index(0)
    assert rows.to_python()[1][1]
    wrong_number = finished(gateway, upload(gateway, table(2, applicant="990101010190")))
    assert [e["column"] for e in wrong_number["errors"]] == ["applicant"] * 2, wrong_number


def test_an_id_with_another_payload_is_found_before_anything_is_published(gateway: Running) -> None:
    header = f"event_id,{HEADER}"
    first, second = uuid.uuid4(), uuid.uuid4()
    line = "submitted,2026-11-23T09:00:00+07:00"
    good = f"{header}\n{first},{line},K-1,PBG,\n".encode()
    assert finished(gateway, upload(gateway, good))["status"] == "published"
    before = standing(gateway)
    changed = f"{header}\n{second},{line},K-2,PBG,\n{first},{line},K-9,PBG,\n{second},{line},K-3,PBG,\n"
    report = finished(gateway, upload(gateway, changed.encode()))
    assert [e["row"] for e in report["errors"]] == [3, 4], report
    assert standing(gateway) == before


def test_who_may_not_and_what_is_no_file(gateway: Running) -> None:
    body = table(1)
    for code, status, answer in (
        ("key-unknown", 401, upload(gateway, body, key="nobody")),
        ("too-many-requests", 429, upload(gateway, body, key="tired")),
        ("file-kind", 415, upload(gateway, body, "izin.xlsm")),
        ("file-kind", 415, upload(gateway, body, "izin")),
        ("file-kind", 415, upload(gateway, body, **{"Content-Type": "multipart/form-data; boundary=x"})),
        ("file-unnamed", 400, upload(gateway, body, "")),
        ("file-unnamed", 400, upload(gateway, b"")),
        ("file-too-long", 413, upload(gateway, b"x" * 2_000_001)),
    ):
        assert answer.status_code == status, answer.text
        assert answer.json()["type"] == f"/docs/errors#{code}"
    foreign = finished(gateway, upload(gateway, table(1), key="2.18.01"))["job"]
    assert asked(gateway, foreign, "5.02.02").status_code == 404
    assert asked(gateway, foreign, "uji").status_code == 404
    assert asked(gateway, "../../x").status_code == 404
    narrow = finished(gateway, upload(gateway, table(1), key="narrow"), "narrow")
    assert "tidak boleh mengirim kejadian berjenis" in narrow["errors"][-1]["detail"], narrow
    other = finished(
        gateway, upload(gateway, f"opd,{HEADER}\n5.02.02,submitted,2026-11-23,K-1,PBG,\n".encode())
    )
    assert other["errors"], other


def test_a_sandbox_file_reaches_no_wall(gateway: Running) -> None:
    before, tried = standing(gateway), standing(gateway, "uji.permits.steps")
    answer = upload(gateway, table(3), key="uji")
    report = finished(gateway, answer, "uji")
    assert report["status"] == "published", report
    assert standing(gateway) == before
    assert len(standing(gateway, "uji.permits.steps") - tried) == 3


def workbook(*rows: list[Any]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate([HEADER.split(",")[:4], *rows]):
            sheet.write_row(number, 0, cells)
    return out.getvalue()


def test_workbooks_and_those_that_are_meant_badly(gateway: Running) -> None:
    good = workbook(["submitted", "2026-11-23T09:00:00+07:00", f"K-{uuid.uuid4().hex[:8]}", "PBG"])
    assert finished(gateway, upload(gateway, good, "izin.xlsx"))["status"] == "published"
    assert finished(gateway, upload(gateway, good[: len(good) // 2], "izin.xlsx"))["status"] == "refused"
    assert "utuh" in finished(gateway, upload(gateway, table(1), "izin.xlsx"))["reason"]
    assert finished(gateway, upload(gateway, good, "izin.csv"))["published"] == 1, "known by its content"
    other = workbook(["submitted", "2026-11-23T09:00:00+07:00", "K-2", "PBG"])
    assert finished(gateway, upload(gateway, other, "izin.csv"))["status"] == "refused"
    formula = workbook(["submitted", "2026-11-23T09:00:00+07:00", "=1+1", "PBG"])
    report = finished(
        gateway, upload(gateway, formula, "rumus.xlsx")
    )  # its saved value counts, no formula is computed
    assert report["status"] in ("published", "refused")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (300 << 20))
    begun = time.monotonic()
    assert "256 MiB" in finished(gateway, upload(gateway, bomb.getvalue(), "bom.xlsx"))["reason"]
    assert time.monotonic() - begun < 5


def test_half_an_upload_leaves_nothing(gateway: Running) -> None:
    import socket

    before = standing(gateway)
    with socket.create_connection(("127.0.0.1", gateway.port)) as line:
        line.sendall(
            b"POST /v1/files?domain=permits&name=a.csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer 2.18.01\r\n"
            b"Content-Type: text/csv\r\nContent-Length: 100000\r\n\r\n" + table(5)
        )
    time.sleep(0.3)
    assert gateway.ready()
    assert standing(gateway) == before


def test_killed_in_the_middle_it_goes_on_and_nothing_stands_twice(kafka: Any, tmp_path: Path) -> None:
    gateway = Running(
        kafka.settings(kafka.layout()), tmp_path / "log",
        environment={**os.environ, "NADI_FAILPOINT": "upload-published:1"},
    )  # fmt: skip
    body = table(2_600)
    try:
        answer = upload(gateway, body)
        job = answer.json()["job"] if answer.status_code == 202 else ""
    except httpx.TransportError:
        job = ""
    try:
        assert gateway.process.wait(DONE_SECONDS) == -9
        assert 0 < len(standing(gateway)) < 2_600
        assert list((tmp_path / "files").rglob("berkas.csv")), "the file is not kept"
        gateway.environment = None
        gateway.start()
        report = finished(gateway, upload(gateway, body))
        assert not job or report["job"] == job
        assert (report["status"], report["published"]) == ("published", 2_600), report
        assert report["replayed"] >= 1_000
        found = standing(gateway)
        assert len(found) == 2_600
        assert set(found.values()) == {1}
        assert not list((tmp_path / "files").rglob("berkas.csv")), "the file is kept for no reason"
    finally:
        gateway.kill()


def test_the_curl_of_the_guide_runs(gateway: Running, tmp_path: Path) -> None:
    text = (ROOT / "docs/panduan/berkas.md").read_text("utf-8")
    shown = next(part for part in text.split("```") if "/v1/files?" in part)
    words = shown.replace("http://127.0.0.1:8602", str(gateway.http.base_url).rstrip("/"))
    (tmp_path / "izin.csv").write_bytes(table(2))
    done = subprocess.run(
        ["bash", "-ec", words.replace("KUNCI", "2.18.01")], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert finished(gateway, httpx.Response(200, text=done.stdout))["status"] == "published", done.stdout
