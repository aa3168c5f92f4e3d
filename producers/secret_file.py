"""A file with a secret, made once: by whichever process is first."""

from __future__ import annotations

import os
from pathlib import Path


def make(path: Path, text: str) -> None:
    """Write a file of mode 0600; where another process was first, its file stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
