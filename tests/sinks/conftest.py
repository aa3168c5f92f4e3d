"""One engine process for the tests that do not end it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def engine_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running embedded engine."""
    from clickhouse_stack import EngineProcess

    engine = EngineProcess(tmp_path_factory.mktemp("clickhouse")).start()
    try:
        yield engine.url
    finally:
        engine.kill()
