"""Chromium as a villager's phone, whose network is what we say, and whose process can be killed."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path
from typing import Any

import psutil
from wire import Wire

from tests.chromium import ARGUMENTS, CHROMIUM

SIZE = {"width": 390, "height": 844}
#: What a village of two bars has: 250 kbit/s, and 300 ms until an answer begins.
SLOW = {"latency": 300, "downloadThroughput": 250_000 // 8, "uploadThroughput": 250_000 // 8}
FAST = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
#: Writes rows as a person does: into the fields of the page, and by its own button.
TYPE = """async ([rows]) => {
  const counts = () => ["waiting", "refused", "sent"].reduce((sum, s) => sum + Number(document.getElementById(`count-${s}`).textContent), 0);
  for (const row of rows) {
    const before = counts();
    for (const [name, value] of Object.entries(row)) document.getElementById(`field-${name}`).value = value;
    document.getElementById("form").requestSubmit();
    // Counted may be before saved: a tab or the worker that sends draws the list too.
    while (counts() === before || !document.getElementById("saved").textContent) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}"""
ROWS = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("nadi-desa", 1);
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const asked = opening.result.transaction("rows").objectStore("rows").getAll();
    asked.onsuccess = () => { opening.result.close(); resolve(asked.result); };
  };
})"""


class Phone:
    """A browser with one tab. ``context`` holds all that it keeps."""

    def __init__(self, url: object, context: Any) -> None:
        self.url, self.context = f"{url}".rstrip("/") + "/desa", context
        self.problems: list[str] = []
        self.page = self.tab()

    def tab(self) -> Any:
        """Another tab; what goes wrong in it is in ``problems``."""
        page = self.context.new_page()
        page.network = self.context.new_cdp_session(page)
        page.network.send("Network.enable")
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda m: self.problems.append(m.text) if "Content Security" in m.text else None)
        return page

    def net(self, conditions: dict[str, int] | None, page: Any = None) -> None:
        """The network of a tab from now on; None is off, also for the worker behind the tabs."""
        self.context.set_offline(conditions is None)
        words = {"offline": conditions is None, **(conditions or FAST)}
        (page or self.page).network.send("Network.emulateNetworkConditions", words)

    def visit(self, fragment: str = "", page: Any = None) -> None:
        """Open the page, until it can be used and is kept for the time without a signal."""
        page = page or self.page
        page.goto(self.url + fragment)
        self.until("document.documentElement.dataset.ready === '1'", page=page)
        self.until("document.documentElement.dataset.offline === '1'", page=page)
        if fragment:
            self.until("!document.getElementById('key-kept').hidden", page=page)

    def write(self, *rows: dict[str, str]) -> None:
        self.page.evaluate(TYPE, [list(rows)])

    def rows(self) -> list[dict[str, Any]]:
        """What the phone keeps, in the order it was written."""
        found: list[dict[str, Any]] = self.page.evaluate(ROWS)
        return found

    def states(self) -> list[str]:
        return [row["state"] for row in self.rows()]

    def until(self, expression: str, seconds: float = 20.0, page: Any = None) -> None:
        """As wait_for_function, which the page's policy (no eval) rightly forbids."""
        deadline = time.monotonic() + seconds
        while not (page or self.page).evaluate(expression):
            assert time.monotonic() < deadline, f"{expression}; {self.problems}"
            time.sleep(0.05)

    def until_counted(self, state: str, count: int, seconds: float = 30.0) -> None:
        self.until(f"document.getElementById('count-{state}').textContent === '{count}'", seconds)


class OwnPhone(Phone):
    """One with a process, a data folder and a wire of its own: it can be killed, and started again with what it kept."""

    def __init__(self, wire: Wire, play: Any, folder: Path) -> None:
        self.wire, self._play, self._folder = wire, play, folder
        super().__init__(wire.url, self._started())

    def _started(self) -> Any:
        return self._play.chromium.launch_persistent_context(
            str(self._folder), executable_path=str(CHROMIUM), viewport=SIZE, args=ARGUMENTS
        )

    def net(self, conditions: dict[str, int] | None, page: Any = None) -> None:
        (self.wire.cut if conditions is None else self.wire.mend)()
        super().net(conditions, page)

    def start(self) -> None:
        """Start the browser again; the tab is empty."""
        self.context = self._started()
        self.page = self.tab()

    def kill(self) -> None:
        """kill -9 of the whole browser, by the folder that only its processes have in their command line."""
        ours = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(str(self._folder) in word for word in process.info["cmdline"] or [])
        ]
        assert ours, "no browser to kill"
        for process in ours:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(ours, 10)
        with contextlib.suppress(Exception):
            self.context.close()
