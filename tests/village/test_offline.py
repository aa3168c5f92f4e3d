"""A village without a signal: what was written is kept through everything, and arrives once and in order."""

from __future__ import annotations

import time
from collections import defaultdict

import pytest
from phone import FAST, SLOW, OwnPhone, Phone
from village_ground import SOURCE, VILLAGE, Ground

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(300)]
ENTRIES = 200
FAMILIES = 8


def birth(number: int) -> dict[str, str]:
    """One entry; the family card is one of a few, so that the order of a key can be seen."""
    return {
        "occurred_at": f"2026-11-{number % 28 + 1:02d}",
        "village": VILLAGE,
        "family_card_token": f"99010101010900{number % FAMILIES + 10:02d}",
        "sex": "LP"[number % 2],
    }


def test_two_hundred_entries_survive_the_night_and_arrive_once_and_in_order(
    ground: Ground, own_phone: OwnPhone
) -> None:
    phone = own_phone
    phone.visit(f"#kunci={ground.key()}")
    assert phone.page.url == phone.url, "the key stays in the address"
    phone.page.select_option("#own", VILLAGE)
    phone.net(None)
    assert phone.page.evaluate("fetch('/health').then(() => true, () => false)") is False
    for number in range(2):  # as fingers do it
        for name, value in birth(number).items():
            field = phone.page.locator(f"#field-{name}")
            field.select_option(value) if name in ("village", "sex") else field.fill(value)
        phone.page.locator("#save").click()
        phone.until_counted("waiting", number + 1)
    phone.write(*(birth(number) for number in range(2, ENTRIES)))
    written = phone.rows()
    assert [row["data"]["family_card_token"] for row in written] == [
        birth(number)["family_card_token"] for number in range(ENTRIES)
    ]
    phone.page.close()
    phone.kill()

    phone.start()
    phone.net(None)
    phone.visit()
    assert [row["data"] for row in phone.rows()] == [row["data"] for row in written]
    phone.until_counted("waiting", ENTRIES)
    assert phone.page.locator("#rows .state").first.text_content() == "menunggu sinyal"
    ids = {row["id"] for row in written}
    assert not [id_ for _, id_, _ in ground.arrived() if id_ in ids]

    begun = time.monotonic()
    phone.net(SLOW)
    phone.until("Number(document.getElementById('count-sent').textContent) >= 50", 60)
    phone.kill()
    phone.start()
    phone.net(SLOW)
    phone.visit()
    phone.until_counted("sent", ENTRIES, 120)
    print(f"{ENTRIES} entries over 250 kbit/s and 300 ms in {time.monotonic() - begun:.1f} s")
    arrived = [one for one in ground.arrived() if one[1] in ids]
    assert len(arrived) == ENTRIES == len(ids), "once each"
    assert {source for _, _, source in arrived} == {SOURCE}
    wanted, found = defaultdict(list), defaultdict(list)
    for row in written:
        wanted[row["data"]["family_card_token"]].append(row["id"])
    for key, id_, _ in arrived:
        found[key].append(id_)
    assert sorted(found.values()) == sorted(wanted.values()), "in the phone's order for every key"
    assert len(wanted) == FAMILIES
    assert not any("data" in row or "typed" in row for row in phone.rows())
    assert "990101010109" not in str(phone.rows()), "a number of a person is kept after it arrived"
    assert phone.problems == []


def test_two_tabs_never_send_twice(ground: Ground, phone: Phone) -> None:
    phone.visit(f"#kunci={ground.key()}")
    other = phone.tab()
    phone.visit(page=other)
    phone.net(None)
    phone.net(None, other)
    phone.write(*(birth(number) for number in range(60)))
    ids = [row["id"] for row in phone.rows()]
    sent: list[str] = []
    phone.context.on(  # the tabs and the worker behind them
        "requestfinished",
        lambda r: sent.extend(e["id"] for e in r.post_data_json) if r.url.endswith("/v1/events") else None,
    )
    phone.net(SLOW)
    phone.net(SLOW, other)
    phone.until_counted("sent", 60, 60)
    phone.until("document.getElementById('count-sent').textContent === '60'", page=other)
    assert sent == ids, "every row in one request only, in order"
    assert sorted(id_ for _, id_, _ in ground.arrived() if id_ in ids) == sorted(ids)


def test_an_answer_that_was_lost_is_asked_for_again(ground: Ground, phone: Phone) -> None:
    phone.visit(f"#kunci={ground.key()}")

    def lose(route: object) -> None:
        route.fetch()  # type: ignore[attr-defined]  # the gateway took it, and the signal was gone
        route.abort()  # type: ignore[attr-defined]

    phone.context.route("**/v1/events", lose)
    phone.write(birth(1))
    phone.until("document.getElementById('report').dataset.state === 'away'")
    assert phone.states() == ["waiting"]
    assert phone.page.locator("#rows button").count() == 0, "a row that may have arrived cannot be changed"
    phone.context.unroute("**/v1/events")
    phone.page.locator("#send-now").click()
    phone.until_counted("sent", 1)
    (row,) = phone.rows()
    assert [id_ for _, id_, _ in ground.arrived()].count(row["id"]) == 1


def test_a_login_page_of_a_hotspot_is_no_receipt(ground: Ground, phone: Phone) -> None:
    phone.visit(f"#kunci={ground.key()}")
    phone.context.route("**/v1/events", lambda route: route.fulfill(status=200, body="<html>Masuk</html>"))
    phone.write(birth(1))
    phone.until("document.getElementById('report').dataset.state === 'away'")
    assert phone.states() == ["waiting"]
    phone.context.unroute("**/v1/events")
    phone.net(FAST)
    phone.page.locator("#send-now").click()
    phone.until_counted("sent", 1)
