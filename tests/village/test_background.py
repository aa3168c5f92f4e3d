"""The tab is closed and rows wait: the browser wakes the worker, which sends them, once."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from phone import FAST, OwnPhone, Phone
from test_offline import birth
from village_ground import Ground

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(300)]


def arrived(ground: Ground, ids: Sequence[str], seconds: float = 60) -> list[str]:
    """The ids among these on the topic, once all are there."""
    deadline = time.monotonic() + seconds
    while True:
        found = [id_ for _, id_, _ in ground.arrived() if id_ in ids]
        if set(found) == set(ids) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def wake(phone: Phone) -> None:
    """What the browser does when the signal returns, from a tab that is not the form."""
    page = phone.context.new_page()
    control, known = phone.context.new_cdp_session(page), []
    control.on("ServiceWorker.workerRegistrationUpdated", lambda event: known.extend(event["registrations"]))
    control.send("ServiceWorker.enable")
    deadline = time.monotonic() + 20
    while not (ours := [one for one in known if one["scopeURL"] == phone.url]):
        assert time.monotonic() < deadline, known
        page.wait_for_timeout(50)
    control.send(
        "ServiceWorker.dispatchSyncEvent",
        {
            "origin": phone.url.removesuffix("/desa"), "registrationId": ours[-1]["registrationId"],
            "tag": "nadi-desa-kirim", "lastChance": False,
        },
    )  # fmt: skip


def test_rows_are_sent_after_the_tab_is_gone(ground: Ground, phone: Phone) -> None:
    phone.visit(f"#kunci={ground.key()}")
    phone.context.route("**/v1/**", lambda route: route.abort())
    phone.write(*(birth(number) for number in range(30)))
    ids = [row["id"] for row in phone.rows()]
    assert set(phone.states()) == {"waiting"}
    phone.page.close()
    phone.context.unroute("**/v1/**")
    wake(phone)
    found = arrived(ground, ids)
    assert sorted(found) == sorted(ids), "once each"
    phone.page = phone.tab()
    phone.visit()
    phone.until_counted("sent", 30)
    assert not any("data" in row for row in phone.rows()), "numbers of persons are kept after they arrived"
    assert phone.problems == []


def test_without_a_signal_the_worker_keeps_what_waits(ground: Ground, own_phone: OwnPhone) -> None:
    phone = own_phone
    phone.visit(f"#kunci={ground.key()}")
    phone.net(None)
    phone.write(birth(1), birth(2))
    ids = [row["id"] for row in phone.rows()]
    other = phone.tab()
    phone.page.close()
    wake(phone)
    other.wait_for_timeout(1000)
    assert arrived(ground, ids, 0) == []
    phone.page = other
    phone.visit()
    assert phone.states() == ["waiting", "waiting"]
    phone.page.goto("about:blank")
    phone.net(FAST)
    wake(phone)
    assert sorted(arrived(ground, ids)) == sorted(ids), "once each"


def test_the_browser_wakes_the_worker_by_itself_after_a_restart(ground: Ground, own_phone: OwnPhone) -> None:
    """Killed without a signal, started with one, and the form is never opened."""
    phone = own_phone
    phone.visit(f"#kunci={ground.key()}")
    phone.net(None)
    phone.write(birth(3), birth(4))
    ids = [row["id"] for row in phone.rows()]
    phone.kill()
    phone.wire.mend()
    phone.start()
    assert sorted(arrived(ground, ids)) == sorted(ids), "once each"
