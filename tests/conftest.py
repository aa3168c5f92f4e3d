"""One real broker per run, shared by all tests through unique topic prefixes.

``NADI_TEST_BOOTSTRAP`` names a broker that runs already; otherwise the embedded one is started.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import streams  # noqa: F401  (before Polars: its pool has the size that a worker gives it)
from schemas.catalogue import Layout, create_topics
from schemas.settings import KafkaSettings
from tests import chromium


@dataclass(frozen=True)
class TestKafka:
    """The broker of this run. ``layout`` makes a fresh set of all topics and describes it."""

    __test__ = False
    bootstrap: str

    def layout(self, prefix: str | None = None, **options: Any) -> Layout:
        """A layout with a prefix of its own (given or drawn) whose topics exist; options as ``Layout``."""
        layout = Layout(f"t{uuid.uuid4().hex[:8]}." if prefix is None else prefix, **options)
        create_topics(self.admin(), layout)
        return layout

    def settings(self, layout: Layout) -> KafkaSettings:
        """The settings that describe this broker and that layout."""
        return KafkaSettings(
            bootstrap_servers=self.bootstrap,
            topic_prefix=layout.prefix,
            partitions=layout.partitions,
            replication=layout.replication,
            timestamps=layout.timestamps,
            retention_years=layout.retention_years,
        )

    def admin(self) -> Any:
        from confluent_kafka.admin import AdminClient

        return AdminClient({"bootstrap.servers": self.bootstrap})


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestKafka]:
    """The broker of this run: ``.bootstrap``, ``.layout(prefix=None, **options)``, ``.settings(layout)``."""
    if given := os.environ.get("NADI_TEST_BOOTSTRAP"):
        yield TestKafka(given)
        return
    from infra.embedded.kafka import Broker

    folder: Path = tmp_path_factory.mktemp("kafka")
    with Broker(folder) as broker:
        yield TestKafka(broker.bootstrap)


@pytest.fixture(scope="module")
def play() -> Iterator[Any]:
    """Playwright, where Chromium is."""
    chromium.needed()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        yield play


@pytest.fixture(scope="module")
def browser(play: Any) -> Iterator[Any]:
    """A Chromium that the tests of a file share."""
    browser = play.chromium.launch(executable_path=str(chromium.CHROMIUM), args=chromium.ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the shell it was started from."""
    for name in os.environ:
        if name.startswith("NADI_") and name != "NADI_TEST_BOOTSTRAP":
            monkeypatch.delenv(name)
