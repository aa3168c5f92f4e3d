"""`nadi audit` on the real permit log: exactly the 416 cases, however the log is cut, shuffled or repeated."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOG = ROOT.parent / "shared" / "data" / "permits_wabo_receipt.csv"
MAPPING = ROOT / "examples" / "wabo-receipt.toml"

needs_log = pytest.mark.skipif(not LOG.is_file(), reason="the permit log is not beside the project")


def audit(
    tmp_path: Path, log: Path, *options: str, mapping: Path = MAPPING
) -> subprocess.CompletedProcess[str]:
    nadi = str(Path(sys.executable).with_name("nadi"))
    command = [nadi, "--data-dir", str(tmp_path / "data"), "audit", "permits", str(log)]
    command += ["--mapping", str(mapping), "--out", str(tmp_path / "out"), "--json", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def plainly() -> set[str]:
    """The cases in breach, computed from the file in a few lines: closed after, or open past, their deadline."""
    with LOG.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    end = max(datetime.fromisoformat(row["time:timestamp"]) for row in rows)
    cases = {row["case:concept:name"]: (row["case:deadline"], row["case:enddate"]) for row in rows}
    return {
        case
        for case, (due, closed) in cases.items()
        if due and (datetime.fromisoformat(closed) if closed else end) > datetime.fromisoformat(due)
    }


def breaches(tmp_path: Path) -> set[str]:
    with (tmp_path / "out" / "alerts.csv").open(encoding="utf-8") as stream:
        return {
            r["case"]
            for r in csv.DictReader(stream)
            if r["rule"] == "P01" and r["level"] in {"breach", "severe"}
        }


@needs_log
@pytest.mark.parametrize(
    ("change", "options"),
    [
        ("as it is", ()),
        ("shuffled", ("--partitions", "16")),
        ("doubled", ("--partitions", "1")),
        ("shuffled and doubled", ("--workers", "2")),
    ],
)
def test_the_same_416_cases(tmp_path: Path, change: str, options: tuple[str, ...]) -> None:
    header, *rows = LOG.read_text("utf-8").splitlines(keepends=True)
    if "doubled" in change:
        rows = [row for row in rows for _ in range(2)]
    if "shuffled" in change:
        random.Random(416).shuffle(rows)  # noqa: S311
    log = tmp_path / "log.csv"
    log.write_text(header + "".join(rows), "utf-8")
    done = audit(tmp_path, log, *options)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert breaches(tmp_path) == plainly()
    assert summary["alerts"]["P01"] == 416
    assert summary["cases"] == 1434
    assert summary["events"] == len(rows)
    assert summary["rejected"] == 0
    assert summary["repeats"] == len(rows) - 8577
    assert "perlu klarifikasi" in (tmp_path / "out" / "index.html").read_text("utf-8")
    assert not list((tmp_path / "data").glob("*/kafka*")), "the temporary stack is deleted"


@needs_log
def test_a_wrong_mapping_names_the_column_and_what_it_found(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING.read_text("utf-8").replace('"case:deadline"', '"case:dedline"'), "utf-8")
    done = audit(tmp_path, LOG, mapping=mapping)
    assert done.returncode == 1
    assert "case:dedline" in done.stderr
    assert "did you mean 'case:deadline'" in done.stderr


def test_an_unreadable_row_is_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        'domain = "permits"\nsource = "/t"\n[columns]\ncase_id = "c"\noccurred_at = "t"\ndue_at = "d"\n'
        '[constants]\nkind = "finished"\n',
        "utf-8",
    )
    log = tmp_path / "log.csv"
    log.write_text(
        "c,t,d\n"
        "a,2024-01-02T08:00:00+07:00,2024-01-03T08:00:00+07:00\n"
        "b,kemarin,2024-01-03T08:00:00+07:00\n"
        "e,2024-01-09T08:00:00+07:00,2024-02-03T08:00:00+07:00\n",
        "utf-8",
    )
    done = audit(tmp_path, log, mapping=mapping)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["events"], summary["rejected"], summary["alerts"]["P01"]) == (3, 1, 1)
    assert summary["rejected_by_reason"] == {"BadTime": 1}
