"""A horizontal bar picture of a throughput result, as SVG text."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

WIDTH, LABEL, BAR, ROW, TOP = 980, 190, 470, 34, 74
OURS, THEIRS, WRONG = "#0b6e6e", "#8a94a6", "#b3261e"


def bars(result: Mapping[str, Any]) -> str:
    """One bar a contender, fastest first: events/s with its range, CPU seconds a million events in words."""
    rows = sorted(result["contenders"], key=lambda row: -row["events_per_s"])
    longest = max([row["range"][1] for row in rows], default=1)
    height = TOP + ROW * len(rows) + 30
    found = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="14" fill="#1c2430">',
        f"<title>Throughput, {result['events']:,} events</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="18" font-weight="600">Events per second: Avro in, three sums and counts, '
        f"totals out ({result['events'] / 1e6:g} M events)</text>",
        f'<text x="16" y="50" fill="#5a6474">{escape(result["machine"])}; median of {result["runs"]} interleaved '
        "runs, the line is the range</text>",
    ]
    for number, row in enumerate(rows):
        found.extend(_bar(row, TOP + number * ROW, BAR / longest))
    found.append("</svg>\n")
    return "\n".join(found)


def _bar(row: Mapping[str, Any], y: int, scale: float) -> list[str]:
    colour = (OURS if row["name"].startswith("nadi") else THEIRS) if row["totals_ok"] else WRONG
    low, high = (value * scale + LABEL for value in row["range"])
    length = max(1.0, row["events_per_s"] * scale)
    middle = y + 11
    durable = "nothing durable" if row["durable"] == "no" else row["durable"]
    words = f"{row['events_per_s']:,}/s · {row['cpu_s_per_million']:.2f} CPU s/M · {durable}"
    if not row["totals_ok"]:
        words = f"wrong totals · {words}"
    return [
        f'<text x="{LABEL - 10}" y="{y + 16}" text-anchor="end">{escape(row["name"])}</text>',
        f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="22" rx="3" fill="{colour}"/>',
        f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8" '
        'stroke="#1c2430" fill="none"/>',
        f'<text x="{max(high, LABEL + length) + 8:.1f}" y="{y + 16}">{escape(words)}</text>',
    ]
