"""A gateway with real keys and the village form, and Debian's Chromium as a phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "gateway"))

from phone import Phone, missing_browser
from village_ground import Ground


@pytest.fixture(scope="module")
def ground(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    ground = Ground(kafka.settings(kafka.layout()), tmp_path_factory.mktemp("village"))
    try:
        yield ground
    finally:
        ground.gateway.kill()


@pytest.fixture
def phone(ground: Ground, tmp_path: Path) -> Iterator[Phone]:
    """A phone without a key that has opened the page once."""
    missing_browser()
    with Phone(ground.gateway.http.base_url, tmp_path / "phone") as phone:
        phone.visit()
        yield phone
