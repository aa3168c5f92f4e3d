"""What the documents show is true: commands exist with the options shown, paths exist, pictures exist."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(p for p in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if ".venv" not in p.parts)
NADI = str(Path(sys.executable).with_name("nadi"))


def texts() -> list[tuple[str, str]]:
    return [(str(p.relative_to(ROOT)), p.read_text("utf-8")) for p in DOCUMENTS]


def commands() -> list[str]:
    """Every `nadi …` shown in code, once."""
    found: set[str] = set()
    for _, text in texts():
        for code in re.findall(r"`(nadi [^`\n]+)`", text) + re.findall(
            r"^(?:\S*/)?(nadi .+)$", text, re.MULTILINE
        ):
            found.add(code.split("#")[0].split("|")[0].strip())
    return sorted(found)


@cache
def help_of(*words: str) -> tuple[int, str]:
    done = subprocess.run([NADI, *words, "--help"], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_there_is_something_to_check() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize("command", commands())
def test_a_command_that_is_shown_exists(command: str) -> None:
    words = command.split()[1:]
    path = []
    for word in words[:3]:
        if re.fullmatch(r"[a-z][a-z-]+", word) and help_of(*path, word)[0] == 0:
            path.append(word)
        else:
            break
    assert path, f"{command}: no such command"
    text = help_of(*path)[1] + help_of()[1]
    for option in re.findall(r"(?<!\S)(--[a-z-]+)", command):
        assert option in text, f"{command}: {option} is not in the help"


@pytest.mark.parametrize("name", [name for name, _ in texts()])
def test_what_a_document_points_at_exists(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    here = (ROOT / name).parent
    for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", text):
        assert (here / target).exists(), f"{name} links to {target}"
    for path in re.findall(
        r"`((?:schemas|producers|streams|sinks|monitoring|infra|tests|docs|benchmarks|examples)/[\w./-]+)`",
        text,
    ):
        assert (ROOT / path).exists(), f"{name} names {path}"


def test_every_make_target_that_is_shown_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for name, text in texts():
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE):
            assert target in targets, f"{name}: make {target}"
