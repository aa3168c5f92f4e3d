"""The gateway's pages before anything was sent, in the dark: they fit, say that there is nothing, and miss no file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from arrivals_stack import ArrivalsStack, Keys

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(900)]
SIZES = ({"width": 1920, "height": 1080}, {"width": 390, "height": 844})
#: What each page says where nothing came yet.
PAGES = {
    "/opd": ("Belum ada yang diterima.", "Belum ada yang ditolak.", "Tidak ada surat mati."),
    "/kepatuhan": ("belum terdengar",),
    "/docs/katalog": ("belum ada kunci",),
    "/unggah": ("Unggah lembar kerja",),
}
WITH_KEY = ("/opd", "/kepatuhan")
ICON = Path(__file__).parents[2] / "sinks" / "wallboard" / "static" / "nadi.svg"


@pytest.mark.parametrize("size", SIZES, ids=["wall", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_without_data(
    stack: ArrivalsStack, keys: Keys, browser: Any, path: str, size: dict[str, int]
) -> None:
    context = browser.new_context(viewport=size, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(120_000)
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    page.goto(stack.url + path)
    if path in WITH_KEY:
        page.fill("#key", keys.revenue)
        page.click("#key-form button")
        page.wait_for_selector("#open:not([hidden])")
        assert page.locator("#leave").bounding_box()["width"] < 160, "a side action is no bar"
    text = page.inner_text("main")
    for said in PAGES[path]:
        assert said in text
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 18, 29)"
    assert missing == []
    context.close()


def test_the_icon_is_the_wallboard_s(stack: ArrivalsStack) -> None:
    answer = httpx.get(f"{stack.url}/favicon.ico", timeout=30, trust_env=False)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.text == ICON.read_text("utf-8")
