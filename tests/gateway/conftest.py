"""A gateway of its own process on the run's broker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from gateway_running import Running, running


@pytest.fixture(scope="module")
def gateway(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One gateway that the tests of a file share, with small limits of body and file."""
    folder = tmp_path_factory.mktemp("gateway")
    with running(kafka, folder, body_bytes=1_000_000, file_bytes=2_000_000) as gateway:
        yield gateway
