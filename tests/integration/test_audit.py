"""`nadi audit` on the real permit log: exactly the 416 cases, however the log is cut, shuffled or repeated."""

from __future__ import annotations

import csv
import gzip
import json
import random
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from producers.mapping import load_mapping

ROOT = Path(__file__).parents[2]
LOG = ROOT.parent / "shared" / "data" / "permits_wabo_receipt.csv"
MAPPING = ROOT / "examples" / "wabo-receipt.toml"

needs_log = pytest.mark.skipif(not LOG.is_file(), reason="the permit log is not beside the project")


def audit(
    tmp_path: Path, log: Path, *options: str, mapping: Path | str = MAPPING
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
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "perlu klarifikasi" in page
    assert page.count("<svg") == 6
    assert "P01 29,0 %" in page, "416 of the 1,434 that the engine says it judged"
    assert (tmp_path / "out" / "telaah.xlsx").is_file()
    assert not list((tmp_path / "data").glob("*/kafka*")), "the temporary stack is deleted"


def write_xes(log: Path) -> None:
    """The permit log as XES, in one trace per case, with a default for the channel that no trace lacks."""
    dates = {"time:timestamp", "case:deadline", "case:enddate", "case:enddate_planned", "case:startdate"}

    def attribute(key: str, value: str) -> str:
        kind = "date" if key in dates else "string"
        return f"<{kind} key={quoteattr(key.removeprefix('case:'))} value={quoteattr(value.replace(' ', 'T', key in dates))}/>"

    with LOG.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    traces: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        traces.setdefault(row["case:concept:name"], []).append(row)
    with gzip.open(log, "wt", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n')
        out.write('<global scope="trace"><string key="channel" value="Internet"/></global>\n')
        for events in traces.values():
            out.write(
                "<trace>" + "".join(attribute(k, v) for k, v in events[0].items() if k[:5] == "case:" and v)
            )
            for event in events:
                kept = "".join(attribute(k, v) for k, v in event.items() if k[:5] != "case:" and v)
                out.write(f"\n<event>{kept}</event>")
            out.write("</trace>\n")
        out.write("</log>\n")


@needs_log
def test_the_same_416_cases_through_xes_and_a_mapping_nobody_wrote(tmp_path: Path) -> None:
    log = tmp_path / "izin.xes.gz"
    write_xes(log)
    done = audit(tmp_path, log, mapping="auto")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert breaches(tmp_path) == plainly()
    assert summary["alerts"]["P01"] == 416
    assert (summary["cases"], summary["events"], summary["rejected"]) == (1434, 8577, 0)
    written = load_mapping(tmp_path / "out" / "mapping.toml")
    assert written.columns == load_mapping(MAPPING).columns
    assert 'case_id = "case:concept:name"' in done.stderr


def test_a_log_that_says_nothing_names_the_candidates(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("nama,alamat\na,b\na,c\n", "utf-8")
    done = audit(tmp_path, log, mapping="auto")
    assert done.returncode == 1
    assert "tidak dapat ditentukan sendiri" in done.stderr
    assert "'nama' (1 nilai), 'alamat' (2 nilai)" in done.stderr
    assert "Traceback" not in done.stderr


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
