"""The page on which people upload a file, in Chromium: a faulty file is shown row by row, a good one is published."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from gateway_running import Running
from test_uploads import standing, table

pytestmark = [pytest.mark.kafka, pytest.mark.browser]
WIDTHS = (390, 1920)


def test_a_person_uploads_a_file(gateway: Running, browser: Any, tmp_path: Path) -> None:
    shots = Path(os.environ.get("SHOTS", tmp_path))
    bad, good = tmp_path / "izin.csv", tmp_path / "izin-benar.csv"
    bad.write_bytes(table(3, f"submitted,kemarin,K-{uuid.uuid4().hex},PBG,990101"))
    good.write_bytes(table(40))
    before = standing(gateway)
    for width in WIDTHS:
        page = browser.new_page(viewport={"width": width, "height": 900})
        faults: list[str] = []
        page.on("pageerror", lambda error, found=faults: found.append(str(error)))
        page.on(
            "console",
            lambda line, found=faults: found.append(line.text) if "Security Policy" in line.text else None,
        )
        page.goto(f"http://127.0.0.1:{gateway.port}/unggah")
        page.fill("#kunci", "2.18.01")
        page.set_input_files("#berkas", bad)
        page.click("button[type=submit]")
        page.wait_for_selector("#tabel:not([hidden]) tbody tr", timeout=30_000)
        assert "1 dari 4 baris salah" in page.inner_text("#keadaan")
        assert page.locator("#tabel tbody tr").count() >= 1
        with page.expect_download() as download:
            page.click("#hasil")
        assert download.value.suggested_filename == "izin.hasil.xlsx"
        page.screenshot(path=shots / f"unggah-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_input_files("#berkas", good)
        page.click("button[type=submit]")
        page.wait_for_selector("#keadaan[data-state=published]", timeout=30_000)
        assert "40 dari 40 baris" in page.inner_text("#keadaan")
        page.screenshot(path=shots / f"unggah-{width}-selesai.png", full_page=True)
        assert not faults, faults
    browser.close()
    assert len(standing(gateway) - before) == 40
