"""The files and commands of docs/panduan/tarik.md as they stand; only addresses are replaced."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from gateway_running import Running
from pull_ground import PullGround, announce, on_kafka
from relay_ground import ROOT
from sqlalchemy import make_url

pytestmark = pytest.mark.kafka
GUIDE = ROOT / "docs" / "panduan" / "tarik.md"


def test_the_guide_works(gateway: Running, pulled: Callable[..., PullGround], tmp_path: Path) -> None:
    made = pulled("mysql", f"http://127.0.0.1:{gateway.port}")
    made.write(1, 4, "2026-11-28 08:00:00")
    announce(gateway.kafka, "/opd/2.18.01/simpel")
    url = make_url(made.address)
    folder = tmp_path / "opd"
    folder.mkdir()
    (folder / "nadi").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m infra.cli "$@"\n')
    (folder / "nadi").chmod(0o755)
    replaced = {
        "127.0.0.1:3306/simpel": f"{url.host}:{url.port}/{url.database}",
        "simpel.izin": f"{url.database}.izin",
        "CREATE USER": "CREATE OR REPLACE USER",
        "https://gerbang.contoh.go.id": f"http://127.0.0.1:{gateway.port}",
        "nadi_2.18.01_contoh.rahasia": "2.18.01",
    }
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{folder}:{os.environ['PATH']}"}
    tomls = iter(("simpel.toml", "pemetaan.toml"))
    ran = 0
    for language, block in re.findall(
        r"^```(\w+)\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        for old, new in replaced.items():
            block = block.replace(old, new)  # noqa: PLW2901
        if language == "ini":
            (folder / ".env").write_text(block)
        elif language == "toml":
            (folder / next(tomls)).write_text(block)
        elif language == "sql":
            for statement in filter(str.strip, block.split(";\n")):
                with made.engine.begin() as connection:
                    connection.exec_driver_sql(statement.replace("%", "%%"))
        elif language == "sh":
            for line in block.splitlines():
                done = subprocess.run(
                    ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
                )  # fmt: skip
                assert done.returncode == 0, (line, done.stdout, done.stderr)
                ran += 1
    assert ran == 5
    assert len(on_kafka(gateway, "/opd/2.18.01/simpel")) == 4
