"""A hang-up ends a command, unless it was started under nohup."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMAND = """
import os, signal, sys
from infra.signals import stop_signal

signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1]))
told = stop_signal()
os.kill(os.getpid(), signal.SIGHUP)
hung_up = told.wait(0.5)
os.kill(os.getpid(), signal.SIGTERM)
print(hung_up, told.wait(20))
"""


@pytest.mark.parametrize(("before", "said"), [("SIG_DFL", "True True"), ("SIG_IGN", "False True")])
def test_a_hang_up_ends_a_command_but_under_nohup(before: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, before], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == said
