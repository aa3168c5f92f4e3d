"""The section of docs/panduan/vendor.md about the queue, run as it stands; only address and key are replaced."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gateway_running import Running
from relay_ground import on_kafka
from spool_ground import ROOT

pytestmark = pytest.mark.kafka
GUIDE = ROOT / "docs" / "panduan" / "vendor.md"


def test_the_guide_works(gateway: Running, tmp_path: Path) -> None:
    section = GUIDE.read_text("utf-8").split("## Antrean yang bertahan\n")[1].split("\n## ")[0]
    (tmp_path / ".env").write_text(f"NADI_URL=http://127.0.0.1:{gateway.port}\nNADI_KEY=2.18.01\n")
    (tmp_path / "nadi").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m infra.cli "$@"\n')
    (tmp_path / "nadi").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    said = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
        lines = (
            [[sys.executable, "-c", block]]
            if language == "python"
            else [["sh", "-c", line] for line in block.splitlines()]
        )
        for line in lines:
            done = subprocess.run(
                line, cwd=tmp_path, capture_output=True, text=True, timeout=120,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": path},
            )  # fmt: skip
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            said.append(done.stdout)
    assert len(said) == 5
    assert "1 terkirim" in said[1]
    assert re.search(r"Menunggu +0\n", said[2])
    assert len(on_kafka(gateway)["IZIN-2026-000124"]) == 1
