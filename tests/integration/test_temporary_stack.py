"""A temporary stack leaves nothing behind, however the command that made it is told to end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from infra.settings import resolve_profile

COMMAND = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests that run under nohup ignore it
from infra.embedded.stack import Stack
from infra.settings import Settings
from schemas.profile import Profile

settings = Settings.load(None).with_values({"data_dir": Path(sys.argv[1])})
with Stack.temporary(settings, Profile.load(Path(sys.argv[2]))) as stack:
    stack.start_broker()
    print("runs", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_was_started_ends_with_the_command(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", COMMAND, str(tmp_path), str(resolve_profile("contoh"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "runs\n", process.communicate()[1]
        parts = psutil.Process(process.pid).children(recursive=True)
        assert parts
        process.send_signal(number)
        try:
            process.wait(60)
        finally:
            process.kill()
    assert psutil.wait_procs(parts, timeout=20)[1] == []
    assert list(tmp_path.iterdir()) == []
