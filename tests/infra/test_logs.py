"""No number of a person stands in a log, however it gets there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.producers.test_persons import NIK, NIP, NPWP, PHONE

SCRIPT = """
import logging, structlog, sys
from infra.logs import set_up
set_up()
numbers = sys.argv[1:]
log, plain = structlog.get_logger(), logging.getLogger("lib")
for n in numbers:
    log.info("taken " + n, value=n, **{"of": {"deep": [n, (n,)], n: 1}})
    structlog.contextvars.bind_contextvars(caller=n)
    log.warning("bound", whole=ValueError(n), raw=n.encode())
    plain.warning("taken %s", n, extra={"x": n})
    try:
        int("x" + n)
    except ValueError:
        log.exception("failed", stack_info=True)
        plain.exception("failed with %r", {"n": n})
    if n.isdigit():
        log.info("number", value=int(n))
        plain.error("number %d", int(n))
log.info("kept", event_id="3f2504e0-4f89-11d3-9a0c-0305e82c3301", offset=1234567)
"""


@pytest.mark.parametrize("as_json", ["0", "1"])
def test_nothing_that_is_logged_holds_a_number(as_json: str) -> None:
    numbers = [NIK, NIP, NPWP, PHONE, "001234567890"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *numbers],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "NADI_LOG_JSON": as_json},
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "kept" in said
    assert "3f2504e0-4f89-11d3-9a0c-0305e82c3301" in said
    assert "1234567" in said
    assert said.count("failed") >= 10
    for number in numbers:
        assert number not in said
        assert str(int("".join(c for c in number if c.isdigit()))) not in said.replace("1234567", "", 1)
