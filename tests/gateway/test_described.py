"""Schemathesis over the OpenAPI: no 5xx, and no answer that is not described."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from gateway_running import Running

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_no_answer_that_is_not_described(gateway: Running, tmp_path: Path) -> None:
    schemathesis = Path(sys.executable).with_name("schemathesis")
    words = [
        str(schemathesis), "run", f"{gateway.http.base_url}/openapi.json",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance",
        "--max-examples", "15", "--header", "Authorization: Bearer 2.18.01", "--seed", "1",
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
