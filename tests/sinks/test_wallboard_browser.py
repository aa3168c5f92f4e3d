"""The board in Debian's Chromium: real events through Kafka and the real workers to what people see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from board_stack import BoardStack, eventually
from clickhouse_stack import wait_for

from sinks.wallboard import wording
from sinks.wallboard.typescale import font_vh

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(600)]
HOSTILE = '"><img src=x onerror="window.hacked=1">=1+1'
WALL = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def stack(kafka: Any, engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardStack]:
    stack = BoardStack(kafka.settings(kafka.layout()), engine_url, tmp_path_factory.mktemp("board"))
    stack.publish("revenue", *(stack.receipt(1_000_000 + number) for number in range(20)))
    stack.publish(
        "permits",
        stack.late_permit("LATE-1", permit_type="PBG", unit="PUPR-CK"),
        stack.late_permit(HOSTILE, permit_type=HOSTILE, unit=HOSTILE),
    )
    stack.publish(
        "permits", {**stack.late_permit("LATE-2", permit_type="PBG", unit=HOSTILE), "step": HOSTILE}
    )
    stack.start()
    try:
        stack.wait_ready()
        eventually(
            "the receipts are on the board",
            lambda: stack.tile("penerimaan")["headline"]["value"] == 20_000_190,
            90,
        )
        eventually(
            "the late permits are on the board", lambda: stack.tile("perhatian")["headline"]["value"] >= 2, 90
        )
        yield stack
    finally:
        stack.close()


def opened(browser: Any, address: str, size: dict[str, int]) -> Any:
    context = browser.new_context(viewport=size)
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on(
        "console", lambda m: page.problems.append(m.text) if "Content Security Policy" in m.text else None
    )
    page.goto(address)
    return page


def until(page: Any, expression: str, seconds: float = 20.0) -> None:
    """As wait_for_function, which the page's policy (no eval) rightly forbids."""
    wait_for(expression, lambda: bool(page.evaluate(expression)), seconds)


def ready(page: Any) -> None:
    until(page, "document.documentElement.dataset.ready === '1'")


def reconciled(stack: BoardStack, report: str) -> str:
    """Run ``nadi reconcile`` on a report as of today; gives the day in words."""
    path, today = stack.folder / "lra.csv", datetime.now(stack.profile.timezone).date()
    path.write_text(report, "utf-8")
    words = ("reconcile", "revenue", str(path), "--as-of", today.isoformat())
    done = stack.run(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return wording.day(today)


def test_published_totals_stand_on_the_wall_and_move_without_reload(stack: BoardStack, browser: Any) -> None:
    page = opened(browser, f"{stack.wall}/?mode=papan", WALL)
    ready(page)
    figure = page.locator("#tile-penerimaan .figure")
    assert figure.get_attribute("data-value") == "20000190"
    as_of = reconciled(stack, "Kode Rekening;Realisasi\n4.1;20.000.190\n")
    facts = "document.querySelector('#tile-penerimaan .facts').textContent"
    until(page, f"{facts}.includes('cocok dengan LRA per {as_of}')")
    assert page.evaluate(
        """() => { const list = document.querySelector('#tile-penerimaan .facts');
             for (const item of list.children) item.classList.toggle('on', item.textContent.startsWith('cocok'));
             return list.clientHeight > 0 && list.scrollHeight <= list.clientHeight + 2 && list.scrollWidth <= list.clientWidth + 2; }"""
    ), "the line fits its tile"
    assert figure.text_content() == "20,0"
    page.evaluate("window.kept = true")
    stack.publish("revenue", stack.receipt(5_000_000))
    until(page, "document.querySelector('#tile-penerimaan .figure').dataset.value === '25000190'", 20)
    assert page.evaluate("window.kept")
    until(page, f"{facts}.includes('{as_of}, lalu angkanya berubah')")
    assert page.locator("#simulated").is_visible()
    assert "DATA SIMULASI" in page.locator("#simulated").text_content()
    assert page.problems == []
    page.context.close()


def test_no_text_on_the_wall_is_smaller_than_the_floor(stack: BoardStack, browser: Any) -> None:
    page = opened(browser, f"{stack.wall}/?mode=papan", WALL)
    ready(page)
    page.evaluate("document.fonts.ready")
    small = page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((n) => n.checkVisibility() && !n.closest('.unseen')
             && [...n.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim()))
             .map((n) => [n.className || n.id, n.textContent.slice(0, 20), parseFloat(getComputedStyle(n).fontSize)])"""
    )
    floor = font_vh(16, 55, 5) / 100 * 1080
    assert len(small) > 15
    assert [entry for entry in small if entry[2] < floor - 0.5] == []
    assert page.evaluate(
        "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.tile')).cursor") == "none"
    page.context.close()


def test_a_phone_shows_one_column_and_all_facts(stack: BoardStack, browser: Any) -> None:
    page = opened(browser, stack.wall, PHONE)
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator("#wall > section").first.get_attribute("id") == "tile-perhatian"
    assert page.locator("#tile-penerimaan .facts li:visible").count() >= 7
    assert page.locator("#simulated").is_visible()
    row, line = (
        page.locator(f"#tile-penerimaan {part}").bounding_box() for part in (".facts li:last-child", ".spark")
    )
    assert line["height"] > 0
    assert line["y"] >= row["y"] + row["height"], "the line of the last days lies under a row"
    for name in ("penerimaan", "perizinan", "pelaporan"):
        page.goto(f"{stack.wall}/rincian/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
        assert "DATA SIMULASI" in page.text_content("body")
    page.context.close()


def test_free_text_of_departments_is_only_text(stack: BoardStack, browser: Any) -> None:
    for address in (f"{stack.wall}/", f"{stack.wall}/rincian/perizinan", f"{stack.desk}/"):
        page = opened(browser, address, WALL)
        page.wait_for_timeout(1500)
        assert page.evaluate("window.hacked") is None, address
        assert page.locator("img[src='x']").count() == 0, address
        page.context.close()


def test_every_control_and_region_has_a_name(stack: BoardStack, browser: Any) -> None:
    for address in (f"{stack.wall}/", f"{stack.wall}/rincian/anggaran", f"{stack.desk}/"):
        page = opened(browser, address, WALL)
        page.wait_for_timeout(800)
        assert page.evaluate("document.documentElement.lang") == "id"
        assert page.evaluate("document.title").strip()
        assert page.locator("h1").count() == 1
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('a, button, select, [role=img], [role=region]')].filter((n) => n.checkVisibility()
                 && !(n.textContent.trim() || n.getAttribute('aria-label') || n.getAttribute('aria-labelledby') || n.closest('label'))).map((n) => n.outerHTML)"""
        )
        assert nameless == [], address
        assert page.evaluate("[...document.images].every((i) => i.hasAttribute('alt'))")
        page.context.close()


