"""Debian's Chromium, which the tests of pages drive."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


def needed() -> None:
    """Skip by name where it is missing; CI must have it."""
    if os.geteuid() == 0 and CHROMIUM.exists():
        return
    if os.environ.get("CI") == "true":
        pytest.fail("CI must run the browser tests: root and /usr/bin/chromium are missing")
    pytest.skip("needs root and Debian's /usr/bin/chromium")
