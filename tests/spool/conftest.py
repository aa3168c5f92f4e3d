"""The gateway of the queue's tests: a real one, and one that answers as it is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("gateway", "relay")]

from gateway_running import Running, running
from spool_ground import Ground
from staged_gateway import Staged, staging


@pytest.fixture(scope="module")
def gateway(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(kafka, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture
def staged() -> Iterator[Callable[..., Staged]]:
    with staging() as make:
        yield make


@pytest.fixture
def ground(tmp_path: Path) -> Callable[[str], Ground]:
    """Makes a place for a queue that sends to an address."""
    return lambda url: Ground(tmp_path, url)