def test_headers_keep_the_page_to_itself(stack: BoardStack) -> None:
    for address in (stack.wall, stack.desk):
        headers = httpx.get(f"{address}/", trust_env=False).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_snapshot_is_small_and_answers_304(stack: BoardStack) -> None:
    def ask(**headers: str) -> httpx.Response:
        return httpx.get(f"{stack.wall}/api/snapshot", headers=headers, trust_env=False)

    first = ask()
    assert len(first.content) < 15_000

    def unchanged() -> bool:
        return ask(**{"If-None-Match": ask().headers["etag"]}).status_code == 304

    eventually("the same picture is not sent again", unchanged, 10)


def test_downloads_say_simulated_and_hold_no_formula(stack: BoardStack) -> None:
    text = httpx.get(f"{stack.wall}/rincian/perizinan/0.csv", trust_env=False).text
    assert text.startswith("DATA SIMULASI\n")
    assert all(not line.startswith(("=", "+", "@")) for line in text.splitlines())


def test_a_killed_server_is_said_and_recovery_is_seen(stack: BoardStack, browser: Any) -> None:
    page = opened(browser, f"{stack.wall}/", WALL)
    ready(page)
    before = page.locator("#tile-penerimaan .figure").text_content()
    stack.kill("wallboard")
    page.wait_for_selector("#cut:not([hidden])", timeout=20_000)
    assert "TERPUTUS" in page.locator("#cut").text_content()
    assert page.locator("#simulated").is_visible()
    assert page.locator("#tile-penerimaan .figure").text_content() == before
    stack.publish("revenue", stack.receipt(1_000_000))
    stack.start("wallboard")
    page.wait_for_selector("#cut", state="hidden", timeout=60_000)
    until(page, "document.querySelector('#tile-penerimaan .figure').dataset.value === '26000190'", 60)
    until(page, "document.querySelector('#link').dataset.state === 'LANGSUNG'", 60)
    page.context.close()


def test_the_page_opens_without_a_server(stack: BoardStack, browser: Any) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(stack.wall)
    ready(page)
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    ready(page)
    stack.kill("wallboard")
    try:
        page.reload()
        page.wait_for_selector("#cut:not([hidden])", timeout=20_000)
        assert page.locator("#tile-penerimaan .figure").get_attribute("data-value") == "26000190"
    finally:
        context.close()
        stack.start("wallboard")
        stack.wait_ready()
