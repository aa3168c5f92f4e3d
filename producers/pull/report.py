"""The anomalies as a CSV file beside the state, for people and spreadsheets; each once, in the order they were found."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from producers.numbers import NAMES, found_in_code
from producers.pull.anomalies import WORDS
from producers.pull.marks import NUMBER, shown
from producers.pull.state import State

HEADER = ("nomor", "ditemukan (UTC)", "jenis", "kunci", "penanda sebelumnya", "penanda sekarang", "arti")
PAGE = 1000
TAIL = 4096


def report_path(state: State) -> Path:
    """Where the report of a source lies."""
    return state.path.with_suffix(".anomali.csv")


def bring_up_to_date(state: State) -> Path:
    """Add what the report lacks; what a kill cut in the middle of a line is written again."""
    path, form = report_path(state), state.get("form", NUMBER)
    path.touch(mode=0o600)
    last = _last(path)
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        if path.stat().st_size == 0:
            writer.writerow(HEADER)
        while found := state.anomalies(last, PAGE):
            writer.writerows(_line(row, form) for row in found)
            last = found[-1][0]
    return path


def entry(row: tuple[Any, ...], form: str) -> dict[str, Any]:
    """One anomaly as JSON has it; a key that is a person's number is not shown."""
    number, at, kind, key, before, after = row
    return {
        "number": number,
        "found": datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds"),
        "kind": kind,
        "key": shown_key(key),
        "watermark_before": shown(before, form),
        "watermark_after": shown(after, form),
        "meaning": WORDS[kind],
    }


def standing(state: State, limit: int) -> dict[str, Any]:
    """How a source stands, for JSON: counts, position, the last anomalies and the first refused rows, to a limit each."""
    form, swept = state.get("form", NUMBER), state.get("swept_at")
    kinds = dict(state.rows("SELECT kind, COUNT(*) FROM anomalies GROUP BY kind ORDER BY kind"))
    last = state.rows("SELECT COALESCE(MAX(number), 0) FROM anomalies")[0][0]
    return {
        "source": state.path.stem,
        **state.counts(),
        "watermark": shown(state.get("position"), form),
        "first_reading_done": bool(state.get("first_done")),
        "swept_at": datetime.fromtimestamp(swept, UTC).isoformat(timespec="seconds") if swept else None,
        "anomalies": kinds,
        "meanings": {kind: WORDS[kind] for kind in kinds},
        "latest": [entry(row, form) for row in state.anomalies(max(0, last - limit), limit)],
        "refused": [{**row, "key": shown_key(row["key"])} for row in state.refused(limit)],
        "report": str(report_path(state)),
    }


def shown_key(key: int | str) -> str:
    """A row's key for people; what is a person's number is named, not shown."""
    kind = found_in_code(str(key))
    return f"({NAMES[kind]})" if kind else str(key)


def _line(row: tuple[Any, ...], form: str) -> list[Any]:
    values = list(entry(row, form).values())
    key = values[3]
    values[3] = "'" + key if key.startswith(("=", "+", "-", "@")) else key
    return values


def _last(path: Path) -> int:
    """The number of the last whole line; a broken one after it is cut off."""
    with path.open("r+b") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL))
        tail = stream.read()
        whole = tail.rfind(b"\n") + 1
        stream.truncate(size - len(tail) + whole)
        line = tail[:whole].splitlines()[-1:] or [b""]
    number = line[0].partition(b",")[0]
    return int(number) if number.isdigit() else 0
