"""The pages in Debian's Chromium: what is sent appears without a reload, on a phone and on a large screen."""

from __future__ import annotations

import os
from typing import Any

import pytest
from arrivals_stack import REVENUE_OPD, ArrivalsStack, Keys, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(900)]
DESK, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}
#: A folder for pictures of the pages, for whoever changes them.
PICTURES = os.environ.get("ARRIVALS_PICTURES", "")
SLOW = 120_000


def opened(browser: Any, stack: ArrivalsStack, path: str, key: str, size: dict[str, int] = DESK) -> Any:
    page = browser.new_context(viewport=size).new_page()
    page.set_default_timeout(SLOW)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on(
        "console", lambda m: page.problems.append(m.text) if "Content Security Policy" in m.text else None
    )
    page.goto(stack.url + path)
    page.fill("#key", key)
    page.click("#key-form button")
    return page


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_arrivals_and_refusals_appear_without_reload(stack: ArrivalsStack, keys: Keys, browser: Any) -> None:
    page = opened(browser, stack, "/opd", keys.revenue)
    foreign = opened(browser, stack, "/opd", keys.permits)
    page.wait_for_selector("#accepted td.empty")
    foreign.wait_for_selector("#accepted td.empty")
    assert keys.revenue not in page.url
    page.evaluate("window.kept = true")
    event = stack.event(permit_case_id='<img src=x onerror="window.hacked=1">')
    assert stack.send(event, keys.revenue).status_code == 202
    page.wait_for_selector(f"#accepted tr[data-id='{event['id']}']")
    hostile = stack.event(amount="1.500.000,00", source=stack.event()["source"] + '<b onclick="1">')
    assert stack.send(hostile, keys.revenue).status_code in (403, 422)
    refused = stack.send(stack.event(amount="1.500.000,00"), keys.revenue).json()
    row = page.wait_for_selector("#refused tr[data-code='fields']")
    assert refused["errors"][0]["detail"] in row.text_content()
    assert "/data/amount" in row.text_content()
    page.click(f"#accepted tr[data-id='{event['id']}'] summary")
    assert refused["detail"] in row.text_content()
    assert page.evaluate("window.kept && !window.hacked && !document.querySelector('td b')")
    assert foreign.locator("#accepted tr[data-id]").count() == 0
    assert foreign.locator("#refused tr[data-code]").count() == 0
    assert fits(page)
    picture(page, "opd-1920")
    phone = opened(browser, stack, "/opd", keys.revenue, PHONE)
    phone.wait_for_selector("#refused tr[data-code='fields']")
    assert fits(phone)
    picture(phone, "opd-390")
    assert page.problems == foreign.problems == phone.problems == []


def test_a_wrong_key_is_told_and_forgotten(stack: ArrivalsStack, browser: Any) -> None:
    page = opened(browser, stack, "/opd", "nadi_salah", PHONE)
    page.wait_for_selector("#told:has-text('tidak dikenal')")  # it says first that it is loading
    assert page.evaluate("sessionStorage.length") == 0
    assert page.is_visible("#key")
    picture(page, "opd-key-390")


def test_an_operator_chooses_and_the_table_has_everybody(
    stack: ArrivalsStack, keys: Keys, browser: Any
) -> None:
    assert stack.send(stack.event(), keys.revenue).status_code == 202
    page = opened(browser, stack, "/opd", keys.operator)
    page.wait_for_selector("#department option", state="attached")
    page.select_option("#department", REVENUE_OPD)
    page.wait_for_selector("#accepted tr[data-id]")
    for size in (DESK, PHONE):
        table = opened(browser, stack, "/kepatuhan", keys.operator, size)
        table.wait_for_selector("#rows tr[data-source]")
        assert table.locator("#rows tr[data-source]").count() == len(stack.profile.sources)
        assert "● tepat waktu" in table.text_content("#rows")
        assert fits(table)
        picture(table, f"kepatuhan-{size['width']}")
        table.goto(f"{stack.url}/docs/katalog")
        assert "Sistem perizinan DPMPTSP" in table.text_content("main")
        assert fits(table)
        picture(table, f"katalog-{size['width']}")
        assert table.problems == []


def test_a_letter_is_mended_in_the_page(stack: ArrivalsStack, keys: Keys, browser: Any) -> None:
    stack.start("stream")
    stack.past_the_gateway()
    page = opened(browser, stack, "/opd", keys.revenue)
    page.click("#letters tr[data-open='yes'] button")
    text = page.locator("#mend-text")
    eventually("the event is shown", lambda: "-5000000" in text.input_value())
    page.click("#mend-check")
    page.wait_for_selector("#mend-told li code")
    picture(page, "perbaiki-1920")
    text.fill(text.input_value().replace("-5000000", "5000000"))
    page.click("#mend-check")
    page.wait_for_selector("#mend-send:not([disabled])")
    page.click("#mend-send")
    page.wait_for_selector("#mend-told .good")
    page.click("#mend-close")
    page.wait_for_selector("#letters tr[data-open='no']")
    assert page.locator("#accepted tr[data-id]").count() >= 1
    phone = opened(browser, stack, "/opd", keys.revenue, PHONE)
    phone.wait_for_selector("#letters tr[data-open='no']")
    assert fits(phone)
    picture(phone, "surat-390")
    assert page.problems == phone.problems == []
