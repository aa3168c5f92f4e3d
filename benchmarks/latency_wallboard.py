"""Publish to wallboard: how old an event is when it stands on the screen of a real browser.

    python benchmarks/latency_wallboard.py [--rate 100] [--seconds 30] [--bootstrap HOST:PORT] [--url URL]

Needs a running stack on which nothing else publishes revenue, for example ``nadi up`` without ``--demo``. It publishes
receipts of one rupiah at an even pace, whatever the answers (open loop), so the figure on the wall says exactly which
events it holds: with ``base + k`` on the screen, the first k events are seen. A MutationObserver in the page stamps each
new figure when it is in the document, and each event counts from just before it was handed to the producer. Browser
and producer share the machine's clock. Prints JSON: latencies in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from infra.embedded.running import connected
from infra.settings import Settings, resolve_profile
from producers.client import Publisher
from schemas import deployment
from schemas.profile import Profile
from schemas.settings import KafkaSettings

WATCH = """() => {
  const figure = document.querySelector('#tile-penerimaan .figure');
  window.seen = [[performance.timeOrigin + performance.now(), Number(figure.dataset.value || 0)]];
  new MutationObserver(() => window.seen.push([performance.timeOrigin + performance.now(), Number(figure.dataset.value || 0)]))
    .observe(figure, { attributes: true, attributeFilter: ['data-value'] });
}"""


def receipt(profile: Profile, simulated: bool) -> dict[str, Any]:
    """One rupiah of own revenue, now."""
    source = next(s for s in profile.sources.values() if s.domain == "revenue")
    account = next(code for code in profile.accounts if code.startswith("4.1.") and code.count(".") == 5)
    return {
        "event_id": str(uuid.uuid4()),
        "source": source.id,
        "opd": source.opd,
        "occurred_at": time.time_ns() // 1_000_000,
        "kind": "receipt",
        "cash_office": next(iter(profile.cash_offices)),
        "account": account,
        "amount": 1,
        "simulated": simulated,
    }


def publish(kafka: KafkaSettings, profile: Profile, origin: Any, rate: float, count: int) -> list[float]:
    """Publish at an even pace; the instants in Unix milliseconds, one an event."""
    sent = []
    with Publisher(kafka, origin=origin) as publisher:
        publisher.publish(
            "revenue", receipt(profile, origin == "simulated")
        )  # opens the connection, not counted
        publisher.flush()
        time.sleep(2)
        begun = time.perf_counter()
        for number in range(count):
            time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            record = receipt(profile, origin == "simulated")
            sent.append(time.time() * 1000)
            publisher.publish("revenue", record)
    return sent


def until(page: Any, expression: str, seconds: float) -> None:
    """Ask until it holds: the page's policy forbids the eval that Playwright's own waiting needs."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            sys.exit(f"not within {seconds:.0f} s: {expression}")
        time.sleep(0.1)


def latencies(sent: list[float], seen: list[tuple[float, int]], base: int) -> list[float]:
    """Milliseconds from each event to the first figure that holds it; events never seen are left out."""
    found = []
    figures = iter(seen)
    at, value = next(figures)
    for number, instant in enumerate(sent, 1):
        while value < base + number:
            following = next(figures, None)
            if following is None:
                return found
            at, value = following
        found.append(at - instant)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=100.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--bootstrap", default="", help="broker; empty takes the settings' stack")
    parser.add_argument("--url", default="", help="wallboard; empty takes the settings'")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    settings = Settings.load() if options.bootstrap else connected(Settings.load())
    kafka = (
        settings.kafka.model_copy(update={"bootstrap_servers": options.bootstrap})
        if options.bootstrap
        else settings.kafka
    )
    url = options.url or f"http://{settings.wallboard.host}:{settings.wallboard.port}"
    profile = Profile.load(resolve_profile(settings.profile))
    facts = deployment.read(kafka.bootstrap_servers, kafka.layout())
    origin = facts.get(
        deployment.ORIGIN, deployment.SIMULATED if profile.simulation_allowed else deployment.LIVE
    )
    count = int(options.rate * options.seconds)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{url}/?mode=papan")
        until(page, "document.documentElement.dataset.ready === '1'", 30)
        page.evaluate(WATCH)
        before = int(page.evaluate("window.seen[0][1]"))
        sent = publish(kafka, profile, origin, options.rate, count)
        target = before + 1 + count
        until(page, f"window.seen.at(-1)[1] >= {target}", 60)
        seen = [(float(at), int(value)) for at, value in page.evaluate("window.seen")]
        browser.close()
    found = sorted(latencies(sent, seen, before + 1))
    if seen[-1][1] != target:
        sys.exit(
            f"the figure ended at {seen[-1][1]}, expected {target}: something else publishes revenue on this stack"
        )
    cuts = statistics.quantiles(found, n=100, method="inclusive")
    print(
        json.dumps(
            {
                "events": len(found),
                "rate_per_second": round((count - 1) / (sent[-1] - sent[0]) * 1000, 1),
                "screens": len(seen) - 1,
                "median_ms": round(statistics.median(found), 1),
                "p95_ms": round(cuts[94], 1),
                "p99_ms": round(cuts[98], 1),
                "max_ms": round(found[-1], 1),
            }
        )
    )


if __name__ == "__main__":
    main()
