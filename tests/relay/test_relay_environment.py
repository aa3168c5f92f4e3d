"""A ``.env`` that cannot be used is refused by both relays, with what to do and without its secrets."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from relay_ground import PHP

from producers.relay.environment import Environment
from producers.relay.outbox import Outbox
from producers.sending.environment import EnvironmentFileError, values
from producers.sending.signing import Signer

GOOD = {
    "NADI_URL": "https://x",
    "NADI_KEY": "kunci",
    "NADI_SOURCE": "/opd/x/",
    "NADI_OUTBOX": "mysql://a:sandi@h/x",
}


def test_lines_of_a_file() -> None:
    text = "# NADI_KEY=x\r\nexport A = 1 \r\nB=\"a'b\"\nC='x'\nD=a=b#c\n\nE\n"
    assert values(text) == {"A": "1", "B": "a'b", "C": "x", "D": "a=b#c"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"NADI_KEY": ""}, "NADI_KEY belum diisi"),
        ({"NADI_URL": "ftp://x"}, "https://"),
        ({"NADI_OUTBOX_TABLE": "x; DROP"}, "bukan nama tabel"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, str], said: str) -> None:
    with pytest.raises(EnvironmentFileError, match=said) as caught:
        Environment.of({**GOOD, **change}, ".env")
    assert "sandi" not in str(caught.value)


@pytest.mark.parametrize("address", ["nothing", "oracle://a:rahasia@h/x"])
def test_databases_that_are_not_supported(address: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        Outbox(address, "outboxevent")
    assert "rahasia" not in str(caught.value)


def test_nothing_secret_is_shown() -> None:
    shown = repr(Environment.of({**GOOD, "NADI_SIGNING_KEY": "whsk_rahasia"}, ".env"))
    assert not any(secret in shown for secret in ("kunci", "sandi", "rahasia"))
    with pytest.raises(EnvironmentFileError, match="whsk_"):
        Signer("whpk_AAAA")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"NADI_KEY": ""}, "NADI_KEY belum diisi"),
        ({"NADI_OUTBOX_TABLE": "x; DROP"}, "bukan nama tabel"),
        ({"NADI_OUTBOX": "postgresql://a:sandi@h/x"}, "harus mysql://"),
        ({"NADI_OUTBOX": "mysql://a:sandi@127.0.0.1:1/x"}, "Gagal: "),
    ],
)
def test_the_php_file_says_it_too(tmp_path: Path, needs_php: None, change: dict[str, str], said: str) -> None:
    env = tmp_path / ".env"
    env.write_text("".join(f"{name}={value}\r\n" for name, value in {**GOOD, **change}.items()))
    done = subprocess.run(["php", str(PHP), str(env)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert said in done.stderr
    assert "sandi" not in done.stderr.replace("nama:sandi", "")
