"""Another wall clock for some processes: a small library that is loaded before theirs, and a file that says the shift."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("clock_shift.c")


def compiler() -> str | None:
    """The C compiler, None where there is none."""
    return shutil.which(os.environ.get("CC", "cc"))


class ClockShift:
    """Builds the library in ``folder``. Processes started with ``environment`` see the wall clock shifted by what was
    ``set`` last, at once; their monotonic clock is the machine's."""

    def __init__(self, folder: Path) -> None:
        cc = compiler()
        assert cc is not None
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "clock_shift.so"
        command = [cc, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
        subprocess.run(command, check=True)
        self._file = folder / "seconds"
        self.set(0)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_SHIFT_FILE": str(self._file)}

    def set(self, seconds: int) -> None:
        """Ahead by so many seconds, or behind for a negative number."""
        with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
            file.write(struct.pack("=q", seconds))
