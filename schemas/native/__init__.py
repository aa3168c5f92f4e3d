"""The native part: C beside the Python that can do without it, built by ``make native``.

``NADI_NATIVE=0`` leaves what is built unused. A library is looked for once per process.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path


def wanted() -> bool:
    """Whether this process may use native parts."""
    return os.environ.get("NADI_NATIVE", "1") != "0"


@cache
def load(library: Path, source: Path) -> ctypes.CDLL | None:
    """The shared library built from that C source, or None where it is not built, is older than its source, or was
    built for another machine."""
    try:
        if library.stat().st_mtime < source.stat().st_mtime:
            return None
        return ctypes.CDLL(str(library))
    except OSError:
        return None
