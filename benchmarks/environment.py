"""The virtual environment of the third-party contenders, made from ``requirements.lock``: ``.venv-bench``.

They stay out of the product's own, whose packages they would change.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
FOLDER = HERE.parent / ".venv-bench"
STAMP = FOLDER / ".lock"


def python() -> Path:
    """Its interpreter; made, or made anew when the lock file changed. Raises CalledProcessError."""
    found = FOLDER / "bin" / "python"
    if found.exists() and STAMP.is_file() and STAMP.read_text("utf-8") == LOCK.read_text("utf-8"):
        return found
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(FOLDER)], check=True)
    subprocess.run(
        [uv, "pip", "sync", "--quiet", "--python", str(found), "--require-hashes", str(LOCK)], check=True
    )
    STAMP.write_text(LOCK.read_text("utf-8"), "utf-8")
    return found
