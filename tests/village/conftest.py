"""A gateway with real keys and the village form, and Debian's Chromium as a phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "gateway"))

from phone import SIZE, OwnPhone, Phone
from village_ground import Ground
from wire import Wire


@pytest.fixture(scope="session")
def ground(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    ground = Ground(kafka.settings(kafka.layout()), tmp_path_factory.mktemp("village"))
    try:
        yield ground
    finally:
        ground.gateway.kill()


@pytest.fixture
def phone(ground: Ground, browser: Any) -> Iterator[Phone]:
    """A phone without a key that has opened the page once."""
    phone = Phone(ground.gateway.http.base_url, browser.new_context(viewport=SIZE))
    phone.visit()
    yield phone
    phone.context.close()


@pytest.fixture
def own_phone(ground: Ground, play: Any, tmp_path: Path) -> Iterator[OwnPhone]:
    """The same with a process and a wire of its own."""
    wire = Wire(ground.gateway.port)
    phone = OwnPhone(wire, play, tmp_path / "phone")
    phone.visit()
    yield phone
    phone.context.close()
    wire.close()
