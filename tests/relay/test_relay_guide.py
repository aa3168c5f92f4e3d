"""The commands of docs/panduan/relay.md, run one after another as they stand; only addresses are replaced."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from gateway_running import Running
from relay_ground import ROOT, Ground, on_kafka
from sqlalchemy import make_url, text

pytestmark = pytest.mark.kafka
GUIDE = ROOT / "docs" / "panduan" / "relay.md"


def test_the_guide_works(
    gateway: Running, ground: Callable[..., Ground], tmp_path: Path, needs_php: None
) -> None:
    made = ground("mysql", f"http://127.0.0.1:{gateway.port}")
    with made.engine.begin() as connection:
        connection.execute(text("DROP TABLE outboxevent"))
    url = make_url(str(made.engine.url.render_as_string(hide_password=False)))
    folder = tmp_path / "opd"
    folder.mkdir()
    (folder / "nadi").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m infra.cli "$@"\n')
    (folder / "nadi").chmod(0o755)
    replaced = {
        "mysql://opd:sandi@127.0.0.1:3306/simpel": url.set(drivername="mysql").render_as_string(
            hide_password=False
        ),
        "-P 3306 -u opd -p simpel": f"-P {url.port} -u opd {url.database}",
        "https://gerbang.contoh.go.id": f"http://127.0.0.1:{gateway.port}",
        "nadi_2.18.01_contoh.rahasia": "2.18.01",
    }
    environment = {
        **os.environ, "MYSQL_PWD": url.password or "", "PYTHONPATH": str(ROOT), "PATH": f"{folder}:{os.environ['PATH']}",
    }  # fmt: skip
    ran = 0
    for language, block in re.findall(
        r"^```(\w+)\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        for old, new in replaced.items():
            block = block.replace(old, new)  # noqa: PLW2901
        if language == "ini":
            (folder / ".env").write_text(block)
        elif language == "sql":
            with made.engine.begin() as connection:
                for statement in filter(str.strip, block.split(";\n")):
                    connection.exec_driver_sql(statement.rstrip(";\n"))
        elif language == "sh":
            for line in block.splitlines():
                done = subprocess.run(
                    ["sh", "-c", line],
                    cwd=folder,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=60,
                )
                assert done.returncode == 0, (line, done.stdout, done.stderr)
                ran += 1
    assert ran == 7
    assert made.states() == {"waiting": 0, "sent": 1, "aside": 0}
    assert "IZIN-2026-000123" in on_kafka(gateway)
