"""`nadi rules evaluate` from end to end: planted years on a stack of their own, and a log that nobody knows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOG = ROOT.parent / "shared" / "data" / "permits_wabo_receipt.csv"
NADI = str(Path(sys.executable).with_name("nadi"))


def evaluate(tmp_path: Path, *options: str) -> dict[str, Any]:
    command = [NADI, "--data-dir", str(tmp_path / "data"), "rules", "evaluate", *options]
    command += ["--out", str(tmp_path / "out"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (tmp_path / "out" / "index.html").is_file()
    return found


def test_planted_years(tmp_path: Path) -> None:
    options = ("--simulated", "--seed", "23", "--years", "1", "--population", "12000")
    found = evaluate(tmp_path, *options)
    rules = {rule["id"]: rule for rule in found["rules"]}
    assert rules["P01"]["kind"] == "hard"
    planted = [rule for rule in found["rules"] if rule["planted"]]
    assert planted  # what is cheapest
    for rule in planted:
        assert rule["found"] == rule["planted"], rule["id"]
    assert rules["P01"]["besides"] > 0
    assert rules["R01"]["coverage"] > 0
    assert found["units"]["revenue"] > 0
    assert found["published"].keys() >= {"precision", "false_per_10000_cases"}
    assert found["planted_events"] * 2000 <= found["events"]
    assert found["dead_letters"] == 0
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text("utf-8")) == found


@pytest.mark.skipif(not LOG.is_file(), reason="the permit log is not beside the project")
def test_a_log(tmp_path: Path) -> None:
    found = evaluate(tmp_path, str(LOG), "--mapping", str(ROOT / "examples" / "wabo-receipt.toml"))
    rules = {rule["id"]: rule for rule in found["rules"]}
    assert found["cases"] == 1434
    assert rules["P01"]["alerted"] == 416
    assert rules["P01"]["recall"] is None
    assert found["published"]["precision"] is None
